"""The training loop, the same for every task."""

import itertools
import json
from functools import partial
from pathlib import Path

import jax
import numpy as np
from absl import logging
from clu import parameter_overview
from ml_collections import ConfigDict

from data_pipeline import input_pipeline
from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from data_pipeline.prepare import prepare
from maskgan_jax import tasks
from maskgan_jax.devices import hardware, multihost
from maskgan_jax.devices.mesh import compile_init, make_mesh, state_shardings, to_devices, to_host
from maskgan_jax.devices.model_flops import model_flops
from maskgan_jax.runs import checkpoints, directory
from maskgan_jax.runs.models import save_separately
from maskgan_jax.tasks.task import TrainState, init_state
from maskgan_jax.training import metric_log
from maskgan_jax.training.compiled_step import compiled_step
from maskgan_jax.training.evaluators import EvaluatedRun, Evaluators, MakeEvaluator
from maskgan_jax.training.interruption import Interruption
from maskgan_jax.training.pretrained import ReadWeights, load_pretrained
from maskgan_jax.training.preview import Preview
from maskgan_jax.training.profiling import Profiler
from maskgan_jax.training.reporter import FailedStep, Reporter


def train(config: ConfigDict, workdir: Path, read_weights: ReadWeights, make_evaluator: MakeEvaluator) -> TrainState:
    """Train the task of a config in a run's folder, from its latest intact checkpoint if there is one.

    Args:
      config: of the run.
      workdir: the run's folder.
      read_weights: reads pretrained networks from files of weights, see `load_pretrained`.
      make_evaluator: makes what `config.evaluators` names.

    Raises:
      UserError: something is missing or doesn't fit, and nothing was written; or the disk is full, or too many steps
        in a row were not finite, and the checkpoints stay.
      Interrupted: SIGTERM or Ctrl-C.
    """
    # Settings: what can be wrong, checked before anything takes long.
    task = tasks.make(config)
    mesh = make_mesh(config)
    logging.info("Devices: %d x %s", jax.device_count(), jax.devices()[0].device_kind)
    if config.max_nonfinite_steps < 1:
        raise UserError(f"config.max_nonfinite_steps: {config.max_nonfinite_steps}; give 1 or more")

    with (
        Interruption(workdir) as interruption,
        checkpoints.open_manager(workdir, config.checkpoints_to_keep, config.best_metric) as manager,
    ):
        resumed_step = manager.latest_step()
        first_step, last_step = resumed_step or 0, config.num_train_steps
        pretrained = {}
        if resumed_step is None:
            pretrained = load_pretrained(config, task, read_weights)
        else:
            directory.check_same_run(workdir, config)

        # Data.
        with multihost.process_zero_first("prepare"):
            builder = prepare(config.data.directory, config.data.size, config.data.prepared or None, task.annotated)
        data_options = {
            "entries": task.inputs, "batch_size": config.batch_size, "differing": task.differing,
            "max_bad_fraction": config.data.max_bad_fraction,
            "process_index": jax.process_index(), "process_count": jax.process_count(),
        }  # fmt: skip
        held_out = input_pipeline.EvalBatches(builder, config.data.eval_split, **data_options)

        # State: initialised or restored.
        initialise = partial(init_state, task)
        shapes = jax.eval_shape(initialise, jax.random.key(config.seed), pretrained)
        shardings = state_shardings(shapes, mesh)
        first = next(iter(held_out))
        evaluators = Evaluators(EvaluatedRun(config, task, held_out, first, mesh, shapes, shardings), make_evaluator)
        preview = Preview(task, first, mesh, shardings)
        if resumed_step is None:
            state = compile_init(initialise, shardings)(jax.random.key(config.seed), to_host(pretrained))
            del pretrained
            overview = parameter_overview.get_parameter_overview(state.params, include_stats=False, max_lines=60)
            logging.info("Parameters:\n%s", overview)
        else:
            state = checkpoints.restore(manager, shapes, shardings)
            logging.info("Resumes from step %d of %s", resumed_step, workdir)
        if jax.process_index() == 0:
            with directory.writing(workdir):
                directory.save_config(workdir, config)
        # An evaluation that was interrupted, or whose metrics were lost, is repeated.
        metrics_due = evaluators.metrics_due(first_step) if first_step else set()
        evaluation_missing = bool(
            metrics_due and not multihost.broadcast(metric_log.has_metrics(workdir, first_step, metrics_due))
        )
        if first_step == last_step and not evaluation_missing:
            return state

        # Compilation.
        batches = to_devices(
            input_pipeline.train_batches(
                builder, config.data.train_split, seed=config.seed, start_step=first_step, flip=config.data.flip,
                **data_options,
            ),
            mesh,
        )  # fmt: skip
        first_batch = next(batches)
        batches = itertools.chain([first_batch], batches)
        step_fn = compiled_step(config, task, shardings, mesh, state, first_batch)
        multihost.barrier("compiled")
        flops = model_flops(config, shapes, first_batch) if hardware.peak_flops() else None

        # Training.
        profiler = Profiler(workdir)
        interruption.defer()
        with Reporter(config, workdir, first_step, flops) as reporter:
            step, stopping = first_step, False
            if evaluation_missing:
                stopping = _evaluate(evaluators, reporter, interruption, state, step) is None
            while step < last_step and not stopping:
                with reporter.timed("data"):
                    batch = next(batches)
                with reporter.timed("step"):
                    state, report = step_fn(state, batch)
                step += 1
                reporter.add(report)
                profiler.stop_if_due(step, state)
                with reporter.timed("step"):  # several hosts wait here for their devices
                    stopping = multihost.should_stop(step, interruption.received)

                save = stopping or _is_due(config, "checkpoint", step)
                if save or _is_due(config, "log", step):
                    failed = reporter.write_losses(step)
                    if failed:
                        checkpoints.finish(manager)
                        raise _stop_at(failed, config, workdir, state, step)
                    checkpoints.check(manager)
                    profiler.start_if_requested(step)
                metrics = None
                if evaluators.metrics_due(step) and not stopping:
                    metrics = _evaluate(evaluators, reporter, interruption, state, step)
                    stopping = metrics is None
                if save or stopping or config.best_metric.removeprefix("-") in (metrics or ()):
                    checkpoints.save(manager, state, step, metrics)
                if _is_due(config, "visualize", step) and not stopping:
                    reporter.write_images(step, preview.plot(state))
        checkpoints.finish(manager)
        profiler.stop(state)
    if stopping:
        raise interruption.at_step(step)
    return state


def _is_due(config: ConfigDict, what: str, step: int) -> bool:
    """Return whether something is due after a step: every so many steps, and after the last one."""
    return step % config[f"{what}_every_steps"] == 0 or step == config.num_train_steps


def _evaluate(
    evaluators: Evaluators, reporter: Reporter, interruption: Interruption, state: TrainState, step: int
) -> dict[str, float] | None:
    """Evaluate and write the metrics; None if interrupted."""
    metrics = evaluators.evaluate(step, state, lambda: interruption.received)
    if metrics is not None:
        reporter.write(step, metrics)
    return metrics


def _stop_at(failed: FailedStep, config: ConfigDict, workdir: Path, state: TrainState, step: int) -> UserError:
    """Save the state of the last step, which may be later than the failed one, and return the error to raise."""
    folder = workdir / f"bad_step_{failed.step}"
    save_separately(folder, config, state, step)
    if jax.process_index() == 0:
        photos = np.asarray(failed.report.index).tolist()
        content = {"step": failed.step, "not_finite": failed.report.nonfinite(), "photos": photos}
        with directory.writing(workdir), replacing(folder / "not_finite.json") as path:
            path.write_text(json.dumps(content, indent=2) + "\n")
    return UserError(
        f"step {failed.step}: {failed.report.explanation()}, as in {config.max_nonfinite_steps} steps in a row, which "
        f"were skipped; the state and the photos' numbers are in {folder}, the checkpoints in {workdir} are finite: "
        "lower config.optimiser.learning_rate or set config.dtype to float32, in another --workdir"
    )
