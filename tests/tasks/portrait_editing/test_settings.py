"""The task of portrait editing with its settings: networks, inputs, refusals; nothing is compiled."""

import jax
import numpy as np
import pytest

from data_pipeline.batch_entries import random_batch
from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.task import init_state
from tests.tiny import tiny_config

FACES, PARTS, CODE = 3, 5, 8


def shapes_of(config) -> tuple[tasks.Task, dict]:
    """Return a task, and the shapes of its losses, metrics, pictures and inference functions."""
    task = tasks.make(config)
    state = jax.eval_shape(lambda rng: init_state(task, rng, {}), jax.random.key(0))
    batch = random_batch(task.inputs, FACES, config.data.size, seed=0)
    found = {"losses": jax.eval_shape(task.step, state, batch)[1]}
    batch["weight"] = np.ones(FACES, np.float32)
    found |= {name: jax.eval_shape(getattr(task, name), state, batch) for name in ("evaluate", "visualize")}
    for name, each in task.inference.items():
        arrays = [jax.ShapeDtypeStruct((FACES, *array.shape), array.dtype) for array in each.inputs]
        found[name] = jax.eval_shape(each.function, {n: state.variables(n) for n in each.networks}, *arrays)
    return task, found


@pytest.mark.slow
def test_what_the_default_returns():
    task, found = shapes_of(tiny_config("portrait_editing"))
    assert task.inputs == ("image_t", "mask_t", "region")
    assert {name.partition("/")[0] for name in found["losses"]} == {
        "paired", "unpaired", "discriminator", "discriminator_unpaired",
    }  # fmt: skip
    assert found["evaluate"].keys() == {"examples", "psnr", "swap_parsed_accuracy"}
    assert {each.shape[:3] for each in found["visualize"].values()} == {(FACES, 64, 64)}
    assert len(found["visualize"]) == 7
    assert (found["encode_parts"].shape, found["encode_parts"].dtype) == ((FACES, PARTS, CODE), "float32")
    assert (found["compose"].shape, found["compose"].dtype) == ((FACES, 64, 64, 3), "uint8")


@pytest.mark.slow
def test_published_settings_read_helens_classes_without_holes_or_parser():
    config = tiny_config("portrait_editing")
    config.labels, config.background_holes, config.unpaired_discriminator = "helen", False, False
    config.losses.lambda_parsing, config.ema_decay = 0.0, 0.0
    task, found = shapes_of(config)
    assert task.inputs == ("image_t", "mask_t")
    assert not task.pretrained
    assert "face_parser" not in task.networks
    assert task.networks["portrait_generator"].module.num_classes == 11
    assert [each.shape for each in task.networks["discriminator"].inputs] == [(1, 64, 64, 11), (1, 64, 64, 3)]
    assert "discriminator_unpaired" not in task.networks
    assert not any("parsing" in name for name in found["losses"])
    assert found["evaluate"].keys() == {"examples", "psnr"}


def test_the_papers_parser_is_the_one_that_is_pretrained():
    config = tiny_config("portrait_editing")
    config.parser = "parser_unet"
    task = tasks.make(config)
    assert [source.networks for source in task.pretrained] == [("parser_unet",)]
    assert task.networks["parser_unet"].module.num_classes == 11


def test_a_stride_that_the_windows_do_not_fit_is_refused():
    config = tiny_config("portrait_editing")
    config.networks.portrait_generator.update(mask_widths=(4, 4, 4, 4), up_widths=(4, 4, 4))
    with pytest.raises(UserError, match=r"at 64 px halvings that fit the windows .* are 8, 12, 20, 36, 64 px"):
        tasks.make(config)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("labels", "coco", r"config\.labels: 'coco' is not one of celebamask, helen"),
        ("parser", "bisenet", r"config\.parser: 'bisenet' is not one of face_parser, parser_unet"),
        ("updates", "random", r"config\.updates: 'random' is not one of sequential, joint"),
        ("data.size", 96, r"config\.data\.size: 96 px; .* fit photos of 64, 128, 256, 512 px"),
        ("networks.portrait_generator.up_widths", (4,), r"portrait_generator: 3 mask_widths and 1 up_widths; give one"),
        ("accumulation_steps", 8, r"config\.batch_size: 8 examples in 8 microbatches; .* at least 2 examples for each"),
    ],
)
def test_a_value_that_makes_no_task_names_its_field(field, value, message):
    config = tiny_config("portrait_editing")
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=message):
        tasks.make(config)
