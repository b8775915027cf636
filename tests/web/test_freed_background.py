"""Background that a mask frees, in the server's answers."""

import pytest

from maskgan_jax.editing.editor import Editor
from tests.web.exchange import SIZE, labels, open_sample, pixels

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def editor(random_runs) -> Editor:
    return Editor(random_runs / "dense_mapping", fill_background=random_runs / "ebgan")


@pytest.fixture(scope="module")
def plain(random_runs) -> Editor:
    """The same editor without networks that fill."""
    return Editor(random_runs / "dense_mapping")


def test_freed_background_is_filled_and_the_rest_of_the_answer_is_the_generators(client, api, plain, monkeypatch):
    token = open_sample(client, 3)
    mask = labels(client.get(f"/api/photos/{token}/mask"))
    edited = mask.copy()
    edited[:, : SIZE // 3] = 0
    filled = pixels(client.post(f"/api/photos/{token}/edit", content=edited.tobytes()))
    monkeypatch.setattr(api, "editor", plain)
    generated = pixels(client.post(f"/api/photos/{token}/edit", content=edited.tobytes()))
    changed = (filled != generated).any(-1)
    assert changed[(mask > 0) & (edited == 0)].mean() > 0.9
    assert not changed[edited > 0].any()


def test_the_server_is_warm_before_the_first_visitor(api):
    api.warm_up()
    assert api.editor.__dict__["_background_filler"] is not None
