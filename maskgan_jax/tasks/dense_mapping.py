"""Stage 2: the Dense Mapping Network alone, each photo drawn from its own mask and style (paper, Sec. 3.2)."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from maskgan_jax.tasks import adversarial
from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.optimiser import adam, moving_average, update
from maskgan_jax.tasks.task import Batch, Scalars, Start, Task, TrainState, one_hot, psnr, to_image


def make(config) -> Task:
    """Builds the task from `config.networks`, `.remat`, `.losses`, `.optimiser`, `.accumulation_steps` and
    `.average_decay`.
    """
    networks = adversarial.networks_of(config)
    generator = networks.generator
    optimiser = adam(config)

    starts = {}
    if config.losses.lambda_percept:
        starts["vgg19"] = lambda rng: adversarial.vgg19_start(networks, rng)

    def init(rng: Array, starts: Mapping[str, Start]) -> TrainState:
        trained = adversarial.init_params(networks, rng, config.data.size)
        frozen = {name: params for start in starts.values() for name, params in start["params"].items()}
        return TrainState(
            step=jnp.int32(0),
            params=trained | frozen,
            batch_stats={},
            opt_state={name: optimiser.init(params) for name, params in trained.items()},
            average={"generator": trained["generator"]} if config.average_decay else {},
        )

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Scalars]:
        params, opt_state = dict(state.params), dict(state.opt_state)

        def differentiate(part: Batch):
            image_t, mask_t = to_image(part["image_t"]), one_hot(part["mask_t"])
            real = adversarial.real_features(config, networks, state.params, mask_t, image_t)

            def generator_loss(generator_params):
                fake = generator.apply({"params": generator_params}, mask_t, mask_t, image_t)
                total, terms = adversarial.generator_loss(config, networks, state.params, mask_t, image_t, fake, real)
                return total, (terms, fake)

            generator_gradients, (terms, fake) = jax.grad(generator_loss, has_aux=True)(state.params["generator"])

            def discriminator_loss(discriminator_params):
                return adversarial.discriminator_loss(config, networks, discriminator_params, mask_t, image_t, fake)

            discriminator, discriminator_gradients = jax.value_and_grad(discriminator_loss)(
                state.params["discriminator"]
            )
            scalars = adversarial.prefixed("generator", terms) | {"discriminator": discriminator}
            return ({"generator": generator_gradients, "discriminator": discriminator_gradients}, scalars), ()

        (gradients, scalars), _ = over_microbatches(differentiate, batch, config.accumulation_steps)
        for name, gradient in gradients.items():
            params[name], opt_state[name] = update(optimiser, gradient, opt_state[name], params[name])
        average = {
            name: moving_average(previous, params[name], config.average_decay)
            for name, previous in state.average.items()
        }
        return TrainState(state.step + 1, params, {}, opt_state, average), scalars

    def evaluate(state: TrainState, batch: Batch) -> Scalars:
        image_t, mask_t = to_image(batch["image_t"]), one_hot(batch["mask_t"])
        variables = {"params": state.inference_params("generator")}
        reconstruction = generator.apply(variables, mask_t, mask_t, image_t)
        weight = batch["weight"]
        return {
            "examples": weight.sum(),
            "psnr": (weight * psnr(reconstruction, image_t)).sum(),
            "l1": (weight * jnp.abs(reconstruction - image_t).mean((1, 2, 3))).sum(),
        }

    def draw(state: TrainState, batch: Batch) -> dict[str, Array]:
        image_t, mask_t = to_image(batch["image_t"]), one_hot(batch["mask_t"])
        variables = {"params": state.inference_params("generator")}
        style = generator.apply(variables, image_t, mask_t, method="encode_style")
        return {
            "I^t": image_t,
            "M^t": batch["mask_t"],
            "G(M^t, M^t, I^t)": generator.apply(variables, mask_t, style, method="generate"),
            "next row's style": generator.apply(variables, mask_t, jnp.roll(style, -1, axis=0), method="generate"),
        }

    return Task(starts, init, step, evaluate, summarise, draw)


def summarise(sums: Mapping[str, np.ndarray | np.generic]) -> dict[str, float]:
    """Means over the examples: of the reconstruction's PSNR in dB, of its absolute error in [-1, 1], and so on."""
    return {name: float(total / sums["examples"]) for name, total in sums.items() if name != "examples"}
