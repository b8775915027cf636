"""The training loop: knows steps, pictures and checkpoints, but no task by name."""

import itertools
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np
from absl import logging
from clu import parameter_overview
from ml_collections import ConfigDict
from tqdm import tqdm

from data_pipeline import input_pipeline
from data_pipeline.errors import UserError
from data_pipeline.prepare import prepare
from maskgan_jax import tasks
from maskgan_jax.devices import hardware, mesh, multihost
from maskgan_jax.devices.model_flops import model_flops
from maskgan_jax.photos import grid
from maskgan_jax.runs import checkpoints, directory
from maskgan_jax.tasks.task import Task, TrainState
from maskgan_jax.training import metric_log, pretrained
from maskgan_jax.training.interruption import Interrupted, Interruption
from maskgan_jax.training.profiling import Profiler
from maskgan_jax.training.skip_nonfinite import Report, SkippedSteps, explained, guarded
from maskgan_jax.training.throughput import Throughput


def train(config: ConfigDict, folder: Path) -> TrainState:
    """Trains the task of a config in a run's folder, from its latest undamaged checkpoint if there is one.

    Raises:
      UserError: something is missing or doesn't fit, and nothing was written; or the disk is full, or too many steps
        in a row were not finite, and the checkpoints stay.
      data_pipeline.errors.UserError: the data is missing, doesn't fit or is damaged.
      Interrupted: SIGTERM or Ctrl-C.
    """
    # What can be wrong, checked before anything takes long.
    task = tasks.make(config)
    devices = mesh.make_mesh(config)
    with (
        Interruption(folder) as interruption,
        checkpoints.open_manager(folder, config.checkpoints_to_keep, config.best_metric) as manager,
    ):
        resumed_step = manager.latest_step()
        if resumed_step is not None:
            directory.check_same_run(folder, config)
        else:
            given = pretrained.load(config, task)
        with multihost.first_alone("prepare"):
            builder = prepare(config.data.directory, config.data.size, config.data.prepared or None)
        share = {
            "entries": ("image_t", "mask_t", "mask_ref"),
            "batch_size": config.batch_size, "max_bad_fraction": config.data.max_bad_fraction,
            "process_index": jax.process_index(), "process_count": jax.process_count(),
        }  # fmt: skip

        def held_out(limit: int | None = None) -> Iterator[dict[str, jax.Array]]:
            batches = input_pipeline.eval_batches(builder, config.data.eval_split, limit=limit, **share)
            return mesh.to_devices(batches, devices)

        shown = next(held_out(limit=config.batch_size))

        # State: drawn anew or read.
        rng = jax.random.key(config.seed)
        drawn = {name: jax.eval_shape(draw, rng) for name, draw in task.starts.items()}
        shapes = jax.eval_shape(task.init, rng, drawn)
        layout = mesh.state_sharding(shapes, devices)
        _check_policies(config, task, shapes, shown)
        if resumed_step is None:
            resumed_step = 0
            if jax.process_index() == 0:
                with directory.writing(folder):
                    directory.save_config(folder, config)
            state = mesh.compile_once(task.init, layout)(rng, mesh.to_host(given))
            del given
            overview = parameter_overview.get_parameter_overview(shapes.params, include_stats=False, max_lines=60)
            logging.info("Parameters:\n%s", overview)
        else:
            state = checkpoints.resume(manager, shapes, layout)
            logging.info("Goes on from step %d of %s", resumed_step, folder)
        last_step = config.num_train_steps

        def due(step: int, every: int) -> bool:
            return step % every == 0 or step == last_step

        eval_due = resumed_step > 0 and due(resumed_step, config.eval_every_steps)
        cut_off = eval_due and not multihost.first_says(metric_log.holds(folder, resumed_step, config.data.eval_split))
        if resumed_step == last_step and not cut_off:
            return state

        batches = mesh.to_devices(
            input_pipeline.train_batches(
                builder, config.data.train_split, seed=config.seed, start_step=resumed_step, flip=config.data.flip,
                **share,
            ),
            devices,
        )  # fmt: skip
        first_batch = next(batches)
        batches = itertools.chain([first_batch], batches)
        # On CPUs and TPUs a step gives the same bits every time; GPUs may add up in any order.
        options = {"xla_gpu_deterministic_ops": config.deterministic} if jax.default_backend() == "gpu" else None
        step_fn = mesh.compile_step(guarded(task.step), layout, devices).lower(state, first_batch).compile(options)
        multihost.meet("compiled")
        evaluate_fn = mesh.compile_reader(task.evaluate, layout, devices)
        draw_fn = mesh.compile_reader(task.draw, layout, devices)
        with directory.writing(folder):
            log = metric_log.MetricLog(folder, resumed_step)
        skips = SkippedSteps()
        countable = hardware.peak_flops() is not None
        speed = Throughput(config.batch_size, model_flops(config, shapes, first_batch) if countable else None)
        profiler = Profiler(folder)

        def check_and_log(reports: list[Report], last_step: int) -> None:
            if not reports:
                return
            with speed.timed("step"):  # the host waits here until the devices have caught up
                reports = mesh.to_host(reports)
            skipped = 0
            for step, report in enumerate(reports, start=last_step - len(reports) + 1):
                skipped += skips.skipped(step, report)
                if skips.in_a_row == config.max_bad_steps:
                    checkpoints.finish(manager)
                    raise _stopped(config, state, step, last_step, report, folder)
            finite = {name: float(value) for name, value in reports[-1].losses.items() if math.isfinite(value)}
            named = {f"train/{name}": value for name, value in finite.items()} | {"train/skipped_steps": float(skipped)}
            with directory.writing(folder):
                log.write(last_step, named | speed.figures(len(reports)))
            bar.set_postfix({name: f"{value:.3g}" for name, value in finite.items()}, refresh=False)

        def evaluate(step: int) -> dict[str, float] | None:
            """The figures, or None after a signal."""
            sums = []
            for number, batch in enumerate(held_out(), start=1):
                sums.append(mesh.to_host(evaluate_fn(state, batch)))
                if multihost.should_stop(number, interruption.signal is not None):
                    return None
            figures = task.summarise(jax.tree.map(lambda *parts: np.sum(parts, axis=0), *sums))
            named = {f"{config.data.eval_split}/{name}": value for name, value in figures.items()}
            with directory.writing(folder):
                log.write(step, named)
            return named

        def draw(step: int) -> None:
            columns = mesh.to_host(draw_fn(state, shown))
            if jax.process_index() == 0:
                pixels = {name: grid.to_pixels(np.asarray(column)) for name, column in columns.items()}
                sheet = grid.grid(pixels, rows=8)
                with directory.writing(folder):
                    grid.save(sheet, folder / "pictures" / f"step_{step:07d}.png")
                    log.write_picture(step, "held_out", np.asarray(sheet))

        # The loop.
        reports = []
        bar = tqdm(
            total=last_step, initial=resumed_step, desc=config.name, unit="step", dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30, disable=jax.process_index() > 0,
        )  # fmt: skip
        interruption.defer()
        with bar:
            step = resumed_step
            stopping = cut_off and evaluate(resumed_step) is None
            while step < last_step and not stopping:
                step += 1
                with speed.timed("data"):
                    batch = next(batches)
                with speed.timed("step"):
                    state, report = step_fn(state, batch)
                reports.append(report)
                bar.update()
                profiler.end_if_due(step, state)

                with speed.timed("step"):  # several hosts wait here for their devices
                    stopping = multihost.should_stop(step, interruption.signal is not None)

                checkpoint_due = stopping or due(step, config.checkpoint_every_steps)
                if checkpoint_due or due(step, config.log_every_steps):
                    check_and_log(reports, step)
                    reports.clear()
                    checkpoints.check(manager)
                    profiler.begin_if_asked(step)
                figures = None
                if due(step, config.eval_every_steps) and not stopping:
                    figures = evaluate(step)
                    stopping = figures is None
                best_may_be_here = figures is not None and config.best_metric
                if checkpoint_due or stopping or best_may_be_here:
                    checkpoints.save(manager, state, step, figures)
                if due(step, config.picture_every_steps) and not stopping:
                    draw(step)
        checkpoints.finish(manager)
        profiler.end(state)
        with directory.writing(folder):
            log.close()
    if stopping:
        cause = interruption.signal.name if interruption.signal else "another host was told to stop"
        raise Interrupted(cause, folder, step)
    return state


def _check_policies(config: ConfigDict, task: Task, shapes: TrainState, batch: dict[str, jax.Array]) -> None:
    """Sees to it that what is to be kept and when to give up can be meant so."""
    if config.max_bad_steps < 1:
        raise UserError(f"config.max_bad_steps: {config.max_bad_steps}; give 1 or more")
    if not config.best_metric:
        return
    wanted = config.best_metric.removeprefix("-")
    sums = jax.eval_shape(task.evaluate, shapes, batch)
    figures = task.summarise(jax.tree.map(lambda total: np.ones(total.shape, total.dtype), sums))
    names = [f"{config.data.eval_split}/{name}" for name in figures]
    if wanted not in names:
        raise UserError(
            f"config.best_metric: nothing is called '{wanted}' here; name one of {', '.join(names)}, "
            "with a '-' before it if less is better, or none"
        )


def _stopped(
    config: ConfigDict, state: TrainState, bad_step: int, last_step: int, report: Report, folder: Path
) -> UserError:
    """Keeps the state of the last step; by then some more steps may have been taken than the bad one."""
    kept = folder / f"bad_step_{bad_step}"
    checkpoints.keep_apart(kept, config, state, last_step)
    if jax.process_index() == 0:
        with directory.writing(folder):
            photos = np.asarray(report.index).tolist()
            what = {"step": bad_step, "not_finite": report.bad(), "photos": photos}
            directory.replace_text(kept / "not_finite.json", json.dumps(what, indent=2) + "\n")
    return UserError(
        f"step {bad_step}: {explained(report)}, as in {config.max_bad_steps} steps in a row, which were skipped; the "
        f"state and the photos' numbers are in {kept}, the checkpoints in {folder} are finite: lower "
        "config.optimiser.learning_rate or set config.dtype to float32, in another --workdir"
    )
