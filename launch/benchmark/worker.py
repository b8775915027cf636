"""One side of one comparison, in a process of its own: prepares, then runs once for every line on its standard input.

Writes one JSON object a line: what its first run computed, how often a timed run repeats the work, then the seconds of
each run, at last the peak of its memory during those runs.
"""

import gc
import importlib
import json
import math
import sys
import time

from launch.benchmark.workloads import Settings

SHORTEST = 0.5
"""Seconds that a timed run takes at least; shorter work is repeated."""


def main() -> None:
    """Serve until the input ends."""
    settings = Settings(**json.loads(sys.argv[1]))
    side = importlib.import_module(f"launch.benchmark.{settings.framework}_side")
    run = side.prepare(settings)
    _write({"numbers": {name: float(value) for name, value in run().items()}, **side.describe()})
    gc.collect()
    side.forget_peak_memory()
    started = time.perf_counter()
    run()
    repetitions = math.ceil(SHORTEST / (time.perf_counter() - started))
    _write({"repetitions": repetitions})
    for _ in sys.stdin:
        started = time.perf_counter()
        for _ in range(repetitions):
            run()
        _write({"seconds": (time.perf_counter() - started) / repetitions})
    _write({"bytes": side.peak_memory()})


def _write(message: dict) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
