"""The training loop: knows steps, pictures and checkpoints, but no task by name."""

import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from clu import parameter_overview
from jaxtyping import PyTree
from ml_collections import ConfigDict
from tqdm import tqdm

from data_pipeline import input_pipeline
from data_pipeline.prepare import prepare
from maskgan_jax import checkpoints, mesh, pictures, starts, tasks, workdir
from maskgan_jax.errors import UserError
from maskgan_jax.interruption import Interrupted, Interruption
from maskgan_jax.metric_log import MetricLog
from maskgan_jax.tasks.task import TrainState


def train(config: ConfigDict, folder: Path) -> TrainState:
    """Trains the task of a config in a run's folder, from its latest checkpoint if there is one.

    Raises:
      UserError: something is missing or doesn't fit; nothing was written.
      data_pipeline.errors.DataError: the same of the data.
      Interrupted: SIGTERM or Ctrl-C.
    """
    # What can be wrong, checked before anything takes long.
    task = tasks.make(config)
    devices = mesh.make_mesh(config.batch_size)
    with checkpoints.open_manager(folder, config.checkpoints_to_keep) as manager:
        resumed_step = manager.latest_step()
        if resumed_step is not None:
            workdir.check_same_run(folder, config)
        else:
            given = starts.load(config, task)
        builder = prepare(config.data.directory, config.data.size, config.data.prepared or None)
        hosts = {"process_index": jax.process_index(), "process_count": jax.process_count()}

        def held_out(limit: int | None = None) -> Iterator[dict[str, jax.Array]]:
            batches = input_pipeline.eval_batches(
                builder, config.data.eval_split, batch_size=config.batch_size, limit=limit, **hosts
            )
            return mesh.to_devices(batches, devices)

        shown = next(held_out(limit=config.batch_size))

        # State: drawn anew or read.
        rng = jax.random.key(config.seed)
        if resumed_step is None:
            resumed_step = 0
            workdir.save_config(folder, config)
            state = mesh.compile_once(task.init, devices)(rng, given)
            del given
            logging.info("Parameters:\n%s", parameter_overview.get_parameter_overview(state.params, max_lines=60))
        else:
            drawn = {name: jax.eval_shape(draw, rng) for name, draw in task.starts.items()}
            shapes = jax.eval_shape(task.init, rng, drawn)
            state = checkpoints.resume(manager, shapes, mesh.replicated(devices))
            logging.info("Goes on from step %d of %s", resumed_step, folder)

        step_fn = mesh.compile_step(task.step, devices)
        evaluate_fn = mesh.compile_reader(task.evaluate, devices)
        draw_fn = mesh.compile_reader(task.draw, devices)
        finite_fn = jax.jit(_finite_networks, out_shardings=mesh.replicated(devices))
        log = MetricLog(folder, resumed_step)
        batches = mesh.to_devices(
            input_pipeline.train_batches(
                builder, config.data.train_split, batch_size=config.batch_size, seed=config.seed,
                start_step=resumed_step, flip=config.data.flip, **hosts,
            ),
            devices,
        )  # fmt: skip

        def check_and_log(losses: list[Mapping[str, jax.Array]], last_step: int) -> None:
            if not losses:
                return
            nonlocal logged_at
            values = mesh.to_host(losses)
            seconds, logged_at = time.perf_counter() - logged_at, time.perf_counter()
            for step, scalars in enumerate(values, start=last_step - len(values) + 1):
                _check_losses(scalars, step, folder)
            latest = {name: float(value) for name, value in values[-1].items()}
            named = {f"train/{name}": value for name, value in latest.items()}
            log.write(last_step, named | {"seconds_per_step": seconds / len(values)})
            bar.set_postfix({name: f"{value:.3g}" for name, value in latest.items()}, refresh=False)

        def evaluate(step: int) -> None:
            sums = [mesh.to_host(evaluate_fn(state, batch)) for batch in held_out()]
            figures = task.summarise(jax.tree.map(lambda *parts: np.sum(parts, axis=0), *sums))
            log.write(step, {f"{config.data.eval_split}/{name}": value for name, value in figures.items()})

        def draw(step: int) -> None:
            columns = mesh.to_host(draw_fn(state, shown))
            if jax.process_index() == 0:
                pixels = {name: pictures.to_pixels(np.asarray(column)) for name, column in columns.items()}
                sheet = pictures.grid(pixels, rows=8)
                pictures.save(sheet, folder / "pictures" / f"step_{step:07d}.png")
                log.write_picture(step, "held_out", np.asarray(sheet))

        # The loop.
        last_step = config.num_train_steps
        losses = []
        logged_at = time.perf_counter()
        bar = tqdm(
            total=last_step, initial=resumed_step, desc=config.name, unit="step", dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30, disable=jax.process_index() > 0,
        )  # fmt: skip
        with bar, Interruption() as interruption:
            for step in range(resumed_step + 1, last_step + 1):
                state, scalars = step_fn(state, next(batches))
                losses.append(scalars)
                bar.update()

                stopping = interruption.signal is not None

                def due(every: int, step=step, always=stopping) -> bool:
                    return always or step % every == 0 or step == last_step

                if due(config.log_every_steps) or due(config.checkpoint_every_steps):
                    check_and_log(losses, step)
                    losses.clear()
                if due(config.checkpoint_every_steps):
                    _check_parameters(finite_fn(state.params), step, folder)
                    checkpoints.save(manager, state, step)
                if stopping:
                    break
                if due(config.eval_every_steps):
                    evaluate(step)
                if due(config.picture_every_steps):
                    draw(step)
        manager.wait_until_finished()
        log.close()
    if interruption.signal is not None and step < last_step:
        raise Interrupted(interruption.signal, step, folder)
    return state


def _finite_networks(params: Mapping[str, PyTree]) -> dict[str, jax.Array]:
    """By network: whether every parameter is finite."""
    return {
        name: jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(tree)]))
        for name, tree in params.items()
    }


def _check_parameters(finite: Mapping[str, jax.Array], step: int, folder: Path) -> None:
    bad = [name for name, is_finite in mesh.to_host(finite).items() if not is_finite]
    if bad:
        raise _not_finite(f"the parameters of {', '.join(bad)} are", step, folder)


def _check_losses(scalars: Mapping[str, np.ndarray], step: int, folder: Path) -> None:
    bad = [f"{name} = {float(value)}" for name, value in scalars.items() if not math.isfinite(value)]
    if bad:
        raise _not_finite(f"the loss ({', '.join(bad)}) is", step, folder)


def _not_finite(what: str, step: int, folder: Path) -> UserError:
    return UserError(
        f"step {step}: {what} not finite; the checkpoints in {folder} are from before it: "
        "lower config.optimiser.learning_rate, or set config.dtype to float32"
    )
