"""Entry names of torchvision's weights: one mapping per network."""

from maskgan_jax.interop.entries import CONV, Dropped, Entry, Mapping, batch_norm, weight_and_bias
from maskgan_jax.networks.resnet18 import BLOCKS_OF_A_STAGE, ResNet18
from maskgan_jax.networks.vgg19 import BLOCKS, VGG19


def vgg19(network: VGG19) -> Mapping:
    """Map torchvision's VGG19 up to relu5_1; ReLUs and pools have indices in `features` too."""
    mapping, index = [], 0
    for block, widths in enumerate(BLOCKS, start=1):
        for layer in range(1, len(widths) + 1):
            mapping += weight_and_bias(f"features.{index}", f"conv{block}_{layer}")
            index += 2
        index += 1
    rest = [f"features.{place}" for place in (30, 32, 34)] + [f"classifier.{place}" for place in (0, 3, 6)]
    return mapping + [Dropped(f"{layer}.{name}") for layer in rest for name in ("weight", "bias")]


def resnet18(network: ResNet18) -> Mapping:
    """Map torchvision's ResNet-18 but its head."""

    def convolution(name: str, norm: str, *path: str) -> Mapping:
        *block, layer = path
        kernel = Entry(f"{name}.weight", ("params", *path, "kernel"), CONV)
        return [kernel, *batch_norm(norm, *block, f"{layer}_norm")]

    mapping = convolution("conv1", "bn1", "stem")
    for stage in range(len(network.widths)):
        for block in range(BLOCKS_OF_A_STAGE):
            theirs, ours = f"layer{1 + stage}.{block}", f"stage_{stage}_block_{block}"
            for layer in range(2):
                mapping += convolution(f"{theirs}.conv{1 + layer}", f"{theirs}.bn{1 + layer}", ours, f"conv_{layer}")
            if stage and not block:
                mapping += convolution(f"{theirs}.downsample.0", f"{theirs}.downsample.1", ours, "skip")
    return [*mapping, Dropped("fc.weight"), Dropped("fc.bias")]
