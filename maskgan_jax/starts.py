"""The trained networks that a task begins with, from where `config.init` says they are."""

from pathlib import Path

import jax
from ml_collections import ConfigDict

from maskgan_jax import checkpoints
from maskgan_jax.errors import UserError
from maskgan_jax.tasks.task import Start, Task


def load(config: ConfigDict, task: Task) -> dict[str, Start]:
    """Loads every start of the task.

    Raises:
      UserError: one is missing or has other networks; the message holds the command that makes it.
    """
    shapes = {name: jax.eval_shape(draw, jax.random.key(0)) for name, draw in task.starts.items()}
    return {
        name: _load_vgg19(config, shape) if name == "vgg19" else _load_run(config, name, shape)
        for name, shape in shapes.items()
    }


def _load_run(config: ConfigDict, name: str, shapes: Start) -> Start:
    try:
        return checkpoints.load_part(Path(config.init[name]), shapes, f"config.init.{name}")
    except UserError as error:
        variant = f":{config.variant}" if config.variant else ""
        command = f"python -m maskgan_jax.main --config=configs/{name}.py{variant}"
        raise UserError(f"{error}. Train it: {command}") from None


def _load_vgg19(config: ConfigDict, shapes: Start) -> Start:
    path = Path(config.init.vgg19)
    if not path.is_file():
        raise UserError(
            f"config.init.vgg19: no file at {path}. The perceptual loss needs torchvision's ImageNet weights: in an "
            'environment with torchvision run `python -c "import torch, torchvision; torch.save(torchvision.models.'
            "vgg19(weights='IMAGENET1K_V1').state_dict(), 'vgg19.pth')\"`; or go without the term: "
            "--config.losses.lambda_percept=0"
        )
    from maskgan_jax.interop import vgg19  # PyTorch is an optional extra: only a run that reads its files needs it

    return {"params": {"vgg19": vgg19.load(path, shapes["params"]["vgg19"])}}
