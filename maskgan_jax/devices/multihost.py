"""Several hosts that train as one: joining, one going ahead of the others, and stopping together."""

import itertools
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from jax.experimental import multihost_utils

from data_pipeline.errors import UserError

AGREE_EVERY_STEPS = 8
"""How often hosts tell each other whether to stop: it waits for the step at hand, so not every time."""

MEETING_TIMEOUT_S = 24 * 3600
"""How long hosts wait for one that prepares a whole data set."""

BY_HAND = ("--coordinator_address", "--num_processes", "--process_id")
"""What it takes to join where no cluster says how."""

LAST_WORDS_S = 3
"""How long a host that failed stays, so that others that failed likewise can say so before they miss it."""

LEAVE_TIMEOUT_S = 60
"""How long a host that is done, or has failed, waits for the others before it leaves them."""

_meetings = itertools.count()


def join(
    distributed: bool | None,
    coordinator_address: str | None,
    num_processes: int | None,
    process_id: int | None,
    timeout_s: int,
) -> None:
    """Makes one machine of all hosts; comes before anything that asks JAX for its devices.

    Where the hosts don't come together in time, the process ends here, with one line and status 1, for JAX waits
    inside its own runtime, where no exception reaches it.

    Args:
      distributed: join the other hosts of a TPU pod, SLURM, GKE or Open MPI: True, or fail; None, if JAX finds one;
        False, don't.
      coordinator_address: or else `host:port` of process 0, as every host reaches it; needs the next two.
      num_processes: how many processes there are.
      process_id: which one this is, 0..num_processes - 1.
      timeout_s: how long to wait for the others.

    Raises:
      UserError: the arguments contradict each other.
    """
    by_hand = _joins_by_hand(distributed, coordinator_address, num_processes, process_id)
    if not by_hand and (distributed is False or (distributed is None and _started_alone())):
        return
    only_here = by_hand and coordinator_address.rpartition(":")[0] in ("localhost", "127.0.0.1")
    where = f"at {coordinator_address}, all {num_processes} processes" if by_hand else "as the cluster says"
    remedy = "start the same command on every host, see that they reach process 0, or give a longer --join_timeout_s"
    if not by_hand:
        remedy += "; --nodistributed trains on this host alone"
    late = threading.Timer(timeout_s, _end, [f"joining {where}: not all were there within {timeout_s} s; {remedy}"])
    late.daemon = True
    late.start()
    # JAX would catch SIGTERM for itself, from here on; the loop catches it, and hosts agree by `should_stop`.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            coordinator_address, num_processes, process_id,
            coordinator_bind_address=coordinator_address if only_here else None,
            initialization_timeout=timeout_s + 60,  # `late` comes before it
            shutdown_timeout_seconds=LEAVE_TIMEOUT_S,
        )  # fmt: skip
        jax.device_count()  # each host's devices made known to the others
    except Exception as error:  # a cluster's environment and the network fail in many ways
        reason = " ".join(str(error).split())
        no_cluster = "should be defined" in reason or "must be defined" in reason
        if no_cluster and distributed:
            _end(f"--distributed: JAX finds no TPU pod, SLURM, GKE or Open MPI here; give {', '.join(BY_HAND)}")
        if not no_cluster:
            _end(f"joining {where}: {reason}; {remedy}")
    late.cancel()
    if jax.process_index() > 0:
        logging.set_verbosity(logging.WARNING)


def _joins_by_hand(
    distributed: bool | None, coordinator_address: str | None, num_processes: int | None, process_id: int | None
) -> bool:
    """Whether address and numbers are given; raises UserError where options don't go together."""
    given = dict(zip(BY_HAND, (coordinator_address, num_processes, process_id), strict=True))
    missing = [flag for flag, value in given.items() if value is None]
    if len(missing) == len(given):
        return False
    if distributed is not None:
        flag = "--distributed" if distributed else "--nodistributed"
        raise UserError(
            f"{flag}: joining by hand, with {', '.join(BY_HAND)}, goes without it; leave one or the other out"
        )
    if missing:
        raise UserError(f"{' and '.join(missing)}: not given; joining by hand takes {', '.join(BY_HAND)}")
    _, colon, port = coordinator_address.rpartition(":")
    if not (colon and port.isdecimal()):
        raise UserError(f"--coordinator_address: {coordinator_address} is no host:port, such as 10.0.0.1:8476")
    if not 0 <= process_id < num_processes:
        raise UserError(f"--process_id: {process_id}; give 0 to {num_processes - 1}, each to one process")
    return True


def _started_alone() -> bool:
    """Whether SLURM or Open MPI started a single process.

    It may have several GPUs; JAX would give it one, as it gives each of several processes on a host.
    """
    counts = {os.environ.get("SLURM_NTASKS"), os.environ.get("OMPI_COMM_WORLD_SIZE")} - {None}
    return counts == {"1"}


def leave(message: str, status: int) -> NoReturn:
    """Ends this process with a line and a status, although the others go on.

    Where there are others, without asking them: JAX would wait for them, and then end this process too with a status of
    its own. The others end when they miss this one, see `jax.distributed`.
    """
    print(message, file=sys.stderr, flush=True)
    if jax.distributed.is_initialized():
        time.sleep(LAST_WORDS_S)
        os._exit(status)
    sys.exit(status)


def _end(message: str) -> NoReturn:
    """Leaves at once: threads of JAX's runtime may still wait for hosts that never come."""
    print(f"error: {message}", file=sys.stderr, flush=True)
    os._exit(1)


@contextmanager
def first_alone(name: str) -> Iterator[None]:
    """Process 0 goes through the block, then the others do: for what one makes and all use, such as files."""
    if jax.process_index() > 0:
        meet(name)
    yield
    if jax.process_index() == 0:
        meet(name)


def meet(name: str) -> None:
    """Waits until all hosts are here, which all come to their meetings in the same order.

    They meet at process 0, not by an exchange between devices: on CPUs that gives up after half a minute.
    """
    everybody = set(range(jax.process_count()))
    name = f"{name}, meeting {next(_meetings)}"  # one serves once
    ocp.multihost.sync_global_processes(name, timeout=MEETING_TIMEOUT_S, processes=everybody)


def first_says(value: int) -> int:
    """What process 0 says, on every host: each of them asks at the same point of its program."""
    return int(multihost_utils.broadcast_one_to_all(np.int64(value)))


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
