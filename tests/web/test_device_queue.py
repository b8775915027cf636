"""The queue in front of the device: batches, order, refusals, and that nothing stops it."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine

import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.web.device_queue import DeviceQueue, FullError, SupersededError


class Generator:
    """Makes images of the sum of mask and style, and records the size of every batch."""

    def __init__(self):
        self.batches = []

    def __call__(self, masks: np.ndarray, styles: np.ndarray) -> np.ndarray:
        self.batches.append(len(masks))
        assert len(styles) == len(masks)
        values = masks + styles[:, :1, None]
        return np.stack([values] * 3, -1).astype(np.uint8)


@contextlib.asynccontextmanager
async def served(queue: DeviceQueue) -> AsyncIterator[None]:
    """Let the queue work."""
    worker = asyncio.create_task(queue.serve())
    yield
    worker.cancel()
    await asyncio.wait([worker])


async def request(queue: DeviceQueue, key: str, value: int) -> int:
    """Return the image of a mask and a style that sum up to a value, as that value."""
    image = await queue.generate(key, np.full((2, 2), value - 1, np.uint8), jnp.ones(4))
    assert image.shape == (2, 2, 3)
    return int(image.mean())


async def waiting(*requests: Coroutine) -> list[asyncio.Task]:
    """Return requests as tasks that wait in the queue."""
    tasks = [asyncio.create_task(each) for each in requests]
    await asyncio.sleep(0)
    return tasks


async def results(queue: DeviceQueue, *requests: Coroutine) -> list:
    """Return the results, or errors, of requests that wait together before the queue works."""
    tasks = await waiting(*requests)
    async with served(queue):
        return await asyncio.gather(*tasks, return_exceptions=True)


def test_a_lone_image_is_a_batch_of_one():
    generate = Generator()
    queue = DeviceQueue(generate)
    assert asyncio.run(results(queue, request(queue, "a", 5))) == [5]
    assert generate.batches == [1]


def test_images_that_wait_together_are_one_padded_batch():
    generate = Generator()
    queue = DeviceQueue(generate, max_batch=4)
    requests = [request(queue, key, value) for key, value in (("a", 5), ("b", 6), ("c", 7))]
    assert asyncio.run(results(queue, *requests)) == [5, 6, 7]
    assert generate.batches == [4]


def test_more_images_than_a_batch_are_several():
    generate = Generator()
    queue = DeviceQueue(generate, max_batch=4)
    requests = [request(queue, str(value), value) for value in range(1, 10)]
    assert asyncio.run(results(queue, *requests)) == list(range(1, 10))
    assert generate.batches == [4, 4, 1]


def test_functions_run_in_order_and_images_that_wait_join_the_first():
    done = []

    def generate(masks: np.ndarray, styles: np.ndarray) -> np.ndarray:
        done.append("images")
        return Generator()(masks, styles)

    queue = DeviceQueue(generate)
    requests = [
        queue.run(done.append, "first"),
        request(queue, "a", 5),
        queue.run(done.append, "second"),
        request(queue, "b", 6),
        queue.run(done.append, "third"),
    ]
    assert asyncio.run(results(queue, *requests)) == [None, 5, None, 6, None]
    assert done == ["first", "images", "second", "third"]


def test_everything_runs_in_one_thread():
    threads = []

    def generate(masks: np.ndarray, styles: np.ndarray) -> np.ndarray:
        threads.append(threading.current_thread())
        return Generator()(masks, styles)

    async def run() -> None:
        queue = DeviceQueue(generate)
        async with served(queue):
            await request(queue, "a", 5)
            threads.append(await queue.run(threading.current_thread))
            await request(queue, "a", 6)

    asyncio.run(run())
    assert len(threads) == 3
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


def test_a_later_image_takes_the_place_of_one_of_the_same_key_that_waits():
    generate = Generator()
    queue = DeviceQueue(generate)
    requests = [request(queue, key, value) for key, value in (("a", 5), ("b", 6), ("b", 7), ("a", 8))]
    first, second, third, fourth = asyncio.run(results(queue, *requests))
    assert isinstance(first, SupersededError)
    assert isinstance(second, SupersededError)
    assert (third, fourth) == (7, 8)
    assert generate.batches == [4]  # one of two, padded


def test_an_image_that_is_generated_already_is_not_superseded():
    async def run() -> list[int]:
        started, go_on = threading.Event(), threading.Event()

        def generate(masks: np.ndarray, styles: np.ndarray) -> np.ndarray:
            started.set()
            go_on.wait(60)
            return Generator()(masks, styles)

        queue = DeviceQueue(generate)
        async with served(queue):
            first = asyncio.create_task(request(queue, "a", 5))
            await asyncio.to_thread(started.wait, 60)
            (second,) = await waiting(request(queue, "a", 6))
            go_on.set()
            return await asyncio.gather(first, second)

    assert asyncio.run(run()) == [5, 6]


def test_functions_do_not_supersede_one_another():
    queue = DeviceQueue(Generator())
    assert asyncio.run(results(queue, *(queue.run(abs, value) for value in (-1, -2)))) == [1, 2]


def test_more_requests_than_may_wait_are_refused():
    queue = DeviceQueue(Generator(), max_waiting=2)
    requests = [request(queue, "a", 5), queue.run(abs, -6), request(queue, "b", 7), queue.run(abs, -8)]
    first, second, third, fourth = asyncio.run(results(queue, *requests))
    assert (first, second) == (5, 6)
    assert isinstance(third, FullError)
    assert isinstance(fourth, FullError)


def test_a_later_image_is_taken_by_a_full_queue_in_the_place_of_its_forerunner():
    queue = DeviceQueue(Generator(), max_waiting=1)
    first, second = asyncio.run(results(queue, request(queue, "a", 5), request(queue, "a", 6)))
    assert isinstance(first, SupersededError)
    assert second == 6


def test_the_number_of_those_that_wait_is_known():
    async def run() -> tuple[int, int]:
        queue = DeviceQueue(Generator())
        tasks = await waiting(request(queue, "a", 5), request(queue, "b", 6))
        before = len(queue)
        async with served(queue):
            await asyncio.gather(*tasks)
        return before, len(queue)

    assert asyncio.run(run()) == (2, 0)


def test_an_error_reaches_every_caller_of_its_batch_and_the_queue_goes_on():
    def generate(masks: np.ndarray, styles: np.ndarray) -> np.ndarray:
        if masks.max() > 100:
            raise MemoryError("no room")
        return Generator()(masks, styles)

    async def run() -> tuple:
        queue = DeviceQueue(generate)
        tasks = await waiting(request(queue, "a", 5), request(queue, "b", 200))
        async with served(queue):
            errors = await asyncio.gather(*tasks, return_exceptions=True)
            return *errors, await request(queue, "a", 6)

    first, second, later = asyncio.run(run())
    assert (type(first), type(second), later) == (MemoryError, MemoryError, 6)


def test_an_error_of_a_function_reaches_its_caller_alone():
    queue = DeviceQueue(Generator())
    failed, result = asyncio.run(results(queue, queue.run(int, "x"), queue.run(int, "7")))
    assert isinstance(failed, ValueError)
    assert result == 7


def test_requests_that_were_cancelled_do_no_harm():
    async def run() -> list[int]:
        queue = DeviceQueue(Generator())
        first, second, third = await waiting(request(queue, "a", 5), queue.run(abs, -6), request(queue, "b", 7))
        first.cancel()
        second.cancel()
        async with served(queue):
            return [await third, await request(queue, "a", 8)]

    assert asyncio.run(run()) == [7, 8]


def test_a_cancelled_image_can_be_followed_by_one_of_the_same_key():
    async def run() -> int:
        queue = DeviceQueue(Generator())
        (cancelled,) = await waiting(request(queue, "a", 5))
        cancelled.cancel()
        (later,) = await waiting(request(queue, "a", 6))
        async with served(queue):
            return await later

    assert asyncio.run(run()) == 6


def test_at_the_end_all_requests_are_cancelled_those_that_wait_and_those_that_run():
    async def run() -> None:
        started, go_on = threading.Event(), threading.Event()
        queue = DeviceQueue(Generator())
        worker = asyncio.create_task(queue.serve())
        tasks = await waiting(queue.run(lambda: started.set() or go_on.wait(60)), request(queue, "a", 5))
        await asyncio.to_thread(started.wait, 60)
        worker.cancel()
        go_on.set()
        await asyncio.wait([worker])
        for task in tasks:
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert not any(thread.name.startswith("device") for thread in threading.enumerate())
