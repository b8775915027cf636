"""Where a run's metrics go: the console, TensorBoard and `metrics.jsonl`."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from clu import metric_writers
from clu.metric_writers import MultiWriter

from data_pipeline.atomic_files import replacing


def open_writer(workdir: Path, resumed_step: int) -> MultiWriter:
    """Return a writer to the console, to TensorBoard's event files and to `metrics.jsonl` in a run's folder.

    Lines of `metrics.jsonl` after `resumed_step` are removed: those steps will be repeated.
    """
    return MultiWriter([metric_writers.create_default_writer(workdir), JsonLinesWriter(workdir, resumed_step)])


class JsonLinesWriter:
    """Appends scalars to `metrics.jsonl`, one JSON object a line; the part of CLU's `MetricWriter` that a run needs."""

    def __init__(self, workdir: Path, resumed_step: int):
        path = workdir / "metrics.jsonl"
        lines = "".join(_lines_until(resumed_step, path))
        with replacing(path) as temporary:
            temporary.write_text(lines)
        self._file = path.open("a")

    def write_scalars(self, step: int, scalars: Mapping[str, float]) -> None:
        """Append a line, visible to readers at once."""
        self._file.write(json.dumps({"step": step, **scalars}) + "\n")
        self._file.flush()

    def write_images(self, step: int, images: Mapping) -> None:
        """Leave images to the other writers."""

    def flush(self) -> None:
        """Write out what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def has_metrics(workdir: Path, step: int, names: Collection[str]) -> bool:
    """Return whether `metrics.jsonl` holds any of these metrics of a step; those of a step are written together."""
    lines = map(json.loads, _lines_until(step, workdir / "metrics.jsonl"))
    return any(line["step"] == step and not line.keys().isdisjoint(names) for line in lines)


def _lines_until(step: int, path: Path) -> list[str]:
    """Return the complete lines of steps up to this one; a machine that failed may have left others."""
    kept = []
    for line in path.read_text(errors="replace").splitlines(keepends=True) if path.exists() else []:
        with suppress(ValueError, KeyError, TypeError):
            if json.loads(line)["step"] <= step and line.endswith("\n"):
                kept.append(line)
    return kept
