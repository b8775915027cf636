"""A tiny raw data directory of random images, in the layout of CelebAMask-HQ, and its prepared records."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_pipeline import records as records_module
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.labels import PARTS
from data_pipeline.prepare import prepare

MASK_SIDE, PHOTO_SIDE = 128, 256
CELEBA_INDICES = (*range(100, 108), 162_770, 162_771, 182_637, 182_638, 182_639)
"""Examples 0..8 are of the train split, 9 and 10 of the validation split, 11 and 12 of the test split."""


def write_raw_layout(directory: Path) -> Path:
    """Write one rectangle per part, at random places so that parts overlap, and smooth random photos."""
    rng = np.random.default_rng(0)
    (directory / "CelebA-HQ-img").mkdir(parents=True)
    (directory / "CelebAMask-HQ-mask-anno/0").mkdir(parents=True)
    mapping, attributes, poses = ["idx     orig_idx    orig_file"], [], []
    for index, celeba_index in enumerate(CELEBA_INDICES):
        coarse = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8))
        photo = coarse.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BICUBIC)
        photo.save(directory / f"CelebA-HQ-img/{index}.jpg", quality=95)
        for part in PARTS:
            mask = np.zeros((MASK_SIDE, MASK_SIDE, 3), np.uint8)
            (top, left), (height, width) = rng.integers(0, 96, 2), rng.integers(8, 64, 2)
            mask[top : top + height, left : left + width] = 255
            Image.fromarray(mask).save(directory / f"CelebAMask-HQ-mask-anno/0/{index:05d}_{part}.png")
        mapping.append(f"{index}       {celeba_index}      {celeba_index:06d}.jpg")
        attributes.append(f"{index}.jpg  " + " ".join("1" if (index + k) % 3 == 0 else "-1" for k in range(40)))
        poses.append(f"{index}.jpg {index + 0.25} {-index} {index / 2}")
    count = str(len(CELEBA_INDICES))
    (directory / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(mapping) + "\n")
    names = " ".join(ATTRIBUTES)
    (directory / "CelebAMask-HQ-attribute-anno.txt").write_text("\n".join([count, names, *attributes]) + "\n")
    (directory / "CelebAMask-HQ-pose-anno.txt").write_text("\n".join([count, " Yaw Pitch Raw", *poses]) + "\n")
    return directory


@pytest.fixture(scope="session")
def raw_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete raw data directory, not to be changed."""
    return write_raw_layout(tmp_path_factory.mktemp("raw") / "faces")


@pytest.fixture
def own_directory(raw_directory: Path, tmp_path: Path) -> Path:
    """A raw data directory that the test may change."""
    return shutil.copytree(raw_directory, tmp_path / "faces")


@pytest.fixture(scope="session")
def builder(raw_directory: Path, tmp_path_factory: pytest.TempPathFactory):
    """Builder over the complete raw data, prepared at 64 px."""
    return prepare(raw_directory, 64, tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def records(builder) -> Callable[[str], list[dict]]:
    """Split name to its decoded records, in order."""
    return lambda split: list(builder.as_data_source(split))


@pytest.fixture(params=["in memory", "from records"])
def storage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test with a split held in memory and with one read from its records."""
    if request.param == "from records":
        monkeypatch.setattr(records_module, "IN_MEMORY_BYTES", 0)
