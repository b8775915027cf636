"""A run of Att-EBGAN: what it writes, and that it resumes with spectral norm's estimates."""

import shutil

import jax
import numpy as np
import pytest
from PIL import Image

from data_pipeline.errors import UserError
from tests.tiny import tiny_config
from tests.train import logged, resumed, train

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_run_logs_all_losses_and_resumes_to_the_last_bit(faces, tmp_path):
    config = tiny_config("att_ebgan", faces)
    config.batch_size = 2
    config.losses.lambda_r1 = 0.1
    config.evaluators.metrics.every_steps = 6
    state = jax.device_get(train(config, tmp_path / "run"))

    losses = logged(tmp_path / "run", "train/")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for each in losses.values() for value in each.values())
    assert losses[1].keys() >= {
        "train/generator/reconstruction", "train/generator/adversarial", "train/generator/cycle",
        "train/generator/attributes", "train/discriminator/loss", "train/discriminator/gradient_penalty",
        "train/classifier/loss",
    }  # fmt: skip
    assert logged(tmp_path / "run", "validation/")[6].keys() == {
        "validation/psnr_inside", "validation/psnr_inside_without_code",
    }  # fmt: skip
    assert Image.open(tmp_path / "run/pictures/step_0000006.png").size[0] > 5 * 64

    again = jax.device_get(resumed(tmp_path / "run", tmp_path / "resumed", lost=[4, 6]))
    assert logged(tmp_path / "resumed", "train/") == losses
    jax.tree.map(np.testing.assert_array_equal, again, state)


def test_att_ebgan_is_not_trained_without_attributes(faces, tmp_path):
    data = shutil.copytree(faces, tmp_path / "data", ignore=shutil.ignore_patterns("prepared*"))
    for file in data.glob("*attribute*"):
        file.unlink()
    config = tiny_config("att_ebgan", data)
    with pytest.raises(UserError, match="attribute"):
        train(config, tmp_path / "run")
