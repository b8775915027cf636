"""A run of portrait editing: what it writes, what it leaves alone, and that it resumes."""

import jax
import numpy as np
import pytest
from PIL import Image

from maskgan_jax.runs.directory import load_config
from tests.tiny import tiny_config
from tests.train import logged, resumed, train

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_run_trains_all_but_its_parser_and_resumes_to_the_last_bit(faces, runs, tmp_path):
    config = tiny_config("portrait_editing", faces, runs)
    config.batch_size = 2
    config.evaluators.metrics.every_steps = 6
    state = jax.device_get(train(config, tmp_path / "run"))

    losses = logged(tmp_path / "run", "train/")
    assert sorted(losses) == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(value) for each in losses.values() for value in each.values())
    assert all(each["train/skipped_steps"] == 0 for each in losses.values())
    metrics = logged(tmp_path / "run", "validation/")[6]
    assert metrics.keys() == {"validation/psnr", "validation/swap_parsed_accuracy"}
    assert Image.open(tmp_path / "run/pictures/step_0000006.png").size[0] > 7 * 64

    again = jax.device_get(resumed(tmp_path / "run", tmp_path / "resumed", lost=[4, 6]))
    assert logged(tmp_path / "resumed", "train/") == losses
    jax.tree.map(np.testing.assert_array_equal, again, state)

    parser = jax.device_get(train(load_config(runs / "face_parser"), runs / "face_parser"))  # there is nothing to do
    before = parser.variables("face_parser")
    jax.tree.map(np.testing.assert_array_equal, state.variables("face_parser"), before)
    assert all(int(moments[0].count) == 6 * moves for moments, moves in _moves(state, config))


def _moves(state, config):
    """Adam's state of each optimiser, with its updates in a step."""
    generator = 2 if config.updates == "sequential" else 1
    return [(state.opt_state[name], generator if name == "generator" else 1) for name in state.opt_state]
