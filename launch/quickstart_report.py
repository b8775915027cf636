"""The quickstart's results: one table and one image grid, from faces that no stage was trained on."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data_pipeline.input_pipeline import EvalBatches
from data_pipeline.labels import NUM_CLASSES
from data_pipeline.prepare import prepare
from launch import mask_baseline
from launch.held_out_edits import PLACES, Edit, baselines, edit_all, edit_grid, held_out_edits, scores
from maskgan_jax.editing.editor import Editor
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.evaluation.methods import own_colours, paint
from maskgan_jax.photos.files import write_label_map, write_photo

ROWS = 9

Rows = list[tuple[str, str]]
"""Lines of the table: name and value."""


def report(
    data: Path, size: int, seed: int, stages: Mapping[str, Path], folder: Path, seconds: Mapping[str, float]
) -> None:
    """Measure the trained stages by their runs' folders, print the table and write images to a folder."""
    edits = held_out_edits(seed, size)
    results = edit_all(Editor(stages["ebst"]), edits, "EBST")
    rows = [
        *mask_vae_rows(stages["mask_vae"], mask_baseline.most_frequent_classes(data, size)),
        *dense_mapping_rows(Editor(stages["dense_mapping"]), edits, class_colours(data, size)),
        *ebst_rows(edits, results, edit_all(Editor(stages["dense_mapping"]), edits, "Dense Mapping Network")),
        *((f"seconds, {name}", f"{value:.0f}") for name, value in seconds.items()),
        *((f"seconds a step, {name}", f"{seconds_per_step(run):.2f}") for name, run in stages.items()),
    ]
    print(f"\n{len(edits)} held-out synthetic faces, {size} px")
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"  {name:<{width}}  {value}")
    write_photo(edit_grid(edits[:ROWS], results[:ROWS]), folder / "edits.png")
    save_examples(edits[:ROWS], folder)
    print(f"\nHeld-out edits beside their true results: {folder}/edits.png")
    print(f"Their photos and masks, to edit yourself: {folder}/0_photo.png, 0_mask.png, 0_edited_mask.png, 1_ ...")


def mask_vae_rows(run: Path, baseline: Mapping[str, float]) -> Rows:
    """Return the metrics of the run's last evaluation on its validation split, beside those of a baseline."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if "validation/pixel_accuracy" in line][-1]
    rows = {"MaskVAE: pixel accuracy (validation)": "pixel_accuracy", "MaskVAE: mean IoU (validation)": "mean_iou"}
    return [
        row
        for name, metric in rows.items()
        for row in (
            (name, f"{last[f'validation/{metric}']:.4f}"),
            (f"  {mask_baseline.NAME} instead", f"{baseline[metric]:.4f}"),
        )
    ]


def dense_mapping_rows(editor: Editor, edits: Sequence[Edit], data_set_colours: np.ndarray) -> Rows:
    """Compare the reconstruction of photos from their own masks and styles with one colour per class."""
    methods = {
        "Dense Mapping Network: reconstruction (test), PSNR": [
            editor.edit(editor.portrait(edit.photo, edit.mask), edit.mask) for edit in edits
        ],
        "  the photo's own colour per class instead": [
            paint(own_colours(edit.photo, edit.mask), edit.mask) for edit in edits
        ],
        "  the data set's colour per class instead": [paint(data_set_colours, edit.mask) for edit in edits],
    }
    return [
        (name, f"{np.mean([psnr(image, edit.photo) for image, edit in zip(images, edits, strict=True)]):.2f} dB")
        for name, images in methods.items()
    ]


def ebst_rows(edits: Sequence[Edit], results: list[np.ndarray], stage_before: list[np.ndarray]) -> Rows:
    """Compare edits with their true results, beside the baselines."""
    methods = {"EBST": results, "Dense Mapping Network alone": stage_before, **baselines(edits)}
    rows = [("Edits against their true results (test), PSNR:", ", ".join(PLACES))]
    for name, images in methods.items():
        rows.append((f"  {name}", ", ".join(f"{value:.2f} dB" for value in scores(images, edits).mean(0))))
    return rows


def class_colours(data: Path, size: int) -> np.ndarray:
    """Return the mean colour of every class over the training split, float64 (19, 3) in [0, 255]."""
    sums, counts = np.zeros((NUM_CLASSES, 3)), np.zeros(NUM_CLASSES)
    for batch in EvalBatches(prepare(data, size), "train", entries=("image_t", "mask_t"), batch_size=64):
        real = batch["weight"] > 0
        labels, pixels = batch["mask_t"][real].ravel(), batch["image_t"][real].reshape(-1, 3)
        counts += np.bincount(labels, minlength=NUM_CLASSES)
        sums += np.stack([np.bincount(labels, channel, NUM_CLASSES) for channel in pixels.T], axis=-1)
    return sums / np.maximum(counts, 1)[:, None]


def seconds_per_step(run: Path) -> float:
    """Return the median over the run's log, without the first line, which includes warm-up."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return float(np.median([line["seconds_per_step"] for line in lines if "seconds_per_step" in line][1:]))


def save_examples(edits: Sequence[Edit], folder: Path) -> None:
    """Write photos and masks as files that the edit command reads."""
    for place, edit in enumerate(edits):
        write_photo(edit.photo, folder / f"{place}_photo.png")
        write_label_map(edit.mask, folder / f"{place}_mask.png")
        write_label_map(edit.edited_mask, folder / f"{place}_edited_mask.png")
