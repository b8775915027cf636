"""A step of ELEGANT in PyTorch, as its published code takes it: one attribute after the other, all from one state."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tests.networks.pytorch_elegant import Decoder, Discriminator, Encoder


class Networks(NamedTuple):
    encoder: Encoder
    decoder: Decoder
    discriminators: tuple[Discriminator, Discriminator]


class Pair(NamedTuple):
    """Photos A and B (b 3 h w) that differ in an attribute, and their labels (b n)."""

    images: tuple[Tensor, Tensor]
    labels: tuple[Tensor, Tensor]


def block(code: Tensor, attribute: int, count: int) -> slice:
    width = code.shape[1] / count
    return slice(int(np.rint(width * attribute)), int(np.rint(width * (attribute + 1))))


def forward(networks: Networks, pair: Pair, attribute: int, count: int) -> list[Tensor]:
    """Return A', B', C and D."""
    maps = [networks.encoder(image) for image in pair.images]
    codes = [each[-1] for each in maps]
    exchanged = [code.clone() for code in codes]
    place = block(codes[0], attribute, count)
    exchanged[0][:, place], exchanged[1][:, place] = codes[1][:, place], codes[0][:, place]
    return [
        (image + networks.decoder(code, own, each[:-1])).clamp(-1, 1)
        for edited in (codes, exchanged)
        for image, code, own, each in zip(pair.images, edited, codes, maps, strict=True)
    ]


def cross_entropies(discriminator: Discriminator, images: list[Tensor], labels: list[Tensor], is_real: bool) -> Tensor:
    """Sum the mean binary cross-entropies of two batches."""
    losses = []
    for image, label in zip(images, labels, strict=True):
        probability = torch.sigmoid(discriminator(image, label))
        losses.append(F.binary_cross_entropy(probability, torch.full_like(probability, float(is_real))))
    return losses[0] + losses[1]


def exchanged_labels(pair: Pair, attribute: int) -> list[Tensor]:
    labels = [label.clone() for label in pair.labels]
    labels[0][:, attribute], labels[1][:, attribute] = pair.labels[1][:, attribute], pair.labels[0][:, attribute]
    return labels


def discriminator_losses(networks: Networks, pairs: Mapping[int, Pair], count: int) -> dict[str, Tensor]:
    """Return the losses of both discriminators, the means over the attributes, of images without gradient."""
    sums = [torch.zeros(()), torch.zeros(())]
    for attribute, pair in pairs.items():
        fakes = [each.detach() for each in forward(networks, pair, attribute, count)[2:]]
        for place, discriminator in enumerate(networks.discriminators):
            real = cross_entropies(discriminator, list(pair.images), list(pair.labels), True)
            fake = cross_entropies(discriminator, fakes, exchanged_labels(pair, attribute), False)
            sums[place] = sums[place] + (real + fake) / len(pairs)
    return {"adversarial_1": sums[0], "adversarial_2": sums[1]}


def generator_losses(networks: Networks, pairs: Mapping[int, Pair], count: int) -> dict[str, Tensor]:
    """Return the terms of the loss of encoder and decoder, the means over the attributes."""
    terms = dict.fromkeys(("reconstruction", "adversarial_1", "adversarial_2"), torch.zeros(()))
    for attribute, pair in pairs.items():
        a, b, *fakes = forward(networks, pair, attribute, count)
        errors = F.mse_loss(a, pair.images[0]) + F.mse_loss(b, pair.images[1])
        found = {"reconstruction": errors}
        for place, discriminator in enumerate(networks.discriminators, start=1):
            found[f"adversarial_{place}"] = cross_entropies(
                discriminator, fakes, exchanged_labels(pair, attribute), True
            )
        terms = {name: total + found[name] / len(pairs) for name, total in terms.items()}
    return terms


def take_two_steps(
    networks: Networks, optimisers: Mapping[str, torch.optim.Optimizer], batches: list[Mapping[int, Pair]], count: int
) -> list[dict[str, float]]:
    """Update the discriminators, then encoder and decoder, on each batch; return the losses."""
    reported = []
    for pairs in batches:
        losses = {}
        terms = discriminator_losses(networks, pairs, count)
        optimisers["discriminator"].zero_grad()
        ((terms["adversarial_1"] + 0.5 * terms["adversarial_2"]) / 4).backward()
        optimisers["discriminator"].step()
        losses |= {f"discriminator/{name}": value.item() for name, value in terms.items()}

        terms = generator_losses(networks, pairs, count)
        optimisers["generator"].zero_grad()
        (5 * terms["reconstruction"] + terms["adversarial_1"] + 0.5 * terms["adversarial_2"]).backward()
        optimisers["generator"].step()
        losses |= {f"generator/{name}": value.item() for name, value in terms.items()}
        reported.append(losses)
    return reported
