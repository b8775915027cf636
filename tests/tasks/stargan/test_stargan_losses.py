"""StarGAN's own losses against PyTorch in float64, and the gradient penalty's gradient, which is of second order."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from maskgan_jax import losses  # noqa: E402
from maskgan_jax.interop import stargan, weights  # noqa: E402
from maskgan_jax.networks.stargan.discriminator import AttributeDiscriminator  # noqa: E402
from tests.networks import pytorch_stargan as reference  # noqa: E402
from tests.tasks.comparison import assert_near  # noqa: E402

WIDTHS = (4, 6, 8)


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def test_only_known_attributes_count_and_all_of_them_in_every_photo():
    logits = np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]])
    attributes = np.array([[1, 1, 0], [-1, 0, 0]])
    expected = (np.log1p(np.exp(-1.0)) + np.log1p(np.exp(2.0)) + np.log1p(np.exp(0.5))) / 2
    found = losses.summed_attribute_cross_entropy(jnp.asarray(logits), jnp.asarray(attributes))
    assert found == pytest.approx(expected, rel=1e-12)

    known = np.where(attributes > 0, 1, -1)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.from_numpy(logits), torch.from_numpy((known > 0).astype(float)), reduction="sum"
    )
    found = losses.summed_attribute_cross_entropy(jnp.asarray(logits), jnp.asarray(known))
    assert found == pytest.approx(theirs.item() / 2, rel=1e-12)


def test_the_penalty_of_a_critic_of_known_slope():
    slopes = np.array([3.0, 0.5])
    image = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 4, 3)))

    def critic(image):
        return image.sum((1, 2, 3)) * slopes / np.sqrt(48)

    expected = ((3 - 1) ** 2 + (0.5 - 1) ** 2) / 2
    assert losses.wasserstein_gradient_penalty(critic, image) == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_the_penalty_and_its_gradient_agree_with_pytorch():
    theirs = reference.random_weights(reference.Discriminator(32, 2, WIDTHS), seed=0).double()
    ours = AttributeDiscriminator(2, WIDTHS, dtype=jnp.float64)
    image = np.random.default_rng(0).normal(size=(3, 32, 32, 3))
    mapping = stargan.stargan_discriminator(ours)
    arrays = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}

    def penalty(params):
        return losses.wasserstein_gradient_penalty(
            lambda each: ours.apply({"params": params}, each)[0], jnp.asarray(image)
        )

    value, gradient = jax.jit(jax.value_and_grad(penalty))(weights.to_variables(arrays, mapping)[0]["params"])

    mixed = torch.from_numpy(image).permute(0, 3, 1, 2).requires_grad_()
    patches, _ = theirs(mixed)
    (slope,) = torch.autograd.grad(patches, mixed, torch.ones_like(patches), create_graph=True)
    expected = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    expected.backward()

    assert value == pytest.approx(expected.item(), rel=1e-9)
    assert expected > 0.1
    gradients = {
        name: (torch.zeros_like(each) if each.grad is None else each.grad).numpy()
        for name, each in theirs.named_parameters()
    }
    assert_near(gradient, weights.to_variables(gradients, mapping)[0]["params"], {})
    assert all(np.abs(gradient[f"conv_{level}"]["kernel"]).max() > 1e-3 for level in range(3))
