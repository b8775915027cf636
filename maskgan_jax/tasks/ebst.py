"""Stage 3: Editing Behaviour Simulated Training, from a trained MaskVAE and Dense Mapping Network (paper, Alg. 1)."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, PyTree

from maskgan_jax.networks.alpha_blender import AlphaBlender
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.tasks import dense_mapping, gan, mask_vae
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.microbatches import with_entries
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import psnr, to_image
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.task import Batch, Metrics, Network, Optimiser, Pretrained, Task, TrainState
from maskgan_jax.tasks.update import finish_step, update


class Ebst(NamedTuple):
    """What a config makes of this task.

    Attributes:
      gan: generator, discriminator, VGG19 and loss settings.
      mask_vae: simulates edits; frozen.
      alpha_blender: blends the two edited images.
      update: `update` with the task's optimisers.
      sequential: G_A's update before G_B's gradient, as in Algorithm 1; else one backward pass of both losses.
      lambda_inter: a simulated edit goes 1 / lambda_inter of the way between two codes.
      microbatches: parts that a batch is computed in.
      ema_decay: of the generator's EMA.
    """

    gan: gan.Gan
    mask_vae: MaskVAE
    alpha_blender: AlphaBlender
    update: Callable
    sequential: bool
    lambda_inter: float
    microbatches: int
    ema_decay: float


def make(config) -> Task:
    """Build the task from `config.networks`, `.losses`, `.optimiser`, `.init`, `.lambda_inter`, `.updates`, `.remat`,
    `.accumulation_steps` and `.ema_decay`.
    """
    modules = gan.make_gan(config)
    vae = mask_vae.make_network(config)
    blender = AlphaBlender(dtype=computation_dtype(config.dtype), remat=config.remat, **config.networks.alpha_blender)
    sequential = config.updates == "sequential"
    optimisers = {"generator_a": Optimiser(adam(config), ("generator",))} if sequential else {}
    optimisers["generator_b"] = Optimiser(adam(config), ("generator", "alpha_blender"))
    optimisers["discriminator"] = Optimiser(adam(config), ("discriminator",))
    microbatches = config.accumulation_steps
    system = Ebst(
        modules, vae, blender, partial(update, optimisers, microbatches), sequential, config.lambda_inter,
        microbatches, config.ema_decay,
    )  # fmt: skip
    image = jax.ShapeDtypeStruct((1, config.data.size, config.data.size, 3), jnp.float32)
    return Task(
        inputs=("image_t", "mask_t", "mask_ref"),
        networks={
            **gan.gan_networks(config, modules),
            "mask_vae": mask_vae.describe(vae),
            "alpha_blender": Network(blender, (image, image), entry_names="maskgan_jax.interop.maskgan:blender"),
        },
        pretrained=_pretrained(config),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=dense_mapping.finalize_metrics,
        visualize=partial(visualize, system),
        inference={**gan.generator_inference(config, modules.generator), **mask_vae.inference(vae)},
    )


def _pretrained(config) -> tuple[Pretrained, ...]:
    """MaskVAE and generator are always trained ones; discriminator and blender as `config.init` says."""
    variant = f":{config.variant}" if config.variant else ""
    train = f"Train it: python -m maskgan_jax.main --config=configs/{{}}.py{variant}"
    pretrained = [
        Pretrained("mask_vae", ("mask_vae",), train.format("mask_vae")),
        Pretrained("dense_mapping", ("generator",), train.format("dense_mapping")),
        *gan.pretrained_discriminator(config),
    ]
    if config.init.alpha_blender:
        remedy = "Begin with a random one: --config.init.alpha_blender="
        pretrained.append(Pretrained("alpha_blender", ("alpha_blender",), remedy))
    return (*pretrained, *gan.pretrained_vgg19(config))


def step(ebst: Ebst, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Take one step of Algorithm 1; G_A and G_B share the generator's weights."""
    # Lines 3-7: simulate the edits. These masks and the features of the real photos serve all updates below.
    batch = with_entries(partial(prepare, ebst, state), batch, ebst.microbatches)
    frozen = state.params

    if ebst.sequential:
        # Line 8: update G_A. Line 9: update G_B and the blender, beginning with the generator that line 8 left.
        a = ebst.update(state, "generator_a", partial(loss_a, ebst, frozen), batch)
        b = ebst.update(a.state, "generator_b", partial(loss_b, ebst, frozen), batch)
        losses, fakes = gan.reported("generator_a", a.means, a), (a.rows, b.rows)
        losses |= gan.reported("generator_b", b.means, b)
    else:
        b = ebst.update(state, "generator_b", partial(loss_joint, ebst, frozen), batch)
        (terms_a, terms_b), fakes = b.means, b.rows
        losses = gan.reported("generator_a", terms_a, b) | gan.reported("generator_b", terms_b, b)

    # D, which the paper's listing leaves out: the photo against its reconstruction and the blend.
    d = ebst.update(b.state, "discriminator", partial(gan.discriminator_loss, ebst.gan), {**batch, "fakes": fakes})
    return finish_step(d.state, ebst.ema_decay), losses | gan.reported("discriminator", d.means, d)


def prepare(ebst: Ebst, state: TrainState, batch: Batch) -> dict[str, Any]:
    """Return the simulated edits, `mask_inter` and `mask_outer`, and the features of the real photos, `real`."""
    mask_inter, mask_outer = mask_vae.simulate_edits(
        ebst.mask_vae, state.variables("mask_vae"), batch["mask_t"], batch["mask_ref"], ebst.lambda_inter
    )
    features = gan.real_features(ebst.gan, state.params, batch)
    return {"mask_inter": mask_inter, "mask_outer": mask_outer, **features}


def loss_a(ebst: Ebst, frozen: PyTree, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Metrics, Array]]:
    """Compute G_A's loss: G(M^t, M^t, I^t) against I^t. `frozen` holds discriminator and VGG19."""
    return _loss_a(ebst, frozen, params, encode_style(ebst, params, batch), batch)


def loss_b(ebst: Ebst, frozen: PyTree, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Metrics, Array]]:
    """Compute G_B's loss, the dual-editing consistency: I^blend against I^t. `frozen` as for `loss_a`."""
    return _loss_b(ebst, frozen, params, encode_style(ebst, params, batch), batch)


def loss_joint(ebst: Ebst, frozen: PyTree, params: PyTree, batch: Batch) -> tuple[Float[Array, ""], tuple[Any, Any]]:
    """Compute the sum of both losses, in one style encoding."""
    style = encode_style(ebst, params, batch)
    total_a, (terms_a, image) = _loss_a(ebst, frozen, params, style, batch)
    total_b, (terms_b, blend) = _loss_b(ebst, frozen, params, style, batch)
    return total_a + total_b, ((terms_a, terms_b), (image, blend))


def _loss_a(ebst: Ebst, frozen: PyTree, params: PyTree, style: Array, batch: Batch):
    image = generate(ebst, params, batch["mask_t"], style)
    total, terms = gan.generator_loss(ebst.gan, frozen, batch, image)
    return total, (terms, image)


def _loss_b(ebst: Ebst, frozen: PyTree, params: PyTree, style: Array, batch: Batch):
    blend = generate_edits(ebst, params, style, batch["mask_inter"], batch["mask_outer"])["I^blend"]
    total, terms = gan.generator_loss(ebst.gan, frozen, batch, blend)
    return total, (terms, blend)


def encode_style(ebst: Ebst, params: PyTree, batch: Batch) -> Float[Array, "b s"]:
    """Encode the photos with their masks."""
    image_t = to_image(batch["image_t"])
    return ebst.gan.generator.apply({"params": params["generator"]}, image_t, batch["mask_t"], method="encode_style")


def generate(
    ebst: Ebst, params: PyTree, mask: Integer[Array, "b h w"], style: Float[Array, "b s"]
) -> Float[Array, "b h w 3"]:
    """Generate images of label maps in the given styles."""
    return ebst.gan.generator.apply({"params": params["generator"]}, mask, style, method="generate")


def generate_edits(ebst: Ebst, params: PyTree, style: Array, mask_inter: Array, mask_outer: Array) -> dict[str, Array]:
    """Generate both simulated edits, as one batch, and blend them: `I^inter`, `I^outer`, `I^blend` and `alpha`."""
    masks = interleave(mask_inter, mask_outer)
    image_inter, image_outer = deinterleave(generate(ebst, params, masks, interleave(style, style)), 2)
    variables = {"params": params["alpha_blender"]}
    blend, alpha = ebst.alpha_blender.apply(variables, image_inter, image_outer)
    return {"I^inter": image_inter, "I^outer": image_outer, "alpha": alpha, "I^blend": blend}


def visualize(ebst: Ebst, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return every image and mask of one step, with the weights for inference."""
    params = {**state.params, "generator": state.inference_variables("generator")["params"]}
    style = encode_style(ebst, params, batch)
    mask_inter, mask_outer = mask_vae.simulate_edits(
        ebst.mask_vae, state.variables("mask_vae"), batch["mask_t"], batch["mask_ref"], ebst.lambda_inter
    )
    edits = generate_edits(ebst, params, style, mask_inter, mask_outer)
    return {
        "I^t": to_image(batch["image_t"]),
        "M^t": batch["mask_t"],
        "G(M^t, M^t, I^t)": generate(ebst, params, batch["mask_t"], style),
        "M^inter": mask_inter,
        "M^outer": mask_outer,
        **edits,
        "alpha": 2 * edits["alpha"] - 1,
    }


def evaluate(ebst: Ebst, state: TrainState, batch: Batch) -> Metrics:
    """Sum the PSNR of reconstructions and blends."""
    images, weight = visualize(ebst, state, batch), batch["weight"]
    return {
        "examples": weight.sum(),
        "psnr": (weight * psnr(images["G(M^t, M^t, I^t)"], images["I^t"])).sum(),
        "blend_psnr": (weight * psnr(images["I^blend"], images["I^t"])).sum(),
    }
