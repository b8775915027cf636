"""Compare methods on the two tasks of the MaskGAN paper, transfer of a smile and style copy, and write their tables.

  python -m maskgan_jax.evaluate --config=configs/evaluation.py
  python -m maskgan_jax.evaluate --config=configs/evaluation.py --config.methods.ebst=imported/maskgan
  python -m maskgan_jax.evaluate --config=configs/evaluation.py:quickstart

Methods and judges are folders of training runs, exports or imports, named in the config; what is missing has empty
cells, with the reason. Every field can be overridden: --config.pairs.smiling=100. The folder gets tables.md, with the
published figures beside ours, results.json, the pairs, and a sheet of pictures for each table. The same command again
generates only what is not there yet. --survey --config.pictures=50 also writes 50 pairs of each table with the models'
results in an order that only survey/<table>/key.tsv tells, for people to vote on. All devices share the work, of
several hosts too, which join as for maskgan_jax.main and share the folder.
"""

from pathlib import Path

import jax
from absl import app, flags
from ml_collections import config_flags

from data_pipeline.errors import UserError
from maskgan_jax.cli import run
from maskgan_jax.devices import join_flags, multihost

CONFIG = config_flags.DEFINE_config_file("config", None, "What to compare: configs/evaluation.py, and a :variant.")
SURVEY = flags.DEFINE_bool("survey", False, "Write pictures for people to vote on, shuffled, and the key.")
WORKDIR = flags.DEFINE_string("workdir", None, "The folder to write; runs/<config's name> unless given.")


def main(argv: list[str]) -> None:
    """Parse and call."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument {argv[1]}; every option begins with --")
    config = CONFIG.value
    if "judges" not in config:
        raise UserError(f"--config: {config.name} is no comparison; give configs/evaluation.py, or train it with main")
    workdir = Path(WORKDIR.value or f"runs/{config.name}")
    join_flags.join()
    # It imports TensorFlow: what is wrong with options or hosts is said before.
    from maskgan_jax.evaluation.comparison import compare

    try:
        compare(config, workdir, SURVEY.value)
    except UserError as error:
        multihost.leave(f"error: {error}", 1)
    if jax.process_index() == 0:
        print(f"Tables: {workdir}/tables.md, results.json; pictures: {workdir}/*.png")


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    run(main)
