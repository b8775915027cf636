"""Regions that are filled as another photo shows them, in the server's answers."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.exemplars import ExemplarEditor, Opened
from maskgan_jax.editing.parts import REGION_PARTS
from maskgan_jax.photos.scaling import scale_mask
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES
from maskgan_jax.web.api import Api
from tests.web.exchange import (
    BAD_TEXTS,
    SIZE,
    check_refused,
    encode,
    labels,
    open_sample,
    pixels,
    render_face,
    sample_portrait,
)

pytestmark = pytest.mark.slow

REGION = np.zeros((SIZE, SIZE), np.uint8)
REGION[36:52, 22:42] = 1
FEATHER = 5


@pytest.fixture(scope="module")
def editor(random_editor) -> Editor:
    return random_editor


@pytest.fixture(scope="module")
def exemplars(random_runs: Path) -> ExemplarEditor:
    return ExemplarEditor(random_runs / "ebgan")


@pytest.fixture
def attributes(api, random_runs, monkeypatch) -> ExemplarEditor:
    """Networks of Att-EBGAN in place of EBGAN's; their classifier says that every face smiles and has a beard."""
    editor = ExemplarEditor(random_runs / "att_ebgan")
    logits = [[1.0 if name in ("Smiling", "Beard") else -1.0 for name in editor.attributes]]
    monkeypatch.setitem(editor.__dict__, "_classify", lambda _: np.array(logits))
    monkeypatch.setattr(api, "_exemplars", editor)
    return editor


@pytest.fixture(scope="module")
def photo(client) -> str:
    """The token of face 3, which no test changes."""
    return open_sample(client, 3)


@pytest.fixture(scope="module")
def other(client) -> str:
    """The token of face 4, likewise."""
    return open_sample(client, 4)


@pytest.fixture
def fill(client, photo, other) -> Callable[..., str]:
    """Fill a region and return the token of the photo that it gives."""

    def request(query: str = "strength=1", region: np.ndarray = REGION, token: str = photo) -> str:
        address = f"/api/photos/{token}/exemplar?reference={other}&{query}"
        answer = client.post(address, content=region.tobytes())
        assert answer.status_code == 200, answer.text
        return answer.json()["photo"]

    return request


def opened(editor: Editor, number: int) -> Opened:
    """Return a sample face as the server opens it."""
    portrait = sample_portrait(editor, number)
    return Opened(portrait.subject, portrait.mask)


def face_of(client, token: str) -> np.ndarray:
    return pixels(client.get(f"/api/photos/{token}/image"))


def mask_of(client, token: str) -> np.ndarray:
    return labels(client.get(f"/api/photos/{token}/mask"))


def far_from_region(size: int) -> np.ndarray:
    """Return the pixels of a face that lie farther from the region than the feather."""
    return ndimage.distance_transform_edt(scale_mask(REGION, size) == 0) > FEATHER


def test_parts_and_attributes_are_listed(client, attributes):
    filling = client.get("/api/model").json()["filling"]
    assert filling == {"parts": list(REGION_PARTS), "attributes": list(attributes.attributes)}
    assert set(filling["attributes"]) <= set(ATTRIBUTES)


def test_a_filled_face_is_that_of_the_edit_command(client, editor, exemplars, fill):
    result = face_of(client, fill(f"strength=0.5&feather={FEATHER}"))
    expected = exemplars.edit(opened(editor, 3), opened(editor, 4), REGION, 0.5, feather=FEATHER)
    np.testing.assert_array_equal(result, expected)
    assert (result != render_face(3)[0]).any(-1)[72:104, 44:84].mean() > 0.9


def test_pixels_away_from_the_region_are_exactly_the_photos(client, fill):
    far, face = far_from_region(128), render_face(3)[0]
    once = fill(f"strength=1&feather={FEATHER}")
    np.testing.assert_array_equal(face_of(client, once)[far], face[far])
    twice = fill(f"strength=1&feather={FEATHER}", token=once)
    np.testing.assert_array_equal(face_of(client, twice)[far], face[far])


def test_the_whole_photo_is_filled_too_and_its_rest_stays(client, fill):
    whole = np.random.default_rng(0).integers(0, 256, (128, 200, 3), np.uint8)
    whole[:, 36:164] = render_face(5)[0]
    token = client.post("/api/photos?aligned=1", content=encode(whole)).json()["photo"]
    filled = fill(f"strength=1&feather={FEATHER}", token=token)
    result = pixels(client.get(f"/api/photos/{filled}/image?whole=1"))
    far = np.ones(whole.shape[:2], bool)
    far[:, 36:164] = far_from_region(128)
    np.testing.assert_array_equal(result[far], whole[far])
    np.testing.assert_array_equal(result[:, 36:164], face_of(client, filled))
    assert (result != whole).any()


def test_the_photo_that_was_filled_stays_open_as_it_was(client, photo, fill):
    assert fill() != photo
    np.testing.assert_array_equal(face_of(client, photo), render_face(3)[0])


def test_an_edit_that_keeps_the_rest_keeps_what_was_filled(client, fill):
    token = fill(f"strength=1&feather={FEATHER}")
    body = mask_of(client, token).tobytes()
    result = pixels(client.post(f"/api/photos/{token}/edit?feather=8", content=body))
    np.testing.assert_array_equal(result, face_of(client, token))


def test_the_mask_of_what_was_filled_is_parsed_anew_and_the_rest_stays(client, editor, photo, fill):
    token = fill(f"strength=1&feather={FEATHER}")
    before, after, parsed = mask_of(client, photo), mask_of(client, token), editor.parse(face_of(client, token))
    np.testing.assert_array_equal(after[REGION > 0], parsed[REGION > 0])
    far = far_from_region(128)[::2, ::2] & far_from_region(128)[1::2, 1::2]
    np.testing.assert_array_equal(after[far], before[far])
    assert (before[far] != parsed[far]).any()


def test_without_a_face_parser_the_mask_stays(client, api, random_runs, photo, fill, monkeypatch):
    monkeypatch.setattr(api, "editor", Editor(random_runs / "dense_mapping"))
    np.testing.assert_array_equal(mask_of(client, fill()), mask_of(client, photo))


def test_the_region_of_parts_is_the_boxes_in_both_faces(client, editor, exemplars, photo, other):
    region = labels(client.get(f"/api/photos/{photo}/region?reference={other}&parts=mouth,eyes"))
    expected = exemplars.region_of(opened(editor, 3), opened(editor, 4), ["mouth", "eyes"])
    np.testing.assert_array_equal(region, expected)
    for face in (3, 4):
        assert region[np.isin(opened(editor, face).mask, (4, 5, 10, 11, 12))].all()


def test_only_the_attributes_that_are_named_pass(client, editor, attributes, fill):
    everywhere = np.ones_like(REGION)
    faces = opened(editor, 3), opened(editor, 4)
    one, all_shown = (face_of(client, fill(f"strength=1{query}", everywhere)) for query in ("&only=Smiling", ""))
    np.testing.assert_array_equal(one, attributes.edit(*faces, everywhere, only=["Smiling"]))
    np.testing.assert_array_equal(all_shown, attributes.edit(*faces, everywhere))
    assert (one != all_shown).any()


def test_an_attribute_that_the_exemplar_does_not_show_is_refused_in_the_editors_words(client, photo, other, attributes):
    address = f"/api/photos/{photo}/exemplar?reference={other}&strength=1&only=Eyeglasses"
    answer = client.post(address, content=REGION.tobytes())
    error = "the exemplar doesn't show Eyeglasses, says the classifier; take another photo"
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("query", "region", "status", "message"),
    [
        ("reference={other}&strength=1", bytes(SIZE * SIZE), 400, "it is empty; paint where the exemplar"),
        ("reference={other}&strength=1", bytes(9), 400, "the region has 9 bytes; send 4096, one for each of 64x64"),
        ("reference={other}&strength=1", bytes(SIZE * SIZE + 1), 413, "more than 4096 bytes; send less"),
        ("reference={other}&strength=1", b"\2" * SIZE * SIZE, 400, "the region has the value 2; send 1 inside"),
        ("reference={other}", REGION.tobytes(), 400, "strength=: give a number from 0 to 1"),
        ("reference={other}&strength=2", REGION.tobytes(), 400, "strength=2: give a number from 0 to 1"),
        ("reference={other}&strength=1&feather=2000", REGION.tobytes(), 400, "feather=2000: give a number from 0"),
        ("reference={other}&strength=1&only=Smiling", REGION.tobytes(), 400, "only=Smiling: give names out of: none"),
        ("reference=unknown&strength=1", REGION.tobytes(), 424, "no longer open on the server"),
        ("strength=1", REGION.tobytes(), 424, "no longer open on the server"),
    ],
)
def test_a_wrong_request_is_refused_with_what_is_wrong(client, photo, other, query, region, status, message):
    answer = client.post(f"/api/photos/{photo}/exemplar?{query.format(other=other)}", content=region)
    check_refused(client, answer)
    assert answer.status_code == status
    assert message in answer.json()["error"]


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("reference={other}&parts=hat", 400, "no part 'hat'; name some of mouth, eyes"),
        ("reference={other}", 400, "no part ''; name some of"),
        ("reference={bald}&parts=hair", 400, "the exemplar shows no hair; take it from another photo"),
        ("parts=mouth", 424, "no longer open on the server"),
    ],
)
def test_parts_that_no_region_can_be_made_of_are_refused(client, photo, other, query, status, message):
    bald = open_sample(client, 1)
    answer = client.get(f"/api/photos/{photo}/region?{query.format(other=other, bald=bald)}")
    check_refused(client, answer)
    assert answer.status_code == status
    assert message in answer.json()["error"]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=lambda text: ascii(text[:10]))
def test_a_query_that_is_no_number_name_or_token_is_refused(client, photo, other, attributes, text):
    good = {"reference": other, "strength": "1", "feather": "1", "only": "Smiling"}
    post = partial(client.post, f"/api/photos/{photo}/exemplar", content=REGION.tobytes())
    for name in good:
        check_refused(client, post(params={**good, name: text}))
    for name in ("reference", "parts"):
        query = {"reference": other, "parts": "mouth", name: text}
        check_refused(client, client.get(f"/api/photos/{photo}/region", params=query))


def test_a_forgotten_photo_is_gone(client):
    for call in (client.get, client.post):
        address = "region" if call == client.get else "exemplar"
        assert call(f"/api/photos/unknown/{address}").status_code == 410


def test_a_full_queue_is_said_to_be_busy(client, api, photo, other, monkeypatch):
    monkeypatch.setattr(api.queue, "_max_waiting", 0)
    answer = client.post(f"/api/photos/{photo}/exemplar?reference={other}&strength=1", content=REGION.tobytes())
    assert (answer.status_code, answer.json()) == (503, {"error": "the server is busy; try again in a moment"})


def test_without_networks_for_exemplars_nothing_is_filled(client, api, photo, monkeypatch):
    monkeypatch.setattr(api, "_exemplars", None)
    region = client.get(f"/api/photos/{photo}/region?reference={photo}&parts=mouth")
    filled = client.post(f"/api/photos/{photo}/exemplar?reference={photo}&strength=1", content=REGION.tobytes())
    assert (region.status_code, filled.status_code) == (400, 400)
    error = "the server has no networks for exemplars; start it with --exemplar-checkpoint"
    assert region.json() == filled.json() == {"error": error}


def test_warming_up_compiles_what_fills(editor, random_runs):
    exemplars = ExemplarEditor(random_runs / "att_ebgan")
    Api(editor, exemplars).warm_up()
    for name in ("_encode", "_inpaint", "_classify"):
        assert exemplars.__dict__[name].func._cache_size() == 1
    exemplars.edit(opened(editor, 3), opened(editor, 4), REGION, 0.5, feather=FEATHER)
    for name in ("_encode", "_inpaint", "_classify"):
        assert exemplars.__dict__[name].func._cache_size() == 1
