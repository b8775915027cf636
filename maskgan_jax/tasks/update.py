"""One update of an optimiser, and the end of a step: what the steps of all tasks are made of."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import optax
from jaxtyping import Array, PyTree

from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.task import Batch, Optimiser, TrainState

Loss = Callable[[dict[str, PyTree], Batch], tuple[Array, tuple[Any, Any]]]
"""`(parameters by network, batch) -> (loss, (means, rows))`: see `over_microbatches` for the last two."""


def update(
    optimisers: Mapping[str, Optimiser], microbatches: int, state: TrainState, name: str, loss: Loss, batch: Batch
) -> tuple[TrainState, Any, Any]:
    """Update the networks of one optimiser by the gradient of a loss over a batch.

    Args:
      optimisers: of the task, by name.
      microbatches: number of parts to compute the gradient in.
      state: before the update; its step stays.
      name: of the optimiser; the loss is differentiated by the parameters of its networks.
      loss: a mean over examples.
      batch: trees of arrays (b ...).

    Returns:
      The state after the update, and the loss's means and rows at the parameters before it.
    """
    optimiser = optimisers[name]
    params = {network: state.params[network] for network in optimiser.networks}

    def differentiate(part: Batch) -> tuple[PyTree, PyTree]:
        gradients, (means, rows) = jax.grad(loss, has_aux=True)(params, part)
        return (gradients, means), rows

    (gradients, means), rows = over_microbatches(differentiate, batch, microbatches)
    updates, opt_state = optimiser.transformation.update(gradients, state.opt_state[name], params)
    state = state.replace(
        params={**state.params, **optax.apply_updates(params, updates)},
        opt_state={**state.opt_state, name: opt_state},
    )
    return state, means, rows


def finish_step(state: TrainState, ema_decay: float = 0.0) -> TrainState:
    """Count the step and move the EMA of each network that keeps one: `decay * ema + (1 - decay) * params`."""
    ema_params = {
        name: optax.incremental_update(state.params[name], ema, 1 - ema_decay) for name, ema in state.ema_params.items()
    }
    return state.replace(step=state.step + 1, ema_params=ema_params)
