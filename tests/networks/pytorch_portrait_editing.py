"""Parser and discriminator of mask-guided portrait editing in PyTorch, with the entry names of the published code."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from launch.benchmark import pytorch_networks


class UNetLevel(nn.Module):
    """A halving, the levels inside, and the doubling, whose surplus row and column are cut away."""

    def __init__(self, outer: int, inner: int, inside: "UNetLevel | None", inputs: int = 0):
        """`inputs`, given to the outermost level, are the channels of the image."""
        super().__init__()
        self.is_outermost = bool(inputs)
        down = [nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=False)]
        wide = 2 * inner if inside else inner
        up = [nn.ReLU(), nn.ConvTranspose2d(wide, outer, 4, 2, 1, output_padding=1, bias=self.is_outermost)]
        if not self.is_outermost:
            down.insert(0, nn.LeakyReLU(0.2))
            up.append(nn.BatchNorm2d(outer))
            if inside:
                down.append(nn.BatchNorm2d(inner))
        else:
            up.append(nn.Tanh())
        self.model = nn.Sequential(*down, *([inside] if inside else []), *up)

    def forward(self, x: Tensor) -> Tensor:
        y = self.model(x)[:, :, : x.shape[2], : x.shape[3]]
        return y if self.is_outermost else torch.cat([x, y], 1)


class ParserUNet(nn.Module):
    """Probabilities of the classes, as published: softmax of tanh of what our network returns."""

    def __init__(self, num_classes: int, widths: tuple[int, ...]):
        super().__init__()
        level = None
        for outer, inner in reversed(list(pairwise(widths))):
            level = UNetLevel(outer, inner, level)
        self.model = UNetLevel(num_classes, widths[0], level, inputs=3)

    def forward(self, image: Tensor) -> Tensor:
        return F.softmax(self.model(image), dim=1)


def discriminator(widths: tuple[int, ...]) -> nn.Module:
    """Make MaskGAN's discriminator with batch norm in place of instance norm."""
    network = pytorch_networks.MultiScaleDiscriminator(widths)
    for layer in network.children():
        if len(layer) == 3:
            layer[1] = nn.BatchNorm2d(layer[0].out_channels)
    return network
