"""A step of Algorithm 1 in PyTorch, after the paper and the published losses, doing no more work than ours."""

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from ml_collections import ConfigDict
from torch import Tensor, nn

from launch.benchmark import pytorch_networks

PERCEPTUAL_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


class Networks(NamedTuple):
    """The networks, by their names in the task."""

    generator: pytorch_networks.DenseMappingNetwork
    discriminator: pytorch_networks.MultiScaleDiscriminator
    vgg19: pytorch_networks.VGG19
    mask_vae: pytorch_networks.MaskVAE
    alpha_blender: pytorch_networks.AlphaBlender


class Real(NamedTuple):
    """Features of the photos, without gradient: the discriminator's, and VGG19's where the perceptual loss is on."""

    discriminator: list[list[Tensor]]
    vgg19: list[Tensor]


class Batch(NamedTuple):
    """One-hot masks (b 19 h w) and photos in [-1, 1] (b 3 h w)."""

    mask_t: Tensor
    mask_ref: Tensor
    image_t: Tensor


def least_squares(maps: list[list[Tensor]], label: float) -> Tensor:
    """Compute the published `GANLoss`: the logits of every scale against the label."""
    return sum(((scale[-1] - label) ** 2).mean() for scale in maps)


def feature_matching(fake: list[list[Tensor]], real: list[list[Tensor]]) -> Tensor:
    """Compute pix2pixHD's sum over scales and layers, without the logits."""
    n_layers, scales = len(fake[0]) - 2, len(fake)
    pairs = [(f, r) for fakes, reals in zip(fake, real, strict=True) for f, r in zip(fakes[:-1], reals, strict=False)]
    return sum(4 / (n_layers + 1) / scales * (f - r.detach()).abs().mean() for f, r in pairs)


def perceptual(fake: list[Tensor], real: list[Tensor]) -> Tensor:
    """Compute the published `VGGLoss`."""
    return sum(weight * (f - r).abs().mean() for weight, f, r in zip(PERCEPTUAL_WEIGHTS, fake, real, strict=True))


@torch.no_grad()
def real_features(networks: Networks, losses: ConfigDict, batch: Batch) -> Real:
    """Compute the targets of the feature matching and the perceptual loss."""
    vgg19 = networks.vgg19(batch.image_t) if losses.lambda_percept else []
    return Real(networks.discriminator(batch.mask_t, batch.image_t), vgg19)


def generator_loss(
    networks: Networks, losses: ConfigDict, batch: Batch, real: Real, fake: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute Eq. 6 with the pixel term: the loss, and its terms without their weights."""
    maps = networks.discriminator(batch.mask_t, fake)
    terms = {"adversarial": least_squares(maps, 1.0), "feature_matching": feature_matching(maps, real.discriminator)}
    loss = terms["adversarial"] + losses.lambda_feat * terms["feature_matching"]
    if losses.lambda_percept:
        terms["perceptual"] = perceptual(networks.vgg19(fake), real.vgg19)
        loss = loss + losses.lambda_percept * terms["perceptual"]
    if losses.lambda_pixel:
        terms["pixel"] = (fake - batch.image_t).abs().mean()
        loss = loss + losses.lambda_pixel * terms["pixel"]
    return loss, terms


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


def make_optimisers(networks: Networks, config: ConfigDict) -> dict[str, torch.optim.Adam]:
    """Return the optimisers by their names in the task."""
    optimisers = {
        "generator_b": adam(config.optimiser, networks.generator, networks.alpha_blender),
        "discriminator": adam(config.optimiser, networks.discriminator),
    }
    if config.updates == "sequential":
        optimisers["generator_a"] = adam(config.optimiser, networks.generator)
    return optimisers


def update(optimiser: torch.optim.Adam, loss: Tensor) -> Tensor:
    """Update the optimiser's parameters by the gradient of a loss, compute no other's gradient, return its norm."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    optimiser.zero_grad()
    loss.backward(inputs=parameters)
    norm = torch.nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    optimiser.step()
    return norm


def step(
    networks: Networks, optimisers: dict[str, torch.optim.Adam], config: ConfigDict, batch: Batch
) -> dict[str, Tensor]:
    """Update generator, blender and discriminator in place; the MaskVAE is in evaluation mode.

    Returns:
      The losses by their names in the task.
    """
    generator, discriminator, _, mask_vae, alpha_blender = networks
    mask_t, _, image_t = batch
    masks = torch.cat(simulate_edits(mask_vae, config.lambda_inter, batch))
    real = real_features(networks, config.losses, batch)

    def loss_a():
        image = generator(mask_t, mask_t, image_t)
        return *generator_loss(networks, config.losses, batch, real, image), image

    def loss_b():
        style = generator.encode_style(mask_t, image_t)
        blend, _ = alpha_blender(*generator.generate(masks, torch.cat([style, style])).chunk(2))
        return *generator_loss(networks, config.losses, batch, real, blend), blend

    if config.updates == "sequential":
        total_a, terms_a, image = loss_a()
        terms_a["gradient_norm"] = update(optimisers["generator_a"], total_a)
        total_b, terms_b, blend = loss_b()
        terms_b["gradient_norm"] = update(optimisers["generator_b"], total_b)
    else:
        total_a, terms_a, image = loss_a()
        total_b, terms_b, blend = loss_b()
        terms_a["gradient_norm"] = terms_b["gradient_norm"] = update(optimisers["generator_b"], total_a + total_b)

    photos_and_fakes = torch.cat([image_t, image.detach(), blend.detach()])
    maps = discriminator(mask_t.repeat(3, 1, 1, 1), photos_and_fakes)
    logits = [scale[-1].chunk(3) for scale in maps]
    real_loss, *fake_losses = (
        least_squares([[scale[kind]] for scale in logits], float(kind == 0)) for kind in range(3)
    )
    loss_d = 0.5 * (real_loss + sum(fake_losses) / 2)
    terms_d = {"loss": loss_d, "gradient_norm": update(optimisers["discriminator"], loss_d)}

    terms = {"generator_a": terms_a, "generator_b": terms_b, "discriminator": terms_d}
    return {f"{of}/{name}": term.detach() for of, each in terms.items() for name, term in each.items()}
