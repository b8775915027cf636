"""The Colab notebook, top to bottom, at the quickstart's size with a fraction of its steps."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

PROJECT = Path(__file__).parent.parent
NOTEBOOK = PROJECT / "launch" / "maskgan_colab.ipynb"


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_stored_without_outputs(notebook):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))


@pytest.mark.slow
def test_it_runs_top_to_bottom_and_shows_its_pictures(notebook, tmp_path):
    shutil.copytree(PROJECT / "configs", tmp_path / "configs")
    settings = code_cells(notebook)[0]
    assert "TRAINING = 1 " in settings.source
    assert "FACES = 2000 " in settings.source
    settings.source = settings.source.replace("TRAINING = 1 ", "TRAINING = 0.01 ").replace(
        "FACES = 2000 ", "FACES = 60 "
    )

    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()

    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in code_cells(notebook)]
    assert shown == [0, 0, 1, 1, 1, 1, 1]
    sizes = {
        name: Image.open(tmp_path / "results" / f"{name}.png").size
        for name in ("edited", "style", "smile", "on_the_way")
    }
    assert sizes == {"edited": (64, 64), "style": (64, 64), "smile": (64, 64), "on_the_way": (8 * 64, 64)}
