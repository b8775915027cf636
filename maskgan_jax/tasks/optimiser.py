"""Adam and its learning rate: as every task has it, or as ELEGANT."""

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


def decaying_adam(config) -> optax.GradientTransformation:
    """Return Adam on gradients to which L2 regularisation is added, with a learning rate that falls in stairs.

    As `torch.optim.Adam` with `weight_decay`, and `StepLR`: `config.optimiser.l2` times the parameters is part of the
    gradient, and the rate is multiplied by `decay_factor` after every `decay_every_steps` updates.
    """
    settings = config.optimiser
    rate = optax.exponential_decay(
        settings.learning_rate, settings.decay_every_steps, settings.decay_factor, staircase=True
    )
    return optax.chain(optax.add_decayed_weights(settings.l2), optax.adam(rate, b1=settings.b1, b2=settings.b2))
