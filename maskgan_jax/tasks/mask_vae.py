"""Stage 1: the MaskVAE alone, on masks (paper, Eq. 1-3)."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer, PyTree, UInt8

from maskgan_jax import losses
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.tasks.dtype import computation_dtype
from maskgan_jax.tasks.optimiser import adam
from maskgan_jax.tasks.pixels import one_hot
from maskgan_jax.tasks.rows import deinterleave, interleave
from maskgan_jax.tasks.segmentation import confusion, finalize_metrics
from maskgan_jax.tasks.task import Batch, InferenceFunction, Metrics, Network, Optimiser, Task, TrainState, Variables
from maskgan_jax.tasks.update import step_with_batch_norm, update


class MaskVaeTraining(NamedTuple):
    """What a config makes of this task.

    Attributes:
      network: the MaskVAE.
      update: `update` with the task's optimiser.
      seed: of the noise.
      lambda_kl: weight of the KL term.
      lambda_dice: weight of the Dice loss.
      lambda_inter: for the simulated edits that are visualized, as in EBST.
    """

    network: MaskVAE
    update: Callable
    seed: int
    lambda_kl: float
    lambda_dice: float
    lambda_inter: float


def make(config) -> Task:
    """Build the task from `config.networks.mask_vae`, `.losses`, `.optimiser`, `.lambda_inter`, `.seed` and
    `.accumulation_steps`.
    """
    network = make_network(config)
    optimisers = {"mask_vae": Optimiser(adam(config), ("mask_vae",))}
    system = MaskVaeTraining(
        network,
        partial(update, optimisers, config.accumulation_steps),
        config.seed,
        config.losses.lambda_kl,
        config.losses.lambda_dice,
        config.lambda_inter,
    )
    return Task(
        inputs=("mask_t", "mask_ref"),
        networks={"mask_vae": describe(network)},
        pretrained=(),
        optimisers=optimisers,
        step=partial(step, system),
        evaluate=partial(evaluate, system),
        finalize_metrics=finalize_metrics,
        visualize=partial(visualize, system),
        inference=inference(network),
    )


def step(system: MaskVaeTraining, state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
    """Update the MaskVAE on masks whose codes are sampled with noise that depends on the seed and the step."""
    rng = jax.random.fold_in(jax.random.key(system.seed), state.step)
    noise = jax.random.normal(rng, (len(batch["mask_t"]), system.network.latent_size))
    loss = partial(reconstruction_loss, system)
    masks = {"mask_t": batch["mask_t"], "noise": noise}
    return step_with_batch_norm(system.update, state, "mask_vae", "mask_vae", loss, masks)


def reconstruction_loss(
    system: MaskVaeTraining, batch_stats: PyTree, params: PyTree, batch: Batch
) -> tuple[Float[Array, ""], tuple[tuple[Metrics, PyTree], Any]]:
    """Compute cross-entropy + lambda_kl * KL + lambda_dice * Dice; also the batch statistics after this batch."""
    variables = {"params": params["mask_vae"], "batch_stats": batch_stats}
    (logits, mean, log_variance), updated = system.network.apply(
        variables, one_hot(batch["mask_t"]), batch["noise"], train=True, mutable=["batch_stats"]
    )
    labels = batch["mask_t"].astype(jnp.int32)
    terms = {"reconstruction": losses.cross_entropy(logits, labels), "kl": losses.kl_divergence(mean, log_variance)}
    total = terms["reconstruction"] + system.lambda_kl * terms["kl"]
    if system.lambda_dice:
        terms["dice"] = losses.dice(logits, labels)
        total += system.lambda_dice * terms["dice"]
    return total, (({"loss": total, **terms}, updated["batch_stats"]), ())


def evaluate(system: MaskVaeTraining, state: TrainState, batch: Batch) -> Metrics:
    """Sum the confusion matrices of masks and their reconstructions."""
    predicted = reconstruct(system.network, state.variables("mask_vae"), batch["mask_t"])
    return {"confusion": confusion(batch["mask_t"], predicted, batch["weight"])}


def visualize(system: MaskVaeTraining, state: TrainState, batch: Batch) -> dict[str, Array]:
    """Return each mask, its reconstruction, and the edits that EBST would simulate."""
    variables = state.variables("mask_vae")
    mask_inter, mask_outer = simulate_edits(
        system.network, variables, batch["mask_t"], batch["mask_ref"], system.lambda_inter
    )
    return {
        "M^t": batch["mask_t"],
        "reconstruction": reconstruct(system.network, variables, batch["mask_t"]),
        "M^ref": batch["mask_ref"],
        "M^inter": mask_inter,
        "M^outer": mask_outer,
    }


def make_network(config) -> MaskVAE:
    """Build the MaskVAE of `config.networks.mask_vae` at the size of `config.data.size`."""
    return MaskVAE(size=config.data.size, dtype=computation_dtype(config.dtype), **config.networks.mask_vae)


def describe(network: MaskVAE) -> Network:
    """Return the MaskVAE as a network of a task."""
    mask = jax.ShapeDtypeStruct((1, network.size, network.size, network.num_classes), jnp.float32)
    noise = jax.ShapeDtypeStruct((1, network.latent_size), jnp.float32)
    return Network(network, (mask, noise), entry_names="maskgan_jax.interop.maskgan:mask_vae")


def reconstruct(network: MaskVAE, variables: Variables, labels: Integer[Array, "b h w"]) -> Integer[Array, "b h w"]:
    """Encode label maps to the means of their codes and decode those, by arg max."""
    mean, _ = network.apply(variables, one_hot(labels), method="encode")
    return network.apply(variables, mean, method="decode").argmax(-1)


def simulate_edits(
    network: MaskVAE,
    variables: Variables,
    mask_t: Integer[Array, "b h w"],
    mask_ref: Integer[Array, "b h w"],
    lambda_inter: float,
) -> tuple[Integer[Array, "b h w"], Integer[Array, "b h w"]]:
    """Return M^inter and M^outer: M^t moved towards and away from M^ref by 1 / lambda_inter of the way between codes.

    Paper, Algorithm 1, lines 3 to 7. Label maps in, label maps out.
    """
    z_t, _ = network.apply(variables, one_hot(mask_t), method="encode")
    z_ref, _ = network.apply(variables, one_hot(mask_ref), method="encode")
    move = (z_ref - z_t) / lambda_inter
    logits = network.apply(variables, interleave(z_t + move, z_t - move), method="decode")
    mask_inter, mask_outer = deinterleave(logits.argmax(-1), 2)
    return mask_inter, mask_outer


def inference(network: MaskVAE) -> dict[str, InferenceFunction]:
    """Return the MaskVAE's inference functions.

    `encode_mask`: label maps, uint8 (b s s), to codes, float32 (b z), the means of the posteriors.
    `decode_mask`: codes, float32 (b z), to label maps, uint8 (b s s).
    """
    mask = jax.ShapeDtypeStruct((network.size, network.size), jnp.uint8)
    code = jax.ShapeDtypeStruct((network.latent_size,), jnp.float32)
    return {
        "encode_mask": InferenceFunction(partial(_encode_mask, network), ("mask_vae",), (mask,)),
        "decode_mask": InferenceFunction(partial(_decode_mask, network), ("mask_vae",), (code,)),
    }


def _encode_mask(
    network: MaskVAE, variables: dict[str, Variables], masks: UInt8[Array, "b s s"]
) -> Float[Array, "b z"]:
    mean, _ = network.apply(variables["mask_vae"], one_hot(masks), method="encode")
    return mean


def _decode_mask(
    network: MaskVAE, variables: dict[str, Variables], codes: Float[Array, "b z"]
) -> UInt8[Array, "b s s"]:
    return network.apply(variables["mask_vae"], codes, method="decode").argmax(-1).astype(jnp.uint8)
