"""IResNet in PyTorch, with the entry names of insightface's, and blocks and widths to choose."""

import torch
from torch import Tensor, nn

from launch.benchmark.pytorch_networks import randomise


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Identity()
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(y)) + self.downsample(x)


class IResNet(nn.Module):
    """From RGB in [-1, 1] at 112 px."""

    def __init__(self, blocks: tuple[int, ...], widths: tuple[int, ...] = (64, 128, 256, 512)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.prelu = nn.PReLU(widths[0])
        self.stages = [f"layer{1 + stage}" for stage in range(len(widths))]
        inputs = widths[0]
        for name, count, width in zip(self.stages, blocks, widths, strict=True):
            first, *rest = (inputs, 2), *[(width, 1)] * (count - 1)
            setattr(self, name, nn.Sequential(*(Block(each, width, stride) for each, stride in (first, *rest))))
            inputs = width
        self.bn2 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs * 7 * 7, 512)
        self.features = nn.BatchNorm1d(512)

    def forward(self, image: Tensor) -> Tensor:
        x = self.prelu(self.bn1(self.conv1(image)))
        for name in self.stages:
            x = getattr(self, name)(x)
        return self.features(self.fc(torch.flatten(self.bn2(x), 1)))


def random_iresnet(blocks: tuple[int, ...], widths: tuple[int, ...] = (64, 128, 256, 512), seed: int = 0) -> IResNet:
    """With weights as of `randomise`, and blocks that add little, so that the signal hardly grows with the depth."""
    network = randomise(IResNet(blocks, widths), seed)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, Block):
                layer.bn3.weight *= 0.05
    return network
