"""The networks of MaskGAN in PyTorch, NCHW, with the entry names of the published weights, to compare with.

Widths and depths are arguments; with the defaults the state dicts are the published ones.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class AdaIN(nn.Module):
    """Adaptive instance norm; its buffers are in the published files and are never read."""

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, z: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return F.instance_norm(z) * scale[:, :, None, None] + shift[:, :, None, None]


class NormalisedConv(nn.Module):
    def __init__(self, channels: int, adaptive: bool):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3)
        self.norm = AdaIN(channels) if adaptive else nn.InstanceNorm2d(channels)

    def forward(self, x: Tensor, *shift_and_scale: Tensor) -> Tensor:
        return self.norm(self.conv(F.pad(x, (1, 1, 1, 1), mode="reflect")), *shift_and_scale)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, adaptive: bool):
        super().__init__()
        self.conv_block = nn.ModuleList([NormalisedConv(channels, adaptive), NormalisedConv(channels, adaptive)])

    def forward(self, x: Tensor, first: tuple[Tensor, ...] = (), second: tuple[Tensor, ...] = ()) -> Tensor:
        return x + self.conv_block[1](F.relu(self.conv_block[0](x, *first)), *second)


def generator_layers(inputs: int, widths: tuple[int, ...], residual_blocks: int, adaptive: bool) -> nn.Sequential:
    """The encoder-decoder that backbone and blender share, without the last activation."""
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, widths[0], 7), nn.InstanceNorm2d(widths[0]), nn.ReLU()]
    for narrow, wide in pairwise(widths):
        layers += [nn.Conv2d(narrow, wide, 3, stride=2, padding=1), nn.InstanceNorm2d(wide), nn.ReLU()]
    layers += [ResidualBlock(widths[-1], adaptive) for _ in range(residual_blocks)]
    for narrow, wide in reversed(list(pairwise(widths))):
        up = nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1)
        layers += [up, nn.InstanceNorm2d(narrow), nn.ReLU()]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(widths[0], 3, 7)]
    return nn.Sequential(*layers)


class ReflectConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int, relu: bool = True):
        super().__init__()
        self.pad = nn.ReflectionPad2d(padding)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.activation = nn.ReLU() if relu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.conv(self.pad(x)))


class SpatialFeatureTransform(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.SFT_scale_conv1 = nn.Conv2d(channels, channels, 1)
        self.SFT_scale_conv2 = nn.Conv2d(channels, channels, 1)
        self.SFT_shift_conv1 = nn.Conv2d(channels, channels, 1)
        self.SFT_shift_conv2 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, f: Tensor) -> Tensor:
        scale = self.SFT_scale_conv2(F.leaky_relu(self.SFT_scale_conv1(f), 0.1))
        shift = self.SFT_shift_conv2(F.leaky_relu(self.SFT_shift_conv1(f), 0.1))
        return x * scale + shift


class LabelEncoder(nn.Module):
    """The style encoder's label branch."""

    def __init__(self, widths: tuple[int, int, int], deep_layers: int):
        super().__init__()
        first, second, third = widths
        self.model = nn.Sequential(
            ReflectConv(19, first, 7, 1, 3),
            ReflectConv(first, second, 4, 2, 1),
            ReflectConv(second, third, 4, 2, 1, relu=False),
        )
        self.model_last = nn.Sequential(
            nn.ReLU(),
            *[ReflectConv(third, third, 4, 2, 1, relu=layer < deep_layers) for layer in range(1, 1 + deep_layers)],
        )

    def forward(self, mask_t: Tensor) -> tuple[Tensor, Tensor]:
        f1 = self.model(mask_t)
        return f1, self.model_last(f1)


class StyleEncoder(nn.Module):
    """The style encoder's style branch."""

    def __init__(self, widths: tuple[int, int, int], deep_layers: int, style_size: int):
        super().__init__()
        first, second, third = widths
        self.model = nn.Sequential(
            ReflectConv(3, first, 7, 1, 3), ReflectConv(first, second, 4, 2, 1), ReflectConv(second, third, 4, 2, 1)
        )
        self.model_middle = nn.Sequential(*[ReflectConv(third, third, 4, 2, 1) for _ in range(deep_layers)])
        self.model_last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(third, style_size, 1))
        self.sft1 = SpatialFeatureTransform(third)
        self.sft2 = SpatialFeatureTransform(third)

    def forward(self, image_t: Tensor, f1: Tensor, f2: Tensor) -> Tensor:
        x = self.sft1(self.model(image_t), f1)
        x = self.sft2(self.model_middle(x), f2)
        return self.model_last(x)[:, :, 0, 0]


class DenseMappingNetwork(nn.Module):
    def __init__(
        self,
        widths: tuple[int, ...] = (64, 128, 256, 512, 1024),
        residual_blocks: int = 4,
        style_widths: tuple[int, int, int] = (16, 32, 64),
        style_deep_layers: int = 3,
    ):
        super().__init__()
        self.model = generator_layers(19, widths, residual_blocks, adaptive=True)
        self.enc_label = LabelEncoder(style_widths, style_deep_layers)
        self.enc_style = StyleEncoder(style_widths, style_deep_layers, residual_blocks * 2 * 2 * widths[-1])

    def encode_style(self, mask_t: Tensor, image_t: Tensor) -> Tensor:
        return self.enc_style(image_t, *self.enc_label(mask_t))

    def forward(self, mask: Tensor, mask_t: Tensor, image_t: Tensor) -> Tensor:
        return self.generate(mask, self.encode_style(mask_t, image_t))

    def generate(self, mask: Tensor, style: Tensor) -> Tensor:
        x = mask
        for layer in self.model:
            if isinstance(layer, ResidualBlock):
                channels = x.shape[1]
                shift_1, scale_1, shift_2, scale_2 = style[:, : 4 * channels].split(channels, dim=1)
                style = style[:, 4 * channels :]
                x = layer(x, (shift_1, scale_1), (shift_2, scale_2))
            else:
                x = layer(x)
        return torch.tanh(x)


class AlphaBlender(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256), residual_blocks: int = 3):
        super().__init__()
        self.model = generator_layers(6, widths, residual_blocks, adaptive=False)

    def forward(self, image_inter: Tensor, image_outer: Tensor) -> tuple[Tensor, Tensor]:
        alpha = torch.sigmoid(self.model(torch.cat([image_inter, image_outer], dim=1)))
        return alpha * image_inter + (1 - alpha) * image_outer, alpha


class MaskVAE(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 2048), latent_size: int = 1024):
        super().__init__()
        self.halvings = len(widths)
        self.top = widths[-1]
        for level, (inputs, outputs) in enumerate(pairwise((19, *widths)), start=1):
            setattr(self, f"e{level}", nn.Conv2d(inputs, outputs, 4, stride=2, padding=1))
            setattr(self, f"bn{level}", nn.BatchNorm2d(outputs, eps=1e-5))
        self.fc1 = nn.Linear(16 * self.top, latent_size)
        self.fc2 = nn.Linear(16 * self.top, latent_size)
        self.d1 = nn.Linear(latent_size, 16 * self.top)
        down = (*reversed(widths), 19)
        for level, (inputs, outputs) in enumerate(pairwise(down)):
            setattr(self, f"d{level + 2}", nn.Conv2d(inputs, outputs, 3))
            if level < self.halvings - 1:
                setattr(self, f"bn{self.halvings + 1 + level}", nn.BatchNorm2d(outputs, eps=1e-3))

    def encode(self, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = mask
        for level in range(1, self.halvings + 1):
            x = F.leaky_relu(getattr(self, f"bn{level}")(getattr(self, f"e{level}")(x)), 0.2)
        return self.fc1(x.flatten(1)), self.fc2(x.flatten(1))

    def decode(self, z: Tensor) -> Tensor:
        x = F.relu(self.d1(z)).view(-1, self.top, 4, 4)
        for level in range(self.halvings):
            x = F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), (1, 1, 1, 1), mode="replicate")
            x = getattr(self, f"d{level + 2}")(x)
            if level < self.halvings - 1:
                x = F.leaky_relu(getattr(self, f"bn{self.halvings + 1 + level}")(x), 0.2)
        return x


class MultiScaleDiscriminator(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512), scales: int = 2):
        super().__init__()
        self.last, self.scales = len(widths), scales
        for scale in range(scales):
            for layer, (inputs, outputs) in enumerate(pairwise((22, *widths, 1))):
                stride = 2 if layer < self.last - 1 else 1
                steps = [nn.Conv2d(inputs, outputs, 4, stride=stride, padding=2)]
                steps += [nn.InstanceNorm2d(outputs)] if 0 < layer < self.last else []
                steps += [nn.LeakyReLU(0.2)] if layer < self.last else []
                setattr(self, f"scale{scale}_layer{layer}", nn.Sequential(*steps))

    def forward(self, mask_t: Tensor, image: Tensor) -> list[list[Tensor]]:
        """Feature maps, full size first: the published code keeps that one under `scale1`, half size under `scale0`."""
        inputs = [torch.cat([mask_t, image], dim=1)]
        for _ in range(1, self.scales):
            inputs.append(F.avg_pool2d(inputs[-1], 3, stride=2, padding=1, count_include_pad=False))
        return [self.maps(scale, x) for scale, x in zip(reversed(range(self.scales)), inputs, strict=True)]

    def maps(self, scale: int, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in range(self.last + 1):
            x = getattr(self, f"scale{scale}_layer{layer}")(x)
            maps.append(x)
        return maps


class VGG19(nn.Module):
    """torchvision's `vgg19`, without what follows relu5_1; `narrower` divides its widths."""

    FEATURES = (1, 6, 11, 20, 29)
    """Places in `features` of relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""

    def __init__(self, narrower: int = 1):
        super().__init__()
        layers, inputs = [], 3
        for width in (64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", 512):
            if width == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(inputs, width // narrower, 3, padding=1), nn.ReLU()]
                inputs = width // narrower
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self.FEATURES:
                features.append(x)
        return features


def randomise(network: nn.Module, seed: int) -> nn.Module:
    """Weights that keep a signal's size, and biases, statistics and counts that a wrong mapping can't hide behind."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor: Tensor, mean: float, std: float) -> None:
        with torch.no_grad():
            tensor.normal_(mean, std, generator=generator)

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            normal(layer.weight, 0, (2 / fan_in) ** 0.5)
            if layer.bias is not None:
                normal(layer.bias, 0, 0.2)
        if isinstance(layer, nn.PReLU):
            normal(layer.weight, 0.25, 0.1)
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            normal(layer.weight, 1, 0.2)
            normal(layer.bias, 0, 0.2)
            normal(layer.running_mean, 0, 0.2)
            layer.running_var.copy_(torch.rand(layer.running_var.shape, generator=generator) * 2 + 0.01)
            layer.num_batches_tracked.fill_(2**40 + 1)
        if isinstance(layer, AdaIN):
            normal(layer.running_mean, 0, 1)
            normal(layer.running_var, 1, 1)
    return network.eval()
