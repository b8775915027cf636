"""The trained networks that a task begins with, from where `config.init` says they are."""

from pathlib import Path

import jax
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.runs import checkpoints
from maskgan_jax.tasks.task import Start, Task

REMEDIES = {
    "mask_vae": "Train it: python -m maskgan_jax.main --config=configs/mask_vae.py{variant}",
    "dense_mapping": "Train it: python -m maskgan_jax.main --config=configs/dense_mapping.py{variant}",
    "discriminator": "Name a run or an imported one in config.init.discriminator, or begin with a random one: "
    "--config.init.discriminator=new",
    "alpha_blender": "Begin with a random one: --config.init.alpha_blender=",
}
"""By entry of `config.init`: what to do where it holds no such network."""


def load(config: ConfigDict, task: Task) -> dict[str, Start]:
    """Loads every start of the task.

    Raises:
      UserError: one is missing or has other networks; the message says how to come by it.
    """
    shapes = {name: jax.eval_shape(draw, jax.random.key(0)) for name, draw in task.starts.items()}
    return {
        name: _load_vgg19(config, shape) if name == "vgg19" else _load_run(config, name, shape)
        for name, shape in shapes.items()
    }


def _load_run(config: ConfigDict, name: str, shapes: Start) -> Start:
    beside_generator = name == "discriminator" and not config.init.discriminator
    entry = "dense_mapping" if beside_generator else name
    try:
        return checkpoints.load_part(Path(config.init[entry]), shapes, f"config.init.{entry}")
    except UserError as error:
        variant = f":{config.variant}" if config.variant else ""
        raise UserError(f"{error}. {REMEDIES[name].format(variant=variant)}") from None


def _load_vgg19(config: ConfigDict, shapes: Start) -> Start:
    path = Path(config.init.vgg19)
    if path.is_dir():
        return checkpoints.load_part(path, shapes, "config.init.vgg19")
    if not path.is_file():
        raise UserError(
            f"config.init.vgg19: no file at {path}. The perceptual loss needs torchvision's ImageNet weights: in an "
            'environment with torchvision run `python -c "import torch, torchvision; torch.save(torchvision.models.'
            "vgg19(weights='IMAGENET1K_V1').state_dict(), 'vgg19.pth')\"`; or go without the term: "
            "--config.losses.lambda_percept=0"
        )
    from maskgan_jax.interop import kinds, weights  # PyTorch is an optional extra: only who reads its files needs it

    return {"params": weights.load(path, kinds.KINDS["vgg19"], config)["params"]}
