"""The networks of mask-guided portrait editing in PyTorch, NCHW, with the entry names of the published code."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

PART_MOMENTUM = 0.9  # of PyTorch's kind: what a step takes of the batch


class EncoderBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 4, 2, 1)
        self.bn = nn.BatchNorm2d(outputs, momentum=PART_MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class PartEncoder(nn.Module):
    def __init__(self, size: tuple[int, int], widths: tuple[int, ...], code_size: int, head_width: int):
        """`size` is height and width of the images."""
        super().__init__()
        self.conv = nn.Sequential(*(EncoderBlock(i, o) for i, o in pairwise((3, *widths))))
        flat = widths[-1] * (size[0] >> len(widths)) * (size[1] >> len(widths))
        for name in ("fc_mu", "fc_var"):
            layers = nn.Linear(flat, head_width), nn.ReLU(), nn.Linear(head_width, code_size)
            setattr(self, name, nn.Sequential(*layers))

    def forward(self, part: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(part).flatten(1)
        return self.fc_mu(x), self.fc_var(x)


class DecoderBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        norm = nn.BatchNorm2d(outputs, momentum=PART_MOMENTUM)
        self.conv = nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), norm, nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class FeatureDecoder(nn.Module):
    def __init__(
        self, size: tuple[int, int], start_width: int, widths: tuple[int, ...], use_bias: bool, code_size: int
    ):
        super().__init__()
        self.smallest = (start_width, *size)
        self.fc = nn.Sequential(nn.Linear(code_size, start_width * size[0] * size[1], bias=use_bias))
        self.conv = nn.Sequential(*(DecoderBlock(i, o) for i, o in pairwise((start_width, *widths))))

    def forward(self, code: Tensor) -> Tensor:
        return self.conv(self.fc(code).view(-1, *self.smallest))


class ImageDecoder(FeatureDecoder):
    def __init__(
        self, size: tuple[int, int], start_width: int, widths: tuple[int, ...], use_bias: bool, code_size: int
    ):
        super().__init__(size, start_width, widths, use_bias, code_size)
        for layer in (nn.ReflectionPad2d(2), nn.Conv2d(widths[-1], 3, 5), nn.Tanh()):
            self.conv.append(layer)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


class PortraitGenerator(nn.Module):
    def __init__(
        self,
        num_classes: int,
        mask_widths: tuple[int, ...],
        body_width: int,
        residual_blocks: int,
        up_widths: tuple[int, ...],
        background_width: int,
        feature_channels: int,
    ):
        super().__init__()
        first = mask_widths[0]
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(num_classes, first, 7), nn.BatchNorm2d(first), nn.ReLU()]
        for inputs, outputs in pairwise(mask_widths):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.downsample_model = nn.Sequential(*layers)
        layers = [nn.Conv2d(mask_widths[-1] + feature_channels, body_width, 1)]
        layers += [ResidualBlock(body_width) for _ in range(residual_blocks)]
        for inputs, outputs in pairwise((body_width, *up_widths)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.model = nn.Sequential(*layers)
        width = background_width
        self.bg_encoder = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.BatchNorm2d(width), nn.ReLU())
        self.bg_decoder = nn.Sequential(
            nn.Conv2d(up_widths[-1] + width, width, 1), nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()
        )

    def forward(self, mask: Tensor, features: Tensor, background: Tensor, is_background: Tensor) -> Tensor:
        """`mask` is one-hot, `is_background` (b h w)."""
        foreground = self.model(torch.cat([self.downsample_model(mask), features], 1))
        behind = self.bg_encoder(background) * is_background[:, None]
        return self.bg_decoder(torch.cat([foreground, behind], 1))
