"""Train one stage of MaskGAN, or the face parser.

  python -m maskgan_jax.main --config=configs/mask_vae.py          1. the MaskVAE
  python -m maskgan_jax.main --config=configs/dense_mapping.py     2. the Dense Mapping Network
  python -m maskgan_jax.main --config=configs/ebst.py              3. EBST, from 1 and 2
  python -m maskgan_jax.main --config=configs/face_parser.py       on its own: labels photos that come without a mask

A word after a colon names a variant (configs/ebst.py:quickstart, configs/ebst.py:small). Every field of the config can
be overridden: --config.batch_size=16 --config.data.directory=photos. The same command again resumes from the latest
checkpoint in the run's folder.

On several hosts every one runs the same command, with the same data and the same run's folder. On TPU pods, SLURM, GKE
and Open MPI they join by themselves, with or without --distributed; elsewhere by --coordinator_address=HOST:PORT
--num_processes=N, the address one of process 0, and --process_id=K, another K from 0 to N - 1 on each.
"""

import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.devices import join_flags, multihost

CONFIG = config_flags.DEFINE_config_file("config", None, "The run's config: a file of configs/, and a :variant.")
WORKDIR = flags.DEFINE_string("workdir", None, "The run's folder; runs/<config's name> unless given.")


def main(argv: list[str]) -> None:
    """Parse and call."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    join_flags.join()
    from maskgan_jax import evaluators  # imports TensorFlow: what is wrong with options or hosts is said before
    from maskgan_jax.interop import weights
    from maskgan_jax.training.interruption import Interrupted
    from maskgan_jax.training.loop import train

    config = CONFIG.value
    try:
        train(config, Path(WORKDIR.value or f"runs/{config.name}"), weights.read_variables, evaluators.make)
    except Interrupted as interrupted:
        if interrupted.step is None:
            multihost.leave(str(interrupted), interrupted.exit_status)
        print(interrupted, file=sys.stderr)  # on every host: all saved the same step
        sys.exit(interrupted.exit_status)
    except UserError as error:
        multihost.leave(f"error: {error}", 1)


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    run(main)
