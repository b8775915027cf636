"""One update of an optimiser, and the end of a step: what the steps of all tasks are made of."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PyTree

from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.task import Batch, Metrics, Optimiser, TrainState

Loss = Callable[[dict[str, PyTree], Batch], tuple[Array, tuple[Any, Any]]]
"""`(parameters by network, batch) -> (loss, (means, rows))`: see `over_microbatches` for the last two."""

BatchNormLoss = Callable[[PyTree, dict[str, PyTree], Batch], tuple[Array, tuple[Any, Any]]]
"""The same with a network's running statistics before the batch as its first argument."""


class Update(NamedTuple):
    """The outcome of an update.

    Attributes:
      state: after it; as it was before where loss or gradient are not finite.
      means: of the loss, at the parameters before the update.
      rows: likewise.
      gradient_norm: Euclidean norm of the gradient to all parameters of the optimiser.
      kept: whether loss and gradient are finite.
    """

    state: TrainState
    means: Any
    rows: Any
    gradient_norm: Float[Array, ""]
    kept: Bool[Array, ""]


def update(
    optimisers: Mapping[str, Optimiser], microbatches: int, state: TrainState, name: str, loss: Loss, batch: Batch
) -> Update:
    """Update the networks of one optimiser by the gradient of a loss over a batch.

    The norm of the gradient decides whether the update is finite, so that the new state is chosen where the optimiser
    computes it: no tensor of the state is read or kept a second time.

    Args:
      optimisers: of the task, by name.
      microbatches: number of parts to compute the gradient in.
      state: before the update; its step stays.
      name: of the optimiser; the loss is differentiated by the parameters of its networks.
      loss: a mean over examples.
      batch: trees of arrays (b ...).
    """
    optimiser = optimisers[name]
    params = {network: state.params[network] for network in optimiser.networks}

    def differentiate(part: Batch) -> tuple[PyTree, PyTree]:
        (value, (means, rows)), gradients = jax.value_and_grad(loss, has_aux=True)(params, part)
        return (value, gradients, means), rows

    (value, gradients, means), rows = over_microbatches(differentiate, batch, microbatches)
    gradient_norm = optax.global_norm(gradients)
    kept = jnp.isfinite(value) & jnp.isfinite(gradient_norm)
    updates, opt_state = optimiser.transformation.update(gradients, state.opt_state[name], params)
    state = state.replace(
        params={**state.params, **choose(kept, optax.apply_updates(params, updates), params)},
        opt_state={**state.opt_state, name: choose(kept, opt_state, state.opt_state[name])},
    )
    return Update(state, means, rows, gradient_norm, kept)


def step_with_batch_norm(
    update: Callable[..., Update], state: TrainState, name: str, network: str, loss: BatchNormLoss, batch: Batch
) -> tuple[TrainState, Metrics]:
    """Take the whole step of a task that has one optimiser and one network with batch norm.

    Args:
      update: this module's, with the task's optimisers.
      state: before the step.
      name: of the optimiser.
      network: whose running statistics move, unless loss or gradient are not finite.
      loss: its means are the losses to report and the statistics after the batch.
      batch: what the loss reads.
    """
    updated = update(state, name, partial(loss, state.batch_stats[network]), batch)
    terms, batch_stats = updated.means
    updated = with_batch_stats(updated, {network: batch_stats})
    return finish_step(updated.state), {**terms, "gradient_norm": updated.gradient_norm}


def with_batch_stats(updated: Update, batch_stats: Mapping[str, PyTree]) -> Update:
    """Return an update whose state has the running statistics after the batch, as before it if it was not kept.

    Args:
      updated: as `update` returns it, which leaves running statistics alone.
      batch_stats: after the batch, of the networks that the loss applied.
    """
    before = updated.state.batch_stats
    moved = choose(updated.kept, dict(batch_stats), {network: before[network] for network in batch_stats})
    return updated._replace(state=updated.state.replace(batch_stats={**before, **moved}))


def choose(condition: Bool[Array, ""], new: PyTree, old: PyTree) -> PyTree:
    """Return one of two trees of equal structure."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


def finish_step(state: TrainState, ema_decay: float = 0.0) -> TrainState:
    """Count the step and move the EMA of each network that keeps one: `decay * ema + (1 - decay) * params`."""
    ema_params = {
        name: optax.incremental_update(state.params[name], ema, 1 - ema_decay) for name, ema in state.ema_params.items()
    }
    return state.replace(step=state.step + 1, ema_params=ema_params)
