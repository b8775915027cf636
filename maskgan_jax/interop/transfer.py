"""The folder of a trained model from a PyTorch state dict, and a state dict from such a folder."""

from pathlib import Path

from ml_collections import ConfigDict

from maskgan_jax.inference.models import load_network
from maskgan_jax.interop import entries, state_dicts, weights
from maskgan_jax.interop.kinds import find_kind
from maskgan_jax.runs.directory import load_config
from maskgan_jax.runs.models import load_unused, save_model


def import_model(file: Path, out: Path, kind: str, config: ConfigDict | None = None) -> None:
    """Write the folder of a trained model that holds a state dict's network.

    Args:
      file: what `torch.save(network.state_dict(), file)` wrote, any version of PyTorch.
      out: the folder; it may not exist yet, or be empty.
      kind: name of the network, see `find_kind`.
      config: gives the network's sizes; the published ones without it.

    Raises:
      UserError: something of it doesn't fit; nothing was written.
    """
    name, network, config = find_kind(kind, config)
    variables, unused = weights.load(file, name, network)
    config.name = f"imported_{kind}"
    tree = {collection: {name: part} for collection, part in variables.items()}
    save_model(out, config, {**tree, "unused": {name: unused} if unused else {}})


def export_model(checkpoint: Path, file: Path, kind: str) -> None:
    """Write a network as a state dict with the published entry names.

    Args:
      checkpoint: the folder of a training run or of an imported model; the network's EMA where the run kept one.
      file: replaced if it exists.
      kind: name of the network, see `find_kind`.

    Raises:
      UserError: the folder has no such network, or the file can't be written.
    """
    name, network, _ = find_kind(kind, load_config(checkpoint))
    model = load_network(checkpoint, name, f"--kind={kind}")
    unused = load_unused(checkpoint, name, f"--kind={kind}")
    mapping = entries.mapping_of(name, network)
    state_dicts.write(file, weights.to_state_dict(model.variables[name], unused, mapping))
