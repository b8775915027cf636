"""Adam and its learning rate, the same for every task."""

import optax


def learning_rate(config) -> optax.Schedule:
    """Return a rate that is constant for the first half of the run, then falls linearly to 0 (pix2pixHD)."""
    half = config.num_train_steps // 2
    peak = config.optimiser.learning_rate
    decay = optax.linear_schedule(peak, 0.0, config.num_train_steps - half)
    return optax.join_schedules([optax.constant_schedule(peak), decay], [half])


def adam(config) -> optax.GradientTransformation:
    """Return Adam with the betas and the learning rate of `config.optimiser`."""
    return optax.adam(learning_rate(config), b1=config.optimiser.b1, b2=config.optimiser.b2)
