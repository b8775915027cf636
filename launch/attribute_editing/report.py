"""Results of an edit that makes rendered faces smile: a table and a sheet of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8

from data_pipeline.atomic_files import replacing
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.synthetic_faces import EDITS, render
from launch.attribute_editing.systems import ATTRIBUTE, Edit
from launch.attribute_judge import Judge, balanced_accuracy
from launch.held_out_faces import HeldOutFace, held_out_faces
from maskgan_jax.editing.regions import box_of, region_of_parts
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

FACES = 200
"""Test faces of each kind, with the attribute and without."""
ROWS = 8

Figure = tuple[float, float, float]
"""Mean, and lower and upper end of its 95 % interval."""


class Case(NamedTuple):
    """A face that doesn't smile, one that does, and the first as the renderer makes it smile.

    Attributes:
      photo: of the face to edit.
      exemplar: photo of the other one.
      truth: the first face with another mouth; its cheeks differ a little too.
      mouth: the box around its mouth before and after, with a margin.
    """

    photo: UInt8[np.ndarray, "n n 3"]
    exemplar: UInt8[np.ndarray, "n n 3"]
    truth: UInt8[np.ndarray, "n n 3"]
    mouth: Bool[np.ndarray, "n n"]


def report(edit: Edit, judge_run: Path, seed: int, size: int, folder: Path) -> dict[str, Figure]:
    """Measure an edit, print the table, and write it, as `results.json`, and `smiles.png` to a folder.

    Args:
      edit: of the trained system.
      judge_run: a run of the attribute classifier.
      seed: of the faces that both were trained on.
      size: of the pictures in px.
      folder: is created.

    Returns:
      The figures by name: shares, and PSNR in dB.
    """
    judge, cases = Judge(judge_run), held_out_cases(seed, size, FACES)
    photos, exemplars, truths, mouths = (np.stack(column) for column in zip(*cases, strict=True))
    edited = edit(photos, exemplars)
    kinds = {"the photo": photos, "edited": edited, "the same face rendered smiling": truths,
             "other faces rendered smiling": exemplars}  # fmt: skip
    smiles = {name: judge.logits(images, ATTRIBUTE) > 0 for name, images in kinds.items()}
    figures = {f"judged smiling: {name}": estimate(each.astype(float))[:3] for name, each in smiles.items()}
    for name, images in {"edited": edited, "the same face rendered smiling": truths}.items():
        figures[f"PSNR outside the mouth: {name}"] = estimate(_psnr(images, photos, ~mouths))[:3]
    for name, images in {"edited": edited, "the photo": photos}.items():
        figures[f"PSNR of the mouth, to the face rendered smiling: {name}"] = estimate(_psnr(images, truths, mouths))[
            :3
        ]
    says = np.concatenate([smiles["the photo"], smiles["other faces rendered smiling"]])
    accuracy = balanced_accuracy(says, np.arange(2 * FACES) >= FACES)

    print(f"{FACES} held-out synthetic faces that don't smile, {size} px; 95 % intervals")
    print(f"The judge's balanced accuracy on them and {FACES} that do: {accuracy:.0%}")
    for name, (mean, low, high) in figures.items():
        shown = "{:.0%} ({:.0%} to {:.0%})" if name.startswith("judged") else "{:.2f} dB ({:.2f} to {:.2f})"
        print(f"  {name:<70} {shown.format(mean, low, high)}")
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps({"judge's balanced accuracy": accuracy, **figures}, indent=2) + "\n")
    columns = {"photo": photos, "exemplar": exemplars, "edited": edited, "rendered smiling": truths}
    write_photo(image_grid(columns, ROWS), folder / "smiles.png")
    print(f"Photos, edited and as the renderer makes them smile: {folder}/smiles.png")
    return figures


def held_out_cases(seed: int, size: int, count: int) -> list[Case]:
    """Return cases of test faces that show their mouths: each that doesn't smile beside the next that does.

    Args:
      seed: of the faces.
      size: of the pictures in px.
      count: how many.
    """
    cases, waiting = [], {True: [], False: []}
    for each in held_out_faces(seed, size):
        if box_of(each.mask, "mouth"):
            waiting[has_attribute(each)].append(each)
        if all(waiting.values()):
            own, other = waiting[False].pop(0), waiting[True].pop(0)
            truth, mask = render(EDITS["smile"](own.face.geometry), own.face.style, size)
            cases.append(Case(own.photo, other.photo, truth, region_of_parts(own.mask, mask, ["mouth"])))
        if len(cases) == count:
            return cases
    raise AssertionError("there is no end of faces")


def has_attribute(face: HeldOutFace) -> bool:
    """Return whether a face smiles."""
    return bool(face.attributes[ATTRIBUTES.index(ATTRIBUTE)] > 0)


def _psnr(
    images: Sequence[np.ndarray], truths: Sequence[np.ndarray], regions: Sequence[np.ndarray]
) -> Float[np.ndarray, " n"]:
    return np.array([psnr(*each) for each in zip(images, truths, regions, strict=True)])
