"""The protocol of a task: its networks, inputs, pretrained networks, step, metrics and inference functions."""

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import Array, Int32, PyTree

from data_pipeline.errors import UserError

Batch = Mapping[str, Any]
"""Batch entries by name, as `data_pipeline.batch_entries` lists them, and what a step adds to them."""

Metrics = dict[str, Array]
"""Scalars by name."""

Variables = Mapping[str, PyTree]
"""A network's variables as Flax takes them: `params` and, where it has batch or spectral norm, `batch_stats`."""


class Network(NamedTuple):
    """A network of a task.

    Attributes:
      module: the Flax module; its `__call__` reaches every parameter.
      inputs: shapes and dtypes of what `__call__` takes, for a batch of one.
      ema: whether the state keeps an exponential moving average of its parameters, for inference.
      entry_names: `package.module:function` of `maskgan_jax.interop` that gives the entry names of published PyTorch
        weights; where it is empty, entry names follow from the module's own names.
    """

    module: nn.Module
    inputs: tuple[jax.ShapeDtypeStruct, ...]
    ema: bool = False
    entry_names: str = ""


class Pretrained(NamedTuple):
    """Networks that a new run takes from another run, an import or a file of weights.

    Attributes:
      field: entry of `config.init` that says where they are.
      networks: their names, there and here.
      remedy: what a user can do where they are missing: the end of the error message.
    """

    field: str
    networks: tuple[str, ...]
    remedy: str


class Optimiser(NamedTuple):
    """An optimiser with the names of the networks whose parameters it updates."""

    transformation: optax.GradientTransformation
    networks: tuple[str, ...]


class InferenceFunction(NamedTuple):
    """What users and evaluations call: a pure function of trained variables and batches of arrays.

    Attributes:
      function: `(variables by network, *arrays) -> array`; every array has the batch as its first axis.
      networks: whose variables it reads.
      inputs: shape and dtype of one example of each array, without the batch axis.
    """

    function: Callable[..., Array]
    networks: tuple[str, ...]
    inputs: tuple[jax.ShapeDtypeStruct, ...]


@flax.struct.dataclass
class TrainState:
    """Everything that a run saves and resumes from.

    The fields are trees of arrays, or of what a tree map makes of arrays.

    Attributes:
      step: number of batches seen, int32 scalar.
      params: parameters by network.
      batch_stats: running statistics by network, for networks with batch norm or spectral norm.
      opt_state: state by optimiser.
      ema_params: exponential moving average of the parameters by network, for networks that keep one.
    """

    step: PyTree
    params: PyTree
    batch_stats: PyTree
    opt_state: PyTree
    ema_params: PyTree

    def variables(self, network: str) -> Variables:
        """Return a network's variables for training."""
        return _variables(self.params[network], self.batch_stats.get(network))

    def inference_variables(self, network: str) -> Variables:
        """Return a network's variables for inference: the EMA of its parameters where there is one."""
        return _variables(self.ema_params.get(network, self.params[network]), self.batch_stats.get(network))


class Task(NamedTuple):
    """One thing that can be trained; all functions are pure.

    Attributes:
      inputs: names of the batch entries that its functions read; `index` and, in evaluation, `weight` always come.
      networks: by name; a name is a network's key in the state and in checkpoints.
      pretrained: what a new run begins with; networks that none of these brings are initialised at random.
      optimisers: by name; networks that none of these updates stay as they are.
      step: state and training batch to the next state and the losses by name.
      evaluate: state and evaluation batch to sums over the batch's examples.
      finalize_metrics: the sums over all batches, on the host, to the metrics that are reported.
      visualize: state and batch to the columns of an image grid, one row per example: images in [-1, 1] as floats
        (b h w 3), label maps as integers (b h w).
      inference: inference functions by name. The editing session calls `encode_style` and `generate`, or `encode_parts`
        and `compose`; `encode_exemplar`, `inpaint` and `classify`; `set_attributes`; `exchange`; `parse`,
        `encode_mask` and `decode_mask`. `export` writes all.
      annotated: those of the inputs that come from a file of the data set which may be missing, in which case they are
        0: training without it is refused.
      differing: attributes of CelebA; if any are named, target and reference of each row differ in one of them, which
        the batch entry `differing_attribute` says.
    """

    inputs: tuple[str, ...]
    networks: Mapping[str, Network]
    pretrained: tuple[Pretrained, ...]
    optimisers: Mapping[str, Optimiser]
    step: Callable[[TrainState, Batch], tuple[TrainState, Metrics]]
    evaluate: Callable[[TrainState, Batch], Metrics]
    finalize_metrics: Callable[[Mapping[str, Any]], dict[str, float]]
    visualize: Callable[[TrainState, Batch], dict[str, Array]]
    inference: Mapping[str, InferenceFunction]
    annotated: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


def init_variables(name: str, network: Network, rng: Array) -> Variables:
    """Initialise a network at random; the name decides its part of the key, whatever other networks there are.

    Raises:
      UserError: the sizes in its config make no network.
    """
    inputs = [jnp.zeros(each.shape, each.dtype) for each in network.inputs]
    try:
        return network.module.init(jax.random.fold_in(rng, zlib.crc32(name.encode()) & 0x7FFFFFFF), *inputs)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error.args[0] if error.args else error).partition("\n")[0]
        raise UserError(f"config.networks.{name} and config.data.size make no such network ({reason})") from error


def variable_shapes(name: str, network: Network) -> Variables:
    """Return the shapes and dtypes of a network's variables.

    Raises:
      UserError: the sizes in its config make no network.
    """
    return dict(jax.eval_shape(partial(init_variables, name, network), jax.random.key(0)))


def init_state(task: Task, rng: Array, pretrained: Mapping[str, Variables]) -> TrainState:
    """Return the state of step 0.

    Args:
      task: whose networks to initialise.
      rng: key of the random initialisation.
      pretrained: variables of networks that come from elsewhere, by name.

    Raises:
      UserError: the sizes in a network's config make no network.
    """
    variables = {
        name: pretrained[name] if name in pretrained else init_variables(name, network, rng)
        for name, network in task.networks.items()
    }
    params = {name: each["params"] for name, each in variables.items()}
    return TrainState(
        step=_zero_steps(),
        params=params,
        batch_stats={name: each["batch_stats"] for name, each in variables.items() if "batch_stats" in each},
        opt_state={
            name: optimiser.transformation.init({network: params[network] for network in optimiser.networks})
            for name, optimiser in task.optimisers.items()
        },
        ema_params={name: params[name] for name, network in task.networks.items() if network.ema},
    )


def swap_levels(tree: Mapping[str, Mapping[str, PyTree]]) -> dict[str, dict[str, PyTree]]:
    """Swap the two upper levels of a tree: collections by network to networks by collection, or the reverse.

    Flax groups a network's arrays by collection (`params`, `batch_stats`); a state groups each collection by network.
    """
    swapped = {}
    for outer, branch in tree.items():
        for inner, leaf in branch.items():
            swapped.setdefault(inner, {})[outer] = leaf
    return swapped


def _zero_steps() -> Int32[Array, ""]:
    return jnp.zeros((), jnp.int32)


def _variables(params: PyTree, batch_stats: PyTree | None) -> Variables:
    return {"params": params} if batch_stats is None else {"params": params, "batch_stats": batch_stats}
