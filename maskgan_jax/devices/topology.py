"""TPU topologies without a TPU: libtpu's compiler runs on any Linux machine with an x86-64 processor."""

import importlib.util
import math
import multiprocessing
import os
import platform
import re
import signal
import sys
import threading
from pathlib import Path

import jax
from jax.experimental import topologies

from data_pipeline.errors import UserError

EXAMPLES = "v5e:1x1, v5e:2x4, v5e:16x16, v6e:2x4, v4:2x2x1, v5p:2x2x1"

WITHOUT_TPU = {"TPU_SKIP_MDS_QUERY": "1", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1", "TPU_LOG_DIR": "disabled"}
"""Keep libtpu from asking Google Cloud about this machine, from locking its TPU, and from writing logs to /tmp."""


def parse(name: str) -> tuple[str, tuple[int, ...]]:
    """Return a topology's generation, a key of `TPU_CHIPS`, and chips along each axis.

    Args:
      name: generation and chips by axis, such as `v5e:2x4`.

    Raises:
      UserError: it is no such name.
    """
    generation, _, sizes = name.partition(":")
    axes = {"v5e": 2, "v6e": 2, "v4": 3, "v5p": 3}.get(generation, 0)
    if not axes or not re.fullmatch("x".join([r"[1-9]\d?"] * axes), sizes):
        raise UserError(f"--topology={name}: expected a TPU's generation and chips by axis, such as {EXAMPLES}")
    return generation, tuple(map(int, sizes.split("x")))


def check_compiler() -> None:
    """Check that libtpu can compile in this environment.

    Raises:
      UserError: it can't.
    """
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise UserError(
            f"--topology: libtpu, the compiler for TPUs, needs Linux on x86_64, and this is {system} on {machine}; "
            "use another machine; it needs no TPU"
        )
    if importlib.util.find_spec("libtpu") is None:
        raise UserError(
            "--topology: this needs libtpu, the compiler for TPUs; install it: pip install 'maskgan_jax[topology]'"
        )


def prepare_process(stderr: Path) -> None:
    """Prepare a new process for compiling: no TPU is used, and what libtpu prints goes to a file.

    The compiler notices no signal and no end of the process that waits for it, so both end this one at once.

    Args:
      stderr: the file, which is replaced.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(WITHOUT_TPU)
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_compilation_cache", False)
    sys.stderr.flush()
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def compile_only_devices(name: str) -> list[jax.Device]:
    """Return a topology's devices, one for each chip, for which a mesh's functions can be compiled but not run.

    Args:
      name: such as `v5e:2x4`.

    Raises:
      UserError: there is no such topology.
    """
    generation, (first, second, *_) = parse(name)
    options = {"chips_per_host_bounds": [math.gcd(2, first), math.gcd(2, second), 1]}  # 2x2 chips where they divide
    if generation == "v4":  # whose two cores are one device on the TPU itself, but not here unless asked for
        options["chip_config_name"] = "megacore"
    try:
        return topologies.get_topology_desc(name, platform="tpu", **options).devices
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).partition("\n")[0].removeprefix("INVALID_ARGUMENT: ")
        raise UserError(f"--topology={name}: {reason}; give one such as {EXAMPLES}") from None
