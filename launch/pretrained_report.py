"""Figures of the networks that come with the project, their export, and the record of how they were made."""

import importlib.metadata
import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data_pipeline.errors import UserError
from launch import mask_baseline
from launch.held_out_edits import PLACES, baselines, edit_all, edit_grid, held_out_edits, scores
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.inference.export import export_run
from maskgan_jax.photos.files import write_photo

GENERATORS = {
    "EBST": "ebst",
    "Dense Mapping Network, as many updates": "dense_mapping_longer",
    "Dense Mapping Network": "dense_mapping",
}
"""Runs by what the tables call them; the better one of the first two is exported."""
MASKS = ("true edited masks", "the same masks through the MaskVAE")
MAX_BYTES = 25_000_000
"""Of everything that is exported."""
PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "numpy")


def report(data: Path, seed: int, size: int, runs: Path, out: Path, commands: Sequence[Sequence[str]]) -> None:
    """Compare the generators, export the better one with MaskVAE and face parser, and write `record.json`.

    Args:
      data: directory of the faces that the runs were trained on.
      seed: of the faces.
      size: of the faces in px.
      runs: folder with the runs, each `<name>_pretrained`.
      out: folder to replace.
      commands: what trained them.

    Raises:
      UserError: the export is larger than `MAX_BYTES`.
    """
    edits = held_out_edits(seed, size)
    mask_vae = Editor(mask_vae=_run(runs, "mask_vae"))
    reconstructed = [mask_vae.masks_between(edit.edited_mask, edit.edited_mask, [0.0])[0] for edit in edits]
    editors = {name: Editor(_run(runs, run)) for name, run in GENERATORS.items()}
    measured = {}
    for masks, edited in zip(MASKS, ([edit.edited_mask for edit in edits], reconstructed), strict=True):
        drawn = [edit._replace(edited_mask=mask) for edit, mask in zip(edits, edited, strict=True)]
        measured[masks] = {
            **{name: scores(edit_all(editor, drawn, name), edits) for name, editor in editors.items()},
            **{name: scores(images, edits) for name, images in baselines(drawn).items()},
        }
    chosen = max(list(GENERATORS)[:2], key=lambda name: sum(measured[masks][name][:, 0].mean() for masks in MASKS))
    record = {
        "commands": [f"python {shlex.join(command)}" for command in commands],
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "edits": len(edits),
        "psnr": {
            masks: {name: _with_intervals(each) for name, each in rows.items()} for masks, rows in measured.items()
        },
        "psnr of EBST minus that of the Dense Mapping Network, as many updates": {
            masks: _with_intervals(np.subtract(*(rows[name] for name in list(GENERATORS)[:2])))
            for masks, rows in measured.items()
        },
        "exported generator": chosen,
        f"{mask_baseline.NAME}, in place of MaskVAE and face parser": {
            f"validation/{metric}": value for metric, value in mask_baseline.most_frequent_classes(data, size).items()
        },
        "runs": {
            name: _last_metrics(_run(runs, name))
            for name in ("face_parser", "mask_vae", *reversed(GENERATORS.values()))
        },
    }
    fresh = out.with_name(f"{out.name}_new")
    shutil.rmtree(fresh, ignore_errors=True)
    _export(runs, fresh, GENERATORS[chosen])
    (fresh / "record.json").write_text(json.dumps(record, indent=2) + "\n")
    results = edit_all(editors[chosen], edits[:9], "picture")
    write_photo(edit_grid(edits[:9], results), fresh / "edits.png")
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    print(table(record))


def table(record: Mapping) -> str:
    """Return the held-out edits of a record as a table in Markdown."""
    lines = []
    for masks, rows in record["psnr"].items():
        lines += [f"\n{record['edits']} held-out edits, {masks}, PSNR in dB with 95 % intervals", ""]
        places = list(next(iter(rows.values())))
        lines += [f"| | {' | '.join(places)} |", f"| --- |{' --- |' * len(places)}"]
        for name, each in rows.items():
            cells = (f"{mean:.2f} ({low:.2f} to {high:.2f})" for mean, low, high in each.values())
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_intervals(values: np.ndarray) -> dict[str, list[float]]:
    """Return the mean of each column with its 95 % interval, by the names of `PLACES`."""
    estimates = map(estimate, values.T)
    return {place: [round(value, 3) for value in each[:3]] for place, each in zip(PLACES, estimates, strict=True)}


def _last_metrics(run: Path) -> dict[str, float]:
    """Return the last value of everything that a run logged but its seconds and FLOPs."""
    last = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        last |= json.loads(line)
    return {name: value for name, value in last.items() if "/" in name or name == "step"}


def _export(runs: Path, out: Path, generator: str) -> None:
    names = [generator, "face_parser", *([] if generator == "ebst" else ["mask_vae"])]
    for name in names:
        folder = "dense_mapping" if name.startswith("dense_mapping") else name
        export_run(_run(runs, name), out / folder, functions=False, half=True)
    for note in out.rglob("commit_success.txt"):
        note.write_text("Checkpoint commit was successful")  # Orbax adds the path on this machine
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > MAX_BYTES:
        raise UserError(f"{out}: {size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:g}; choose smaller networks")


def _run(runs: Path, name: str) -> Path:
    return runs / f"{name}_pretrained"
