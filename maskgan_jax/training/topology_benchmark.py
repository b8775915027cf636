"""Plans the training step of a config for a TPU topology without a TPU: what it needs, and the largest batch."""

import functools
import math
import multiprocessing
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from absl import logging
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.devices.topology import check_compiler, parse, prepare_process
from maskgan_jax.training.compile_only import compile_only


def plan_step(config: ConfigDict, topology: str, search: bool) -> dict[str, object]:
    """Compile the step for a topology and return what the compiler's plan says.

    Args:
      config: of the run; pretrained networks are not read.
      topology: such as `v5e:2x4`.
      search: whether to look for the largest batch that fits as well; each batch is compiled anew.

    Returns:
      Results by name, with units.

    Raises:
      UserError: there is no such topology, no compiler for it, or the config asks for more than it can do.
    """
    _, axes = parse(topology)
    check_compiler()

    @functools.cache
    def plan(batch_size: int) -> dict[str, object]:
        resized = config.copy_and_resolve_references()
        resized.batch_size = batch_size
        logging.info("compiling for %s, %d images a step", topology, batch_size)
        return in_new_process(compile_only, resized, topology)

    results = plan(config.batch_size)
    if search:
        unit = math.prod(axes) * config.accumulation_steps
        most = largest(lambda count: plan(count * unit)["fits"], config.batch_size // unit)
        results |= {"largest batch that fits, images a chip": most * config.accumulation_steps}
    return results


def largest(fits: Callable[[int], bool], start: int) -> int:
    """Return the largest number that fits, by doubling or halving from `start` and then bisection; 0 if none does.

    Args:
      fits: whether a number from 1 fits; where one does, all smaller ones do.
      start: first number to try, from 1.
    """
    low, high, count = 0, None, start
    while high is None or high - low > 1:
        if fits(count):
            low = count
        else:
            high = count
        count = 2 * low if high is None else (low + high) // 2
    return low


def in_new_process(function: Callable, *arguments: object) -> Any:
    """Call a function that compiles in a process of its own, which a failed check of the compiler ends.

    Args:
      function: of a module.
      arguments: of the function.

    Raises:
      UserError: the process ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        stderr = Path(folder) / "stderr"
        context = multiprocessing.get_context("spawn")
        try:
            with ProcessPoolExecutor(1, context, initializer=prepare_process, initargs=(stderr,)) as pool:
                return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            failed = re.search(r"^F\d{4} \S+ +\d+ (.*)$", stderr.read_text(errors="replace"), re.MULTILINE)
    reason = f"crashed ({failed[1]})" if failed else "was ended, perhaps for lack of this machine's memory"
    raise UserError(f"--topology: libtpu's compiler {reason}; try another --config.batch_size or --config.dtype")
