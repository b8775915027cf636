"""Speed of a run and where its time is spent, from the host's clock alone: no step waits for a measurement."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import jax

from maskgan_jax.devices import hardware
from maskgan_jax.devices.model_flops import model_flop_utilisation


class Throughput:
    """Measures the interval between two lines of the log.

    The host runs ahead of the devices: a step's seconds are those of dispatching it, plus those of waiting for its
    losses when they are logged. Data wait is the time the host waited for batches.

    Args:
      batch_size: examples of a step, over all devices.
      flops: floating-point operations of a step, over all devices; None where they aren't counted.
    """

    def __init__(self, batch_size: int, flops: float | None):
        self._batch_size = batch_size
        self._flops = flops
        self._restart()

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add the time of the block to `data` or `step`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[part] += time.perf_counter() - started

    def metrics(self, steps: int) -> dict[str, float]:
        """Return the metrics of the interval that ends here, in seconds a step, and begin the next interval.

        Images a second and the utilisation exclude evaluation, visualization and checkpoints.
        """
        total = (time.perf_counter() - self._started) / steps
        data, step = self._seconds["data"] / steps, self._seconds["step"] / steps
        images = self._batch_size / (data + step)
        metrics = {
            "seconds_per_step": total,
            "speed/data_wait_seconds": data,
            "speed/step_seconds": step,
            "speed/other_seconds": total - data - step,
            "speed/images_per_second": images,
            "speed/images_per_second_per_device": images / jax.device_count(),
            "speed/model_flop_utilisation": model_flop_utilisation(self._flops, data + step),
            "speed/peak_memory_bytes": hardware.peak_memory(),
        }
        self._restart()
        return {name: float(value) for name, value in metrics.items() if value is not None}

    def _restart(self) -> None:
        self._started = time.perf_counter()
        self._seconds = defaultdict(float)
