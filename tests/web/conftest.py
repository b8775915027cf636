"""The server with the networks of the tiny runs, and a client that talks to it in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from maskgan_jax.editing.editor import Editor
from maskgan_jax.web.api import Api
from maskgan_jax.web.app import LOOPBACK_NAMES, make_app


@pytest.fixture(scope="session")
def editor(runs: Path) -> Editor:
    return Editor(runs / "ebst", face_parser=runs / "face_parser")


@pytest.fixture(scope="module")
def api(editor: Editor) -> Api:
    return Api(editor)


@pytest.fixture(scope="module")
def client(api: Api) -> Iterator[TestClient]:
    """Sends requests to a server of its own; an unforeseen error is an answer, as in a browser."""
    app = make_app(api, [*LOOPBACK_NAMES, "testserver"])
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
