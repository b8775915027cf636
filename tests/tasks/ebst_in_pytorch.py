"""One step of Algorithm 1 in PyTorch, after the paper and the published losses; for comparison only."""

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from ml_collections import ConfigDict
from torch import Tensor, nn

from tests.networks import pytorch_networks

PERCEPTUAL_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


class Networks(NamedTuple):
    """The networks, by their names in the task."""

    generator: pytorch_networks.DenseMappingNetwork
    discriminator: pytorch_networks.MultiScaleDiscriminator
    vgg19: pytorch_networks.VGG19
    mask_vae: pytorch_networks.MaskVAE
    alpha_blender: pytorch_networks.AlphaBlender


class Batch(NamedTuple):
    """One-hot masks (b 19 h w) and photos in [-1, 1] (b 3 h w)."""

    mask_t: Tensor
    mask_ref: Tensor
    image_t: Tensor


class Step(NamedTuple):
    """Outcome of a step: the optimisers and the losses, by their names in the task."""

    optimisers: dict[str, torch.optim.Adam]
    losses: dict[str, Tensor]


def least_squares(maps: list[list[Tensor]], label: float) -> Tensor:
    """Compute the published `GANLoss`: the logits of every scale against the label."""
    return sum(((scale[-1] - label) ** 2).mean() for scale in maps)


def feature_matching(fake: list[list[Tensor]], real: list[list[Tensor]]) -> Tensor:
    """Compute pix2pixHD's sum over scales and layers, without the logits."""
    n_layers, scales = len(fake[0]) - 2, len(fake)
    pairs = [(f, r) for fakes, reals in zip(fake, real, strict=True) for f, r in zip(fakes[:-1], reals, strict=False)]
    return sum(4 / (n_layers + 1) / scales * (f - r.detach()).abs().mean() for f, r in pairs)


def perceptual(vgg19: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
    """Compute the published `VGGLoss`."""
    features = zip(PERCEPTUAL_WEIGHTS, vgg19(fake), vgg19(real), strict=True)
    return sum(weight * (f - r.detach()).abs().mean() for weight, f, r in features)


def generator_loss(
    networks: Networks, weights: ConfigDict, batch: Batch, fake: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute Eq. 6 with the pixel term: the loss, and its terms without their weights."""
    mask_t, _, image_t = batch
    maps = networks.discriminator(mask_t, fake)
    terms = {
        "adversarial": least_squares(maps, 1.0),
        "feature_matching": feature_matching(maps, networks.discriminator(mask_t, image_t)),
        "perceptual": perceptual(networks.vgg19, fake, image_t),
        "pixel": (fake - image_t).abs().mean(),
    }
    loss = terms["adversarial"] + weights.lambda_feat * terms["feature_matching"]
    return loss + weights.lambda_percept * terms["perceptual"] + weights.lambda_pixel * terms["pixel"], terms


@torch.no_grad()
def simulate_edits(mask_vae: nn.Module, lambda_inter: float, batch: Batch) -> list[Tensor]:
    """Compute M^inter and M^outer, lines 3 to 7."""
    z_t, z_ref = (mask_vae.encode(mask)[0] for mask in (batch.mask_t, batch.mask_ref))
    z_inter = z_t + (z_ref - z_t) / lambda_inter
    z_outer = z_t - (z_ref - z_t) / lambda_inter
    labels = [mask_vae.decode(z).argmax(1) for z in (z_inter, z_outer)]
    return [F.one_hot(each, 19).permute(0, 3, 1, 2).to(z_t.dtype) for each in labels]


def adam(config: ConfigDict, *networks: nn.Module) -> torch.optim.Adam:
    """Return Adam for the parameters of all these networks."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return torch.optim.Adam(parameters, config.learning_rate, (config.b1, config.b2))


def update(optimiser: torch.optim.Adam, loss: Tensor) -> None:
    """Update the optimiser's parameters by the gradient of a loss."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def step(networks: Networks, config: ConfigDict, batch: Batch) -> Step:
    """Update generator, blender and discriminator in place by new optimisers; the MaskVAE is in evaluation mode."""
    generator, discriminator, _, mask_vae, alpha_blender = networks
    mask_t, _, image_t = batch
    mask_inter, mask_outer = simulate_edits(mask_vae, config.lambda_inter, batch)

    def loss_a():
        image = generator(mask_t, mask_t, image_t)
        return *generator_loss(networks, config.losses, batch, image), image

    def loss_b():
        blend, _ = alpha_blender(generator(mask_inter, mask_t, image_t), generator(mask_outer, mask_t, image_t))
        return *generator_loss(networks, config.losses, batch, blend), blend

    optimisers = {
        "generator_b": adam(config.optimiser, generator, alpha_blender),
        "discriminator": adam(config.optimiser, discriminator),
    }
    if config.updates == "sequential":
        optimisers["generator_a"] = adam(config.optimiser, generator)
        total_a, terms_a, image = loss_a()
        update(optimisers["generator_a"], total_a)
        total_b, terms_b, blend = loss_b()
        update(optimisers["generator_b"], total_b)
    else:
        total_a, terms_a, image = loss_a()
        total_b, terms_b, blend = loss_b()
        update(optimisers["generator_b"], total_a + total_b)

    real = least_squares(discriminator(mask_t, image_t), 1.0)
    fakes = [least_squares(discriminator(mask_t, fake.detach()), 0.0) for fake in (image, blend)]
    loss_d = 0.5 * (real + sum(fakes) / 2)
    update(optimisers["discriminator"], loss_d)

    losses = {f"generator_a/{name}": term for name, term in terms_a.items()}
    losses |= {f"generator_b/{name}": term for name, term in terms_b.items()}
    return Step(optimisers, {**losses, "discriminator": loss_d})
