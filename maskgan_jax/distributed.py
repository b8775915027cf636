"""Several hosts that train as one: joining, one going ahead of the others, and stopping together."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from jax.experimental import multihost_utils

from maskgan_jax.errors import UserError

AGREE_EVERY_STEPS = 8
"""How often hosts tell each other whether to stop: it waits for the step at hand, so not every time."""

MEETING_TIMEOUT_S = 24 * 3600
"""How long hosts wait for one that prepares a whole data set."""

LEAVE_TIMEOUT_S = 60
"""How long a host that is done, or has failed, waits for the others before it leaves them."""


def join(
    distributed: bool,
    coordinator_address: str | None,
    num_processes: int | None,
    process_id: int | None,
    timeout_s: int,
) -> None:
    """Makes one machine of all hosts; comes before anything that asks JAX for its devices.

    Where the hosts don't come together in time, the process ends here, with one line and status 1: JAX waits inside
    its own runtime, where no exception reaches it.

    Args:
      distributed: join as the cluster's environment says: TPU pods, SLURM, GKE, Open MPI.
      coordinator_address: or else `host:port` of process 0, as every host reaches it; needs the next two.
      num_processes: how many processes there are.
      process_id: which one this is, 0..num_processes - 1.
      timeout_s: how long to wait for the others.

    Raises:
      UserError: the arguments contradict each other, or no cluster is found.
    """
    by_hand = {
        "--coordinator_address": coordinator_address, "--num_processes": num_processes, "--process_id": process_id,
    }  # fmt: skip
    missing = [flag for flag, value in by_hand.items() if value is None]
    if not distributed and len(missing) == len(by_hand):
        return
    if distributed and len(missing) < len(by_hand):
        raise UserError("--distributed takes address and numbers from the cluster; leave the other options out, or it")
    if not distributed:
        if missing:
            raise UserError(f"{' and '.join(missing)}: not given; joining by hand takes {', '.join(by_hand)}")
        _, colon, port = coordinator_address.rpartition(":")
        if not (colon and port.isdecimal()):
            raise UserError(f"--coordinator_address: {coordinator_address} is no host:port, such as 10.0.0.1:8476")
        if not 0 <= process_id < num_processes:
            raise UserError(f"--process_id: {process_id}; give 0 to {num_processes - 1}, each to one process")

    where = "as the cluster says" if distributed else f"at {coordinator_address}, all {num_processes} processes"
    remedy = "start the same command on every host, see that they reach process 0, or give a longer --join_timeout_s"
    late = threading.Timer(timeout_s, _end, [f"joining {where}: not all were there within {timeout_s} s; {remedy}"])
    late.daemon = True
    late.start()
    # JAX would catch SIGTERM for itself, from here on; the loop catches it, and hosts agree by `should_stop`.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            coordinator_address, num_processes, process_id,
            initialization_timeout=timeout_s + 60,  # `late` comes before it
            shutdown_timeout_seconds=LEAVE_TIMEOUT_S,
        )  # fmt: skip
        jax.device_count()  # each host's devices made known to the others
    except Exception as error:  # a cluster's environment and the network fail in many ways
        reason = " ".join(str(error).split())
        if "should be defined" in reason or "must be defined" in reason:
            reason = "JAX finds no TPU pod, SLURM, GKE or Open MPI here; give " + ", ".join(by_hand)
        _end(f"joining {where}: {reason}")
    late.cancel()
    if jax.process_index() > 0:
        logging.set_verbosity(logging.WARNING)


def _end(message: str) -> NoReturn:
    """Leaves at once: threads of JAX's runtime may still wait for hosts that never come."""
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)


@contextmanager
def first_alone(name: str) -> Iterator[None]:
    """Process 0 goes through the block, then the others do: for what one makes and all use, such as files.

    Where it fails for process 0, the others go on to find out for themselves.
    """
    if jax.process_index() > 0:
        meet(name)
    try:
        yield
    finally:
        if jax.process_index() == 0:
            meet(name)


def meet(name: str) -> None:
    """Waits until all hosts are here; a name serves once.

    They meet at process 0, not by an exchange between devices: on CPUs that gives up after half a minute.
    """
    everybody = set(range(jax.process_count()))
    ocp.multihost.sync_global_processes(name, timeout=MEETING_TIMEOUT_S, processes=everybody)


def should_stop(step: int, local_signal: bool) -> bool:
    """Whether to stop after this step, the same answer on every host; each host asks after every step.

    On a single host that is what it says itself. Several stop together within `AGREE_EVERY_STEPS` of the first that
    is told to, by a signal or by a cluster that takes its machine back, which it announces by SIGTERM. JAX's own
    `reached_preemption_sync_point` would do for that alone, but not for Ctrl-C.
    """
    if jax.process_count() == 1:
        return local_signal
    if step % AGREE_EVERY_STEPS:
        return False
    return bool(multihost_utils.process_allgather(np.array(local_signal)).any())
