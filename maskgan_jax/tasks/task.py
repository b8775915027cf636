"""What every task is made of, and the arrays that go through all of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypedDict

import flax.struct
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int32, PyTree, UInt8

from data_pipeline.labels import NUM_CLASSES


class Batch(TypedDict):
    """Examples as the data pipeline ships them; `weight` is there in evaluation only, 0 on rows that only fill up."""

    image_t: UInt8[Array, "b h w 3"]
    mask_t: UInt8[Array, "b h w"]
    mask_ref: UInt8[Array, "b h w"]
    index: Int32[Array, " b"]
    weight: Float[Array, " b"]


@flax.struct.dataclass
class TrainState:
    """All that a run is: what it saves and goes on from.

    The fields are trees, of arrays or of whatever a tree map makes of those.

    Attributes:
      step: steps taken, int32 scalar.
      params: parameters by network.
      batch_stats: running batch statistics by network, where a network has any.
      opt_state: state by optimiser.
      average: moving average of the parameters by network, where the run keeps one.
    """

    step: PyTree
    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    average: PyTree

    def inference_params(self, network: str) -> PyTree:
        """The moving average of a network where the run keeps one, else its parameters."""
        return self.average.get(network, self.params[network])


Start = dict[str, dict[str, PyTree]]
"""The part of another run's `TrainState` that a task begins with: `params` and `batch_stats`, by network."""

Scalars = dict[str, Array]


class Task(NamedTuple):
    """One thing that can be trained; every member is a pure function of arrays.

    Attributes:
      starts: entry of `config.init` to a function that draws, from a key, random values in place of that start: its
        shapes are what a file must hold.
      init: key and the starts to the state of step 0.
      step: state and training batch to the next state and the losses by name.
      evaluate: state and evaluation batch to sums over the batch's examples.
      summarise: the sums over all batches, on the host, to the figures that are reported.
      draw: state and batch to the columns of a picture, one row an example: images in [-1, 1] as floats
        (b h w 3), label maps as integers (b h w).
    """

    starts: Mapping[str, Callable[[Array], Start]]
    init: Callable[[Array, Mapping[str, Start]], TrainState]
    step: Callable[[TrainState, Batch], tuple[TrainState, Scalars]]
    evaluate: Callable[[TrainState, Batch], Scalars]
    summarise: Callable[[Mapping[str, Any]], dict[str, float]]
    draw: Callable[[TrainState, Batch], dict[str, Array]]


def to_image(pixels: UInt8[Array, "b h w 3"]) -> Float[Array, "b h w 3"]:
    """8-bit pixels to float32 in [-1, 1]."""
    return pixels.astype(jnp.float32) / 127.5 - 1


def one_hot(labels: Array) -> Float[Array, "b h w 19"]:
    """Label maps to one-hot masks, float32; made on the device, for the host ships 1/76 of the bytes."""
    return jax.nn.one_hot(labels, NUM_CLASSES)


def psnr(image: Float[Array, "b h w 3"], truth: Float[Array, "b h w 3"]) -> Float[Array, " b"]:
    """Peak signal-to-noise ratio of each image in [-1, 1], in dB."""
    mse = jnp.square(image - truth).mean((1, 2, 3))
    return 10 * jnp.log10(4 / jnp.maximum(mse, 1e-10))
