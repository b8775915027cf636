"""The Colab notebook, executed at the quickstart's size with a fraction of its faces and steps."""

import re
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


def replace_setting(cell: nbformat.NotebookNode, name: str, value: float) -> None:
    cell.source, replaced = re.subn(rf"^{name} = \S+", f"{name} = {value}", cell.source, flags=re.MULTILINE)
    assert replaced == 1


def test_it_is_stored_without_outputs(notebook):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))


@pytest.mark.long
def test_it_runs_and_shows_an_image_after_each_step(notebook, tmp_path):
    shutil.copytree(PROJECT / "configs", tmp_path / "configs")
    settings = code_cells(notebook)[0]
    replace_setting(settings, "TRAINING", 0.01)
    replace_setting(settings, "FACES", 60)

    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()

    images = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in code_cells(notebook)]
    assert images == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    page = code_cells(notebook)[-2].outputs[-1]["data"]["text/html"]
    assert re.search(r"http://127\.0\.0\.1:\d+", page)
    sizes = {path.stem: Image.open(path).size for path in (tmp_path / "results").iterdir()}
    assert sizes == {"edited": (64, 64), "style": (64, 64), "smile": (64, 64), "interpolation": (8 * 64, 64)}
