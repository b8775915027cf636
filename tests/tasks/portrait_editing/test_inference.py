"""Codes of parts and composed photos: what they depend on, and what they do not."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax import tasks
from maskgan_jax.tasks.portrait_editing.labels import PARTS
from maskgan_jax.tasks.task import variable_shapes
from tests.tasks.portrait_editing.test_parts import HAIR, faces, start_by_loops
from tests.tiny import tiny_config

pytestmark = pytest.mark.slow

BACKGROUND = (0, 3, 8, 9, 14, 15, 16, 17, 18)


@pytest.fixture(scope="module")
def functions() -> dict[str, Callable[..., np.ndarray]]:
    """`encode_parts` and `compose` with random weights, statistics included."""
    config = tiny_config("portrait_editing")
    config.enlarge_parts = False
    task, rng = tasks.make(config), np.random.default_rng(0)

    def sample(path: tuple, array: jax.ShapeDtypeStruct) -> np.ndarray:
        normal = rng.normal(size=array.shape).astype(np.float32)
        kernel = normal * np.sqrt(2 / np.prod(array.shape[:-1], initial=1), dtype=np.float32)
        return {"kernel": kernel, "bias": 0.2 * normal, "mean": 0.2 * normal}.get(path[-1].key, np.exp(0.2 * normal))

    shapes = {name: variable_shapes(name, network) for name, network in task.networks.items()}
    variables = jax.tree_util.tree_map_with_path(sample, shapes)

    def bind(name: str) -> Callable[..., np.ndarray]:
        compiled = jax.jit(task.inference[name].function)
        networks = {network: variables[network] for network in task.inference[name].networks}
        return lambda *arrays: np.asarray(compiled(networks, *map(jnp.asarray, arrays)))

    return {name: bind(name) for name in task.inference}


@pytest.fixture(scope="module")
def masks() -> np.ndarray:
    """Two faces, the second with its hair 8 px further down and its right eye closed."""
    first = faces(64)[0]
    second = np.where(first == HAIR, 0, first)
    second[8:][(first[:-8] == HAIR) & (second[8:] == 0)] = HAIR
    second[second == 4] = 1
    return np.stack([first, second])


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), np.uint8)


def test_a_code_depends_on_the_pixels_of_its_part_alone(functions, masks, photos):
    codes = functions["encode_parts"](photos, masks)
    assert codes.shape == (2, len(PARTS), 8)
    for place, (part, members) in enumerate({"skin": (1, 2, 6, 7), "hair": (13,), "mouth": (10, 11, 12)}.items(), 2):
        shown = np.isin(masks, members)[..., None]
        changed = functions["encode_parts"](np.where(shown, photos, 255 - photos), masks)
        np.testing.assert_allclose(changed[:, place], codes[:, place], atol=1e-5, err_msg=part)
        assert np.abs(changed[:, :2] - codes[:, :2]).max() > 1e-3  # eyes are whole windows
    top, left = start_by_loops((29, 24), "left_eye", 64)
    changed = photos.copy()
    changed[:, top : top + 8, left : left + 12] ^= 255
    after = functions["encode_parts"](changed, masks)
    np.testing.assert_allclose(after[:, [1, 3, 4]], codes[:, [1, 3, 4]], atol=1e-5)
    assert np.abs(after[:, 0] - codes[:, 0]).max() > 1e-3


def test_of_the_photo_a_composed_one_sees_the_background_that_is_free_in_both_masks(functions, masks, photos):
    codes = functions["encode_parts"](photos, masks)
    edited, own = masks[::-1], masks
    composed = functions["compose"](edited, photos, own, codes)
    assert (composed.shape, composed.dtype) == (photos.shape, np.uint8)
    kept = (np.isin(edited, BACKGROUND) & np.isin(own, BACKGROUND))[..., None]
    freed = np.isin(edited, BACKGROUND) & ~np.isin(own, BACKGROUND)
    assert freed.sum() > 100

    same = functions["compose"](edited, np.where(kept, photos, 255 - photos), own, codes)
    other = functions["compose"](edited, np.where(kept, 255 - photos, photos), own, codes)

    np.testing.assert_array_equal(same, composed)
    assert (other != composed)[np.broadcast_to(kept, composed.shape)].mean() > 0.5


def test_codes_may_come_from_several_faces(functions, masks, photos):
    """With the mouth's code of another face the mouth's surroundings change more than the upper corners."""
    codes = functions["encode_parts"](photos, masks)
    mixed = codes.copy()
    mixed[:, list(PARTS).index("mouth")] = codes[::-1, list(PARTS).index("mouth")]
    difference = np.abs(
        functions["compose"](masks, photos, masks, mixed).astype(int)
        - functions["compose"](masks, photos, masks, codes)
    )
    assert difference[:, 40:56, 20:44].mean() > 5 * difference[:, :8].mean()
    assert difference[:, 40:56, 20:44].mean() > 0.5
