"""Checks every annotated shape and type of maskgan_jax while the tests run; data and runs that many tests share."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

# Tests spend their time in XLA's compiler: let it optimise little and emit code in its older way, which takes half the
# time, and let what one process compiled serve the others.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ["XLA_FLAGS"] = " ".join(
    [os.environ.get("XLA_FLAGS", ""), "--xla_cpu_use_fusion_emitters=false", "--xla_cpu_parallel_codegen_split_count=1"]
)
os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"maskgan_jax_tests_{os.getuid()}")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.1"

import pytest
from filelock import FileLock
from jaxtyping import install_import_hook

install_import_hook("maskgan_jax", "beartype.beartype")

LONG_FILES = ("test_multi_process", "test_faults", "test_sharding", "test_configs", "test_tasks",
              "test_ebst_against_pytorch", "test_input_pipeline")  # fmt: skip
"""Take long and need no trained runs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the trained `runs` as slow, and order the files so that no process waits for another.

    One process trains the runs for the first file, while the others have files that take long and need none.
    """
    for item in items:
        if "runs" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    with_runs = {item.path for item in items if "runs" in item.fixturenames}

    def place(item: pytest.Item) -> int:
        if item.path.stem == "test_loop":
            return 0
        if item.path.stem in LONG_FILES:
            return 1
        return 2 if item.path in with_runs else 3

    items.sort(key=place)


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


@pytest.fixture(scope="session")
def random_runs(shared) -> Path:
    """A folder with runs of random weights, which are made in a moment."""
    from tests.random_run import write_random_run
    from tests.tiny import tiny_config

    def fill(folder: Path) -> None:
        for task in (
            "portrait_editing",
            "dense_mapping",
            "face_parser",
            "ebgan",
            "att_ebgan",
            "spade",
            "stargan",
            "elegant",
        ):
            write_random_run(tiny_config(task), folder / task)

    return shared("random_runs", fill)


@pytest.fixture(scope="session")
def portrait_editor(random_runs: Path):
    """An editor with the networks of portrait editing, which each process compiles once."""
    from maskgan_jax.editing.editor import Editor

    return Editor(random_runs / "portrait_editing")
