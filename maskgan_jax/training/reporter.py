"""What a run reports while it trains: losses, metrics, speed and image grids; a progress bar; skipped steps."""

import contextlib
import math
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import UInt8
from ml_collections import ConfigDict
from tqdm import tqdm

from maskgan_jax.devices.mesh import to_host
from maskgan_jax.photos.files import write_photo
from maskgan_jax.runs.directory import writing
from maskgan_jax.training import metric_log
from maskgan_jax.training.skipped_steps import SkippedSteps, StepReport
from maskgan_jax.training.throughput import Throughput


class FailedStep(NamedTuple):
    """The step at which too many in a row were not finite."""

    step: int
    report: StepReport


class Reporter(contextlib.AbstractContextManager):
    """Collects the reports of steps and writes them in intervals; only process 0 writes.

    Args:
      config: of the run.
      workdir: its folder.
      first_step: number of steps taken before.
      flops: floating-point operations of a step; None where they aren't counted.
    """

    def __init__(self, config: ConfigDict, workdir: Path, first_step: int, flops: float | None):
        self._workdir = workdir
        self._max_nonfinite_steps = config.max_nonfinite_steps
        self._reports: list[StepReport] = []
        self._skipped = SkippedSteps()
        self._throughput = Throughput(config.batch_size, flops)
        self._is_writing = jax.process_index() == 0
        with writing(workdir):
            self._writer = metric_log.open_writer(workdir, first_step) if self._is_writing else None
        self._bar = tqdm(
            total=config.num_train_steps, initial=first_step, desc=config.name, unit="step", dynamic_ncols=True,
            mininterval=0.5 if sys.stderr.isatty() else 30, disable=not self._is_writing,
        )  # fmt: skip

    def __exit__(self, *_) -> None:
        self._bar.close()
        if self._writer:
            with writing(self._workdir):
                self._writer.close()

    def timed(self, part: str) -> AbstractContextManager[None]:
        """Time a block as `data` or `step`."""
        return self._throughput.timed(part)

    def add(self, report: StepReport) -> None:
        """Add the report of a step that was dispatched, without waiting for it."""
        self._reports.append(report)
        self._bar.update()

    def write_losses(self, step: int) -> FailedStep | None:
        """Wait for the steps up to this one and write the last one's losses and the speed of all.

        Returns:
          The step at which `config.max_nonfinite_steps` in a row had been skipped, or None.
        """
        with self.timed("step"):  # the host waits here until the devices have finished
            reports = to_host(self._reports)
        self._reports.clear()
        if not reports:
            return None
        skipped = 0
        for number, report in enumerate(reports, start=step - len(reports) + 1):
            skipped += self._skipped.count(number, report)
            if self._skipped.in_a_row == self._max_nonfinite_steps:
                return FailedStep(number, report)
        finite = {name: float(value) for name, value in reports[-1].losses.items() if math.isfinite(value)}
        losses = {f"train/{name}": value for name, value in finite.items()}
        self.write(step, {**losses, "train/skipped_steps": float(skipped), **self._throughput.metrics(len(reports))})
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in finite.items()}, refresh=False)
        return None

    def write(self, step: int, metrics: dict[str, float]) -> None:
        """Write metrics of a step."""
        if self._writer:
            with writing(self._workdir):
                self._writer.write_scalars(step, metrics)

    def write_images(self, step: int, image_grid: UInt8[np.ndarray, "h w 3"] | None) -> None:
        """Write an image grid of a step to `pictures/` and to TensorBoard."""
        if self._writer and image_grid is not None:
            with writing(self._workdir):
                write_photo(image_grid, self._workdir / "pictures" / f"step_{step:07d}.png")
                self._writer.write_images(step, {"held_out": image_grid[None]})
