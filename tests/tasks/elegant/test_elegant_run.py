"""A run of ELEGANT: what it writes, and that it resumes to the last bit."""

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
    config = tiny_config("elegant", faces)
    config.batch_size = 2
    config.evaluators.metrics.every_steps = 6
    state = jax.device_get(train(config, tmp_path / "run"))

    losses = logged(tmp_path / "run", "train/")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for each in losses.values() for value in each.values())
    assert losses[1].keys() >= {
        *(f"train/{name}/adversarial_{place}" for name in ("generator", "discriminator") for place in (1, 2)),
        "train/generator/reconstruction", "train/generator/gradient_norm", "train/discriminator/gradient_norm",
    }  # fmt: skip
    assert logged(tmp_path / "run", "validation/")[6].keys() == {"validation/psnr", "validation/psnr_exchanged"}
    assert Image.open(tmp_path / "run/pictures/step_0000006.png").size[0] > 5 * 64

    again = jax.device_get(resumed(tmp_path / "run", tmp_path / "resumed", lost=[4, 6]))
    assert logged(tmp_path / "resumed", "train/") == losses
    jax.tree.map(np.testing.assert_array_equal, again, state)


def test_a_split_in_which_nobody_has_the_attribute_is_refused(faces, tmp_path):
    config = tiny_config("elegant", faces)
    config.attributes = ("Smiling", "Male")  # synthetic faces never are
    with pytest.raises(UserError, match=r"config\.data\..*no example has Male, and pairs that differ in it need one"):
        train(config, tmp_path / "run")
