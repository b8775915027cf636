"""Imported networks compute what the same networks compute in PyTorch: at the published sizes, and at 512 px.

Both do their arithmetic in float32, in another order. The photos are rendered ones; where MASKGAN_SAMPLES names a
folder in the raw layout of CelebAMask-HQ, its first photo counts too.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from data_pipeline.raw_layout import read_layout  # noqa: E402
from data_pipeline.synthetic_faces import face, render  # noqa: E402
from maskgan_jax.inference.models import load_network  # noqa: E402
from maskgan_jax.interop import weights  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.interop.transfer import import_model  # noqa: E402
from tests.interop.small import TASKS, mapping_of, reference, save, small_config  # noqa: E402


class Example(NamedTuple):
    """Inputs of networks: two one-hot masks, and photos in [-1, 1] with the second; (1 s s k), float32."""

    mask: np.ndarray
    mask_t: np.ndarray
    image_t: np.ndarray


def examples(size: int) -> Iterator[Example]:
    faces = [face(0, index) for index in (1, 2)]
    (photo, mask_t), (_, mask) = (render(each.geometry, each.style, size) for each in faces)
    yield example(mask, mask_t, photo)
    if "MASKGAN_SAMPLES" in os.environ:
        layout = read_layout(Path(os.environ["MASKGAN_SAMPLES"]))
        photo = layout.read_photo(0).resize((size, size), Image.Resampling.LANCZOS)
        masks = [Image.fromarray(layout.read_label_map(index)) for index in (1, 0)]
        yield example(*(each.resize((size, size), Image.Resampling.NEAREST) for each in masks), photo)


def example(mask, mask_t, photo) -> Example:
    one_hot = np.eye(19, dtype=np.float32)
    return Example(
        one_hot[np.asarray(mask)][None],
        one_hot[np.asarray(mask_t)][None],
        (np.asarray(photo).astype(np.float32) / 127.5 - 1)[None],
    )


def autoencode(network, variables, mask):
    """Mean and log-variance of the code, and the logits of the mask decoded from the mean."""
    mean, log_variance = network.apply(variables, mask, method="encode")
    return mean, log_variance, network.apply(variables, mean, method="decode")


def autoencode_in_pytorch(network, mask):
    mean, log_variance = network.encode(mask)
    return mean, log_variance, network.decode(mean)


class Comparison(NamedTuple):
    """The inputs a network takes of an example, how it is called on both sides, and the tolerances of the outputs."""

    inputs: Callable[[Example], tuple[np.ndarray, ...]]
    ours: Callable = lambda network, variables, *inputs: network.apply(variables, *inputs)
    theirs: Callable = lambda network, *inputs: network(*inputs)
    absolute: float = 0.0
    relative: float = 0.0


def generate(network, variables, mask, mask_t, image_t):
    """The generator takes label maps, PyTorch's one-hot masks."""
    return network.apply(variables, mask.argmax(-1), mask_t.argmax(-1), image_t)


COMPARISONS = {
    "generator": Comparison(lambda x: (x.mask, x.mask_t, x.image_t), generate, absolute=1e-4),
    "blender": Comparison(lambda x: (x.image_t, x.image_t[:, :, ::-1].copy()), absolute=1e-4),
    "mask_vae": Comparison(lambda x: (x.mask_t,), autoencode, autoencode_in_pytorch, relative=1e-3),
    "discriminator": Comparison(lambda x: (x.mask_t, x.image_t), relative=1e-3),
    "face_parser": Comparison(lambda x: (x.image_t,), relative=1e-3),
    "vgg19": Comparison(lambda x: (x.image_t,), relative=1e-3),
    "resnet18": Comparison(
        lambda x: (x.image_t,), theirs=lambda network, image: network.features((image + 1) / 2), relative=1e-3
    ),
}


def compare(kind: str, config, network: "torch.nn.Module", variables: dict) -> None:
    """Asserts that an import agrees on every example of the config's size with the network, computed in float64."""
    comparison = COMPARISONS[kind]
    network = network.double()
    module = find_kind(kind, config).network.module
    absolute = 1e-9 if config.dtype == "float64" else comparison.absolute
    apply = jax.jit(lambda variables, *inputs: comparison.ours(module, variables, *inputs))
    for each in examples(config.data.size):
        inputs = comparison.inputs(each)
        with torch.no_grad():
            theirs = comparison.theirs(network, *(torch.from_numpy(x).permute(0, 3, 1, 2).double() for x in inputs))
        theirs = [x.permute(0, 2, 3, 1) if x.ndim == 4 else x for x in jax.tree.leaves(theirs)]
        for our, their in zip(jax.tree.leaves(apply(variables, *inputs)), theirs, strict=True):
            their = their.numpy()
            assert our.shape == their.shape
            assert their.std() > 0.01, "a constant would prove nothing"
            allowed = absolute + comparison.relative * np.abs(their).max()
            difference = np.abs(our - their).max()
            print(f"{kind}, {config.data.size} px: {our.shape} differ by {difference:.1e}, {allowed:.1e} allowed")
            assert difference <= allowed


@pytest.fixture(autouse=True)
def _optimised():
    """As users compile it: with little optimisation, XLA sums the pixels of a norm one after another, less exactly."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "1")


@pytest.mark.slow
@pytest.mark.parametrize("kind", TASKS)
def test_at_the_published_widths(kind):
    """At 256 px, where PyTorch takes seconds; the MaskVAE then halves once less, so its widest layer is left out.

    The generator, through whose norms the rounding of float32 grows to 1e-4, is computed in float64 on both sides, at
    128 px.
    """
    config = find_kind(kind).config
    config.data.size = 128 if kind == "generator" else 256
    config.dtype = "float64" if kind == "generator" else "float32"
    if "mask_vae" in config.networks:
        config.networks.mask_vae.widths = config.networks.mask_vae.widths[:6]
    network = reference(kind, config)
    arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    variables, _ = weights.to_variables(arrays, mapping_of(kind, config))

    with jax.enable_x64(kind == "generator"):
        compare(kind, config, network, jax.device_put(variables))


@pytest.mark.slow
@pytest.mark.parametrize("kind", TASKS)
def test_at_512_px_from_a_file(kind, tmp_path):
    """Small widths, and the whole way: written by PyTorch, imported, read from the folder."""
    config = small_config(kind)
    config.data.size = 512
    if "mask_vae" in config.networks:
        config.networks.mask_vae.widths = (4, 4, 4, 4, 6, 6, 8)
    network = reference(kind, config)
    import_model(save(network.state_dict(), tmp_path / "in.pth"), tmp_path / "model", kind, config)

    name = find_kind(kind, config).name
    compare(kind, config, network, load_network(tmp_path / "model", name, "test").variables[name])
