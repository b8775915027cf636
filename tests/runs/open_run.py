"""Opens the checkpoints of a run in one of several processes, prints the latest step and exits as training does."""

import argparse
from pathlib import Path

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.runs import checkpoints

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workdir", type=Path)
    parser.add_argument("--coordinator_address")
    parser.add_argument("--num_processes", type=int)
    parser.add_argument("--process_id", type=int)
    options = parser.parse_args()
    multihost.join(None, options.coordinator_address, options.num_processes, options.process_id, timeout_s=120)
    try:
        with checkpoints.open_manager(options.workdir, keep=1) as manager:
            print(manager.latest_step())
    except UserError as error:
        multihost.leave(f"error: {error}", 1)
