"""Trains one stage of MaskGAN, or the face parser.

  python -m maskgan_jax.main --config=configs/mask_vae.py          1. the MaskVAE
  python -m maskgan_jax.main --config=configs/dense_mapping.py     2. the Dense Mapping Network
  python -m maskgan_jax.main --config=configs/ebst.py              3. EBST, from 1 and 2
  python -m maskgan_jax.main --config=configs/face_parser.py       by itself: labels photos that come without a mask

A word after a colon names a variant (configs/ebst.py:quickstart, configs/ebst.py:small). Every field of the config can
be given another value: --config.batch_size=16 --config.data.directory=photos. The same command again goes on from the
latest checkpoint in the run's folder.
"""

import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from maskgan_jax.command import run
from maskgan_jax.interruption import Interrupted
from maskgan_jax.train import train

CONFIG = config_flags.DEFINE_config_file("config", None, "The run's config: a file of configs/, and a :variant.")
WORKDIR = flags.DEFINE_string("workdir", None, "The run's folder; runs/<config's name> unless given.")


def main(argv: list[str]) -> None:
    """Parses and calls."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    config = CONFIG.value
    try:
        train(config, Path(WORKDIR.value or f"runs/{config.name}"))
    except Interrupted as interrupted:
        print(interrupted, file=sys.stderr)
        sys.exit(interrupted.exit_status)


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    run(main)
