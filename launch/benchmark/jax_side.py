"""This project's side."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array
from ml_collections import ConfigDict

from launch.benchmark import process_memory
from launch.benchmark.workloads import (
    Settings,
    load_weights,
    make_batch,
    make_config,
    make_ebgan_config,
    make_features,
    make_portrait_config,
    networks_of,
)
from maskgan_jax import tasks
from maskgan_jax.devices import hardware
from maskgan_jax.devices.mesh import make_mesh, state_shardings, to_devices
from maskgan_jax.interop import weights
from maskgan_jax.interop.entries import mapping_of
from maskgan_jax.tasks.pixels import one_hot, to_image
from maskgan_jax.tasks.task import Network, init_state
from maskgan_jax.training.compiled_step import compiled_step


def prepare(settings: Settings) -> Callable[[], dict[str, Array]]:
    """Return what runs the work once, to its end, and returns its losses and norms of gradients by name."""
    config = make_config(settings.size, settings.batch_size, settings.vgg19, settings.dtype)
    prepare_work = {"EBST step": _ebst_step, "first edit": _first_edit, "later edit": _later_edit}
    return prepare_work.get(settings.work, _forward_and_backward)(settings, config)


def forget_peak_memory() -> None:
    """Let the peak begin anew, where the backend can."""
    if hardware.peak_memory() is None:
        process_memory.forget_peak()


def peak_memory() -> int:
    """Return the peak of bytes in use: on an accelerator since the start, on a CPU of the process."""
    in_use = hardware.peak_memory()
    return process_memory.peak() if in_use is None else in_use


def describe() -> dict[str, str]:
    """Return version and device."""
    return {"version": jax.__version__, "device": jax.devices()[0].device_kind}


def _networks(config: ConfigDict) -> dict[str, Network]:
    others = (make(config.data.size, config.dtype) for make in (make_ebgan_config, make_portrait_config))
    return {name: network for each in (*others, config) for name, network in tasks.make(each).networks.items()}


def _load(settings: Settings, name: str, network: Network) -> Any:
    arrays = load_weights(settings.weights, name)
    return jax.device_put(weights.to_variables(arrays, mapping_of(name, network))[0])


def _batch(settings: Settings) -> dict[str, Array]:
    return jax.device_put(make_batch(settings.size, settings.batch_size))


def _ebst_step(settings: Settings, config: ConfigDict) -> Callable[[], dict[str, Array]]:
    """Return the step as the training loop runs it."""
    task, mesh = tasks.make(config), make_mesh(config)
    variables = {name: _load(settings, name, network) for name, network in task.networks.items()}
    state = jax.jit(lambda rng, variables: init_state(task, rng, variables))(jax.random.key(0), variables)
    del variables
    shardings = state_shardings(state, mesh)
    batch = next(to_devices([make_batch(settings.size, settings.batch_size)], mesh))
    step = compiled_step(config, task, shardings, mesh, state, batch)
    states = [jax.device_put(state, shardings)]
    del state

    def work() -> dict[str, Array]:
        state, report = step(states.pop(), batch)
        states.append(jax.block_until_ready(state))
        return jax.block_until_ready(report.losses)

    return work


def _first_edit(settings: Settings, config: ConfigDict) -> Callable[[], dict[str, Array]]:
    network = _networks(config)["generator"]
    variables, batch = _load(settings, "generator", network), _batch(settings)

    @jax.jit
    def edit(variables, batch):
        image_t = to_image(batch["image_t"])
        return {"mean": network.module.apply(variables, batch["mask_ref"], batch["mask_t"], image_t).mean()}

    return lambda: jax.block_until_ready(edit(variables, batch))


def _later_edit(settings: Settings, config: ConfigDict) -> Callable[[], dict[str, Array]]:
    network = _networks(config)["generator"]
    variables, batch = _load(settings, "generator", network), _batch(settings)
    encode = jax.jit(lambda *inputs: network.module.apply(*inputs, method="encode_style"))
    style = encode(variables, to_image(batch["image_t"]), batch["mask_t"])

    @jax.jit
    def edit(variables, mask, style):
        return {"mean": network.module.apply(variables, mask, style, method="generate").mean()}

    return lambda: jax.block_until_ready(edit(variables, batch["mask_ref"], style))


def _forward_and_backward(settings: Settings, config: ConfigDict) -> Callable[[], dict[str, Array]]:
    """Return the gradient of the mean absolute output to the parameters, and for D and VGG19 to the image instead."""
    name = settings.work.partition(",")[0]
    (weights_of,) = networks_of(settings.work)
    network = _networks(config)[weights_of]
    variables, batch = _load(settings, weights_of, network), _batch(settings)
    features = jax.device_put(make_features(name, settings.size, settings.batch_size))
    apply = network.module.apply

    def outputs(variables: Any, image: Array, mask_t: Array, mask_ref: Array, features: Array) -> Any:
        match name:
            case "generator":
                return apply(variables, mask_ref, mask_t, image)
            case "style_encoder":
                return apply(variables, image, mask_t, method="encode_style")
            case "alpha_blender":
                return apply(variables, image, image[:, :, ::-1])[1]
            case "discriminator":
                return apply(variables, one_hot(mask_t), image)
            case "mask_vae":
                mean, _ = apply(variables, one_hot(mask_t), method="encode")
                return apply(variables, mean, method="decode")
            case "encoder_skin":
                return apply(variables, image, train=True, mutable=["batch_stats"])[0]
            case "image_decoder_skin":
                return apply(variables, features, train=True, mutable=["batch_stats"])[0]
            case "portrait_generator":
                kept = mask_ref == 0
                inputs = (mask_ref, features, image * kept[..., None], kept)
                return apply(variables, *inputs, train=True, mutable=["batch_stats"])[0]
            case "exemplar_encoder":
                inputs = (image, (mask_ref == 0).astype(image.dtype)[..., None])
                return apply(variables, *inputs, train=True, mutable=["batch_stats"])[0]
            case "inpainting_generator":
                inputs = (image, (mask_ref == 0).astype(image.dtype)[..., None], features)
                return apply(variables, *inputs, train=True, mutable=["batch_stats"])[0]
            case _:
                return apply(variables, image)

    @jax.jit
    def numbers(variables, batch, features):
        others = (batch["mask_t"], batch["mask_ref"], features)
        rest = {key: tree for key, tree in variables.items() if key != "params"}

        def loss(params, image):
            maps = jax.tree.leaves(outputs({"params": params, **rest}, image, *others))
            return sum(jnp.abs(each.astype(jnp.float32)).mean() for each in maps)

        by_image = name in ("discriminator", "vgg19")
        value, gradient = jax.value_and_grad(loss, argnums=int(by_image))(
            variables["params"], to_image(batch["image_t"])
        )
        return {"loss": value, "norm of the gradient": optax.global_norm(gradient)}, gradient

    return lambda: jax.block_until_ready(numbers(variables, batch, features))[0]
