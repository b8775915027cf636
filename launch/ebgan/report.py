"""Results of EBGAN or Att-EBGAN on held-out rendered faces: a table and a sheet of pictures."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float, UInt8

from data_pipeline.atomic_files import replacing
from launch.ebgan.transplants import STYLES, Transplant, held_out_transplants
from maskgan_jax.evaluation.bootstrap import estimate
from maskgan_jax.evaluation.image_quality import psnr
from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

TRANSPLANTS = 200
"""Of each part."""
GALLERY = 100
"""Exemplars that an edit's own one is searched among."""
ROWS = 8
BATCH = 50

Codes = Float[Array | np.ndarray, "b y x c"]


class Inpainter:
    """A trained run at the size of its photos, compiled for batches of `BATCH`; gates are open."""

    def __init__(self, run: Path):
        """Load it from a run."""
        self.model: Model = load_model(run, ("encode_exemplar", "inpaint"), "--runs")
        self._encode, self._inpaint = (self.model.compile(name) for name in ("encode_exemplar", "inpaint"))

    def encode(self, photos: Sequence[np.ndarray], regions: Sequence[np.ndarray]) -> Float[np.ndarray, "n y x c"]:
        """Return the codes of what photos show in regions."""
        return _in_batches(self._encode, np.stack(photos), np.stack(regions))

    def inpaint(
        self, photos: Sequence[np.ndarray], regions: Sequence[np.ndarray], codes: Float[np.ndarray, "n y x c"]
    ) -> UInt8[np.ndarray, "n s s 3"]:
        """Return photos whose regions are filled as codes say."""
        count = len(self.model.config.attributes)
        gates = [np.ones((len(codes), count), np.float32)] if count else []
        return _in_batches(self._inpaint, np.stack(photos), np.stack(regions), codes, *gates)


def report(run: Path, seed: int, folder: Path) -> None:
    """Measure a trained run, print the table, and write it, as `results.json`, and `transplants.png` to a folder."""
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
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "results.json") as temporary:
        temporary.write_text(json.dumps(results, indent=2) + "\n")
    write_photo(_sheet(inpainter, held_out_transplants("mouth", seed, size, ROWS)), folder / "transplants.png")
    print(f"Mouths of exemplars in other faces: {folder}/transplants.png")


def _scores(inpainter: Inpainter, transplants: Sequence[Transplant]) -> dict[str, Float[np.ndarray, " n"]]:
    """Return PSNR inside the regions: of reconstructions, and of the exemplars' parts against the true results."""
    photos, exemplars, truths, regions = _arrays(transplants, "photo", "exemplar", "truth", "region")
    own, wanted = (inpainter.encode(each, regions) for each in (photos, exemplars))
    images = {
        "its own, from its code": (inpainter.inpaint(photos, regions, own), photos),
        "its own, from a code of zeros": (inpainter.inpaint(photos, regions, np.zeros_like(own)), photos),
        "the exemplar's": (inpainter.inpaint(photos, regions, wanted), truths),
        "the photo left unchanged, for the exemplar's": (photos, truths),
        "the exemplar's pixels pasted, for the exemplar's": (exemplars, truths),
    }
    return {
        name: np.array([psnr(*each) for each in zip(results, true, regions > 0, strict=True)])
        for name, (results, true) in images.items()
    }


def _retrieval(inpainter: Inpainter, transplants: Sequence[Transplant]) -> float:
    """Return how often an edit's code is nearer to that of its own exemplar than to that of any other's region."""
    photos, exemplars, regions = _arrays(transplants, "photo", "exemplar", "region")
    edited = inpainter.inpaint(photos, regions, inpainter.encode(exemplars, regions))
    codes, found = inpainter.encode(edited, regions), 0
    for place, (code, region) in enumerate(zip(codes, regions, strict=True)):
        gallery = inpainter.encode(exemplars, np.broadcast_to(region, (len(exemplars), *region.shape)))
        distances = np.square(gallery - code).sum((1, 2, 3))
        found += int(distances.argmin() == place)
    return found / len(transplants)


def _sheet(inpainter: Inpainter, transplants: Sequence[Transplant]) -> UInt8[np.ndarray, "height width 3"]:
    photos, exemplars, truths, regions = _arrays(transplants, "photo", "exemplar", "truth", "region")
    own, wanted = (inpainter.encode(each, regions) for each in (photos, exemplars))
    columns = {
        "photo": photos,
        "region": photos * (regions[..., None] == 0),
        "its own mouth": inpainter.inpaint(photos, regions, own),
        "exemplar": exemplars,
        "the exemplar's mouth": inpainter.inpaint(photos, regions, wanted),
        "truth": truths,
    }
    return image_grid(columns, rows=len(transplants))


def _arrays(transplants: Sequence[Transplant], *names: str) -> list[UInt8[np.ndarray, "n ..."]]:
    return [np.stack([getattr(each, name) for each in transplants]) for name in names]


def _in_batches(function: Callable[..., Array], *arrays: np.ndarray) -> np.ndarray:
    """Return the results for all rows, computed in batches of `BATCH`; the last one is filled up."""
    results = []
    for begin in range(0, len(arrays[0]), BATCH):
        parts = [each[begin : begin + BATCH] for each in arrays]
        count = len(parts[0])
        results.append(np.asarray(function(*(np.resize(part, (BATCH, *part.shape[1:])) for part in parts)))[:count])
    return np.concatenate(results)
