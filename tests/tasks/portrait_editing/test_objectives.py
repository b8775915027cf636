"""The terms of the loss and their gradients against PyTorch, written after the published code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812

from maskgan_jax.tasks.portrait_editing import objectives  # noqa: E402
from maskgan_jax.tasks.portrait_editing.faces import Source  # noqa: E402

TOLERANCE = 1e-4
SIZE = 32
GROUPS = ((5,), (4,), (1, 2, 6, 7), (13,), (10, 11, 12))
"""Classes of left eye, right eye, skin, hair and mouth."""
HELEN = (0, 1, 6, 0, 5, 4, 3, 2, 0, 0, 8, 7, 9, 10, 0, 0, 0, 0, 0)
HELEN_WEIGHTS = (0.2, 1, 5, 5, 5, 5, 3, 8, 8, 8, 1)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 19, (2, SIZE // 2, SIZE // 2))
    return coarse.repeat(2, axis=1).repeat(2, axis=2)


def images(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (2, *shape)).astype(np.float32)


def masks_of(labels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack([np.isin(labels, group) for group in GROUPS], 1).astype(np.float32))


def nchw(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).permute(0, 3, 1, 2)


def assert_same_with_gradient(loss, x, published, their_x: torch.Tensor):
    """Compares value and gradient to one array; `published` is of the tensor in PyTorch's layout."""
    value, gradient = jax.jit(jax.value_and_grad(loss))(x)
    their_x = their_x.clone().requires_grad_()
    their_value = published(their_x)
    their_value.backward()
    their_gradient = their_x.grad.permute(0, 2, 3, 1).numpy()
    assert value == pytest.approx(their_value.item(), rel=TOLERANCE)
    assert np.linalg.norm(gradient - their_gradient) <= TOLERANCE * np.linalg.norm(their_gradient)


def test_the_global_loss_counts_parts_twice(labels):
    """A fortieth of the published sum over the two examples that a GPU has, each of all examples' mean, times 2."""
    fake, truth = images(1, SIZE, SIZE, 3), images(2, SIZE, SIZE, 3)
    masks = masks_of(labels)

    def published(fake):
        total = 0
        for _ in range(2):
            for index, weight in enumerate((10, 10, 5, 5, 10)):
                mask = masks[:, index : index + 1]
                total += F.mse_loss(mask * fake, mask * nchw(truth)) * weight
            total += F.mse_loss(fake, nchw(truth)) * 10
        return 2 * total / 40

    def loss(fake):
        return objectives.global_loss(fake, jnp.asarray(truth), jnp.asarray(labels))

    assert_same_with_gradient(loss, fake, published, nchw(fake))


def test_the_perceptual_loss_sees_the_parts_alone(labels):
    fake = [images(level, SIZE >> level, SIZE >> level, 3 + level) for level in range(5)]
    real = [images(9 + level, SIZE >> level, SIZE >> level, 3 + level) for level in range(5)]

    def published(changed, place):
        mask, total = masks_of(labels), 0
        for level, weight in enumerate((1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8)):
            x = changed if level == place else nchw(fake[level])
            for index, part_weight in enumerate((10, 10, 5, 5, 10)):
                one = mask[:, index : index + 1]
                total += weight * part_weight * F.l1_loss(x * one, nchw(real[level]) * one)
            mask = F.max_pool2d(mask, 2)
        return total

    for place in (0, 3):

        def loss(changed, place=place):
            maps = [changed if level == place else jnp.asarray(each) for level, each in enumerate(fake)]
            return objectives.perceptual_loss(maps, list(map(jnp.asarray, real)), jnp.asarray(labels))

        assert_same_with_gradient(loss, fake[place], lambda x, place=place: published(x, place), nchw(fake[place]))


def test_the_local_loss_sums_the_mean_squared_errors_of_the_blanked_parts():
    shapes = {"left_eye": (4, 6), "right_eye": (4, 6), "skin": (8, 8), "hair": (8, 8), "mouth": (5, 9)}
    shown = {part: (images(7, *shape, 1) > 0).astype(np.float32) for part, shape in shapes.items()}
    truth = {part: images(8, *shape, 3) * shown[part] for part, shape in shapes.items()}
    made = {part: images(9, *shape, 3) for part, shape in shapes.items()}

    def published(mouth):
        pairs = [(mouth if part == "mouth" else nchw(made[part]), part) for part in shapes]
        return sum(F.mse_loss(image * nchw(shown[part]), nchw(truth[part])) for image, part in pairs)

    def loss(mouth):
        given = Source(jax.tree.map(jnp.asarray, truth), jax.tree.map(jnp.asarray, shown))
        return objectives.local_loss(given, jax.tree.map(jnp.asarray, made) | {"mouth": mouth})

    assert_same_with_gradient(loss, made["mouth"], published, nchw(made["mouth"]))


@pytest.mark.parametrize(("label_set", "classes"), [("celebamask", 19), ("helen", 11)])
def test_the_parsing_loss_weighs_classes_and_divides_by_the_weights(label_set, classes, labels):
    logits = images(3, SIZE, SIZE, classes)
    table, weights = np.array(HELEN), np.array(HELEN_WEIGHTS, np.float32)
    truth, weights = (table[labels], weights) if label_set == "helen" else (labels, weights[table])

    def loss(logits):
        return objectives.parsing_loss(logits, jnp.asarray(labels), label_set)

    def published(logits):
        return F.cross_entropy(logits, torch.from_numpy(truth), torch.from_numpy(weights))

    assert_same_with_gradient(loss, logits, published, nchw(logits))
