"""One queue in front of the device: everything that the networks compute for the server runs in one thread."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Num, UInt8


class SupersededError(Exception):
    """A later stroke on the same photo came while this one waited."""


class FullError(Exception):
    """As many requests wait as the queue takes."""


@dataclass(frozen=True, eq=False)  # arrays have no equality that the queue could search by
class _Work:
    """A function to call, or, with a key, an image to generate of `arguments`."""

    function: Callable[..., Any] | None
    arguments: tuple
    key: str | None
    result: asyncio.Future


class DeviceQueue:
    """Runs functions in order; images that wait at the same time are generated as one batch."""

    def __init__(self, generate: Callable[..., np.ndarray], max_batch: int = 4, max_waiting: int = 256):
        """Name the generator.

        Args:
          generate: label maps (b s s), and other arrays with a batch axis, to images (b s s 3); called with batches of
            1 and `max_batch`, so that only these two are compiled.
          max_batch: images of a batch.
          max_waiting: requests; more are refused.
        """
        self._generate, self.max_batch, self._max_waiting = generate, max_batch, max_waiting
        self._waiting: deque[_Work] = deque()
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "device")

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the device's thread and return its result.

        Raises:
          FullError: too many requests wait.
        """
        return await self._submit(function, arguments, None)

    async def generate(
        self, key: str, mask: UInt8[np.ndarray, "s s"], *others: Num[Array | np.ndarray, "..."]
    ) -> UInt8[np.ndarray, "s s 3"]:
        """Generate an image; one of the same key that still waits is dropped.

        Args:
          key: of the images of which only the last one that is asked for is needed.
          mask: label map.
          others: what else the generator takes, without the batch axis.

        Raises:
          SupersededError: by a later call of the same key.
          FullError: too many requests wait.
        """
        for work in [work for work in self._waiting if work.key == key]:
            self._waiting.remove(work)
            if not work.result.done():
                work.result.set_exception(SupersededError())
        return await self._submit(None, (mask, *others), key)

    async def serve(self) -> None:
        """Work until cancelled."""
        loop, batch = asyncio.get_running_loop(), []
        try:
            while True:
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                batch = self._next()
                try:
                    results = await loop.run_in_executor(self._thread, self._compute, batch)
                except Exception as error:
                    for work in batch:
                        if not work.result.done():
                            work.result.set_exception(error)
                else:
                    for work, result in zip(batch, results, strict=True):
                        if not work.result.done():
                            work.result.set_result(result)
        finally:
            for work in [*batch, *self._waiting]:
                work.result.cancel()
            self._thread.shutdown()

    async def _submit(self, function: Callable[..., Any] | None, arguments: tuple, key: str | None) -> Any:
        if len(self._waiting) >= self._max_waiting:
            raise FullError
        work = _Work(function, arguments, key, asyncio.get_running_loop().create_future())
        self._waiting.append(work)
        self._arrived.set()
        return await work.result

    def _next(self) -> list[_Work]:
        """Return the work to do now: one function, or images, in the order of their arrival."""
        first = self._waiting.popleft()
        if first.key is None:
            return [first]
        others = [work for work in self._waiting if work.key is not None][: self.max_batch - 1]
        for work in others:
            self._waiting.remove(work)
        return [first, *others]

    def _compute(self, batch: list[_Work]) -> list[Any]:
        if batch[0].key is None:
            return [batch[0].function(*batch[0].arguments)]
        missing = self.max_batch - len(batch) if len(batch) > 1 else 0
        rows = [work.arguments for work in batch] + [batch[0].arguments] * missing
        return list(self._generate(*(np.stack(each) for each in zip(*rows, strict=True)))[: len(batch)])
