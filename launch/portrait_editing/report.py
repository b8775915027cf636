"""The portrait editor's results on held-out rendered faces: a table and a sheet of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.batches import in_batches
from launch.portrait_editing.transfers import PARTS, Transfer, baselines, held_out_transfers, scores
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid, to_pixels
from maskgan_jax.tasks.portrait_editing import labels

TRANSFERS = 200
"""Of each part."""
ROWS = 8
EQUAL = 140
"""PSNR in dB above which all pixels are equal."""
CODES = {
    "hair": ("hair",),
    "skin": ("skin",),
    "mouth": ("mouth",),
    "eyes": ("left_eye", "right_eye"),
}
"""Codes that hold the appearance of each of `PARTS`."""


class PortraitEditor:
    """A trained portrait editor at the size of its photos."""

    def __init__(self, run: Path):
        """Load it from a run."""
        self.model: Model = load_model(run, ("encode_parts", "compose"), "--runs")
        self._encode, self._compose = (self.model.compile(name) for name in ("encode_parts", "compose"))

    def combine(self, transfers: Sequence[Transfer], parts: Sequence[str]) -> list[UInt8[np.ndarray, "n n 3"]]:
        """Return the photos with these parts' codes from their references."""
        places = [list(labels.PARTS).index(code) for part in parts for code in CODES[part]]
        photos, masks, references, reference_masks = (
            np.stack([getattr(each, name) for each in transfers])
            for name in ("photo", "mask", "reference_photo", "reference_mask")
        )
        codes = in_batches(self._encode, photos, masks)
        codes[:, places] = in_batches(self._encode, references, reference_masks)[:, places]
        return list(in_batches(self._compose, masks, photos, masks, codes))


def report(run: Path, seed: int, folder: Path) -> None:
    """Measure a trained run, print the table, and write it, as `results.json`, and `parts.png` to a folder."""
    editor = PortraitEditor(run)
    results = {}
    for part in PARTS:
        transfers = held_out_transfers(part, seed, editor.model.size, TRANSFERS)
        images = {
            f"the reference's {part}": editor.combine(transfers, [part]),
            f"the photo's own {part}, encoded": editor.combine(transfers, []),
            **baselines(transfers),
        }
        results[part] = {name: _estimates(scores(each, transfers)) for name, each in images.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    print(
        f"{TRANSFERS} transfers of each part between held-out synthetic faces, {editor.model.size} px; 95 % intervals"
    )
    print("PSNR inside the part and outside it, dB; nearer to the reference's colour than to the photo's own")
    for rows in results.values():
        for name, (inside, outside, moved) in rows.items():
            kept = f"{'unchanged':^24}" if outside[1] > EQUAL else _interval(outside)
            print(f"  {name:<52} {_interval(inside)}  {kept}  {moved[0]:.0%}")
    write_photo(_sheet(editor, held_out_transfers("hair", seed, editor.model.size, ROWS)), folder / "parts.png")
    print(f"One part changed at a time: {folder}/parts.png")


def _estimates(values: Float[np.ndarray, "transfers 3"]) -> list[tuple[float, float, float]]:
    """Return mean, and lower and upper end of its interval, of each figure."""
    return [estimate(column)[:3] for column in values.T]


def _interval(figure: Sequence[float]) -> str:
    mean, low, high = figure
    return f"{mean:6.2f} ({low:.2f} to {high:.2f})"


def _sheet(editor: PortraitEditor, transfers: Sequence[Transfer]) -> UInt8[np.ndarray, "height width 3"]:
    columns = {
        "photo": [each.photo for each in transfers],
        "mask": list(to_pixels(np.stack([each.mask for each in transfers]))),
        "its own parts": editor.combine(transfers, []),
        "reference": [each.reference_photo for each in transfers],
        **{f"the reference's {part}": editor.combine(transfers, [part]) for part in PARTS},
        "all of the reference": editor.combine(transfers, list(PARTS)),
    }
    return image_grid({name: np.stack(images) for name, images in columns.items()}, rows=len(transfers))
