"""The flags by which the processes of a command join each other; a command that imports this file has them."""

from absl import flags

from maskgan_jax.devices import multihost

_DISTRIBUTED = flags.DEFINE_bool(
    "distributed",
    None,
    "Join the other hosts of the cluster, or fail; --nodistributed: don't; neither: if there is one.",
)
_COORDINATOR = flags.DEFINE_string("coordinator_address", None, "HOST:PORT of process 0, to join the others by hand.")
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "How many processes join by hand.", lower_bound=1)
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Which of them this is, from 0.", lower_bound=0)
_JOIN_TIMEOUT_S = flags.DEFINE_integer("join_timeout_s", 300, "How long to wait for the others.", lower_bound=1)


def join() -> None:
    """Connect this process with the others as the flags say; before anything asks JAX for its devices.

    Raises:
      UserError: the flags contradict each other.
    """
    multihost.join(
        _DISTRIBUTED.value, _COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value,
        timeout_s=_JOIN_TIMEOUT_S.value,
    )  # fmt: skip
