"""Entry names of insightface's published networks (`arcface_torch`)."""

from pathlib import Path

from maskgan_jax.interop import state_dicts
from maskgan_jax.interop.entries import CONV, DENSE, Entry, Mapping, batch_norm, weight_and_bias
from maskgan_jax.networks.iresnet import IResNet


def iresnet_in(file: Path) -> IResNet:
    """Return the IResNet that a `backbone.pth` is of: its depth follows from the names of its entries.

    Of a file that holds no such network the result has one block where there should be more, and reading its weights
    says what is missing.

    Raises:
      UserError: the file is no state dict.
    """
    blocks = {tuple(name.split(".")[:2]) for name in state_dicts.read(file)}
    counts = (sum(stage == f"layer{1 + place}" for stage, *_ in blocks) for place in range(len(IResNet.widths)))
    return IResNet(tuple(max(1, count) for count in counts))


def iresnet(network: IResNet) -> Mapping:
    """Map `backbone.pth` of an IResNet of any depth."""

    def convolution(name: str, norm: str, *path: str) -> Mapping:
        *block, layer = path
        return [Entry(f"{name}.weight", ("params", *path, "kernel"), CONV), *batch_norm(norm, *block, f"{layer}_norm")]

    mapping = [*convolution("conv1", "bn1", "stem"), Entry("prelu.weight", ("params", "stem_prelu", "slope"))]
    for stage, count in enumerate(network.blocks):
        for block in range(count):
            theirs, ours = f"layer{1 + stage}.{block}", f"stage_{stage}_block_{block}"
            mapping += batch_norm(f"{theirs}.bn1", ours, "norm")
            mapping += convolution(f"{theirs}.conv1", f"{theirs}.bn2", ours, "conv_0")
            mapping += [Entry(f"{theirs}.prelu.weight", ("params", ours, "prelu", "slope"))]
            mapping += convolution(f"{theirs}.conv2", f"{theirs}.bn3", ours, "conv_1")
            if not block:
                mapping += convolution(f"{theirs}.downsample.0", f"{theirs}.downsample.1", ours, "skip")
    mapping += batch_norm("bn2", "norm")
    return [*mapping, *weight_and_bias("fc", "dense", layout=DENSE), *batch_norm("features", "dense_norm")]
