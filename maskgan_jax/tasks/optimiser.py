"""Adam, its schedule and the moving average, the same for every task."""

import optax
from jaxtyping import PyTree


def learning_rate(config) -> optax.Schedule:
    """Constant for the first half of the run, then linear to 0 (pix2pixHD's `niter` and `niter_decay`)."""
    half = config.num_train_steps // 2
    peak = config.optimiser.learning_rate
    decay = optax.linear_schedule(peak, 0.0, config.num_train_steps - half)
    return optax.join_schedules([optax.constant_schedule(peak), decay], [half])


def adam(config) -> optax.GradientTransformation:
    """Adam with the betas and the learning rate of `config.optimiser`."""
    return optax.adam(learning_rate(config), b1=config.optimiser.b1, b2=config.optimiser.b2)


def update(
    optimiser: optax.GradientTransformation, gradients: PyTree, opt_state: optax.OptState, params: PyTree
) -> tuple[PyTree, optax.OptState]:
    """One step of an optimiser: the next parameters and its next state."""
    updates, opt_state = optimiser.update(gradients, opt_state, params)
    return optax.apply_updates(params, updates), opt_state


def moving_average(average: PyTree, params: PyTree, decay: float) -> PyTree:
    """`decay * average + (1 - decay) * params`, leaf by leaf."""
    return optax.incremental_update(params, average, 1 - decay)
