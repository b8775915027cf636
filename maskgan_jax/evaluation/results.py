"""Scores of all methods as numbers with intervals, as Markdown beside the published ones, and as pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from maskgan_jax.evaluation import published
from maskgan_jax.evaluation.bootstrap import Estimate, estimate
from maskgan_jax.evaluation.distances import frechet_distance, kernel_distance
from maskgan_jax.evaluation.identity import FALSE_ACCEPTS, Threshold
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.scores import Scores
from maskgan_jax.evaluation.tables import Table
from maskgan_jax.photos.grid import image_grid, to_pixels

ROWS = 8
"""Of a sheet."""
DISTANCES = {"fid": ("inception", frechet_distance), "kid": ("inception", kernel_distance),
             "fd_attributes": ("attribute_classifier", frechet_distance)}  # fmt: skip
"""Distances between the set of a method's results and that of the split's photos: encoder and formula."""
HEADINGS = {
    "segmentation": "seg %",
    "fid": "FID",
    "kid": "KID x 1000",
    "fd_attributes": "FD, attribute features",
    "identity": "identity, cosine",
    "verified": "same person %",
    "psnr_inside": "PSNR inside, dB",
    "psnr_outside": "outside",
    "psnr_whole": "whole",
    "ssim_inside": "SSIM inside",
    "ssim_outside": "outside",
    "ssim_whole": "whole",
    "feature_distance": "feature distance",
}
TRUTH_COLUMNS = ("psnr_inside", "psnr_outside", "psnr_whole", "ssim_inside", "ssim_outside", "ssim_whole",
                 "feature_distance")  # fmt: skip
"""Columns of the table of figures against the truth."""
IDENTITY_COLUMNS = ("identity", "verified")
"""Columns of the tables whose results should show the target's person."""
UNPICTURED = ("GT", "the photo left unchanged", "the source photo")
"""Methods whose results are on every sheet as its input."""

Row = dict[str, Estimate | float]
"""A method's figures by column: means of pairs with their intervals, and distances of sets, which have none."""


def columns_of(table: Table, judges: Judges) -> list[str]:
    """Return the columns of a table's rows, of which some may be undefined for a method."""
    names = [*table.attributes] if judges.attribute_classifier else []
    if judges.face_parser:
        names.append("segmentation")
    if table.truth:
        names += [name for name in TRUTH_COLUMNS if judges.attribute_classifier or name != "feature_distance"]
    return names + [name for name, (encoder, _) in DISTANCES.items() if getattr(judges, encoder)]


def rows_of(scores: Mapping[str, Scores], split: Mapping[str, Float[np.ndarray, "n _"]]) -> dict[str, Row]:
    """Return each method's figures.

    Args:
      scores: of each method on one table.
      split: features of the split's photos, by encoder.
    """
    rows: dict[str, Row] = {}
    for name, score in scores.items():
        row: Row = {column: found for column, values in score.values.items() if (found := estimate(values))}
        for column, (encoder, distance) in DISTANCES.items():
            if encoder in score.features:
                row[column] = distance(score.features[encoder], split[encoder])
        rows[name] = row
    return rows


def differences(scores: Mapping[str, Scores], first: str) -> dict[str, dict[str, Estimate]]:
    """Return the figures of one method minus those of each other, from the same resampled pairs."""
    return {
        name: {
            column: found
            for column, values in scores[first].values.items()
            if column in score.values and (found := estimate(values - score.values[column]))
        }
        for name, score in scores.items()
        if name != first and first in scores
    }


def as_json(value: Any) -> Any:
    """Return estimates as objects, and all else as it is."""
    if isinstance(value, Estimate):
        return value._asdict()
    if isinstance(value, Mapping):
        return {name: as_json(each) for name, each in value.items()}
    return value


def heading(data: str, accepted: Threshold | None) -> str:
    """Return how to read the tables; `data` says which photos they are of, `accepted` who counts as the same person."""
    text = (
        f"# MaskGAN's tables on {data}\n\n"
        "Means over the pairs with 95 % intervals in brackets. `paper`: Lee et al. 2020, Tables 2 and 3 and appendix "
        "(same person, by a threshold that it does not name), real photos at 512 px (SPADE: 256 px, and those of "
        "StarGAN and ELEGANT that are named so); never to be compared with figures of rendered faces.\n"
    )
    if accepted:
        text += (
            f"\nSame person: the cosine of photo and result is above {accepted.cosine:.3f}, as in "
            f"{100 * FALSE_ACCEPTS:g} % of {accepted.pairs:,} pairs of photos of two people.\n"
        )
    return text


def left_out(missing: Mapping[str, str]) -> str:
    """Return why there is nothing of a method or a judge, by its name."""
    lines = [f"- {name}: {reason}" for name, reason in missing.items()] or ["Nothing."]
    return "## Left out\n\n" + "\n".join(lines) + "\n"


def markdown(table: Table, rows: Mapping[str, Row]) -> str:
    """Return a table with the published figures beside ours, and one with the figures against the truth."""
    theirs = published.TABLES.get(table.paper, {})
    in_paper = theirs.get("GT", {})
    names = list(dict.fromkeys([*rows, *theirs]))
    omitted = TRUTH_COLUMNS if table.same_person else TRUTH_COLUMNS + IDENTITY_COLUMNS
    columns = [*table.attributes, *(column for column in HEADINGS if column not in omitted)]
    heads = ["method"]
    for column in columns:
        heads.append(HEADINGS.get(column, f"{column} %"))
        if column in in_paper:
            heads.append("paper")
    lines = [_line(heads), _line(["---"] * len(heads))]
    for name in names:
        cells = [name]
        for column in columns:
            cells.append(_cell(column, rows.get(name, {}).get(column)))
            if column in in_paper:
                figure = theirs.get(name, {}).get(column)
                cells.append("-" if figure is None else f"{figure:g}")
        lines.append(_line(cells))
    text = f"## {table.title}\n\n{len(table.pairs)} pairs\n\n" + "\n".join(lines) + "\n"
    with_truth = {name: row for name, row in rows.items() if any(column in row for column in TRUTH_COLUMNS)}
    if with_truth:
        lines = [_line(["against the truth", *(HEADINGS[column] for column in TRUTH_COLUMNS)])]
        lines.append(_line(["---"] * (len(TRUTH_COLUMNS) + 1)))
        lines += [
            _line([name, *(_cell(column, row.get(column)) for column in TRUTH_COLUMNS)])
            for name, row in with_truth.items()
        ]
        text += "\n" + "\n".join(lines) + "\n"
    return text


def sheet(table: Table, scores: Mapping[str, Scores]) -> UInt8[np.ndarray, "height width 3"]:
    """Return a picture of the first pairs: target, source, edited mask and what each method generated."""
    count = min(ROWS, *(len(score.pictures) for score in scores.values()))
    pictured = {name: score.pictures[:count] for name, score in scores.items() if name not in UNPICTURED}
    return image_grid(input_pictures(table, count) | pictured, count)


def input_pictures(table: Table, count: int) -> dict[str, UInt8[np.ndarray, "b n n 3"]]:
    """Return pictures of what is asked for the first pairs, by caption."""
    requests = [table.request(pair) for pair in table.pairs[:count]]
    return {
        "target": np.stack([request.photo for request in requests]),
        "source": np.stack([request.source_photo for request in requests]),
        "edited mask": to_pixels(np.stack([request.edited_mask for request in requests])),
    }


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(column: str, figure: Estimate | float | None) -> str:
    if figure is None:
        return "-"
    if not isinstance(figure, Estimate):
        return f"{1000 * figure:.2f}" if column == "kid" else f"{figure:.2f}"
    if column.startswith("psnr"):
        return f"{figure.mean:.2f} ({figure.low:.2f} to {figure.high:.2f})"
    if column in TRUTH_COLUMNS or column == "identity":
        return f"{figure.mean:.3f} ({figure.low:.3f} to {figure.high:.3f})"
    return f"{100 * figure.mean:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
