"""A run's folder: `config.json`, `checkpoints/`, `pictures/`, `metrics.jsonl` and TensorBoard's event files."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_collections import ConfigDict

from data_pipeline.errors import UserError

MAY_CHANGE = ("best_metric", "checkpoint_every_steps", "checkpoints_to_keep", "eval_every_steps",
              "log_every_steps", "max_bad_steps", "picture_every_steps", "data.directory", "data.max_bad_fraction",
              "data.prepared", "mesh.data", "mesh.fsdp", "remat")  # fmt: skip
"""Fields that change nothing of what is computed, but perhaps its rounding: a run may go on with other values."""


def flatten(config: ConfigDict, prefix: str = "") -> dict[str, object]:
    """Fields by dotted name; tuples as JSON gives them back, so that a config and its saved copy compare equal."""
    fields = {}
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            fields |= flatten(value, f"{prefix}{name}.")
        else:
            fields[prefix + name] = list(value) if isinstance(value, tuple) else value
    return fields


def save_config(workdir: Path, config: ConfigDict) -> None:
    """Writes `config.json`, whole or not at all."""
    workdir.mkdir(parents=True, exist_ok=True)
    replace_text(workdir / "config.json", json.dumps(config.to_dict(), indent=2) + "\n")


def load_config(workdir: Path) -> ConfigDict:
    """The config that a run was started with.

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
    return ConfigDict(_with_tuples(fields))


def _with_tuples(value):
    if isinstance(value, dict):
        return {name: _with_tuples(entry) for name, entry in value.items()}
    return tuple(value) if isinstance(value, list) else value


def check_same_run(workdir: Path, config: ConfigDict) -> None:
    """Makes sure that a folder with checkpoints goes on with the config that made them.

    Raises:
      UserError: a field that changes what is computed differs.
    """
    saved, given = flatten(load_config(workdir)), flatten(config)
    different = [
        f"config.{name} is {saved.get(name, 'absent')} there, {given.get(name, 'absent')} here"
        for name in sorted(saved.keys() | given.keys())
        if name not in MAY_CHANGE and saved.get(name) != given.get(name)
    ]
    if different:
        raise UserError(
            f"{workdir}: holds a run of another config ({'; '.join(different)}); "
            "give another --workdir, or the fields as they are there to go on with it"
        )


@contextmanager
def writing(workdir: Path) -> Iterator[None]:
    """Around what writes into a run's folder: says in one line when the disk is full or not to be written to.

    Raises:
      UserError: an OSError came up.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{workdir}: can't be written ({error}); the checkpoints there are whole: make room and give the same "
            "command again"
        ) from error


def replace_text(path: Path, text: str) -> None:
    """Writes a text file so that readers find the old one or the new one, never half of it."""
    temporary = path.with_name(path.name + ".partial")
    temporary.write_text(text)
    os.replace(temporary, path)
