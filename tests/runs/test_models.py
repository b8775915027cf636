"""Networks that others than the run itself read from its folder, verified or not; models written without a run."""

import shutil
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from jaxtyping import PyTree
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.runs import directory, models
from tests.runs.small_runs import CORRUPTIONS, flip, saved_steps, state_of

SHAPES = {"params": {"net": {"kernel": jax.ShapeDtypeStruct((100,), "float32")}}}


def load(run: Path, verify: bool) -> PyTree:
    return models.load_part(run, SHAPES, "--checkpoint", verify)["params"]["net"]["kernel"]


def kernel_of(step: int) -> jax.Array:
    return state_of(step).params["net"]["kernel"]


def test_verified_the_latest_intact_checkpoint_is_read_and_the_folder_left_as_it_is(run, warnings):
    flip(run / "checkpoints/2/default/manifest.ocdbt")
    np.testing.assert_array_equal(load(run, verify=True), kernel_of(1))
    assert "step 2 is corrupt" in warnings[0]
    assert saved_steps(run) == ["1", "2"]


def test_unverified_the_latest_checkpoint_is_read_without_hashing_its_files(run, monkeypatch):
    monkeypatch.delattr("hashlib.file_digest")
    np.testing.assert_array_equal(load(run, verify=False), kernel_of(2))
    with pytest.raises(AttributeError):
        load(run, verify=True)


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_a_corrupt_file_that_cannot_be_read_unverified_is_one_line_that_advises_to_verify(saved_run, tmp_path, corrupt):
    files = [path.relative_to(saved_run) for path in sorted((saved_run / "checkpoints/2").rglob("*")) if path.is_file()]
    refused = 0
    for number, path in enumerate(files):
        copy = Path(shutil.copytree(saved_run, tmp_path / str(number)))
        corrupt(copy / path)
        try:
            kernel = load(copy, verify=False)
        except UserError as error:
            refused += 1
            (line,) = str(error).splitlines()
            assert line.startswith(f"--checkpoint: the checkpoint {copy / 'checkpoints/2'} can't be read (")
            assert f"python -m maskgan_jax.verify --checkpoint={copy}" in line
        else:  # no file that was read, or a flipped bit, which only checksums detect
            assert corrupt is flip or np.array_equal(kernel, kernel_of(2)), path
    assert refused >= 3


def test_the_networks_of_a_run_are_listed_by_field_without_reading_an_array(run, monkeypatch):
    monkeypatch.delattr(ocp.PyTreeCheckpointHandler, "restore")
    networks = models.saved_networks(run, "test")
    assert networks["params"] == {"net"}
    assert networks["batch_stats"] == set()
    assert "step" not in networks


@pytest.mark.parametrize("verify", [False, True])
def test_a_folder_without_a_checkpoint_is_named_with_what_asked_for_it(tmp_path, verify):
    with pytest.raises(UserError, match=f"--checkpoint: no trained run at {tmp_path}"):
        load(tmp_path, verify)
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(UserError, match=f"--checkpoint: the run at {tmp_path} has no checkpoint yet"):
        load(tmp_path, verify)


def test_a_model_without_a_run_is_read_as_a_runs_and_keeps_64_bit_counts_beside_it(tmp_path):
    tree = {
        "params": {"net": {"kernel": np.asarray(kernel_of(0))}},
        "unused": {"net": {"num_batches": np.int64(2**40)}},
    }
    models.save_model(tmp_path / "model", ConfigDict({"task": "none"}), tree, {"function.jax_export": b"content"})
    np.testing.assert_array_equal(load(tmp_path / "model", verify=True), kernel_of(0))
    assert models.load_unused(tmp_path / "model", "net", "test") == {"num_batches": 2**40}
    assert models.load_unused(tmp_path / "model", "other", "test") == {}
    assert directory.load_config(tmp_path / "model").task == "none"
    assert (tmp_path / "model/function.jax_export").read_bytes() == b"content"


def test_a_model_that_cannot_be_written_whole_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match=r"model: can't be written \(.*\); name another folder"):
        models.save_model(tmp_path / "model", ConfigDict(), {"params": {"net": kernel_of(0)}}, {"no/such/folder": b""})
    assert not list(tmp_path.iterdir())


def test_a_model_replaces_no_folder_that_holds_something(run):
    with pytest.raises(UserError, match="run: exists and is no empty folder; name a new one"):
        models.save_model(run, ConfigDict(), {})
    assert saved_steps(run) == ["1", "2"]
