"""Where a run's numbers go: the console, TensorBoard and `metrics.jsonl`, from the first process alone."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import jax
from clu import metric_writers

from maskgan_jax.runs.directory import replace_text


class MetricLog:
    """The numbers of a run, from a step on."""

    def __init__(self, workdir: Path, resumed_step: int):
        """Opens the log; lines of steps after `resumed_step`, which will be taken again, are dropped."""
        self._first = jax.process_index() == 0
        self._writer = metric_writers.create_default_writer(workdir, just_logging=not self._first)
        self._path = workdir / "metrics.jsonl"
        if self._first:
            replace_text(self._path, "".join(_lines_until(resumed_step, self._path)))

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Writes scalars under a step."""
        self._writer.write_scalars(step, scalars)
        if self._first:
            with self._path.open("a") as file:
                file.write(json.dumps({"step": step, **scalars}) + "\n")

    def write_picture(self, step: int, name: str, pixels) -> None:
        """Shows a picture, uint8 (h w 3), in TensorBoard."""
        self._writer.write_images(step, {name: pixels[None]})

    def close(self) -> None:
        """Waits until everything is written."""
        self._writer.flush()
        self._writer.close()


def holds(workdir: Path, step: int, split: str) -> bool:
    """Whether the log has what a step was evaluated to."""
    lines = map(json.loads, _lines_until(step, workdir / "metrics.jsonl"))
    return any(line["step"] == step and name.startswith(f"{split}/") for line in lines for name in line)


def _lines_until(step: int, path: Path) -> list[str]:
    """The whole lines of steps up to this one; what a dying machine left of others is no number of the run."""
    kept = []
    for line in path.read_text(errors="replace").splitlines(keepends=True) if path.exists() else []:
        with suppress(ValueError, KeyError, TypeError):
            if json.loads(line)["step"] <= step and line.endswith("\n"):
                kept.append(line)
    return kept
