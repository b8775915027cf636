"""Inception-v3 in PyTorch, from the table of its blocks, with the entry names of pytorch-fid's weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, same: bool = True):
        super().__init__()
        padding = tuple(side // 2 for side in kernel) if same else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


def average(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def maximum(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, 1, 1)


def halving_maximum(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 3, 2)


class Block(nn.Module):
    """Branches of named convolutions, each (name, outputs, kernel, stride); a tuple of names ends in parallel."""

    def __init__(self, inputs: int, branches: list[list[tuple]], pool, pooled: int):
        super().__init__()
        self.branches, self.pool, self.pooled = branches, pool, pooled
        self.outputs = 0 if pooled else inputs
        for branch in branches:
            width = inputs
            for step in branch:
                if isinstance(step, tuple):
                    name, outputs, kernel, stride = step
                    setattr(self, name, Convolution(width, outputs, kernel, stride, same=stride == 1))
                    width = outputs
                else:
                    for name, outputs, kernel in step:
                        setattr(self, name, Convolution(width, outputs, kernel))
                    width = sum(outputs for _, outputs, _ in step)
            self.outputs += width
        if pooled:
            self.branch_pool = Convolution(inputs, pooled, (1, 1))
            self.outputs += pooled

    def forward(self, x: Tensor) -> Tensor:
        results = []
        for branch in self.branches:
            y = x
            for step in branch:
                if isinstance(step, tuple):
                    y = getattr(self, step[0])(y)
                else:
                    y = torch.cat([getattr(self, name)(y) for name, _, _ in step], 1)
            results.append(y)
        pooled = self.pool(x)
        return torch.cat([*results, self.branch_pool(pooled) if self.pooled else pooled], 1)


def block_35(inputs: int, pooled: int) -> Block:
    five = [("branch5x5_1", 48, (1, 1), 1), ("branch5x5_2", 64, (5, 5), 1)]
    three = [("branch3x3dbl_1", 64, (1, 1), 1), ("branch3x3dbl_2", 96, (3, 3), 1), ("branch3x3dbl_3", 96, (3, 3), 1)]
    return Block(inputs, [[("branch1x1", 64, (1, 1), 1)], five, three], average, pooled)


def reduction_17(inputs: int) -> Block:
    three = [("branch3x3dbl_1", 64, (1, 1), 1), ("branch3x3dbl_2", 96, (3, 3), 1), ("branch3x3dbl_3", 96, (3, 3), 2)]
    return Block(inputs, [[("branch3x3", 384, (3, 3), 2)], three], halving_maximum, 0)


def block_17(inputs: int, c: int) -> Block:
    seven = [("branch7x7_1", c, (1, 1), 1), ("branch7x7_2", c, (1, 7), 1), ("branch7x7_3", 192, (7, 1), 1)]
    kernels = ((1, 1), (7, 1), (1, 7), (7, 1), (1, 7))
    double = [(f"branch7x7dbl_{i}", 192 if i == 5 else c, kernel, 1) for i, kernel in enumerate(kernels, start=1)]
    return Block(inputs, [[("branch1x1", 192, (1, 1), 1)], seven, double], average, 192)


def reduction_8(inputs: int) -> Block:
    three = [("branch3x3_1", 192, (1, 1), 1), ("branch3x3_2", 320, (3, 3), 2)]
    kernels = ((1, 1), (1, 7), (7, 1))
    seven = [(f"branch7x7x3_{i}", 192, kernel, 1) for i, kernel in enumerate(kernels, start=1)]
    return Block(inputs, [three, [*seven, ("branch7x7x3_4", 192, (3, 3), 2)]], halving_maximum, 0)


def block_8(inputs: int, pool) -> Block:
    def beside(name: str) -> list[tuple]:
        return [(f"{name}a", 384, (1, 3)), (f"{name}b", 384, (3, 1))]

    three = [("branch3x3_1", 384, (1, 1), 1), beside("branch3x3_2")]
    double = [("branch3x3dbl_1", 448, (1, 1), 1), ("branch3x3dbl_2", 384, (3, 3), 1), beside("branch3x3dbl_3")]
    return Block(inputs, [[("branch1x1", 320, (1, 1), 1)], three, double], pool, 192)


class InceptionV3(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, 32, (3, 3), 2, same=False)
        self.Conv2d_2a_3x3 = Convolution(32, 32, (3, 3), same=False)
        self.Conv2d_2b_3x3 = Convolution(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = Convolution(64, 80, (1, 1))
        self.Conv2d_4a_3x3 = Convolution(80, 192, (3, 3), same=False)
        makers = {
            "5b": (block_35, 32), "5c": (block_35, 64), "5d": (block_35, 64), "6a": (reduction_17,),
            "6b": (block_17, 128), "6c": (block_17, 160), "6d": (block_17, 160), "6e": (block_17, 192),
            "7a": (reduction_8,), "7b": (block_8, average), "7c": (block_8, maximum),
        }  # fmt: skip
        self.blocks, width = [f"Mixed_{name}" for name in makers], 192
        for name, (make, *options) in makers.items():
            block = make(width, *options)
            setattr(self, f"Mixed_{name}", block)
            width = block.outputs
        self.fc = nn.Linear(width, 1008)

    def forward(self, image: Tensor) -> Tensor:
        """From RGB in [0, 1] to the pooled features."""
        x = 2 * functional.interpolate(image, (299, 299), mode="bilinear", align_corners=False) - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(halving_maximum(x)))
        x = halving_maximum(x)
        for name in self.blocks:
            x = getattr(self, name)(x)
        return x.mean((2, 3))
