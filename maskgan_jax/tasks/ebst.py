"""Stage 3: Editing Behaviour Simulated Training, from a trained MaskVAE and Dense Mapping Network (paper, Alg. 1)."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, PyTree

from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.tasks import adversarial, dense_mapping, mask_vae
from maskgan_jax.tasks.interleaving import deinterleave, interleave
from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.optimiser import adam, moving_average, update
from maskgan_jax.tasks.task import Batch, Scalars, Start, Task, TrainState, one_hot, psnr, to_image


class Target(NamedTuple):
    """Photos and masks of a step, the simulated edits of those, and what is seen in the photos."""

    image_t: Float[Array, "b h w 3"]
    mask_t: Float[Array, "b h w k"]
    mask_inter: Integer[Array, "b h w"]
    mask_outer: Integer[Array, "b h w"]
    real: adversarial.RealFeatures


def make(config) -> Task:
    """Builds the task from `config.networks`, `.remat`, `.losses`, `.optimiser`, `.accumulation_steps`,
    `.average_decay`, `.lambda_inter` and `.updates`.

    It begins with a trained MaskVAE and Dense Mapping Network; discriminator and blender are trained ones or begin at
    random, as `config.init` says.

    G_A and G_B share the generator's weights. `config.updates` is `sequential`, as in Algorithm 1: G_A's update, then
    G_B's at the parameters that it left; or `joint`: one backward pass of both losses, with G_B's optimiser.
    """
    networks = adversarial.networks_of(config)
    generator = networks.generator
    vae = mask_vae.network_of(config)
    blender = alpha_blender_of(config).clone(remat=config.remat)
    optimiser = adam(config)

    def draw_params(name: str, rng: Array) -> Start:
        """Random parameters of generator, discriminator or blender, under the network's name."""
        if name == "alpha_blender":
            image = jnp.zeros((1, config.data.size, config.data.size, 3))
            return {"params": {name: blender.init(rng, image, image)["params"]}}
        return {"params": {name: adversarial.init_params(networks, rng, config.data.size)[name]}}

    starts = {
        "mask_vae": lambda rng: mask_vae.init_variables(vae, rng),
        "dense_mapping": partial(draw_params, "generator"),
    }
    if config.init.discriminator != "new":
        starts["discriminator"] = partial(draw_params, "discriminator")
    if config.init.alpha_blender:
        starts["alpha_blender"] = partial(draw_params, "alpha_blender")
    if config.losses.lambda_percept:
        starts["vgg19"] = lambda rng: adversarial.vgg19_start(networks, rng)

    def init(rng: Array, starts: Mapping[str, Start]) -> TrainState:
        params = {name: params for start in starts.values() for name, params in start["params"].items()}
        for name in ("discriminator", "alpha_blender"):
            if name not in params:
                params |= draw_params(name, rng)["params"]
        opt_state = {
            "generator_b": optimiser.init(_editing_params(params)),
            "discriminator": optimiser.init(params["discriminator"]),
        }
        if config.updates == "sequential":
            opt_state["generator_a"] = optimiser.init(params["generator"])
        return TrainState(
            step=jnp.int32(0),
            params=params,
            batch_stats=starts["mask_vae"]["batch_stats"],
            opt_state=opt_state,
            average={"generator": params["generator"]} if config.average_decay else {},
        )

    def simulate_edits(state: TrainState, batch: Batch) -> tuple[Array, Array]:
        variables = mask_vae.variables_of(state)
        return mask_vae.simulate_edits(vae, variables, batch["mask_t"], batch["mask_ref"], config.lambda_inter)

    def draw_edits(
        params: PyTree, style: Array, mask_inter: Array, mask_outer: Array
    ) -> tuple[Array, Array, Array, Array]:
        """I^inter, I^outer, I^blend and alpha; the two edits go through the backbone as one batch."""
        masks = one_hot(interleave(mask_inter, mask_outer))
        variables = {"params": params["generator"]}
        drawn = generator.apply(variables, masks, interleave(style, style), method="generate")
        image_inter, image_outer = deinterleave(drawn, 2)
        image_blend, alpha = blender.apply({"params": params["alpha_blender"]}, image_inter, image_outer)
        return image_inter, image_outer, image_blend, alpha

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Scalars]:
        params, opt_state = dict(state.params), dict(state.opt_state)

        def look_at(part: Mapping[str, Array]) -> Target:
            image_t, mask_t = to_image(part["image_t"]), one_hot(part["mask_t"])
            real = adversarial.real_features(config, networks, state.params, mask_t, image_t)
            return Target(image_t, mask_t, *simulate_edits(state, part), real)

        def encode_style(generator_params: PyTree, target: Target) -> Float[Array, "b s"]:
            return generator.apply({"params": generator_params}, target.image_t, target.mask_t, method="encode_style")

        def generator_loss(drawn: Float[Array, "b h w 3"], target: Target):
            total, terms = adversarial.generator_loss(
                config, networks, state.params, target.mask_t, target.image_t, drawn, target.real
            )
            return total, (terms, drawn)

        def loss_a(generator_params: PyTree, style: Array, target: Target):
            variables = {"params": generator_params}
            return generator_loss(generator.apply(variables, target.mask_t, style, method="generate"), target)

        def loss_b(editing_params: PyTree, style: Array, target: Target):
            _, _, blend, _ = draw_edits(editing_params, style, target.mask_inter, target.mask_outer)
            return generator_loss(blend, target)

        def loss_joint(editing_params: PyTree, target: Target):
            style = encode_style(editing_params["generator"], target)
            total_a, aux_a = loss_a(editing_params["generator"], style, target)
            total_b, aux_b = loss_b(editing_params, style, target)
            return total_a + total_b, (aux_a, aux_b)

        def differentiate_discriminator(target: Target, fake: Array, blend: Array):
            return jax.value_and_grad(
                lambda p: adversarial.discriminator_loss(
                    config, networks, p, target.mask_t, target.image_t, fake, blend
                )
            )(params["discriminator"])

        def differentiate_a(part: Mapping[str, Array]):
            target = look_at(part)
            gradients, (terms, fake) = jax.grad(lambda p: loss_a(p, encode_style(p, target), target), has_aux=True)(
                params["generator"]
            )
            return (gradients, terms), fake

        def differentiate_b(part: Mapping[str, Array]):
            target = look_at(part)
            gradients, (terms, blend) = jax.grad(
                lambda p: loss_b(p, encode_style(p["generator"], target), target), has_aux=True
            )(_editing_params(params))
            return (gradients, terms, differentiate_discriminator(target, part["fake"], blend)), ()

        def differentiate_both(part: Mapping[str, Array]):
            target = look_at(part)
            gradients, ((terms_a, fake), (terms_b, blend)) = jax.grad(lambda p: loss_joint(p, target), has_aux=True)(
                _editing_params(params)
            )
            return (gradients, terms_a, terms_b, differentiate_discriminator(target, fake, blend)), ()

        if config.updates == "sequential":
            (gradients, terms_a), fake = over_microbatches(differentiate_a, batch, config.accumulation_steps)
            params["generator"], opt_state["generator_a"] = update(
                optimiser, gradients, opt_state["generator_a"], params["generator"]
            )
            (editing_gradients, terms_b, (discriminator, discriminator_gradients)), _ = over_microbatches(
                differentiate_b, batch | {"fake": fake}, config.accumulation_steps
            )
        else:
            (editing_gradients, terms_a, terms_b, (discriminator, discriminator_gradients)), _ = over_microbatches(
                differentiate_both, batch, config.accumulation_steps
            )
        editing_params, opt_state["generator_b"] = update(
            optimiser, editing_gradients, opt_state["generator_b"], _editing_params(params)
        )
        params |= editing_params
        params["discriminator"], opt_state["discriminator"] = update(
            optimiser, discriminator_gradients, opt_state["discriminator"], params["discriminator"]
        )
        average = {
            name: moving_average(previous, params[name], config.average_decay)
            for name, previous in state.average.items()
        }
        scalars = (
            adversarial.prefixed("generator_a", terms_a)
            | adversarial.prefixed("generator_b", terms_b)
            | {"discriminator": discriminator}
        )
        return TrainState(state.step + 1, params, state.batch_stats, opt_state, average), scalars

    def edited(state: TrainState, batch: Batch) -> dict[str, Array]:
        """Everything that one iteration draws, with the weights for inference."""
        image_t, mask_t = to_image(batch["image_t"]), one_hot(batch["mask_t"])
        params = state.params | {"generator": state.inference_params("generator")}
        variables = {"params": params["generator"]}
        style = generator.apply(variables, image_t, mask_t, method="encode_style")
        mask_inter, mask_outer = simulate_edits(state, batch)
        image_inter, image_outer, image_blend, alpha = draw_edits(params, style, mask_inter, mask_outer)
        return {
            "I^t": image_t,
            "M^t": batch["mask_t"],
            "G(M^t, M^t, I^t)": generator.apply(variables, mask_t, style, method="generate"),
            "M^inter": mask_inter,
            "M^outer": mask_outer,
            "I^inter": image_inter,
            "I^outer": image_outer,
            "alpha": 2 * alpha - 1,
            "I^blend": image_blend,
        }

    def evaluate(state: TrainState, batch: Batch) -> Scalars:
        pictures = edited(state, batch)
        weight, image_t = batch["weight"], pictures["I^t"]
        return {
            "examples": weight.sum(),
            "psnr": (weight * psnr(pictures["G(M^t, M^t, I^t)"], image_t)).sum(),
            "blend_psnr": (weight * psnr(pictures["I^blend"], image_t)).sum(),
        }

    return Task(starts, init, step, evaluate, dense_mapping.summarise, edited)


def alpha_blender_of(config) -> AlphaBlender:
    """The alpha blender of `config.networks.alpha_blender`."""
    return AlphaBlender(dtype=jnp.dtype(config.dtype), **config.networks.alpha_blender)


def _editing_params(params: PyTree) -> PyTree:
    """What G_B's update moves: the generator and the blender."""
    return {name: params[name] for name in ("generator", "alpha_blender")}
