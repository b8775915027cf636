"""ResNet-18 in PyTorch, with the entry names of torchvision's, and widths to choose."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(y + (self.downsample(x) if self.downsample else x))


class ResNet18(nn.Module):
    """From RGB in [0, 1], normalised as torchvision's transforms do."""

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512), outputs: int = 1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.stages = [f"layer{1 + stage}" for stage in range(len(widths))]
        inputs = widths[0]
        for stage, (name, width) in enumerate(zip(self.stages, widths, strict=True)):
            blocks = BasicBlock(inputs, width, 2 if stage else 1), BasicBlock(width, width, 1)
            setattr(self, name, nn.Sequential(*blocks))
            inputs = width
        self.fc = nn.Linear(widths[-1], outputs)

    def features(self, image: Tensor) -> Tensor:
        mean, std = (torch.tensor(each)[:, None, None] for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        x = functional.relu(self.bn1(self.conv1((image - mean) / std)))
        x = functional.max_pool2d(x, 3, 2, 1)
        for name in self.stages:
            x = getattr(self, name)(x)
        return x.mean((2, 3))

    def forward(self, image: Tensor) -> Tensor:
        return self.fc(self.features(image))
