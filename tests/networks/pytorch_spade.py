"""SPADE's networks in PyTorch, NCHW, with the entry names of the published code, to compare with."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

CLASSES = 19


def spectral_instance(inputs: int, outputs: int, kernel: int, stride: int, pad: int) -> nn.Sequential:
    """A convolution as `get_nonspade_norm_layer` wraps it: it takes the bias away, and adds instance norm."""
    conv = spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, pad, bias=False))
    return nn.Sequential(conv, nn.InstanceNorm2d(outputs))


class Encoder(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512, 512, 512), code_size: int = 256):
        super().__init__()
        self.levels = len(widths)
        for level, (inputs, outputs) in enumerate(zip((3, *widths), widths, strict=False)):
            setattr(self, f"layer{1 + level}", spectral_instance(inputs, outputs, 3, 2, 1))
        self.fc_mu, self.fc_var = (nn.Linear(16 * widths[-1], code_size) for _ in range(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        size = 4 * 2**self.levels
        if x.shape[-1] != size:
            x = F.interpolate(x, size=(size, size), mode="bilinear")
        for level in range(self.levels):
            x = F.leaky_relu(getattr(self, f"layer{1 + level}")(x), 0.2)
        flat = x.flatten(1)
        return self.fc_mu(flat), self.fc_var(flat)


class Spade(nn.Module):
    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(CLASSES, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        hidden = self.mlp_shared(F.interpolate(mask, size=x.shape[2:], mode="nearest"))
        return self.param_free_norm(x) * (1 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, hidden: int):
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, outputs, 3, padding=1))
        self.norm_0, self.norm_1 = Spade(inputs, hidden), Spade(middle, hidden)
        self.learned = inputs != outputs
        if self.learned:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.norm_s = Spade(inputs, hidden)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        skip = self.conv_s(self.norm_s(x, mask)) if self.learned else x
        y = self.conv_0(F.leaky_relu(self.norm_0(x, mask), 0.2))
        return skip + self.conv_1(F.leaky_relu(self.norm_1(y, mask), 0.2))


class Generator(nn.Module):
    """`more`: doubled once more between the middle blocks."""

    def __init__(
        self,
        width: int = 1024,
        up_widths: tuple[int, ...] = (512, 256, 128, 64),
        start: int = 8,
        code_size: int = 256,
        hidden: int = 128,
        more: bool = False,
    ):
        super().__init__()
        self.width, self.start, self.more, self.ups = width, start, more, len(up_widths)
        self.fc = nn.Linear(code_size, width * start**2)
        self.head_0, self.G_middle_0, self.G_middle_1 = (Block(width, width, hidden) for _ in range(3))
        for level, (inputs, outputs) in enumerate(zip((width, *up_widths), up_widths, strict=False)):
            setattr(self, f"up_{level}", Block(inputs, outputs, hidden))
        self.conv_img = nn.Conv2d(up_widths[-1], 3, 3, padding=1)

    def forward(self, mask: Tensor, code: Tensor) -> Tensor:
        up = nn.Upsample(scale_factor=2)
        x = self.head_0(self.fc(code).view(-1, self.width, self.start, self.start), mask)
        x = self.G_middle_0(up(x), mask)
        x = self.G_middle_1(up(x) if self.more else x, mask)
        for level in range(self.ups):
            x = getattr(self, f"up_{level}")(up(x), mask)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


class PatchDiscriminator(nn.Module):
    def __init__(self, widths: tuple[int, ...]):
        super().__init__()
        layers = [nn.Sequential(nn.Conv2d(CLASSES + 3, widths[0], 4, 2, 2), nn.LeakyReLU(0.2))]
        for place in range(1, len(widths)):
            stride = 1 if place == len(widths) - 1 else 2
            conv = spectral_instance(widths[place - 1], widths[place], 4, stride, 2)
            layers.append(nn.Sequential(conv, nn.LeakyReLU(0.2)))
        layers.append(nn.Sequential(nn.Conv2d(widths[-1], 1, 4, 1, 2)))
        for place, layer in enumerate(layers):
            self.add_module(f"model{place}", layer)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.children():
            x = layer(x)
            maps.append(x)
        return maps


class Discriminator(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512), scales: int = 2):
        super().__init__()
        for scale in range(scales):
            self.add_module(f"discriminator_{scale}", PatchDiscriminator(widths))

    def forward(self, mask: Tensor, image: Tensor) -> list[list[Tensor]]:
        x, maps = torch.cat([mask, image], 1), []
        for discriminator in self.children():
            maps.append(discriminator(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return maps


def randomise(network: nn.Module, seed: int) -> nn.Module:
    """Draw weights that keep a signal's size, biases and statistics; singular vectors stay as PyTorch drew them.

    A few training forwards away from their true values: `u` and `v` are drawn at random, then iterated once.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: Tensor, mean: float, std: float) -> None:
        tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype) * std + mean)

    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                weight = getattr(layer, "weight_orig", layer.weight)
                normal(weight, 0, (2 / weight[0].numel()) ** 0.5)
                if layer.bias is not None:
                    normal(layer.bias, 0, 0.2)
                if hasattr(layer, "weight_orig"):
                    rows = weight.flatten(1)
                    normal(layer.weight_u, 0, 1)
                    layer.weight_v.copy_(F.normalize(rows.T @ layer.weight_u, dim=0))
                    layer.weight_u.copy_(F.normalize(rows @ layer.weight_v, dim=0))
            if isinstance(layer, nn.BatchNorm2d):
                normal(layer.running_mean, 0, 0.2)
                layer.running_var.copy_(torch.rand(layer.running_var.shape, generator=generator) * 2 + 0.01)
                layer.num_batches_tracked.fill_(2**40 + 1)
    return network
