"""Write a trained network as a PyTorch state dict with the published entry names, which the authors' demo loads.

  python -m maskgan_jax.interop.export_torch --kind=generator runs/ebst latest_net_G.pth

KIND is the name of a network of the run. CHECKPOINT is the folder of a training run or of an imported model; a network
is written as its EMA where the run kept one. FILE is replaced if it exists; PyTorch 0.4.1, the demo's, can read it.
Entries that enter no computation are those of the imported file, else zeros and ones as in a new PyTorch network. Of
torchvision's vgg19 there are only the layers up to relu5_1.
"""

from pathlib import Path

from absl import flags

from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.interop import transfer

KIND = flags.DEFINE_string("kind", None, "The network to write.")


def main(argv: list[str]) -> None:
    """Parse and call."""
    if len(argv) != 3:
        raise UserError(f"{len(argv) - 1} files given; it takes two: --kind={KIND.value} CHECKPOINT FILE")
    transfer.export_model(Path(argv[1]), Path(argv[2]), KIND.value)


if __name__ == "__main__":
    flags.mark_flag_as_required("kind")
    run(main)
