"""Stage 1: the MaskVAE alone, on masks (paper, Eq. 1-3)."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Integer

from maskgan_jax import losses
from maskgan_jax.networks.mask_vae import MaskVAE
from maskgan_jax.tasks.interleaving import deinterleave, interleave
from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.optimiser import adam, update
from maskgan_jax.tasks.segmentation import confusion, summarise
from maskgan_jax.tasks.task import Batch, Scalars, Start, Task, TrainState, one_hot


def make(config) -> Task:
    """Builds the task from `config.networks.mask_vae`, `.losses`, `.optimiser`, `.lambda_inter` and
    `.accumulation_steps`.
    """
    network = network_of(config)
    optimiser = adam(config)

    def init(rng: Array, starts: Mapping[str, Start]) -> TrainState:
        variables = init_variables(network, rng)
        params, batch_stats = variables["params"], variables["batch_stats"]
        opt_state = {"mask_vae": optimiser.init(params["mask_vae"])}
        return TrainState(jnp.int32(0), params, batch_stats, opt_state, average={})

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Scalars]:
        rng = jax.random.fold_in(jax.random.key(config.seed), state.step)
        noise = jax.random.normal(rng, (len(batch["mask_t"]), network.latent_size))

        def differentiate(part: Mapping[str, Array]):
            def loss_fn(params):
                variables = {"params": params, "batch_stats": state.batch_stats["mask_vae"]}
                outputs, updates = network.apply(
                    variables, one_hot(part["mask_t"]), part["noise"], train=True, mutable=["batch_stats"]
                )
                logits, mean, log_variance = outputs
                reconstruction = losses.cross_entropy(logits, part["mask_t"].astype(jnp.int32))
                kl = losses.kl_divergence(mean, log_variance)
                total = reconstruction + config.losses.lambda_kl * kl
                return total, ({"loss": total, "reconstruction": reconstruction, "kl": kl}, updates["batch_stats"])

            return jax.grad(loss_fn, has_aux=True)(state.params["mask_vae"]), ()

        seen = {"mask_t": batch["mask_t"], "noise": noise}
        (gradients, (scalars, batch_stats)), _ = over_microbatches(differentiate, seen, config.accumulation_steps)
        params, opt_state = update(optimiser, gradients, state.opt_state["mask_vae"], state.params["mask_vae"])
        new_state = TrainState(
            step=state.step + 1,
            params={"mask_vae": params},
            batch_stats={"mask_vae": batch_stats},
            opt_state={"mask_vae": opt_state},
            average={},
        )
        return new_state, scalars

    def evaluate(state: TrainState, batch: Batch) -> Scalars:
        predicted = reconstruct(network, variables_of(state), batch["mask_t"])
        return {"confusion": confusion(batch["mask_t"], predicted, batch["weight"])}

    def draw(state: TrainState, batch: Batch) -> dict[str, Array]:
        variables = variables_of(state)
        mask_inter, mask_outer = simulate_edits(
            network, variables, batch["mask_t"], batch["mask_ref"], config.lambda_inter
        )
        return {
            "M^t": batch["mask_t"],
            "reconstruction": reconstruct(network, variables, batch["mask_t"]),
            "M^ref": batch["mask_ref"],
            "M^inter": mask_inter,
            "M^outer": mask_outer,
        }

    return Task({}, init, step, evaluate, summarise, draw)


def network_of(config) -> MaskVAE:
    """The MaskVAE of `config.networks.mask_vae` at the size of `config.data.size`."""
    return MaskVAE(size=config.data.size, dtype=jnp.dtype(config.dtype), **config.networks.mask_vae)


def init_variables(network: MaskVAE, rng: Array) -> Start:
    """Random parameters and fresh batch statistics, under the network's name."""
    mask = jnp.zeros((1, network.size, network.size, network.num_classes))
    variables = network.init(rng, mask, jnp.zeros((1, network.latent_size)))
    return {name: {"mask_vae": variables[name]} for name in ("params", "batch_stats")}


def variables_of(state: TrainState) -> dict:
    """The MaskVAE's variables as Flax takes them."""
    return {"params": state.params["mask_vae"], "batch_stats": state.batch_stats["mask_vae"]}


def reconstruct(network: MaskVAE, variables, labels: Integer[Array, "b h w"]) -> Integer[Array, "b h w"]:
    """Label maps through the mean of their codes and back, by arg max."""
    mean, _ = network.apply(variables, one_hot(labels), method="encode")
    return network.apply(variables, mean, method="decode").argmax(-1)


def simulate_edits(
    network: MaskVAE, variables, mask_t: Integer[Array, "b h w"], mask_ref: Integer[Array, "b h w"], lambda_inter: float
) -> tuple[Integer[Array, "b h w"], Integer[Array, "b h w"]]:
    """M^inter and M^outer: M^t moved in the code space towards M^ref and away from it by 1 / lambda_inter of the way.

    Paper, Algorithm 1, lines 3 to 7. Label maps in, label maps out.
    """
    z_t, _ = network.apply(variables, one_hot(mask_t), method="encode")
    z_ref, _ = network.apply(variables, one_hot(mask_ref), method="encode")
    move = (z_ref - z_t) / lambda_inter
    logits = network.apply(variables, interleave(z_t + move, z_t - move), method="decode")
    mask_inter, mask_outer = deinterleave(logits.argmax(-1), 2)
    return mask_inter, mask_outer
