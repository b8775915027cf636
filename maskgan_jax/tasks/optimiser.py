"""Adam and its learning rate, the same for every task."""

import optax


def learning_rate(config, updates_per_step: int = 1, peak: str = "learning_rate") -> optax.Schedule:
    """Return a rate that is constant for `config.optimiser.constant_share` of the run, then falls linearly to 0.

    Args:
      config: of the run.
      updates_per_step: updates that the optimiser makes in a step; the schedule counts updates.
      peak: field of `config.optimiser` that holds the rate.
    """
    updates = config.num_train_steps * updates_per_step
    constant = int(updates * config.optimiser.constant_share)
    rate = config.optimiser[peak]
    decay = optax.linear_schedule(rate, 0.0, updates - constant)
    return optax.join_schedules([optax.constant_schedule(rate), decay], [constant])


def adam(config, updates_per_step: int = 1, peak: str = "learning_rate") -> optax.GradientTransformation:
    """Return Adam with the betas of `config.optimiser` and the rate of `learning_rate`."""
    rate = learning_rate(config, updates_per_step, peak)
    return optax.adam(rate, b1=config.optimiser.b1, b2=config.optimiser.b2)
