"""The face parser, on photos and their masks; the authors report a pixel accuracy of 0.9342 on a split of their own."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from data_pipeline.errors import UserError
from maskgan_jax import losses
from maskgan_jax.networks.face_parser import FaceParser
from maskgan_jax.tasks.microbatches import over_microbatches
from maskgan_jax.tasks.optimiser import adam, update
from maskgan_jax.tasks.segmentation import confusion, summarise
from maskgan_jax.tasks.task import Batch, Scalars, Start, Task, TrainState, to_image


def make(config) -> Task:
    """Builds the task from `config.networks.face_parser`, `config.optimiser` and `config.accumulation_steps`."""
    network = network_of(config)
    optimiser = adam(config)

    def init(rng: Array, starts: Mapping[str, Start]) -> TrainState:
        variables = network.init(rng, jnp.zeros((1, config.data.size, config.data.size, 3)))
        return TrainState(
            step=jnp.int32(0),
            params={"face_parser": variables["params"]},
            batch_stats={"face_parser": variables["batch_stats"]},
            opt_state={"face_parser": optimiser.init(variables["params"])},
            average={},
        )

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, Scalars]:
        def differentiate(part: Batch):
            def loss_fn(params):
                variables = {"params": params, "batch_stats": state.batch_stats["face_parser"]}
                image_t = to_image(part["image_t"])
                logits, updates = network.apply(variables, image_t, train=True, mutable=["batch_stats"])
                return losses.cross_entropy(logits, part["mask_t"].astype(jnp.int32)), updates["batch_stats"]

            return jax.value_and_grad(loss_fn, has_aux=True)(state.params["face_parser"]), ()

        ((loss, batch_stats), gradients), _ = over_microbatches(differentiate, batch, config.accumulation_steps)
        params, opt_state = update(optimiser, gradients, state.opt_state["face_parser"], state.params["face_parser"])
        new_state = TrainState(
            step=state.step + 1,
            params={"face_parser": params},
            batch_stats={"face_parser": batch_stats},
            opt_state={"face_parser": opt_state},
            average={},
        )
        return new_state, {"loss": loss}

    def evaluate(state: TrainState, batch: Batch) -> Scalars:
        parsed = parse(network, variables_of(state), to_image(batch["image_t"]))
        return {"confusion": confusion(batch["mask_t"], parsed, batch["weight"])}

    def draw(state: TrainState, batch: Batch) -> dict[str, Array]:
        image_t = to_image(batch["image_t"])
        parsed = parse(network, variables_of(state), image_t)
        wrong = (parsed != batch["mask_t"])[..., None]
        return {
            "I^t": image_t,
            "M^t": batch["mask_t"],
            "parsed": parsed,
            "where they differ": jnp.where(wrong, 1.0, 0.4 * image_t - 0.6),
        }

    return Task({}, init, step, evaluate, summarise, draw)


def network_of(config) -> FaceParser:
    """The face parser of `config.networks.face_parser`.

    Raises:
      UserError: photos of `config.data.size` can't be halved as often as the widths say.
    """
    network = FaceParser(dtype=jnp.dtype(config.dtype), **config.networks.face_parser)
    halvings = len(network.widths) - 1
    if config.data.size % 2**halvings:
        raise UserError(
            f"config.networks.face_parser.widths: {len(network.widths)} widths halve {config.data.size} px "
            f"{halvings} times, which leaves a fraction of a pixel; give fewer widths"
        )
    return network


def variables_of(state: TrainState) -> dict:
    """The face parser's variables as Flax takes them."""
    return {"params": state.params["face_parser"], "batch_stats": state.batch_stats["face_parser"]}


def parse(network: FaceParser, variables, image: Float[Array, "b h w 3"]) -> Integer[Array, "b h w"]:
    """Images in [-1, 1] to label maps, the likeliest class of every pixel."""
    return network.apply(variables, image).argmax(-1)
