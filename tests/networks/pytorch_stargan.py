"""StarGAN's networks in PyTorch, with the entry names of its published files."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from launch.benchmark.pytorch_networks import randomise


def norm(width: int, tracks: bool) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(width, affine=True, track_running_stats=tracks)


class Residual(nn.Module):
    def __init__(self, width: int, tracks: bool):
        super().__init__()
        convolutions = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2)]
        self.main = nn.Sequential(
            convolutions[0], norm(width, tracks), nn.ReLU(), convolutions[1], norm(width, tracks)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.main(x)


class Generator(nn.Module):
    """`tracks`: whether the norms keep running statistics, as the code's do since PyTorch 0.4."""

    def __init__(self, labels: int, widths: Sequence[int], residual_blocks: int, tracks: bool = True):
        super().__init__()
        layers = [nn.Conv2d(3 + labels, widths[0], 7, padding=3, bias=False), norm(widths[0], tracks), nn.ReLU()]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), norm(after, tracks), nn.ReLU()]
        layers += [Residual(widths[-1], tracks) for _ in range(residual_blocks)]
        for before, after in pairwise(widths[::-1]):
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False), norm(after, tracks), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.Conv2d(widths[0], 3, 7, padding=3, bias=False), nn.Tanh())

    def forward(self, image: Tensor, labels: Tensor) -> Tensor:
        planes = labels[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.main(torch.cat([image, planes], 1))


class Discriminator(nn.Module):
    def __init__(self, size: int, labels: int, widths: Sequence[int]):
        super().__init__()
        layers = []
        for before, after in pairwise((3, *widths)):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.01)]
        self.main = nn.Sequential(*layers)
        self.conv1 = nn.Conv2d(widths[-1], 1, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(widths[-1], labels, size // 2 ** len(widths), bias=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.main(image)
        return self.conv1(x), self.conv2(x).flatten(1)


def random_weights(network: nn.Module, seed: int) -> nn.Module:
    """Return a network in training mode, which the code never leaves, with random weights and statistics."""
    randomise(network, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.InstanceNorm2d):
                layer.weight.normal_(1, 0.2, generator=generator)
                layer.bias.normal_(0, 0.2, generator=generator)
                if layer.track_running_stats:
                    layer.running_mean.normal_(0, 0.2, generator=generator)
                    layer.num_batches_tracked.fill_(2**40 + 1)
    return network.train()
