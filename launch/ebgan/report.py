"""Results of EBGAN or Att-EBGAN on held-out rendered faces: a table and a sheet of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.ebgan import gates
from launch.ebgan.inpainter import Inpainter
from launch.ebgan.transplants import STYLES, Transplant, held_out_transplants
from maskgan_jax.editing.colours import match_skin
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

TRANSPLANTS = 200
"""Of each part."""
GALLERY = 100
"""Exemplars that an edit's own one is searched among."""
ROWS = 8


def report(run: Path, seed: int, folder: Path, judge: Path | None = None) -> None:
    """Measure a trained run, print the table, and write it, as `results.json`, and `transplants.png` to a folder.

    Args:
      run: of EBGAN or Att-EBGAN.
      seed: of the faces that it was trained on.
      folder: is created.
      judge: a run of the attribute classifier, for the gates of Att-EBGAN.
    """
    inpainter = Inpainter(run)
    size, results = inpainter.model.size, {}
    print(f"{TRANSPLANTS} pairs of held-out synthetic faces a part, {size} px; 95 % intervals")
    print("PSNR inside the region, dB")
    for part in STYLES:
        transplants = held_out_transplants(part, seed, size, TRANSPLANTS)
        results[part] = {name: estimate(values)[:3] for name, values in _scores(inpainter, transplants).items()}
        for name, (mean, low, high) in results[part].items():
            print(f"  {f'{part}: {name}':<60} {mean:6.2f} ({low:.2f} to {high:.2f})")
        found = _retrieval(inpainter, transplants[:GALLERY])
        results[part]["exemplar found among 100"] = found
        print(f"  {f'{part}: exemplar found among {GALLERY} (chance {1 / GALLERY:.0%})':<60} {found:.0%}")
    if judge:
        results["gates"] = _report_gates(inpainter, judge, seed)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    write_photo(_sheet(inpainter, held_out_transplants("mouth", seed, size, ROWS)), folder / "transplants.png")
    print(f"Mouths of exemplars in other faces: {folder}/transplants.png")


def _report_gates(inpainter: Inpainter, judge: Path, seed: int) -> dict[str, dict[str, float]]:
    """Print and return what the gates of the attributes do."""
    figures = gates.measure(inpainter, gates.Judge(judge), seed)
    print("A classifier sees the attribute in exemplars that have it, in photos that don't, in the photos with the")
    print("exemplar's region, gate open, and the same with the gate closed")
    for name, each in figures.items():
        print(f"  {name:<22} {each.exemplars:5.0%} {each.photos:5.0%} {each.opened:5.0%} {each.closed:5.0%}")
    return {name: each._asdict() for name, each in figures.items()}


def _scores(inpainter: Inpainter, transplants: Sequence[Transplant]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return PSNR inside the regions: of reconstructions, and of the exemplars' parts against the true results."""
    photos, exemplars, truths, regions = _arrays(transplants, "photo", "exemplar", "truth", "region")
    matched = _matched(transplants)
    own, wanted, suited = (inpainter.encode(each, regions) for each in (photos, exemplars, matched))
    images = {
        "its own, from its code": (inpainter.inpaint(photos, regions, own), photos),
        "its own, from a code of zeros": (inpainter.inpaint(photos, regions, np.zeros_like(own)), photos),
        "the exemplar's": (inpainter.inpaint(photos, regions, wanted), truths),
        "the exemplar's, its colours matched": (inpainter.inpaint(photos, regions, suited), truths),
        "the photo left unchanged, for the exemplar's": (photos, truths),
        "the exemplar's pixels pasted, their colours matched": (matched, truths),
    }
    return {
        name: np.array([psnr(*each) for each in zip(results, true, regions > 0, strict=True)])
        for name, (results, true) in images.items()
    }


def _retrieval(inpainter: Inpainter, transplants: Sequence[Transplant]) -> float:
    """Return how often an edit's code is nearer to that of its own exemplar than to that of any other's region.

    All exemplars have the photo's skin colour, by which they could be told apart else.
    """
    photos, regions = _arrays(transplants, "photo", "region")
    edited = inpainter.inpaint(photos, regions, inpainter.encode(_matched(transplants), regions))
    codes, found = inpainter.encode(edited, regions), 0
    for place, target in enumerate(transplants):
        shown = [match_skin(each.exemplar, each.exemplar_mask, target.photo, target.mask) for each in transplants]
        distances = np.square(inpainter.encode(shown, [target.region] * len(shown)) - codes[place]).sum((1, 2, 3))
        found += int(distances.argmin() == place)
    return found / len(transplants)


def _sheet(inpainter: Inpainter, transplants: Sequence[Transplant]) -> UInt8[np.ndarray, "height width 3"]:
    photos, exemplars, truths, regions = _arrays(transplants, "photo", "exemplar", "truth", "region")
    own, wanted = (inpainter.encode(each, regions) for each in (photos, _matched(transplants)))
    columns = {
        "photo": photos,
        "region": photos * (regions[..., None] == 0),
        "its own mouth": inpainter.inpaint(photos, regions, own),
        "exemplar": exemplars,
        "the exemplar's mouth": inpainter.inpaint(photos, regions, wanted),
        "truth": truths,
    }
    return image_grid(columns, rows=len(transplants))


def _matched(transplants: Sequence[Transplant]) -> UInt8[np.ndarray, "n h w 3"]:
    """Return the exemplars in colours that suit the photos."""
    return np.stack([match_skin(each.exemplar, each.exemplar_mask, each.photo, each.mask) for each in transplants])


def _arrays(transplants: Sequence[Transplant], *names: str) -> list[UInt8[np.ndarray, "n ..."]]:
    return [np.stack([getattr(each, name) for each in transplants]) for name in names]
