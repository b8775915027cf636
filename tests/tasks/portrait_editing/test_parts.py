"""Centres, crops, placed features, enlarged parts and holes against NumPy loops after the published code."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data_pipeline.labels import CLASSES
from maskgan_jax.tasks.portrait_editing import labels, parts
from maskgan_jax.tasks.portrait_editing.faces import mirror, read_layout, read_source, read_target

R_EYE, L_EYE, MOUTH, HAIR, SKIN = (CLASSES.index(name) for name in ("r_eye", "l_eye", "mouth", "hair", "skin"))
PARTS = {"left_eye": (5,), "right_eye": (4,), "mouth": (10, 11, 12)}
ABSENT = {"left_eye": (116, 96), "right_eye": (116, 160), "mouth": (184, 128)}
SIDES = {"left_eye": (32, 48), "right_eye": (32, 48), "mouth": (80, 144)}
SIZES = (64, pytest.param(128, marks=pytest.mark.long), 256, pytest.param(512, marks=pytest.mark.long))


def faces(size: int) -> np.ndarray:
    """Four label maps: parts in usual places, none at all, all at the borders, all over the image."""
    maps = np.zeros((4, size, size), np.uint8)
    unit = size // 64
    face = maps[0]
    face[: 40 * unit, 10 * unit : 50 * unit] = HAIR
    face[16 * unit : 60 * unit, 16 * unit : 48 * unit] = SKIN
    face[28 * unit : 31 * unit, 21 * unit : 28 * unit] = R_EYE
    face[27 * unit : 31 * unit + 1, 36 * unit : 42 * unit + 1] = L_EYE
    face[44 * unit : 46 * unit, 26 * unit : 38 * unit] = 11
    face[46 * unit : 47 * unit, 26 * unit : 37 * unit] = MOUTH
    face[47 * unit : 49 * unit + 1, 27 * unit : 36 * unit] = 12
    maps[2, 0, 0], maps[2, size - 1, size - 1], maps[2, 0, size - 1] = R_EYE, L_EYE, MOUTH
    maps[3] = np.random.default_rng(0).integers(0, 19, (size, size))
    return maps


def centres_by_loops(face: np.ndarray) -> dict[str, tuple[int, int]]:
    size, found = len(face), {}
    for part, members in PARTS.items():
        places = [(y, x) for y in range(size) for x in range(size) if face[y, x] in members]
        if places:
            ys, xs = [y for y, _ in places], [x for _, x in places]
            found[part] = (int((min(ys) + max(ys)) / 2), int((min(xs) + max(xs)) / 2))
        else:
            found[part] = tuple(int(each * size / 256) for each in ABSENT[part])
    return found


def start_by_loops(centre: tuple[int, int], part: str, size: int) -> tuple[int, int]:
    """The first pixel of a window, which is moved inside the image."""
    start = []
    for middle, side in zip(centre, SIDES[part], strict=True):
        length = side * size // 256
        start.append(min(max(middle - length // 2, 0), size - length))
    return tuple(start)


@pytest.fixture(scope="module", params=SIZES)
def read(request) -> tuple[np.ndarray, dict, np.ndarray]:
    """Label maps, our centres and our enlarged maps."""
    maps = faces(request.param)
    centres = jax.jit(parts.find_centres)(maps)
    return maps, centres, np.asarray(jax.jit(parts.enlarge)(maps, centres))


def test_centres_are_those_of_the_bounding_boxes(read):
    maps, centres, _ = read
    for row, face in enumerate(maps):
        for part, expected in centres_by_loops(face).items():
            assert tuple(centres[part][row].tolist()) == expected, (row, part)


def test_an_enlarged_map_is_the_published_one(read):
    """The map is scaled to 281 px (of 256) as Pillow does, cut around each part's centre, and its pixels are laid over.

    Pillow takes the pixel at floor((place + 1/2) / scale).
    """
    maps, _, enlarged = read
    size = maps.shape[1]
    scaled = int(1.1 * size)
    nearest = [math.floor((place + 0.5) * size / scaled) for place in range(scaled)]
    for row, face in enumerate(maps):
        expected = face.copy()
        larger = face[np.ix_(nearest, nearest)]
        for part, centre in centres_by_loops(face).items():
            top, left = (int(1.1 * each) - each for each in centre)
            cut = larger[top : top + size, left : left + size]
            for y, x in np.argwhere(np.isin(cut, PARTS[part])):
                expected[y, x] = cut[y, x]
        np.testing.assert_array_equal(enlarged[row], expected)


def test_eyes_and_mouth_grow_by_a_tenth_and_stay_where_they_are(read):
    maps, centres, enlarged = read
    for part, members in PARTS.items():
        before, after = (np.argwhere(np.isin(each[0], members)) for each in (maps, enlarged))
        size_before, size_after = (np.ptp(each, axis=0) + 1 for each in (before, after))
        assert (np.abs(size_after - 1.1 * size_before) <= 1).all()
        assert np.abs(after.min(0) + after.max(0) - 2 * np.asarray(centres[part][0])).max() <= 3


def test_a_crop_is_the_window_around_the_centre(read):
    maps, centres, _ = read
    size = maps.shape[1]
    photos = np.random.default_rng(1).normal(size=(4, size, size, 2)).astype(np.float32)
    for part in PARTS:
        cropped = jax.jit(parts.crop, static_argnums=2)(photos, centres[part], part)
        height, width = (side * size // 256 for side in SIDES[part])
        for row, face in enumerate(maps):
            top, left = start_by_loops(centres_by_loops(face)[part], part, size)
            np.testing.assert_array_equal(cropped[row], photos[row, top : top + height, left : left + width])


@pytest.mark.parametrize("stride", [2, 4])
def test_features_lie_over_their_window(read, stride: int):
    """At the published offsets of stride 4: floor(centre / 4 + 1/2) minus half the features' sides, where even."""
    maps, centres, _ = read
    size = maps.shape[1]
    for part in PARTS:
        height, width = (side * size // 256 // stride for side in SIDES[part])
        features = np.random.default_rng(1).normal(size=(4, height, width, 2)).astype(np.float32)
        placed = jax.jit(parts.place, static_argnums=(2, 3))(features, centres[part], part, size)
        for row, face in enumerate(maps):
            first_pixel = start_by_loops(centres_by_loops(face)[part], part, size)
            top, left = (math.floor(each / stride + 0.5) for each in first_pixel)
            if size >= 128 and stride == 4:
                middle = [pixel + side * size // 512 for pixel, side in zip(first_pixel, SIDES[part], strict=True)]
                assert (top, left) == (int(middle[0] / 4 + 0.5) - height // 2, int(middle[1] / 4 + 0.5) - width // 2)
            expected = np.zeros((size // stride, size // stride, 2), np.float32)
            expected[top : top + height, left : left + width] = features[row]
            np.testing.assert_array_equal(placed[row], expected)


def test_the_gradient_of_placed_features_is_cut_from_their_place():
    maps = faces(64)
    given = np.random.default_rng(2).normal(size=(4, 16, 16, 2)).astype(np.float32)

    @jax.jit
    def gradient_of(features):
        centres = parts.find_centres(jnp.asarray(maps))["mouth"]
        return jax.grad(lambda each: (given * parts.place(each, centres, "mouth", 64)).sum())(features)

    gradient = gradient_of(np.ones((4, 5, 9, 2), np.float32))
    for row, face in enumerate(maps):
        top, left = (int(each / 4 + 0.5) for each in start_by_loops(centres_by_loops(face)["mouth"], "mouth", 64))
        np.testing.assert_allclose(gradient[row], given[row, top : top + 5, left : left + 9], rtol=1e-6)


def test_every_class_is_one_part_or_background():
    classes = jnp.arange(19, dtype=jnp.uint8).reshape(1, 1, 19)
    shown = {part: np.asarray(labels.is_part(classes, part))[0, 0] for part in labels.PARTS}
    shown["background"] = np.asarray(labels.is_background(classes))[0, 0]
    assert {part: np.flatnonzero(mask).tolist() for part, mask in shown.items()} == {
        "left_eye": [5],
        "right_eye": [4],
        "skin": [1, 2, 6, 7],
        "hair": [13],
        "mouth": [10, 11, 12],
        "background": [0, 3, 8, 9, 14, 15, 16, 17, 18],
    }


def test_helens_sides_are_those_of_the_image():
    classes = jnp.arange(19, dtype=jnp.uint8).reshape(1, 1, 19)
    helen = np.asarray(labels.translate(classes, labels.HELEN_LABELS))[0, 0]
    expected = {1: 1, 2: 6, 4: 5, 5: 4, 6: 3, 7: 2, 10: 8, 11: 7, 12: 9, 13: 10}
    assert helen.tolist() == [expected.get(label, 0) for label in range(19)]
    np.testing.assert_array_equal(labels.translate(classes, labels.LABEL_SETS["celebamask"]), classes)


def test_parts_are_blanked_outside_of_themselves_but_eyes():
    maps = faces(64)
    photos = np.random.default_rng(3).uniform(0.1, 1, (4, 64, 64, 3)).astype(np.float32)
    source = jax.jit(lambda photos, maps: read_source(photos, read_layout(maps, enlarged=False)))(photos, maps)
    for row, face in enumerate(maps):
        for part, members in {"skin": (1, 2, 6, 7), "hair": (13,)}.items():
            expected = photos[row] * np.isin(face, members)[..., None]
            np.testing.assert_array_equal(source.parts[part][row], expected)
        for part in PARTS:
            top, left = start_by_loops(centres_by_loops(face)[part], part, 64)
            height, width = (side // 4 for side in SIDES[part])
            photo, cut = (each[top : top + height, left : left + width] for each in (photos[row], face))
            shown = np.isin(cut, PARTS[part])[..., None] if part == "mouth" else 1
            np.testing.assert_array_equal(source.parts[part][row], photo * shown)
            np.testing.assert_array_equal(source.shown[part][row], np.broadcast_to(shown, (height, width, 1)))


def test_a_background_has_neither_parts_nor_hidden_pixels():
    maps, rng = faces(64), np.random.default_rng(4)
    photos = rng.uniform(0.1, 1, (4, 64, 64, 3)).astype(np.float32)
    hidden = rng.random((4, 64, 64)) < 0.3
    read = jax.jit(lambda photos, maps, hidden: read_target(photos, read_layout(maps, enlarged=False), hidden))
    target = read(photos, maps, hidden)
    kept = np.isin(maps, (0, 3, 8, 9, 14, 15, 16, 17, 18)) & ~hidden
    np.testing.assert_array_equal(target.kept, kept)
    np.testing.assert_array_equal(target.background, np.where(kept[..., None], photos, 0))


def test_chosen_faces_are_mirrored_and_their_sides_swap(read):
    maps, _, _ = read
    photos = np.random.default_rng(1).normal(size=(*maps.shape, 3)).astype(np.float32)
    chosen = np.arange(len(maps)) % 2 == 1
    swapped = maps.copy()
    for one, other in ((4, 5), (6, 7), (8, 9)):  # eyes, brows, ears
        swapped[maps == one], swapped[maps == other] = other, one

    images, labels = jax.jit(mirror)(photos, maps, chosen)

    for row in range(len(maps)):
        expected = (photos[row, :, ::-1], swapped[row, :, ::-1]) if chosen[row] else (photos[row], maps[row])
        np.testing.assert_array_equal(images[row], expected[0])
        np.testing.assert_array_equal(labels[row], expected[1])
