"""Styles of single parts of a second photo, in the server's answers."""

import asyncio

import numpy as np
import pytest

from maskgan_jax.editing.editor import Editor
from maskgan_jax.web.device_queue import DeviceQueue
from tests.web.exchange import SIZE, open_sample, pixels, sample_portrait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def editor(portrait_editor) -> Editor:
    """What is served: networks of random weights, without a face parser."""
    return portrait_editor


def edited(client, query: str) -> np.ndarray:
    """Return one sample face with styles of another one."""
    photo, reference = open_sample(client, 0), open_sample(client, 2)
    mask = client.get(f"/api/photos/{photo}/mask").content
    return pixels(client.post(f"/api/photos/{photo}/edit?reference={reference}&{query}", content=mask))


def expected(editor: Editor, *names: str, strength: float = 1.0) -> np.ndarray:
    one, other = sample_portrait(editor, 0), sample_portrait(editor, 2)
    return editor.copy_parts(one, dict.fromkeys(names, other), strength=strength)


def test_the_parts_with_a_style_are_listed(client):
    assert client.get("/api/model").json()["style_parts"] == ["skin", "hair", "eyes", "mouth"]


def test_parts_take_the_style_of_another_photo(client, editor):
    result = edited(client, "strength=0.5&style_parts=hair,mouth")
    np.testing.assert_array_equal(result, expected(editor, "hair", "mouth", strength=0.5))
    np.testing.assert_array_equal(edited(client, "strength=1"), expected(editor, "all"))


@pytest.mark.parametrize(
    ("names", "message"),
    [("nose", "no such part: nose; the parts are all, hair"), ("eyes,left_eye", "left_eye is given twice")],
)
def test_other_parts_are_refused(client, names, message):
    photo = open_sample(client, 0)
    address = f"/api/photos/{photo}/edit?reference={photo}&strength=1&style_parts={names}"
    answer = client.post(address, content=bytes(SIZE * SIZE))
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_strokes_of_several_people_are_generated_together(editor):
    portraits = [sample_portrait(editor, number) for number in (0, 1, 2)]
    batches = []

    def generate(masks: np.ndarray, *others: np.ndarray) -> np.ndarray:
        batches.append(len(masks))
        return editor.generate(masks, *others)

    async def paint() -> list[np.ndarray]:
        queue = DeviceQueue(generate, max_batch=4)
        strokes = [
            queue.generate(str(number), each.mask, each.style[0], *(array[0] for array in each.background))
            for number, each in enumerate(portraits)
        ]
        waiting = asyncio.gather(*strokes)
        await asyncio.sleep(0)
        worker = asyncio.create_task(queue.serve())
        results = await waiting
        worker.cancel()
        await asyncio.wait([worker])
        return results

    results = asyncio.run(paint())
    assert batches == [4]
    alone = [editor.edit(each, each.mask) for each in portraits]
    np.testing.assert_allclose(np.stack(results).astype(int), np.stack(alone), atol=1)
