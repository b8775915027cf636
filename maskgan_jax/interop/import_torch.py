"""Make a trained model of a PyTorch state dict, such as the authors' published weights.

  python -m maskgan_jax.interop.import_torch --kind=generator latest_net_G.pth models/generator

KIND is a network's name, such as generator, mask_vae, face_parser, blender, vgg19 or spade_generator; the message about
an unknown one lists all.
OUT becomes a folder like a training run's, which every other command takes. Nothing in FILE is executed; its entries
must be those of the published networks, and may carry the prefix `module.`. Weights of other sizes than the published
ones need a config that says them, with fields as in training (--config.networks.generator.residual_blocks=9):

  python -m maskgan_jax.interop.import_torch --kind=generator --config=configs/dense_mapping.py:small small.pth OUT

Of torchvision's vgg19 only the layers up to relu5_1 are kept.
"""

from pathlib import Path

from absl import flags
from ml_collections import config_flags

from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.interop import transfer

KIND = flags.DEFINE_string("kind", None, "The network that FILE holds.")
CONFIG = config_flags.DEFINE_config_file("config", None, "Gives its sizes, if they are not the published ones.")


def main(argv: list[str]) -> None:
    """Parse and call."""
    if len(argv) != 3:
        raise UserError(f"{len(argv) - 1} files given; it takes two: --kind={KIND.value} FILE OUT")
    transfer.import_model(Path(argv[1]), Path(argv[2]), KIND.value, CONFIG.value)


if __name__ == "__main__":
    flags.mark_flag_as_required("kind")
    run(main)
