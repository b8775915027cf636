"""Checks every annotated shape and type of maskgan_jax while the tests run; data and runs that many tests share."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

# Tests spend their time in XLA's compiler: let it optimise little, and what one process compiled serve the others.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"maskgan_jax_tests_{os.getuid()}")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.5"

import pytest
from filelock import FileLock
from jaxtyping import install_import_hook

install_import_hook("maskgan_jax", "beartype.beartype")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the trained `runs` as slow, and put all but the first file with such tests last.

    While one of pytest's processes trains the runs for that file, the others have work that needs none.
    """
    for item in items:
        if "runs" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    with_runs = list(dict.fromkeys(item.path for item in items if "runs" in item.fixturenames))
    order = {path: 2 if place else 0 for place, path in enumerate(with_runs)}
    items.sort(key=lambda item: order.get(item.path, 1))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder once for all of pytest's processes: its name and what fills it, to its path."""
    root = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        root = root.parent

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder = root / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                being_made = root / f"{name}_being_made"
                fill(being_made)
                being_made.rename(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def faces(shared) -> Path:
    """A raw data directory of 40 synthetic faces at 64 px, prepared."""
    from data_pipeline.prepare import prepare
    from data_pipeline.synthetic_faces.write import write

    def fill(folder: Path) -> None:
        write(folder / "raw", count=40, size=64, seed=0)
        prepare(folder / "raw", 64)

    return shared("faces", fill) / "raw"


@pytest.fixture(scope="session")
def runs(faces: Path, shared) -> Path:
    """A folder with a tiny run of each task: `mask_vae`, `dense_mapping`, `ebst`, `face_parser`."""
    from tests.tiny import tiny_config
    from tests.train import train

    def fill(folder: Path) -> None:
        for task in ("mask_vae", "dense_mapping", "ebst", "face_parser"):
            config = tiny_config(task, faces, folder)
            config.batch_size = 2
            train(config, folder / task)

    return shared("runs", fill)
