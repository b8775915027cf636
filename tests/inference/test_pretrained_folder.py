"""Trained networks by the name of a folder, or by `pretrained` for those that come with the project."""

import os
from pathlib import Path

import jax
import numpy as np
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.inference import models
from maskgan_jax.inference.models import PRETRAINED, load_model, offers


@pytest.fixture
def shipped(runs, monkeypatch) -> Path:
    """The tiny runs in place of the networks that come with the project."""
    monkeypatch.setattr(models, "_PRETRAINED_FOLDER", runs)
    return runs


@pytest.mark.parametrize(
    ("functions", "trained"), [(("parse",), "face_parser"), (("encode_style", "generate"), "dense_mapping")]
)
def test_pretrained_is_the_first_of_the_shipped_networks_that_has_the_functions(shipped, functions, trained):
    found = load_model(Path(PRETRAINED), functions, "--checkpoint")
    expected = load_model(shipped / trained, functions, "--checkpoint")
    assert found.config.task == trained
    jax.tree.map(np.testing.assert_array_equal, found.variables, expected.variables)


def test_a_folder_that_is_called_pretrained_comes_first(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / PRETRAINED).symlink_to(shipped / "ebst")
    assert load_model(Path(PRETRAINED), ("encode_mask",), "--checkpoint").config.task == "ebst"
    assert os.listdir() == [PRETRAINED]


def test_what_no_shipped_network_can_do_is_refused(shipped):
    with pytest.raises(UserError, match="no network that comes with the project has fill; `make pretrained`"):
        load_model(Path(PRETRAINED), ("fill",), "--checkpoint")
    with pytest.raises(UserError, match="names several networks"):
        load_model(Path(PRETRAINED), None, "--checkpoint")


def test_it_is_known_what_the_shipped_networks_can_do(shipped):
    assert offers(Path(PRETRAINED), "decode_mask")
    assert not offers(Path(PRETRAINED), "fill")
    assert not offers(shipped / "dense_mapping", "decode_mask")
