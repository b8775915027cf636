"""StarGAN's settings, labels and inference functions; what a run writes, and that it resumes."""

import shutil
from functools import partial

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.stargan.evaluation import finalize_metrics
from maskgan_jax.tasks.stargan.system import to_labels
from maskgan_jax.tasks.task import init_variables
from tests.tiny import tiny_config
from tests.train import logged, resumed, train


def test_labels_of_unknown_attributes_lie_between_those_of_present_and_absent_ones():
    np.testing.assert_array_equal(to_labels(jnp.array([[1, -1, 0]], jnp.int8)), [[1, 0, 0.5]])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"attributes": ("Grinning",)}, r"config\.attributes: CelebA has no Grinning; choose among 5_o_Clock_Shadow"),
        ({"attributes": ()}, r"config\.attributes: names no attribute; choose among 5_o_Clock_Shadow"),
        ({"batch_size": 7}, "config.batch_size: 7 examples can't be split evenly over 2 D steps times 1 microbatches"),
        ({"discriminator_steps": 0}, "config.discriminator_steps: 0; give 1 or more"),
        (
            {"networks.stargan_discriminator.widths": (4,) * 7},
            r"config\.networks\.stargan_discriminator\.widths: 7 halvings of 64 px leave a fraction of a pixel; give",
        ),
        (
            {"networks.stargan_generator.widths": (4,) * 8},
            r"config\.networks\.stargan_generator\.widths: 7 halvings of 64 px leave a fraction of a pixel; give",
        ),
    ],
)
def test_settings_that_make_no_task_are_one_line(fields, message):
    config = tiny_config("stargan")
    with config.unlocked():
        config.update_from_flattened_dict(fields)
    with pytest.raises(UserError, match=message):
        tasks.make(config)


@pytest.mark.slow
def test_inference_follows_labels_and_exports_for_any_batch():
    config = tiny_config("stargan")
    config.attributes = ("Smiling", "Male")
    task = tasks.make(config)
    variables = {name: init_variables(name, each, jax.random.key(1)) for name, each in task.networks.items()}
    photos = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    (batch,) = jax.export.symbolic_shape("b")
    functions = {}
    for name, function in task.inference.items():
        arrays = [jax.ShapeDtypeStruct((batch, *each.shape), each.dtype) for each in function.inputs]
        functions[name] = jax.export.export(jax.jit(partial(function.function, variables)))(*arrays).call

    labels = np.array([[1, 0], [0, 0]], np.float32)
    edited = functions["set_attributes"](photos, labels)
    assert (edited.shape, edited.dtype) == (photos.shape, np.uint8)
    other = functions["set_attributes"](photos, labels[:, ::-1])
    np.testing.assert_array_equal(edited[1], other[1])
    assert (edited[0] != other[0]).any()
    logits = functions["classify"](photos)
    assert (logits.shape, logits.dtype) == ((2, 2), "float32")


def test_shares_are_of_the_attributes_that_count():
    sums = {"examples": 4.0, "psnr_unchanged": 80.0, "psnr_undone": 60.0, "known": 8, "classified": 6, "changed": 4}
    metrics = finalize_metrics({name: np.float32(value) for name, value in {**sums, "set": 1}.items()})
    assert metrics == {"psnr_unchanged": 20.0, "psnr_undone": 15.0, "classified": 0.75, "set": 0.25}
    none = finalize_metrics({name: np.float32(name == "examples") for name in (*sums, "set")})
    assert none["classified"] == none["set"] == 0


@pytest.mark.slow
@pytest.mark.long
def test_a_run_logs_all_losses_and_resumes_to_the_last_bit(faces, tmp_path):
    config = tiny_config("stargan", faces)
    config.batch_size = 4
    config.evaluators.metrics.every_steps = 6
    state = jax.device_get(train(config, tmp_path / "run"))

    losses = logged(tmp_path / "run", "train/")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for each in losses.values() for value in each.values())
    assert losses[1].keys() >= {
        "train/generator/adversarial", "train/generator/attributes", "train/generator/reconstruction",
        "train/discriminator/wasserstein", "train/discriminator/attributes", "train/discriminator/gradient_penalty",
    }  # fmt: skip
    assert logged(tmp_path / "run", "validation/")[6].keys() == {
        "validation/psnr_unchanged", "validation/psnr_undone", "validation/classified", "validation/set",
    }  # fmt: skip
    assert Image.open(tmp_path / "run/pictures/step_0000006.png").size[0] >= 2 * 64

    again = jax.device_get(resumed(tmp_path / "run", tmp_path / "resumed", lost=[4, 6]))
    assert logged(tmp_path / "resumed", "train/") == losses
    jax.tree.map(np.testing.assert_array_equal, again, state)


@pytest.mark.slow
def test_stargan_is_not_trained_without_attributes(faces, tmp_path):
    data = shutil.copytree(faces, tmp_path / "data", ignore=shutil.ignore_patterns("prepared*"))
    for file in data.glob("*attribute*"):
        file.unlink()
    with pytest.raises(UserError, match="attribute"):
        train(tiny_config("stargan", data), tmp_path / "run")
