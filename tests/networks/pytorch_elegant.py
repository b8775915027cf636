"""ELEGANT's networks in PyTorch, with the entry names of the published code, at any widths."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Norm(nn.Module):
    """Channels of each pixel, scaled to length 1."""

    def __init__(self):
        super().__init__()
        self.alpha, self.beta = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1, eps=1e-12) * self.alpha + self.beta


def halving(i: int, o: int) -> list[nn.Module]:
    return [nn.Conv2d(i, o, 3, stride=2, padding=1), Norm(), nn.LeakyReLU(0.2)]


def doubling(i: int, o: int) -> nn.Module:
    return nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1)


class Encoder(nn.Module):
    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.main = nn.ModuleList(nn.Sequential(*halving(*ends)) for ends in itertools.pairwise([3, *widths]))

    def forward(self, x: Tensor) -> list[Tensor]:
        return list(itertools.accumulate(self.main, lambda x, layer: layer(x), initial=x))[1:]


class Decoder(nn.Module):
    """Widths are those of the encoder."""

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        ends = [2 * widths[-1], *reversed(widths[:-1])]
        layers = [nn.Sequential(doubling(i, o), Norm(), nn.ReLU()) for i, o in itertools.pairwise(ends)]
        self.main = nn.ModuleList([*layers, nn.Sequential(doubling(ends[-1], 3))])

    def forward(self, edited: Tensor, own: Tensor, skips: Sequence[Tensor]) -> Tensor:
        x = torch.cat([edited, own], 1)
        for layer, skip in zip(self.main[:-1], reversed(skips), strict=True):
            x = layer(x) + skip
        return 2 * torch.tanh(self.main[-1](x))


class Discriminator(nn.Module):
    """Logits: the published code has their sigmoid, without parameters."""

    def __init__(self, attributes: int, size: int, widths: Sequence[int]):
        super().__init__()
        self.size = size
        self.conv = nn.Sequential(*[layer for ends in itertools.pairwise([3 + attributes, *widths])
                                    for layer in halving(*ends)])  # fmt: skip
        self.linear = nn.Sequential(nn.Linear(widths[-1] * (size // 2 ** len(widths)) ** 2, 1))

    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        while image.shape[-1] != self.size:
            image = F.avg_pool2d(image, 2)
        planes = labels[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.linear(self.conv(torch.cat([image, planes], 1)).flatten(1))
