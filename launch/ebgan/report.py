"""Results of EBGAN or Att-EBGAN on held-out rendered faces: a table and a sheet of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.attribute_judge import Judge
from launch.ebgan import backgrounds, gates
from launch.ebgan.inpainter import Inpainter
from launch.ebgan.transplants import PARTS, Transplant, held_out_transplants, match_colours
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.image_quality import psnr, seam
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

TRANSPLANTS = 200
"""Of each part."""
GALLERY = 100
"""Exemplars that an edit's own one is searched among."""
ROWS = 8
COLUMNS = ("exemplars", "photos", "own code", "gate open", "gate closed")
"""Pictures that the judge of attributes looks at."""

Figures = dict[str, tuple[float, float, float]]
"""Mean, and lower and upper end of its interval, by name."""


def report(run: Path, seed: int, folder: Path, judge: Path | None = None, generator: Path | None = None) -> None:
    """Measure a trained run, print the table, and write it, as `results.json`, and `transplants.png` to a folder.

    Args:
      run: of EBGAN or Att-EBGAN.
      seed: of the faces that it was trained on.
      folder: is created.
      judge: a run of the attribute classifier, for the gates of Att-EBGAN.
      generator: a run of EBST, whose edits free background.
    """
    inpainter = Inpainter(run)
    size, results = inpainter.model.size, {}
    print(f"{TRANSPLANTS} pairs of held-out synthetic faces a part, {size} px; 95 % intervals")
    for part in PARTS:
        transplants = held_out_transplants(part, seed, size, TRANSPLANTS)
        results[part] = _estimates(_scores(inpainter, transplants))
        _print(f"{part}: PSNR inside the region, dB", results[part])
        results[f"{part}, seam"] = _estimates(_seams(inpainter, transplants))
        _print(f"{part}: step across the region's border over that 8/256 of the image away", results[f"{part}, seam"])
        found = _estimates(_retrieval(inpainter, transplants[:GALLERY]))
        print(f"{part}: exemplar found among {GALLERY} by the code of the result")
        for name, (mean, low, high) in found.items():
            print(f"  {name:<58} {mean:6.0%} ({low:.0%} to {high:.0%})")
        results[f"{part}, found"] = found
    edits = backgrounds.freed_backgrounds(seed, size, TRANSPLANTS)
    results["background"] = _estimates(backgrounds.scores(run, generator, edits))
    _print(f"background that {len(edits)} edits free: PSNR inside, dB", results["background"])
    if judge:
        results["gates"] = _report_gates(inpainter, judge, seed)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    write_photo(_sheet(inpainter, held_out_transplants("mouth", seed, size, ROWS)), folder / "transplants.png")
    print(f"Mouths of exemplars in other faces: {folder}/transplants.png")


def _print(title: str, figures: Figures) -> None:
    print(title)
    for name, (mean, low, high) in figures.items():
        print(f"  {name:<58} {mean:6.2f} ({low:.2f} to {high:.2f})")


def _report_gates(inpainter: Inpainter, judge: Path, seed: int) -> dict[str, Figures]:
    """Print and return in how many pictures the judge sees each attribute."""
    seen = gates.measure(inpainter, Judge(judge), seed)
    figures = {name: _estimates(each) for name, each in seen.items()}
    print(f"A classifier sees the attribute: {gates.PAIRS} pairs of a photo without and an exemplar with it")
    print(f"  {'':<20}" + "".join(f"{name:>20}" for name in COLUMNS))
    for name, each in figures.items():
        shares = (f"{mean:.0%} ({low:.0%} to {high:.0%})" for mean, low, high in (each[key] for key in COLUMNS))
        print(f"  {name:<20}" + "".join(f"{share:>20}" for share in shares))
    return figures


def _estimates(values: dict[str, Float[np.ndarray, " n"]]) -> Figures:
    return {name: estimate(each)[:3] for name, each in values.items()}


def _code_of_own(inpainter: Inpainter, transplants: Sequence[Transplant]) -> Float[np.ndarray, "n y x c"]:
    """Return the codes of the photos' own parts."""
    photos, masks, attributes, regions = zip(*((*each.own[1:], each.region) for each in transplants), strict=True)
    return inpainter.encode(photos, regions, masks, attributes)


def _code_of_exemplars(
    inpainter: Inpainter, transplants: Sequence[Transplant], matched: bool = True
) -> Float[np.ndarray, "n y x c"]:
    """Return the codes of the exemplars' parts, in colours that suit the photos or in their own."""
    shown = [each.matched if matched else each.exemplar.photo for each in transplants]
    regions, masks = [each.region for each in transplants], [each.own.mask for each in transplants]
    return inpainter.encode(shown, regions, masks, [each.exemplar.attributes for each in transplants])


def _scores(inpainter: Inpainter, transplants: Sequence[Transplant]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return PSNR inside the regions: of reconstructions, and of the exemplars' parts against the true results."""
    photos, regions = [each.own.photo for each in transplants], [each.region for each in transplants]
    truths = [each.truth for each in transplants]
    own = _code_of_own(inpainter, transplants)
    matched, unmatched = (_code_of_exemplars(inpainter, transplants, each) for each in (True, False))
    without_code = inpainter.inpaint(photos, regions, np.zeros_like(own))
    images = {
        "the photo's part, from its own code": (inpainter.inpaint(photos, regions, own), photos),
        "the same from a code of zeros": (without_code, photos),
        "the exemplar's part, its colours matched": (inpainter.inpaint(photos, regions, matched), truths),
        "the same, its colours kept": (inpainter.inpaint(photos, regions, unmatched), truths),
        "the same from a code of zeros, which knows no exemplar": (without_code, truths),
        "the photo left unchanged": (photos, truths),
        "the exemplar's pixels pasted, colours matched": ([each.matched for each in transplants], truths),
        "the exemplar's pixels pasted": ([each.exemplar.photo for each in transplants], truths),
    }
    return {
        name: np.array([psnr(*each) for each in zip(results, true, np.stack(regions) > 0, strict=True)])
        for name, (results, true) in images.items()
    }


def _seams(inpainter: Inpainter, transplants: Sequence[Transplant]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return `seam` of edits, of the exemplars' pixels pasted, and of the photos, which have none."""
    photos, regions = [each.own.photo for each in transplants], [each.region for each in transplants]
    results = {
        "the exemplar's part": inpainter.inpaint(photos, regions, _code_of_exemplars(inpainter, transplants)),
        "the exemplar's pixels pasted, colours matched": [
            np.where(each.region[..., None] > 0, each.matched, each.own.photo) for each in transplants
        ],
        "the photo left unchanged": photos,
    }
    return {
        name: np.array([seam(image, region > 0) for image, region in zip(images, regions, strict=True)])
        for name, images in results.items()
    }


def _retrieval(inpainter: Inpainter, transplants: Sequence[Transplant]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return 1 where an edit's code is nearer to that of its own exemplar than to that of any other's region, else 0.

    All exemplars have the photo's skin colour, by which they could be told apart else. Beside it the same for a code of
    zeros: what the region alone gives away, for it is the box around the own exemplar's part too.
    """
    photos, regions = [each.own.photo for each in transplants], [each.region for each in transplants]
    suited = _code_of_exemplars(inpainter, transplants)
    results = {
        "the exemplar's part": suited,
        f"from a code of zeros (chance {1 / len(transplants):.0%})": np.zeros_like(suited),
    }
    edited = {
        name: inpainter.encode_all(inpainter.inpaint(photos, regions, codes), regions)
        for name, codes in results.items()
    }
    found = {name: np.zeros(len(transplants)) for name in edited}
    for place, target in enumerate(transplants):
        shown = [match_colours(each.exemplar, target.own) for each in transplants]
        gallery = inpainter.encode_all(shown, [target.region] * len(shown))
        for name, codes in edited.items():
            found[name][place] = np.square(gallery - codes[place]).sum((1, 2, 3)).argmin() == place
    return found


def _sheet(inpainter: Inpainter, transplants: Sequence[Transplant]) -> UInt8[np.ndarray, "height width 3"]:
    photos = np.stack([each.own.photo for each in transplants])
    regions = np.stack([each.region for each in transplants])
    columns = {
        "photo": photos,
        "region": photos * (regions[..., None] == 0),
        "its own mouth": inpainter.inpaint(photos, regions, _code_of_own(inpainter, transplants)),
        "exemplar": np.stack([each.exemplar.photo for each in transplants]),
        "the exemplar's mouth": inpainter.inpaint(photos, regions, _code_of_exemplars(inpainter, transplants)),
        "truth": np.stack([each.truth for each in transplants]),
    }
    return image_grid(columns, rows=len(transplants))
