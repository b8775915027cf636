"""The published face parser, a U-Net, in PyTorch, NCHW, with its entry names; the widths are an argument."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class DoubleConv(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x))


class UpConcat(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
        self.conv = DoubleConv(2 * outputs, outputs)

    def forward(self, skip: Tensor, x: Tensor) -> Tensor:
        return self.conv(torch.cat([skip, self.up(x)], dim=1))


class FaceParser(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 128, 256)):
        super().__init__()
        self.levels = range(1, len(widths))
        for level, (inputs, outputs) in zip(self.levels, pairwise((3, *widths)), strict=False):
            setattr(self, f"conv{level}", DoubleConv(inputs, outputs))
        self.center = DoubleConv(*widths[-2:])
        for level, (narrow, wide) in zip(self.levels, pairwise(widths), strict=True):
            setattr(self, f"up_concat{level}", UpConcat(wide, narrow))
        self.final = nn.Conv2d(widths[0], 19, 1)

    def forward(self, image: Tensor) -> Tensor:
        x, skips = image, []
        for level in self.levels:
            skips.append(getattr(self, f"conv{level}")(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.center(x)
        for level in reversed(self.levels):
            x = getattr(self, f"up_concat{level}")(skips.pop(), x)
        return self.final(x)
