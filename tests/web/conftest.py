"""The server with the networks of the tiny runs; a client that talks to it in this process, and a browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from starlette.testclient import TestClient

from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.exemplars import ExemplarEditor
from maskgan_jax.web.api import Api
from maskgan_jax.web.app import LOOPBACK_NAMES, make_app
from tests.web.browser import Tab, find_chromium, serving
from tests.web.exchange import SIZE


@pytest.fixture(scope="session")
def editor(runs: Path) -> Editor:
    return Editor(runs / "ebst", face_parser=runs / "face_parser")


@pytest.fixture(scope="session")
def random_editor(random_runs: Path) -> Editor:
    """An editor with networks of random weights, and a face parser."""
    return Editor(random_runs / "dense_mapping", face_parser=random_runs / "face_parser")


@pytest.fixture(scope="module")
def exemplars() -> ExemplarEditor | None:
    """What regions are filled with: nothing, but in the tests of that."""
    return None


@pytest.fixture(scope="module")
def api(editor: Editor, exemplars: ExemplarEditor | None) -> Api:
    return Api(editor, exemplars)


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[TestClient]:
    """Sends requests to a server of its own; an unforeseen error is an answer, as in a browser."""
    app = make_app(api, [*LOOPBACK_NAMES, "testserver"])
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        message = "no Chromium: the page is NOT tested; install it, such as with apt-get install chromium"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(api: Api) -> Iterator[str]:
    with serving(api) as address:
        yield address


@pytest.fixture
def tab(browser: Browser, address: str, tmp_path: Path) -> Iterator[Tab]:
    """The page in a new tab: the first sample face, and the second one beside it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Tab(context.new_page(), address, SIZE, tmp_path)
    context.close()
