"""The server's answers, compared with the functions behind them, called directly."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import ndimage
from starlette.requests import Request

from data_pipeline.labels import CLASSES, MIRRORED, PALETTE
from data_pipeline.synthetic_faces import EDITS
from maskgan_jax.editing.editor import Editor
from maskgan_jax.editing.part_transfer import transfer_parts
from maskgan_jax.editing.parts import OFFERED_PARTS
from maskgan_jax.photos.face_detection import find_faces
from maskgan_jax.photos.scaling import scale_mask
from maskgan_jax.web.answers import answer_error
from maskgan_jax.web.api import FACES_TO_VARY, Api
from maskgan_jax.web.app import HEADERS
from maskgan_jax.web.device_queue import SupersededError
from tests.web.exchange import SIZE, encode, labels, open_sample, pixels, render_face

EMPTY = bytes(SIZE * SIZE)


def small_mask(index: int, edit=lambda geometry: geometry) -> np.ndarray:
    """Return a face's mask as the page paints in it."""
    return scale_mask(render_face(index, edit)[1], SIZE)


@pytest.fixture(scope="module")
def photo(client) -> str:
    """The token of face 3, which no test changes."""
    return open_sample(client, 3)


@pytest.fixture(scope="module")
def other(client) -> str:
    """The token of face 4, likewise."""
    return open_sample(client, 4)


@pytest.fixture(scope="module")
def two_faces() -> np.ndarray:
    """A photo of face 1, large, and face 0, small, side by side."""
    canvas = np.full((400, 700, 3), 90, np.uint8)
    canvas[10:394, 300:684] = render_face(1, size=384)[0]
    canvas[100:356, 20:276] = render_face(0, size=256)[0]
    return canvas


def test_the_model_is_described(client):
    described = client.get("/api/model").json()
    assert described["size"] == SIZE
    assert [each["name"] for each in described["classes"]] == list(CLASSES)
    assert [each["colour"] for each in described["classes"]] == PALETTE.tolist()
    assert [each["mirrored"] for each in described["classes"]] == MIRRORED.tolist()
    assert described["parts"] == list(OFFERED_PARTS)
    assert (described["style_parts"], described["filling"]) == ([], None)
    assert (described["parses"], described["interpolates"], described["synthetic"]) == (True, True, True)


def test_a_sample_is_a_rendered_face_with_its_true_mask(client, photo):
    np.testing.assert_array_equal(pixels(client.get(f"/api/photos/{photo}/image")), render_face(3)[0])
    np.testing.assert_array_equal(labels(client.get(f"/api/photos/{photo}/mask")), small_mask(3))


def test_an_uploaded_photo_without_a_mask_is_parsed(client, editor):
    face = render_face(5)[0]
    token = client.post("/api/photos?aligned=1", content=encode(face)).json()["photo"]
    np.testing.assert_array_equal(labels(client.get(f"/api/photos/{token}/mask")), editor.parse(face))


def test_without_a_face_parser_a_photo_starts_with_an_empty_mask(client, api, runs, monkeypatch):
    monkeypatch.setattr(api, "editor", Editor(runs / "ebst"))
    token = client.post("/api/photos?aligned=1", content=encode(render_face(5)[0])).json()["photo"]
    assert not labels(client.get(f"/api/photos/{token}/mask")).any()


def test_an_edit_is_that_of_the_editor(client, editor, photo):
    edited = small_mask(3, EDITS["open_mouth"])
    answer = client.post(f"/api/photos/{photo}/edit", content=edited.tobytes())
    np.testing.assert_array_equal(pixels(answer), editor.edit(editor.portrait(*render_face(3)), edited))


def test_feather_leaves_pixels_away_from_the_change_exactly_the_photos(client, photo):
    edited = small_mask(3, EDITS["open_mouth"])
    result = pixels(client.post(f"/api/photos/{photo}/edit?feather=6", content=edited.tobytes()))

    changed = scale_mask(edited, 128) != scale_mask(small_mask(3), 128)
    distance = ndimage.distance_transform_edt(~changed)
    face = render_face(3)[0]
    np.testing.assert_array_equal(result[distance > 6], face[distance > 6])
    assert (result[changed] != face[changed]).any()


def test_a_reference_at_full_strength_is_a_copy_of_its_style(client, editor, photo, other):
    address = f"/api/photos/{photo}/edit?reference={other}&strength=1"
    result = pixels(client.post(address, content=small_mask(3).tobytes()))
    expected = editor.copy_style(editor.portrait(*render_face(3)), editor.portrait(*render_face(4)))
    np.testing.assert_allclose(result.astype(int), expected, atol=1)  # a + 1 * (b - a) is b but for rounding


def test_a_reference_of_no_strength_changes_nothing(client, photo, other):
    mask, address = small_mask(3).tobytes(), f"/api/photos/{photo}/edit"
    result = pixels(client.post(f"{address}?reference={other}&strength=0", content=mask))
    np.testing.assert_array_equal(result, pixels(client.post(address, content=mask)))


def test_a_reference_at_half_strength_is_the_mean_of_both_styles(client, editor, photo, other):
    address = f"/api/photos/{photo}/edit?reference={other}&strength=0.5"
    result = pixels(client.post(address, content=small_mask(3).tobytes()))
    style = np.mean([np.asarray(editor.portrait(*render_face(index)).style) for index in (3, 4)], axis=0)
    expected = editor.generate(small_mask(3)[None], style)[0]
    np.testing.assert_allclose(result.astype(int), expected, atol=1)


def test_parts_of_another_mask_are_transferred(client, photo, other):
    address = f"/api/photos/{other}/transfer?parts=smile,eyes"
    result = labels(client.post(address, content=small_mask(3).tobytes()))
    np.testing.assert_array_equal(result, transfer_parts(small_mask(3), small_mask(4), ["smile", "eyes"]))


def test_a_mask_between_two_is_that_of_the_mask_vae(client, editor, photo, other):
    address = f"/api/photos/{other}/interpolate?amount=0.25"
    result = labels(client.post(address, content=small_mask(3).tobytes()))
    expected = editor.masks_between(small_mask(3), small_mask(4), [0.25])[0]
    np.testing.assert_array_equal(result, scale_mask(expected, SIZE))


@pytest.mark.parametrize("seed", [7, 8])
def test_a_random_mask_is_the_editors_of_that_seed(client, editor, seed):
    codes = editor.encode_masks([render_face(number)[1] for number in range(FACES_TO_VARY)])
    random = labels(client.post(f"/api/masks/random?seed={seed}"))
    np.testing.assert_array_equal(random, scale_mask(editor.sample_masks(codes, 1, seed)[0], SIZE))


def test_without_a_mask_vae_masks_are_neither_sampled_nor_interpolated(client, api, runs, photo, monkeypatch):
    monkeypatch.setattr(api, "editor", Editor(runs / "dense_mapping"))
    random = client.post("/api/masks/random?seed=7")
    between = client.post(f"/api/photos/{photo}/interpolate?amount=0.5", content=EMPTY)
    assert (random.status_code, between.status_code) == (400, 400)
    assert random.json() == between.json() == {"error": "the server has no MaskVAE; start it with --mask-vae"}


def test_a_corrected_mask_changes_the_style(client, editor):
    token, corrected = open_sample(client, 3), small_mask(4)
    client.put(f"/api/photos/{token}/mask", content=corrected.tobytes())

    np.testing.assert_array_equal(labels(client.get(f"/api/photos/{token}/mask")), corrected)
    result = pixels(client.post(f"/api/photos/{token}/edit", content=corrected.tobytes()))
    portrait = editor.portrait(render_face(3)[0], corrected)
    np.testing.assert_array_equal(result, editor.edit(portrait, corrected))
    assert (portrait.style != editor.portrait(*render_face(3)).style).any()


def test_the_whole_photo_comes_back_at_its_size(client):
    whole = np.full((128, 200, 3), 90, np.uint8)
    whole[:, 36:164] = render_face(5)[0]
    token = client.post("/api/photos?aligned=1", content=encode(whole)).json()["photo"]
    np.testing.assert_array_equal(pixels(client.get(f"/api/photos/{token}/image?whole=1")), whole)

    result = pixels(client.post(f"/api/photos/{token}/edit?whole=1", content=EMPTY))
    assert result.shape == whole.shape
    np.testing.assert_array_equal(result[:, :30], whole[:, :30])
    assert (result[:, 40:160] != whole[:, 40:160]).any()


def test_the_faces_of_a_photo_are_listed_and_the_largest_is_edited(client, two_faces):
    described = client.post("/api/photos", content=encode(two_faces)).json()
    assert (described["width"], described["height"], described["face"]) == (700, 400, 0)
    expected = [[round(length) for length in each.box] for each in find_faces(two_faces)]
    assert described["faces"] == expected
    assert [left > 300 for left, *_ in expected] == [True, False]


def test_another_face_of_the_photo_is_chosen_and_edited(client, editor, two_faces):
    token = client.post("/api/photos", content=encode(two_faces)).json()["photo"]
    described = client.post(f"/api/photos/{token}/face/1").json()

    portrait = editor.portrait(two_faces, face=1)
    assert (described["photo"], described["face"]) == (token, 1)
    np.testing.assert_array_equal(pixels(client.get(f"/api/photos/{token}/image")), portrait.subject.face)
    result = pixels(client.post(f"/api/photos/{token}/edit?whole=1", content=EMPTY))
    expected = editor.edit(portrait, np.zeros((SIZE, SIZE), np.uint8), paste_back=True)
    np.testing.assert_array_equal(result, expected)


def test_photos_that_are_opened_at_the_same_time_are_those_that_are_opened_one_by_one(client, two_faces):
    photos = [encode(photo) for photo in (two_faces, two_faces[:, ::-1], np.rot90(two_faces, 2), render_face(9)[0])]
    alone = [client.post("/api/photos", content=photo).json()["faces"] for photo in photos]
    assert [len(faces) for faces in alone][:2] == [2, 2]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda photo: client.post("/api/photos", content=photo).json()["faces"], 3 * photos))
    assert together == 3 * alone


def test_a_photo_without_a_face_is_its_central_square(client):
    plain = np.full((60, 90, 3), 128, np.uint8)
    described = client.post("/api/photos", content=encode(plain)).json()
    assert (described["faces"], described["face"]) == ([], None)
    assert pixels(client.get(f"/api/photos/{described['photo']}/image")).shape == (60, 60, 3)


@pytest.mark.parametrize(
    ("address", "body", "status", "message"),
    [
        ("/api/photos/unknown/edit", EMPTY, 410, "no longer open on the server; open it again"),
        ("/api/photos/{photo}/edit?reference=unknown&strength=1", EMPTY, 424, "no longer open"),
        ("/api/photos/unknown/transfer?parts=smile", EMPTY, 410, "no longer open"),
        ("/api/photos/{photo}/edit", EMPTY[1:], 400, "the mask has 4095 bytes; send 4096, one for each of 64x64"),
        ("/api/photos/{photo}/edit", EMPTY + b"\0", 413, "more than 4096 bytes; send less"),
        ("/api/photos/{photo}/edit", EMPTY[1:] + b"\x13", 400, "the mask has label 19; the labels are 0 to 18"),
        ("/api/photos/{photo}/edit?feather=-1", EMPTY, 400, "feather=-1: give a number from 0 to 1000"),
        ("/api/photos/{photo}/edit?feather=nan", EMPTY, 400, "feather=nan: give a number"),
        ("/api/photos/{photo}/edit?reference={photo}", EMPTY, 400, "strength=: give a number from 0 to 1"),
        ("/api/photos/{photo}/edit?reference={photo}&strength=2", EMPTY, 400, "strength=2: give a number"),
        (
            "/api/photos/{photo}/edit?reference={photo}&strength=1&style_parts=hair",
            EMPTY,
            400,
            "one style for the whole",
        ),
        ("/api/photos/{photo}/interpolate?amount=x", EMPTY, 400, "amount=x: give a number"),
        ("/api/photos/{photo}/transfer?parts=tail", EMPTY, 400, "no such part: tail; the parts are"),
        ("/api/photos/{photo}/face/0", b"", 400, "there is no face 0; 0 were found"),
        ("/api/photos?sample=1.5", b"", 400, "sample=1.5: give a number"),
        ("/api/masks/random", b"", 400, "seed=: give a number"),
        ("/api/nothing", b"", 405, "Method Not Allowed"),
    ],
)
def test_a_wrong_request_is_refused_with_what_is_wrong(client, photo, address, body, status, message):
    answer = client.post(address.format(photo=photo), content=body)
    assert answer.status_code == status
    assert message in answer.json()["error"]


def test_a_proxy_may_ask_by_another_name_than_its_visitors(client):
    headers = {"Host": "127.0.0.1:8000", "Origin": "https://testserver"}  # a name that the server was given
    assert client.get("/api/health", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://testserver:81", "null", "http://[x"])
def test_requests_of_other_pages_are_refused(client, origin):
    answer = client.post("/api/masks/random?seed=0", headers={"Origin": origin})
    assert (answer.status_code, answer.json()) == (403, {"error": "requests from other pages are refused"})


def test_requests_of_the_servers_own_page_are_answered(client):
    assert client.get("/api/health", headers={"Origin": "http://testserver"}).status_code == 200


def test_other_names_of_the_server_are_refused(client):
    answer = client.get("/api/health", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer.text) == (400, "Invalid host header")


def test_a_failing_generator_is_an_answer_and_the_server_goes_on(client, editor, photo):
    def fail(*_):
        raise RuntimeError("out of memory")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(editor._generator, "generate", fail)
        answer = client.post(f"/api/photos/{photo}/edit", content=EMPTY)
    assert (answer.status_code, answer.json()) == (500, {"error": "the server failed; its log says why"})
    assert client.post(f"/api/photos/{photo}/edit", content=EMPTY).status_code == 200


def test_a_full_queue_is_said_to_be_busy(client, api, photo, monkeypatch):
    monkeypatch.setattr(api.queue, "_max_waiting", 0)
    answer = client.post(f"/api/photos/{photo}/edit", content=EMPTY)
    assert (answer.status_code, answer.json()) == (503, {"error": "the server is busy; try again in a moment"})


def test_a_superseded_stroke_is_a_conflict():
    assert answer_error(Request({"type": "http"}), SupersededError()).status_code == 409


def test_every_answer_has_the_security_headers(client, editor, photo, monkeypatch):
    monkeypatch.setattr(editor._generator, "generate", None)  # no function: the last answer is 500
    answers = [
        client.get("/"),
        client.get("/api/model"),
        client.get("/nothing"),
        client.get("/", headers={"Host": "elsewhere.example"}),
        client.get("/", headers={"Origin": "http://elsewhere.example"}),
        client.post(f"/api/photos/{photo}/edit", content=EMPTY),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 400, 403, 500]
    for answer in answers:
        assert {name.decode(): value.decode() for name, value in HEADERS.items()}.items() <= answer.headers.items()


def test_warming_up_compiles_the_batches_of_the_queue(editor, monkeypatch):
    batches, generate = [], editor._generator.generate
    monkeypatch.setattr(
        editor._generator, "generate", lambda masks, style: batches.append(len(masks)) or generate(masks, style)
    )
    Api(editor).warm_up()
    assert batches == [1, 4]
