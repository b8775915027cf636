"""Checks every annotated shape and type of maskgan_jax while the tests run; data and runs that many tests share."""

import os
import tempfile
from pathlib import Path

# Tests spend their time in XLA's compiler: let it optimise little, and what one process compiled serve the others.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"maskgan_jax_tests_{os.getuid()}")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.5"

import pytest
from jaxtyping import install_import_hook

install_import_hook("maskgan_jax", "beartype.beartype")


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raw data directory of 40 synthetic faces at 64 px."""
    from data_pipeline.synthetic_faces.write import write

    directory = tmp_path_factory.mktemp("faces") / "raw"
    write(directory, count=40, size=64, seed=0)
    return directory


@pytest.fixture(scope="session")
def runs(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny run of each task: `mask_vae`, `dense_mapping`, `ebst`, `face_parser`."""
    from maskgan_jax.train import train
    from tests.tiny import tiny_config

    folder = tmp_path_factory.mktemp("runs")
    for task in ("mask_vae", "dense_mapping", "ebst", "face_parser"):
        train(tiny_config(task, faces, folder), folder / task)
    return folder
