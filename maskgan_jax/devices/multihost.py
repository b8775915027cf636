"""Several hosts that train as one: join, barrier, broadcast from process 0, stop together, leave."""

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from jax.experimental import multihost_utils

from data_pipeline.errors import UserError

SIGNAL_GATHER_STEPS = 8
"""Steps between two all-gathers of the hosts' stop signals, each of which waits for the step in progress."""

BARRIER_TIMEOUT_S = 24 * 3600
"""How long hosts wait at a barrier: process 0 may be preparing a whole data set."""

EXPLICIT_FLAGS = ("--coordinator_address", "--num_processes", "--process_id")
"""Flags that describe the processes where no cluster does."""

EXIT_DELAY_S = 3
"""How long a failed process stays, so that others that failed too print their own error before JAX ends them."""

LEAVE_TIMEOUT_S = 60
"""How long a process that is done, or has failed, waits for the others before it leaves them."""

NOTHING, REFUSED = -1, -2
"""Broadcast in place of a number: there is none; process 0 raised a UserError."""

_barriers = itertools.count()


def join(
    distributed: bool | None,
    coordinator_address: str | None,
    num_processes: int | None,
    process_id: int | None,
    timeout_s: int,
) -> None:
    """Connect this process with the others of its run; call it before anything that asks JAX for its devices.

    If the processes don't connect in time, this one exits with one line and status 1: JAX waits inside its own runtime,
    where no exception can be raised.

    Args:
      distributed: True: join the processes of the TPU pod, Slurm, GKE or Open MPI job, or fail; None: join them if JAX
        finds such a job; False: don't.
      coordinator_address: `host:port` of process 0 as every host reaches it, with the next two instead of a job.
      num_processes: number of processes.
      process_id: number of this process, 0..num_processes - 1.
      timeout_s: how long to wait for the others.

    Raises:
      UserError: the arguments contradict each other.
    """
    explicit = _joins_explicitly(distributed, coordinator_address, num_processes, process_id)
    if not explicit and (distributed is False or (distributed is None and _single_process_job())):
        return
    loopback = explicit and coordinator_address.rpartition(":")[0] in ("localhost", "127.0.0.1")
    where = f"at {coordinator_address}, all {num_processes} processes" if explicit else "as the cluster describes"
    remedy = "start the same command on every host, check that each reaches process 0, or raise --join_timeout_s"
    if not explicit:
        remedy += "; --nodistributed runs on this host alone"
    timer = threading.Timer(timeout_s, _end, [f"joining {where}: not all connected within {timeout_s} s; {remedy}"])
    timer.daemon = True
    timer.start()
    # JAX would handle SIGTERM itself; the training loop does, and the hosts agree by `should_stop`.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            coordinator_address, num_processes, process_id,
            coordinator_bind_address=coordinator_address if loopback else None,
            initialization_timeout=timeout_s + 60,  # longer than the timer's
            shutdown_timeout_seconds=LEAVE_TIMEOUT_S,
        )  # fmt: skip
        jax.device_count()  # exchanges the lists of devices between the hosts
    except Exception as error:  # incomplete job environments and network failures raise many types
        reason = " ".join(str(error).split())
        no_cluster = "should be defined" in reason or "must be defined" in reason
        if no_cluster and distributed:
            _end(f"--distributed: JAX finds no TPU pod, SLURM, GKE or Open MPI here; give {', '.join(EXPLICIT_FLAGS)}")
        if not no_cluster:
            _end(f"joining {where}: {reason}; {remedy}")
    timer.cancel()
    if jax.process_index() > 0:
        logging.set_verbosity(logging.WARNING)


def _joins_explicitly(
    distributed: bool | None, coordinator_address: str | None, num_processes: int | None, process_id: int | None
) -> bool:
    """Return whether the explicit flags are given.

    Raises:
      UserError: some of them are missing, contradict the others, or are malformed.
    """
    given = dict(zip(EXPLICIT_FLAGS, (coordinator_address, num_processes, process_id), strict=True))
    missing = [flag for flag, value in given.items() if value is None]
    if len(missing) == len(given):
        return False
    if distributed is not None:
        flag = "--distributed" if distributed else "--nodistributed"
        raise UserError(
            f"{flag}: contradicts {', '.join(EXPLICIT_FLAGS)}, which join without a cluster; leave out one or the other"
        )
    if missing:
        raise UserError(
            f"{' and '.join(missing)}: not given; joining without a cluster needs {', '.join(EXPLICIT_FLAGS)}"
        )
    _, colon, port = coordinator_address.rpartition(":")
    if not (colon and port.isdecimal()):
        raise UserError(f"--coordinator_address: {coordinator_address} is no host:port, such as 10.0.0.1:8476")
    if not 0 <= process_id < num_processes:
        raise UserError(f"--process_id: {process_id}; give each process another number from 0 to {num_processes - 1}")
    return True


def _single_process_job() -> bool:
    """Return whether Slurm or Open MPI started a single process.

    It may use several GPUs; joined, JAX would give it one, as it gives one to each of several processes on a host.
    """
    counts = {os.environ.get("SLURM_NTASKS"), os.environ.get("OMPI_COMM_WORLD_SIZE")} - {None}
    return counts == {"1"}


def leave(message: str, status: int) -> NoReturn:
    """Print a line and exit with a status, without waiting for the other processes.

    At a regular exit JAX would wait for them and then replace the status by its own. The others are ended by JAX when
    this process sends no more heartbeats, see `jax.distributed`.
    """
    print(message, file=sys.stderr, flush=True)
    if jax.distributed.is_initialized():
        time.sleep(EXIT_DELAY_S)
        os._exit(status)
    sys.exit(status)


def _end(message: str) -> NoReturn:
    """Print an error and exit at once, although threads of JAX's runtime still wait for other hosts."""
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)


@contextmanager
def process_zero_first(name: str) -> Iterator[None]:
    """Run the block on process 0, then on the others: for files that one process makes and all use.

    Args:
      name: of the barrier, the same on all processes.
    """
    if jax.process_index() > 0:
        barrier(name)
    yield
    if jax.process_index() == 0:
        barrier(name)


def barrier(name: str) -> None:
    """Wait until all processes are here; all of them pass their barriers in the same order.

    They wait at process 0's coordinator, not by a collective of devices: on CPUs that fails after half a minute.

    Args:
      name: the same on all processes, for the timeout's error message.
    """
    everybody = set(range(jax.process_count()))
    name = f"{name}, barrier {next(_barriers)}"  # JAX accepts each name once
    ocp.multihost.sync_global_processes(name, timeout=BARRIER_TIMEOUT_S, processes=everybody)


def broadcast(value: int) -> int:
    """Return the value of process 0; a collective that every process calls at the same point."""
    return int(multihost_utils.broadcast_one_to_all(np.int64(value)))


def on_process_zero(name: str, compute: Callable[[], int | None]) -> int | None:
    """Call `compute` on process 0 alone and return its result on every process.

    Args:
      name: of what is computed, for the other processes' error.
      compute: returns a number from 0, or None.

    Raises:
      UserError: on every process, if `compute` raised one; process 0 has its message.
    """
    result, error = NOTHING, None
    if jax.process_index() == 0:
        try:
            computed = compute()
            result = NOTHING if computed is None else computed
        except UserError as raised:
            result, error = REFUSED, raised
    barrier("process 0 computes")
    result = broadcast(result)
    if result == REFUSED:
        raise error or UserError(f"{name}: failed on process 0, whose error names the reason")
    return None if result == NOTHING else result


def should_stop(step: int, local_signal: bool) -> bool:
    """Return whether to stop after this step, equal on every process; each of them calls it after every step.

    A single process stops after the step in which it was signalled. Of several, all stop within `SIGNAL_GATHER_STEPS`
    of the first that was: by Ctrl-C, or by SIGTERM, with which clusters also announce that they take a machine back.
    JAX's own `reached_preemption_sync_point` handles SIGTERM, but not Ctrl-C.

    Args:
      step: the step that was taken.
      local_signal: whether this process was told to stop.
    """
    if jax.process_count() == 1:
        return local_signal
    if step % SIGNAL_GATHER_STEPS:
        return False
    return not everywhere(not local_signal)


def everywhere(condition: bool) -> bool:
    """Return whether a condition holds on all processes; a collective that each calls at the same point."""
    return bool(multihost_utils.process_allgather(np.array(condition)).all())
