"""Networks of EBGAN in PyTorch, NCHW; no code was published, so entries have the names of this project's arrays."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Halving(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 4, 2, 1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class TransposedConv(nn.Conv2d):
    """A transposed convolution whose weight is laid out as a convolution's, outputs before inputs."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.weight.transpose(0, 1), self.bias, 2, 1)


class Doubling(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = TransposedConv(inputs, outputs, 4)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class ExemplarEncoder(nn.Module):
    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        for level, (inputs, outputs) in enumerate(pairwise((4, *widths))):
            setattr(self, f"down_{level}", Halving(inputs, outputs))
        self.levels = len(widths)

    def forward(self, image: Tensor, region: Tensor) -> Tensor:
        x = torch.cat([image * region, region], 1)
        for level in range(self.levels):
            x = getattr(self, f"down_{level}")(x)
            if level < self.levels - 1:
                x = F.leaky_relu(x, 0.2)
        return x


class InpaintingGenerator(nn.Module):
    def __init__(self, widths: tuple[int, ...], code_width: int):
        super().__init__()
        for level, (inputs, outputs) in enumerate(pairwise((4, *widths))):
            setattr(self, f"down_{level}", Halving(inputs, outputs))
        inputs = widths[-1] + code_width
        for level, width in enumerate(widths[:0:-1]):
            setattr(self, f"up_{level}", Doubling(inputs, width))
            inputs = width + (0 if level else widths[-2])
        self.head = TransposedConv(widths[1], 3, 4)
        self.levels = len(widths)

    def forward(self, image: Tensor, region: Tensor, codes: Tensor) -> Tensor:
        x, maps = torch.cat([image * (1 - region), region], 1), []
        for level in range(self.levels):
            x = F.leaky_relu(getattr(self, f"down_{level}")(x), 0.2)
            maps.append(x)
        x = torch.cat([x, codes], 1)
        for level in range(self.levels - 1):
            x = getattr(self, f"up_{level}")(x)
            if not level:
                x = torch.cat([x, maps[-2]], 1)
        return torch.tanh(self.head(x))
