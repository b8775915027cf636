"""What the quickstart has learnt: one table and one picture grid, from faces that no stage was trained on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_pipeline.input_pipeline import eval_batches
from data_pipeline.labels import NUM_CLASSES
from data_pipeline.prepare import prepare
from data_pipeline.synthetic_faces import EDITS, face, render, split_of
from maskgan_jax.editing.editor import Editor
from maskgan_jax.photos import grid as grids

TEST_FACES = 200
ROWS = 9


class Edit(NamedTuple):
    """A held-out face and an edit of it whose true result is known; pixels uint8."""

    name: str
    photo: np.ndarray
    mask: np.ndarray
    edited_mask: np.ndarray
    truth: np.ndarray

    @property
    def region(self) -> np.ndarray:
        """Where the two masks differ, bool (h w)."""
        return self.mask != self.edited_mask


def report(
    data: Path, size: int, seed: int, stages: Mapping[str, Path], folder: Path, seconds: Mapping[str, float]
) -> None:
    """Measures the trained stages by their runs' folders, prints the table and writes pictures to a folder."""
    edits = held_out_edits(seed, size)
    rows = [
        *mask_vae_rows(stages["mask_vae"]),
        *dense_mapping_rows(Editor(stages["dense_mapping"]), edits, class_colours(data, size)),
    ]
    editor = Editor(stages["ebst"])
    results = [
        editor.edit(editor.portrait(edit.photo, edit.mask), edit.edited_mask)
        for edit in tqdm(edits, "editing", unit="face")
    ]
    rows += ebst_rows(edits, results)
    rows += [(f"seconds, {name}", f"{value:.0f}") for name, value in seconds.items()]
    rows += [(f"seconds a step, {name}", f"{seconds_per_step(run):.2f}") for name, run in stages.items()]

    print(f"\n{len(edits)} held-out synthetic faces, {size} px")
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        print(f"  {name:<{width}}  {figure}")
    grids.save(grid(edits[:ROWS], results[:ROWS]), folder / "edits.png")
    save_examples(edits[:ROWS], folder)
    print(f"\nHeld-out edits, and what they should be: {folder}/edits.png")
    print(f"Their photos and masks, to edit yourself: {folder}/0_photo.png, 0_mask.png, 0_edited_mask.png, 1_ ...")


def held_out_edits(seed: int, size: int) -> list[Edit]:
    """Test faces in order, each with the next edit by name; a face that an edit leaves as it is stands out."""
    indices = (index for index in range(10 * TEST_FACES) if split_of(index) == "test")
    edits = []
    for place, index in enumerate(indices):
        name = list(EDITS)[place % len(EDITS)]
        original = face(seed, index)
        photo, mask = render(original.geometry, original.style, size)
        truth, edited_mask = render(EDITS[name](original.geometry), original.style, size)
        edits.append(Edit(name, photo, mask, edited_mask, truth))
    return [edit for edit in edits if edit.region.any()]


def mask_vae_rows(run: Path) -> list[tuple[str, str]]:
    """What the run's last evaluation on its validation split says."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if "validation/pixel_accuracy" in line][-1]
    return [
        ("MaskVAE: pixel accuracy", f"{last['validation/pixel_accuracy']:.4f}"),
        ("MaskVAE: mean IoU", f"{last['validation/mean_iou']:.4f}"),
    ]


def dense_mapping_rows(editor: Editor, edits: list[Edit], colours: np.ndarray) -> list[tuple[str, str]]:
    """Reconstruction of the photos from their own masks and styles, against one colour a class."""
    drawn = [editor.edit(editor.portrait(edit.photo, edit.mask), edit.mask) for edit in edits]
    painted = [np.round(colours[edit.mask]).astype(np.uint8) for edit in edits]
    reconstruction = np.mean([psnr(image, edit.photo) for image, edit in zip(drawn, edits, strict=True)])
    baseline = np.mean([psnr(image, edit.photo) for image, edit in zip(painted, edits, strict=True)])
    return [
        ("Dense Mapping Network: reconstruction, PSNR", f"{reconstruction:.2f} dB"),
        ("  one colour a class instead", f"{baseline:.2f} dB"),
        ("  gain", f"{reconstruction - baseline:+.2f} dB"),
    ]


def ebst_rows(edits: list[Edit], results: list[np.ndarray]) -> list[tuple[str, str]]:
    """Edits against their true results, inside the edited region and outside."""

    def mean_psnr(images: list[np.ndarray], inside: bool) -> float:
        pairs = zip(images, edits, strict=True)
        return float(np.mean([psnr(image, edit.truth, edit.region == inside) for image, edit in pairs]))

    untouched = [edit.photo for edit in edits]
    inside, unedited = mean_psnr(results, inside=True), mean_psnr(untouched, inside=True)
    return [
        ("EBST: inside the edited region, PSNR", f"{inside:.2f} dB"),
        ("  the photo left as it is instead", f"{unedited:.2f} dB"),
        ("  gain", f"{inside - unedited:+.2f} dB"),
        ("EBST: outside the edited region, PSNR", f"{mean_psnr(results, inside=False):.2f} dB"),
    ]


def class_colours(data: Path, size: int) -> np.ndarray:
    """Mean colour of every class over the training split, float64 (19, 3) in [0, 255]."""
    sums, counts = np.zeros((NUM_CLASSES, 3)), np.zeros(NUM_CLASSES)
    for batch in eval_batches(prepare(data, size), "train", entries=("image_t", "mask_t"), batch_size=64):
        real = batch["weight"] > 0
        labels, pixels = batch["mask_t"][real].ravel(), batch["image_t"][real].reshape(-1, 3)
        counts += np.bincount(labels, minlength=NUM_CLASSES)
        sums += np.stack([np.bincount(labels, channel, NUM_CLASSES) for channel in pixels.T], axis=-1)
    return sums / np.maximum(counts, 1)[:, None]


def psnr(image: np.ndarray, truth: np.ndarray, region: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB of 8-bit pixels, within a region (bool, h w) if one is given."""
    squares = np.square(image.astype(np.float64) - truth)
    mse = squares.mean() if region is None else squares[region].mean()
    return float(10 * np.log10(255**2 / max(mse, 1e-10)))


def seconds_per_step(run: Path) -> float:
    """Median over the run's log, the first line aside, which holds the compilation."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return float(np.median([line["seconds_per_step"] for line in lines if "seconds_per_step" in line][1:]))


def save_examples(edits: list[Edit], folder: Path) -> None:
    """Writes photos and masks as files that the edit command takes."""
    for place, edit in enumerate(edits):
        grids.save(Image.fromarray(edit.photo), folder / f"{place}_photo.png")
        grids.save(grids.of_labels(edit.mask), folder / f"{place}_mask.png")
        grids.save(grids.of_labels(edit.edited_mask), folder / f"{place}_edited_mask.png")


def grid(edits: list[Edit], results: list[np.ndarray]) -> Image.Image:
    """One row an edit, the difference from the truth in absolute values, three times as bright."""
    drawn = np.stack(results)
    truth = np.stack([edit.truth for edit in edits])
    difference = np.abs(drawn.astype(np.int16) - truth)
    columns = {
        "photo": np.stack([edit.photo for edit in edits]),
        "mask": grids.to_pixels(np.stack([edit.mask for edit in edits])),
        "edited mask": grids.to_pixels(np.stack([edit.edited_mask for edit in edits])),
        "result": drawn,
        "truth": truth,
        "difference x 3": np.minimum(3 * difference, 255).astype(np.uint8),
    }
    return grids.grid(columns, rows=len(edits))
