"""The folder of a trained model from a PyTorch state dict, and a state dict from such a folder."""

from pathlib import Path

from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.inference import models
from maskgan_jax.interop import state_dicts, weights
from maskgan_jax.interop.kinds import KINDS
from maskgan_jax.runs import checkpoints


def import_model(file: Path, out: Path, kind: str, config: ConfigDict | None = None) -> None:
    """Writes the folder of a trained model that holds a state dict's network.

    Args:
      file: what `torch.save(network.state_dict(), file)` wrote, any version of PyTorch.
      out: the folder; it may not exist yet, or be empty.
      kind: one of `KINDS`.
      config: the network's sizes, a config of the kind's task; the published sizes if there is none.

    Raises:
      UserError: something of it doesn't fit; nothing was written.
    """
    spec = KINDS[kind]
    config = spec.default_config() if config is None else config.copy_and_resolve_references()
    if config.task != spec.task:
        raise UserError(f"--config: a config of {config.task}; for --kind={kind} give configs/{spec.task}.py")
    tree = weights.load(file, spec, config)
    config.name = f"imported_{kind}"
    if "average_decay" in config:
        config.average_decay = 0.0  # there is no moving average
    checkpoints.save_model(out, config, tree)


def export_model(checkpoint: Path, file: Path, kind: str) -> None:
    """Writes a network as a state dict with the published entry names.

    Args:
      checkpoint: the folder of a training run or of an imported model; the generator is its moving average where the
        run kept one.
      file: replaced if it exists.
      kind: one of `KINDS`.

    Raises:
      UserError: the folder has no such network, or the file can't be written.
    """
    spec = KINDS[kind]
    model = models.load(spec.network, checkpoint, f"--kind={kind}")
    unused = checkpoints.load_unused(checkpoint, spec.network, f"--kind={kind}")
    state_dicts.write(file, weights.to_state_dict(model.variables, unused, spec.entries_of(model.network)))
