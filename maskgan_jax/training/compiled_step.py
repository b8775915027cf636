"""The training step as the loop runs it, compiled for this machine's devices."""

import jax
from jax.sharding import Mesh
from jax.stages import Compiled
from jaxtyping import PyTree
from ml_collections import ConfigDict

from maskgan_jax.devices.compiler_memory import release_compiler_memory
from maskgan_jax.devices.mesh import compile_step
from maskgan_jax.tasks.task import Task, TrainState
from maskgan_jax.training.skipped_steps import with_report


def compiled_step(
    config: ConfigDict, task: Task, shardings: PyTree, mesh: Mesh, state: TrainState, batch: dict[str, jax.Array]
) -> Compiled:
    """Compile the step. CPUs and TPUs always compute the same bits; GPUs only if `config.deterministic` asks for it.

    Args:
      config: of the run.
      task: made of the config.
      shardings: the state's `state_shardings`.
      mesh: from `make_mesh`.
      state: a state like those that the step will be given.
      batch: likewise a batch.
    """
    options = {"xla_gpu_deterministic_ops": config.deterministic} if jax.default_backend() == "gpu" else None
    step = compile_step(with_report(task.step), shardings, mesh).lower(state, batch).compile(options)
    release_compiler_memory()
    return step
