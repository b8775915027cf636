"""A step of EBGAN in PyTorch, NCHW, on Flax's tree of parameters: networks, losses, gradients."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from ml_collections import ConfigDict
from torch import Tensor

Tree = dict[str, Any]


def to_torch(tree: Tree) -> Tree:
    """Convert all arrays to tensors that collect gradients."""
    return {
        name: to_torch(each) if isinstance(each, dict) else torch.from_numpy(np.array(each)).requires_grad_()
        for name, each in tree.items()
    }


def leaves(tree: Tree) -> list[Tensor]:
    return [leaf for each in tree.values() for leaf in (leaves(each) if isinstance(each, dict) else [each])]


def halving(weights: Tree, x: Tensor) -> Tensor:
    return F.conv2d(x, weights["kernel"].permute(3, 2, 0, 1), weights["bias"], 2, 1)


def doubling(weights: Tree, x: Tensor) -> Tensor:
    return F.conv_transpose2d(x, weights["kernel"].permute(2, 3, 0, 1), weights["bias"], 2, 1)


def batch_norm(weights: Tree, x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, weights["scale"], weights["bias"], training=True)


def encode(weights: Tree, image: Tensor, region: Tensor) -> Tensor:
    x = torch.cat([image * region, region], 1)
    for level in range(len(weights)):
        layer = weights[f"down_{level}"]
        x = batch_norm(layer["norm"], halving(layer["conv"], x))
        if level < len(weights) - 1:
            x = F.leaky_relu(x, 0.2)
    return x


def fill(weights: Tree, image: Tensor, region: Tensor, codes: Tensor) -> Tensor:
    """Fill each region once for each of two codes, which follow each other."""
    levels = sum(name.startswith("down") for name in weights)
    x, maps = torch.cat([image * (1 - region), region], 1), []
    for level in range(levels):
        layer = weights[f"down_{level}"]
        x = F.leaky_relu(batch_norm(layer["norm"], halving(layer["conv"], x)), 0.2)
        maps.append(x)
    x = torch.cat([maps[-1].repeat_interleave(2, 0), codes], 1)
    for level in range(levels - 1):
        layer = weights[f"up_{level}"]
        x = F.relu(batch_norm(layer["norm"], doubling(layer["conv"], x)))
        if level == 0:
            x = torch.cat([x, maps[-2].repeat_interleave(2, 0)], 1)
    return torch.tanh(doubling(weights["head"], x))


def largest_singular_value(kernel: Tensor, u: Tensor) -> Tensor:
    """Estimate it by one power iteration (Miyato et al., ICLR 2018, Algorithm 1)."""
    matrix = kernel.reshape(-1, kernel.shape[-1])
    with torch.no_grad():
        v = F.normalize(matrix @ u, dim=0)
        u = F.normalize(matrix.T @ v, dim=0)
    return v @ matrix @ u


def classify(weights: Tree, image: Tensor, singular: dict[str, Tensor] | None = None) -> Tensor:
    """Compute logits; with the vectors `singular` under spectral norm, else with instance norm."""

    def kernel_of(name: str) -> Tree:
        if singular is None:
            return weights[name]
        kernel = weights[name]["kernel"]
        return {"kernel": kernel / largest_singular_value(kernel, singular[name]), "bias": weights[name]["bias"]}

    x = image
    for level in range(len(weights) - 1):
        x = halving(kernel_of(f"conv_{level}"), x)
        if level and singular is None:
            x = F.instance_norm(x)
        x = F.leaky_relu(x, 0.2)
    head = kernel_of("head")
    return x.permute(0, 2, 3, 1).flatten(1) @ head["kernel"] + head["bias"]


def gate(codes: Tensor, gates: Tensor, free: int) -> Tensor:
    """Loop over the blocks of the attributes."""
    gated, width = codes.clone(), (codes.shape[1] - free) // gates.shape[1]
    for row in range(len(codes)):
        for attribute in range(gates.shape[1]):
            begin = free + attribute * width
            gated[row, begin : begin + width] *= gates[row, attribute]
    return gated


def cross_entropy(logits: Tensor, attributes: Tensor) -> Tensor:
    known = attributes != 0
    return F.binary_cross_entropy_with_logits(logits[known], (attributes[known] > 0).double())


def take(config: ConfigDict, params: Tree, singular: dict[str, Tensor], batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the losses by their names in the task; gradients are left in the parameters."""
    image, region, settings = batch["image"], batch["region"], config.losses
    exemplar = image.roll(-1, 0)
    both = torch.stack([batch["seen"], exemplar], 1).flatten(0, 1), region.repeat_interleave(2, 0)
    gates = torch.stack([batch["own_gates"], batch["exemplar_gates"]], 1).flatten(0, 1)
    codes = gate(encode(params["exemplar_encoder"], *both), gates, config.free_channels)
    images = fill(params["inpainting_generator"], image, region, codes)
    reconstruction, filled = images[::2], images[1::2]
    edited = filled * region + image * (1 - region)
    real_discriminator = {
        name: {key: leaf.detach() for key, leaf in layer.items()}
        for name, layer in params["image_discriminator"].items()
    }
    frozen_classifier = {
        name: {key: leaf.detach() for key, leaf in layer.items()} for name, layer in params["image_classifier"].items()
    }
    losses = {}
    error = (reconstruction - image).abs()
    shares = [
        (error * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3))).clamp(min=1) for weight in (region, 1 - region)
    ]
    losses["generator/reconstruction"] = ((shares[0] + shares[1]) / 2).mean()
    losses["generator/adversarial"] = -F.logsigmoid(classify(real_discriminator, edited, singular)).mean()
    frozen_encoder = {
        name: {part: {key: leaf.detach() for key, leaf in each.items()} for part, each in layer.items()}
        for name, layer in params["exemplar_encoder"].items()
    }
    again = gate(encode(frozen_encoder, filled, region), batch["exemplar_gates"], config.free_channels)
    losses["generator/cycle"] = F.l1_loss(again, codes[1::2].detach())
    losses["generator/attributes"] = cross_entropy(classify(frozen_classifier, edited), batch["wanted"])
    total = (
        settings.lambda_rec * losses["generator/reconstruction"]
        + losses["generator/adversarial"]
        + settings.lambda_cyc * losses["generator/cycle"]
        + settings.lambda_cls * losses["generator/attributes"]
    )
    total.backward()

    real = image.clone().requires_grad_()
    logits = classify(params["image_discriminator"], real, singular)
    (slope,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    fake = classify(params["image_discriminator"], edited.detach(), singular)
    losses["discriminator/loss"] = -F.logsigmoid(logits).mean() - F.logsigmoid(-fake).mean()
    losses["discriminator/gradient_penalty"] = 0.5 * slope.square().flatten(1).sum(1).mean()
    (losses["discriminator/loss"] + settings.lambda_r1 * losses["discriminator/gradient_penalty"]).backward()

    losses["classifier/loss"] = cross_entropy(classify(params["image_classifier"], image), batch["attributes"])
    losses["classifier/loss"].backward()
    return losses
