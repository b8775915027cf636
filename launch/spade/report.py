"""SPADE's results on held-out rendered faces: a table and a sheet of pictures."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.batches import in_batches
from launch.held_out_faces import held_out_faces
from launch.quickstart_report import class_colours
from launch.spade.colours import nearer
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.evaluation.judges import load_face_parser
from maskgan_jax.evaluation.methods import own_colours, paint
from maskgan_jax.inference.models import load_model
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid, to_pixels

FACES = 200
ROWS = 8
PLACE = "nearer to the photo's colour than to the data set's"

Figures = dict[str, tuple[float, float, float]]
"""Mean, and lower and upper end of its interval, by name."""


def report(run: Path, parser: Path, data: Path, seed: int, folder: Path) -> None:
    """Measure a trained run, print the table, and write it, as `results.json`, and `styles.png` to a folder.

    Args:
      run: of SPADE.
      parser: of the face parser.
      data: directory of the faces that both were trained on.
      seed: of these faces.
      folder: is created.
    """
    model = load_model(run, ("encode_style", "generate"), "--runs")
    faces = list(islice(held_out_faces(seed, model.size), FACES))
    photos, masks = np.stack([each.photo for each in faces]), np.stack([each.mask for each in faces])
    colours = class_colours(data, model.size)
    styles = in_batches(model.compile("encode_style"), photos, masks)
    own, others = (in_batches(model.compile("generate"), masks, each) for each in (styles, np.roll(styles, -1, 0)))
    painted = {
        "the photo's own colour per class instead": np.stack(
            [paint(own_colours(*each), each[1]) for each in zip(photos, masks, strict=True)]
        ),
        "the data set's colour per class instead": np.stack([paint(colours, mask) for mask in masks]),
    }
    reconstructed = {"photos from their own masks and styles": own, **painted}
    parsed = {"photos from their own masks and styles": own, "masks in the style of others": others} | painted
    accuracy = load_face_parser(parser, "--runs").accuracy
    next_faces = np.roll(photos, -1, 0), np.roll(masks, -1, 0)
    results = {
        "PSNR, dB": {name: _estimate(_psnr(images, photos)) for name, images in reconstructed.items()},
        "share of pixels where a face parser finds the mask": {
            name: _estimate(accuracy(images, masks)) for name, images in {"the photos": photos, **parsed}.items()
        },
        f"share of classes {PLACE}, in their own style": _shares(nearer(own, masks, photos, masks, colours)),
        f"share of classes {PLACE}, in the style of others": _shares(nearer(others, masks, *next_faces, colours)),
    }
    _print(results, model.size)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    sheet = {"photo": photos, "mask": to_pixels(masks), "its own style": own, "style": next_faces[0], "in it": others}
    write_photo(image_grid({name: each[:ROWS] for name, each in sheet.items()}, rows=ROWS), folder / "styles.png")
    print(f"Masks in their own style and in another's: {folder}/styles.png")


def _psnr(
    images: Sequence[UInt8[np.ndarray, "n n 3"]], photos: Sequence[UInt8[np.ndarray, "n n 3"]]
) -> Float[np.ndarray, " faces"]:
    return np.array([psnr(*each) for each in zip(images, photos, strict=True)])


def _shares(cases: Mapping[str, Float[np.ndarray, " cases"]]) -> Figures:
    """Return the share of each class, and of all cases together."""
    return {name: _estimate(each) for name, each in {"all": np.concatenate(list(cases.values())), **cases}.items()}


def _estimate(values: Float[np.ndarray, " n"]) -> tuple[float, float, float]:
    return estimate(values)[:3]


def _print(results: Mapping[str, Figures], size: int) -> None:
    print(f"{FACES} held-out synthetic faces, {size} px; means with 95 % intervals")
    for title, figures in results.items():
        print(title)
        for name, (mean, low, high) in figures.items():
            print(f"  {name:<45} {mean:6.3f} ({low:.3f} to {high:.3f})")
