"""A run's folder and the config in it.

It holds `config.json`, `checkpoints/`, `pictures/`, `metrics.jsonl` and TensorBoard's event files.
"""

import importlib
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
from absl import logging
from ml_collections import ConfigDict

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError

MAY_CHANGE = ("best_metric", "checkpoint_every_steps", "checkpoints_to_keep", "evaluators", "log_every_steps",
              "max_nonfinite_steps", "visualize_every_steps", "data.directory", "data.max_bad_fraction",
              "data.prepared", "mesh.data", "mesh.fsdp", "remat")  # fmt: skip
"""Fields that change at most the rounding of what is trained: a run may be resumed with other values of them, or of
fields inside them. Metrics of other settings of an evaluator are compared all the same for the best one."""


def flatten(config: ConfigDict, prefix: str = "") -> dict[str, object]:
    """Return a config's fields by dotted name, as JSON returns them, so that a config and its saved copy are equal.

    Args:
      config: any config.
      prefix: goes before each name.
    """
    fields = {}
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            fields |= flatten(value, f"{prefix}{name}.")
        else:
            fields[prefix + name] = json.loads(json.dumps(value))
    return fields


def save_config(workdir: Path, config: ConfigDict) -> None:
    """Write `config.json`, whole or not at all.

    Raises:
      OSError: it can't be written.
    """
    with replacing(workdir / "config.json") as temporary:
        temporary.write_text(json.dumps(config.to_dict(), indent=2) + "\n")


def load_config(workdir: Path) -> ConfigDict:
    """Return a run's config; fields that it was saved without have their values in `configs/<its task>.py`.

    These are the values of the run's variant. The saved fields alone are returned where the task has no file in
    `configs/`, or the file has no such variant.

    Raises:
      UserError: the folder holds no run.
    """
    saved = _saved_fields(workdir)
    return ConfigDict(_merged(saved, _default_fields(saved.get("task"), saved.get("variant", ""))))


def _saved_fields(workdir: Path) -> dict[str, Any]:
    """Return what `config.json` holds, as nested dictionaries; lists as tuples, which configs use.

    Raises:
      UserError: the folder holds no run.
    """
    path = workdir / "config.json"
    try:
        fields = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{workdir}: no run there (no config.json); name a training run's folder") from None
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: not a run's config ({error}); name a training run's folder") from None
    if not isinstance(fields, dict):
        raise UserError(f"{path}: not a run's config; name a training run's folder")
    return _with_tuples(fields)


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_tuples(entry) for name, entry in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _default_fields(task: Any, variant: Any) -> dict[str, Any]:
    """Return the fields of `configs/<task>.py:<variant>` as nested dictionaries, {} if there is no such config."""
    named = isinstance(task, str) and task.isidentifier() and isinstance(variant, str)
    if not named or importlib.util.find_spec(f"configs.{task}") is None:
        return {}
    try:
        return importlib.import_module(f"configs.{task}").get_config(variant).to_dict()
    except ValueError:  # no such variant
        return {}


def _merged(saved: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    """Return nested dictionaries with the fields of both, the saved value where both have one."""
    merged = default | saved
    for name, value in saved.items():
        if isinstance(value, dict) and isinstance(default.get(name), dict):
            merged[name] = _merged(value, default[name])
    return merged


def check_same_run(workdir: Path, config: ConfigDict) -> None:
    """Raise if a run's saved config differs from a given one in a field that changes what is computed.

    Fields that only one of them has come from another version of the code: the given values of added fields are used,
    removed fields are ignored, and process 0 logs one warning that names them all. `save_config` then makes the given
    config the run's, once its state could be restored with it.

    Raises:
      UserError: a field that both have differs and is not in `MAY_CHANGE`; or there is no run.
    """
    saved, given = flatten(ConfigDict(_saved_fields(workdir))), flatten(config)
    different = [
        f"config.{name} is {saved[name]} there, {given[name]} here"
        for name in sorted(saved.keys() & given.keys())
        if not _may_change(name) and saved[name] != given[name]
    ]
    if different:
        raise UserError(
            f"{workdir}: holds a run of another config ({'; '.join(different)}); "
            "give another --workdir, or resume it with the values there"
        )
    added = [f"config.{name} = {given[name]!r}" for name in sorted(given.keys() - saved.keys())]
    removed = [f"config.{name}" for name in sorted(saved.keys() - given.keys())]
    if jax.process_index() == 0 and (added or removed):
        logging.warning(
            "%s: its config was saved by another version of the code; added fields, with the values that they get: %s; "
            "removed fields, which are ignored: %s",
            workdir, ", ".join(added) or "none", ", ".join(removed) or "none",
        )  # fmt: skip


def _may_change(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in MAY_CHANGE)


@contextmanager
def writing(workdir: Path) -> Iterator[None]:
    """Turn an OSError of the block, which writes into a run's folder, into a UserError.

    Raises:
      UserError: the disk is full, or the folder can't be written.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{workdir}: can't be written ({error}); what was complete there is intact: make room and give the same "
            "command again"
        ) from error
