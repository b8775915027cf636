"""Losses and their gradients against PyTorch's, written after the published `GANLoss`, `VGGLoss` and pix2pixHD's sums.

A gradient is compared by the norm of the difference: where two features are nearly equal, rounding decides the sign of
an L1 term, and no bound on single pixels would hold on every machine.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812

from launch.benchmark import pytorch_networks  # noqa: E402
from maskgan_jax import losses  # noqa: E402
from maskgan_jax.interop import maskgan, torchvision, weights  # noqa: E402
from maskgan_jax.tasks import gan  # noqa: E402
from maskgan_jax.tasks.pixels import one_hot  # noqa: E402
from tests.tiny import tiny_config  # noqa: E402

TOLERANCE = 1e-4
FORMS = ("least_squares", "log")
SIZE = 32


def published_gan_loss(maps: list, is_real: bool, form: str):
    criterion = {"least_squares": F.mse_loss, "log": F.binary_cross_entropy_with_logits}[form]
    return sum(criterion(scale[-1], torch.full_like(scale[-1], float(is_real))) for scale in maps)


def published_feature_matching(fake: list, real: list):
    """With the published n_layers_D = 3 and num_D = 2."""
    weight = (1 / 2) * (4 / (3 + 1))
    pairs = [(scale, layer) for scale in range(2) for layer in range(len(fake[0]) - 1)]
    return sum(weight * F.l1_loss(fake[scale][layer], real[scale][layer].detach()) for scale, layer in pairs)


def published_vgg_loss(fake: list, real: list):
    weights = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)
    return sum(weight * F.l1_loss(f, r.detach()) for weight, f, r in zip(weights, fake, real, strict=True))


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 19, (2, SIZE // 4, SIZE // 4)).repeat(4, axis=1).repeat(4, axis=2)
    return {
        "mask_t": labels.astype(np.uint8),
        "image_t": rng.integers(0, 256, (2, SIZE, SIZE, 3), np.uint8),
        "fake": rng.uniform(-1, 1, (2, SIZE, SIZE, 3)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def references():
    return (
        pytorch_networks.randomise(pytorch_networks.MultiScaleDiscriminator((4, 6, 8, 10)), seed=0),
        pytorch_networks.randomise(pytorch_networks.VGG19(), seed=1),
    )


@pytest.fixture(scope="module")
def theirs(arrays, references) -> dict[str, tuple[float, np.ndarray]]:
    """By loss: PyTorch's value and gradient for the fake."""
    discriminator, vgg19 = references
    one_hot, image = np.eye(19, dtype=np.float32)[arrays["mask_t"]], arrays["image_t"].astype(np.float32) / 127.5 - 1
    mask_t, image_t, fake = (torch.from_numpy(x).permute(0, 3, 1, 2) for x in (one_hot, image, arrays["fake"]))
    fake = fake.clone().requires_grad_()
    maps, real_maps = discriminator(mask_t, fake), discriminator(mask_t, image_t)
    terms = {
        "feature_matching": published_feature_matching(maps, real_maps),
        "perceptual": published_vgg_loss(vgg19(fake), vgg19(image_t)),
    }
    for form in FORMS:
        gan = published_gan_loss(maps, True, form)
        terms[form] = gan + 10 * terms["feature_matching"] + 10 * terms["perceptual"] + 5 * F.l1_loss(fake, image_t)
    gradients = {name: torch.autograd.grad(loss, fake, retain_graph=True)[0] for name, loss in terms.items()}
    values = {name: (loss.item(), gradients[name].permute(0, 2, 3, 1).numpy()) for name, loss in terms.items()}
    for form in FORMS:
        real, fakes = published_gan_loss(real_maps, True, form), published_gan_loss(maps, False, form)
        values[f"discriminator, {form}"] = ((0.5 * (real + fakes)).item(), np.zeros(0))
    return values


@pytest.fixture(scope="module")
def ours(arrays, references) -> dict[str, tuple[jax.Array, jax.Array]]:
    """By loss: our value and gradient for the fake, all compiled as one."""
    gans = {}
    for form in FORMS:
        config = tiny_config("dense_mapping")
        config.networks.discriminator.widths = (4, 6, 8, 10)
        config.losses.adversarial = form
        config.losses.lambda_feat = 10.0
        config.losses.lambda_percept = 10.0
        config.losses.lambda_pixel = 5.0
        gans[form] = gan.make_gan(config)
    discriminator, vgg19 = gans["log"].discriminator, gans["log"].vgg19
    mappings = {"discriminator": maskgan.discriminator(discriminator), "vgg19": torchvision.vgg19(vgg19)}
    params = {}
    for reference, (name, mapping) in zip(references, mappings.items(), strict=True):
        state_dict = {entry: tensor.numpy() for entry, tensor in reference.state_dict().items()}
        params[name] = weights.to_variables(state_dict, mapping)[0]["params"]

    def evaluate(params, mask_t, image_t, fake):
        batch = {"mask_t": mask_t, "image_t": image_t}
        batch |= gan.real_features(gans["log"], params, batch)

        def feature_matching(fake):
            maps = discriminator.apply({"params": params["discriminator"]}, one_hot(mask_t), fake)
            return losses.feature_matching(maps, batch["real"].discriminator)

        def perceptual(fake):
            return losses.perceptual(vgg19.apply({"params": params["vgg19"]}, fake), batch["real"].vgg19)

        def total(form):
            return lambda fake: gan.generator_loss(gans[form], params, batch, fake)[0]

        terms = {"feature_matching": feature_matching, "perceptual": perceptual} | {f: total(f) for f in FORMS}
        values = {name: jax.value_and_grad(loss)(fake) for name, loss in terms.items()}
        for form in FORMS:
            loss, _ = gan.discriminator_loss(gans[form], params, {**batch, "fakes": (fake,)})
            values[f"discriminator, {form}"] = (loss, jnp.zeros(0))
        return values

    return jax.jit(evaluate)(params, *arrays.values())


def assert_near(our, their):
    assert np.linalg.norm(np.asarray(our) - np.asarray(their)) <= TOLERANCE * np.linalg.norm(their)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["feature_matching", "perceptual", *FORMS, *(f"discriminator, {form}" for form in FORMS)]
)
def test_a_loss_and_its_gradient_for_the_fake_are_pytorchs(name, ours, theirs):
    for our, their in zip(ours[name], theirs[name], strict=True):
        assert_near(our, their)


@pytest.mark.slow
def test_every_term_moves_the_gradient_by_more_than_the_tolerance(theirs):
    """Each of them moves the total's gradient by far more than the tolerance."""
    total = np.linalg.norm(theirs["log"][1])
    assert np.linalg.norm(theirs["log"][1] - theirs["least_squares"][1]) > 100 * TOLERANCE * total
    for term in ("feature_matching", "perceptual"):
        assert np.linalg.norm(10 * theirs[term][1]) > 100 * TOLERANCE * total


def test_the_mask_vaes_loss_and_its_gradients_are_pytorchs():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (2, 8, 8, 19)).astype(np.float32)
    mean, log_variance = rng.normal(0, 1, (2, 2, 16)).astype(np.float32)
    labels = rng.integers(0, 19, (2, 8, 8))
    lambda_kl = 0.1

    def loss(logits, mean, log_variance):
        return losses.cross_entropy(logits, jnp.asarray(labels)) + lambda_kl * losses.kl_divergence(mean, log_variance)

    value, gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)))(logits, mean, log_variance)

    tensors = [torch.from_numpy(x).requires_grad_() for x in (logits, mean, log_variance)]
    posterior = torch.distributions.Normal(tensors[1], torch.exp(tensors[2] / 2))
    prior = torch.distributions.Normal(0.0, 1.0)
    kl = torch.distributions.kl_divergence(posterior, prior).sum(1).mean()
    total = F.cross_entropy(tensors[0].permute(0, 3, 1, 2), torch.from_numpy(labels)) + lambda_kl * kl
    total.backward()
    assert_near(value, total.item())
    for our, tensor in zip(gradients, tensors, strict=True):
        assert_near(our, tensor.grad.numpy())
