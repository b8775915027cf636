"""PyTorch's side."""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from ml_collections import ConfigDict
from torch import Tensor, nn

from launch.benchmark import process_memory, pytorch_ebst
from launch.benchmark.pytorch_sizes import MAKE
from launch.benchmark.workloads import (
    BATCH_NORM_NETWORKS,
    Settings,
    load_weights,
    make_batch,
    make_config,
    make_features,
    make_sizes,
    networks_of,
)


def prepare(settings: Settings) -> Callable[[], dict[str, Tensor]]:
    """Return what runs the work once, to its end, and returns its losses and norms of gradients by name."""
    config = make_config(settings.size, settings.batch_size, settings.vgg19, "float32")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.device("meta"):
        sizes = make_sizes(settings.size)
        networks = {name: make(sizes) for name, make in MAKE.items()}

    def load(name: str) -> nn.Module:
        arrays = load_weights(settings.weights, name)
        networks[name].load_state_dict({key: torch.from_numpy(array) for key, array in arrays.items()}, assign=True)
        return networks[name].to(device).eval()

    arrays = {
        name: torch.from_numpy(array).long() for name, array in make_batch(settings.size, settings.batch_size).items()
    }
    batch = pytorch_ebst.Batch(
        _one_hot(arrays["mask_t"].to(device)),
        _one_hot(arrays["mask_ref"].to(device)),
        _image(arrays["image_t"].to(device)),
    )
    prepare_work = {"EBST step": _ebst_step, "first edit": _first_edit, "later edit": _later_edit}
    work = prepare_work.get(settings.work, _forward_and_backward)(settings, config, load, batch)
    if settings.compiled:
        work = torch.compile(work)

    def run() -> dict[str, Tensor]:
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.dtype == "bfloat16"):
            numbers = work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return numbers

    return run


def forget_peak_memory() -> None:
    """Let the peak of a CPU's process begin anew; a GPU's is that since the start, as on the other side."""
    if not torch.cuda.is_available():
        process_memory.forget_peak()


def peak_memory() -> int:
    """Return the peak of bytes in use: on a GPU since the start, on a CPU of the process."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else process_memory.peak()


def describe() -> dict[str, str]:
    """Return version and device."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    return {"version": torch.__version__, "device": device}


def _one_hot(labels: Tensor) -> Tensor:
    return F.one_hot(labels, 19).permute(0, 3, 1, 2).float()


def _image(pixels: Tensor) -> Tensor:
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1


def _ebst_step(settings: Settings, config: ConfigDict, load: Callable, batch: pytorch_ebst.Batch) -> Callable:
    names = [name for name in pytorch_ebst.Networks._fields if name != "vgg19" or settings.vgg19]
    loaded = {name: load(name) for name in names}
    networks = pytorch_ebst.Networks(**{"vgg19": None, **loaded})
    for name in ("mask_vae", "vgg19"):
        if loaded.get(name):
            loaded[name].requires_grad_(False)
    optimisers = pytorch_ebst.make_optimisers(networks, config)

    return lambda: pytorch_ebst.step(networks, optimisers, config, batch)


def _first_edit(settings: Settings, config: ConfigDict, load: Callable, batch: pytorch_ebst.Batch) -> Callable:
    generator = load("generator")

    @torch.no_grad()
    def work() -> dict[str, Tensor]:
        return {"mean": generator(batch.mask_ref, batch.mask_t, batch.image_t).mean()}

    return work


def _later_edit(settings: Settings, config: ConfigDict, load: Callable, batch: pytorch_ebst.Batch) -> Callable:
    generator = load("generator")
    with torch.no_grad():
        style = generator.encode_style(batch.mask_t, batch.image_t)

    @torch.no_grad()
    def work() -> dict[str, Tensor]:
        return {"mean": generator.generate(batch.mask_ref, style).mean()}

    return work


def _forward_and_backward(
    settings: Settings, config: ConfigDict, load: Callable, batch: pytorch_ebst.Batch
) -> Callable:
    """Return the gradient of the mean absolute output to the parameters, and for D and VGG19 to the image instead."""
    name = settings.work.partition(",")[0]
    network = load(*networks_of(settings.work)).train(name in BATCH_NORM_NETWORKS)
    mask_t, mask_ref, image_t = batch
    features = torch.from_numpy(make_features(name, settings.size, settings.batch_size)).to(image_t.device)
    if features.ndim == 4:
        features = features.permute(0, 3, 1, 2).contiguous()
    image = image_t.clone().requires_grad_(name in ("discriminator", "vgg19"))
    outputs = {
        "generator": lambda: network(mask_ref, mask_t, image),
        "style_encoder": lambda: network.encode_style(mask_t, image),
        "alpha_blender": lambda: network(image, image.flip(3))[1],
        "discriminator": lambda: network(mask_t, image),
        "mask_vae": lambda: network.decode(network.encode(mask_t)[0]),
        "vgg19": lambda: network(image),
        "face_parser": lambda: network(image),
        "encoder_skin": lambda: list(network(image)),
        "image_decoder_skin": lambda: network(features),
        "portrait_generator": lambda: network(mask_ref, features, image * mask_ref[:, :1], mask_ref[:, 0]),
        "exemplar_encoder": lambda: network(image, mask_ref[:, :1]),
        "inpainting_generator": lambda: network(image, mask_ref[:, :1], features),
    }[name]
    wanted = [image] if image.requires_grad else list(network.parameters())
    if name == "style_encoder":
        wanted = [*network.enc_label.parameters(), *network.enc_style.parameters()]

    def work() -> dict[str, Tensor]:
        loss = sum(map_.abs().mean() for map_ in _leaves(outputs()))
        gradients = torch.autograd.grad(loss, wanted, allow_unused=True)
        norms = [gradient.norm() for gradient in gradients if gradient is not None]
        return {"loss": loss.detach(), "norm of the gradient": torch.stack(norms).norm()}

    return work


def _leaves(maps: Tensor | list) -> list[Tensor]:
    return [maps] if isinstance(maps, Tensor) else [leaf for each in maps for leaf in _leaves(each)]
