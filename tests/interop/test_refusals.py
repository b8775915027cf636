"""Files that hold no weights, or others than asked for: one line says what is wrong, and nothing is written."""

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from data_pipeline.errors import UserError  # noqa: E402
from maskgan_jax.interop import state_dicts  # noqa: E402
from maskgan_jax.interop.transfer import import_model  # noqa: E402
from maskgan_jax.runs import models  # noqa: E402
from tests.interop.small import reference, save, small_config  # noqa: E402

CONFIG = small_config("blender")
STEM = "model.1.weight"
SHAPE = (4, 6, 7, 7)


@pytest.fixture(scope="module")
def state_dict() -> dict:
    """A whole file's content, which the tests spoil."""
    return reference("blender", CONFIG).state_dict()


def refusal(file: Path, out: Path) -> str:
    """What the import of a blender says; makes sure that it leaves nothing behind."""
    before = sorted(file.parent.iterdir())
    with pytest.raises(UserError) as error:
        import_model(file, out, "blender", CONFIG)
    assert sorted(file.parent.iterdir()) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def import_refusal(content, tmp_path: Path) -> str:
    return refusal(save(content, tmp_path / "in.pth"), tmp_path / "model")


def test_a_missing_entry_is_named_with_its_shape(state_dict, tmp_path):
    content = {name: tensor for name, tensor in state_dict.items() if name != STEM}

    assert f"in.pth: no alpha_blender of the config's sizes: entry {STEM} is missing, shape {SHAPE}; the file" in (
        import_refusal(content, tmp_path)
    )


def test_an_extra_entry_is_named_with_its_shape(state_dict, tmp_path):
    content = state_dict | {"model.99\n.weight": torch.zeros(2, 3)}

    assert r"entry 'model.99\n.weight' of shape (2, 3) is not known" in import_refusal(content, tmp_path)


@pytest.mark.parametrize("shape", [(4, 6, 7, 5), (6, 4, 7, 7), (7, 7, 6, 4), (1,), ()])
def test_a_wrong_shape_is_named_beside_the_right_one(shape, state_dict, tmp_path):
    content = state_dict | {STEM: torch.zeros(shape)}

    assert f"entry {STEM} needs shape {SHAPE}, found {shape}" in import_refusal(content, tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(value, state_dict, tmp_path):
    spoilt = state_dict[STEM].clone()
    spoilt[3, 5, 6, 6] = value

    assert f"entry {STEM} holds numbers that are not finite" in import_refusal(state_dict | {STEM: spoilt}, tmp_path)


def test_weights_that_are_not_float32_are_refused(state_dict, tmp_path):
    """Converted, they would not come back as they were."""
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        message = import_refusal({name: tensor.to(dtype) for name, tensor in state_dict.items()}, tmp_path)
        assert f"is {dtype}; save the network as float32" in message

    content = state_dict | {STEM: torch.zeros(SHAPE, dtype=torch.int64)}
    assert f"entry {STEM} needs float32, found int64" in import_refusal(content, tmp_path)


def test_of_many_problems_the_first_are_named_and_the_rest_counted(state_dict, tmp_path):
    """The blender has 12 entries; 10 of them are missing, one is wrong and 5 are unknown."""
    assert len(state_dict) == 12
    content = {name: tensor for name, tensor in state_dict.items() if name in (STEM, "model.1.bias")}
    content |= {STEM: torch.zeros(1)} | {f"extra.{k}": torch.zeros(1) for k in range(5)}

    message = import_refusal(content, tmp_path)

    assert message.count("entry ") == 3
    assert f"entry {STEM} needs shape" in message
    assert "; and 13 more; " in message


def test_a_prefix_on_some_entries_alone_is_no_prefix(state_dict, tmp_path):
    content = {("" if name == STEM else "module.") + name: tensor for name, tensor in state_dict.items()}

    assert "and 19 more" in import_refusal(content, tmp_path)  # 11 missing and 11 unknown, 3 of them named


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2, 3], "holds a list, not a state dict"),
        (torch.zeros(3), "holds a Tensor, not a state dict"),
        ({1: torch.zeros(3)}, "holds a dict, not a state dict"),
        ({"model": {STEM: torch.zeros(3)}}, "entry 'model' is no dense tensor"),
        ({STEM: "text"}, f"entry '{STEM}' is no dense tensor"),
        ({STEM: torch.zeros(3).to_sparse()}, f"entry '{STEM}' is no dense tensor"),
        ({STEM: torch.zeros(3, device="meta")}, f"entry '{STEM}' is no dense tensor"),
    ],
)
def test_a_file_of_something_else_says_what_it_holds(content, message, tmp_path):
    assert message in import_refusal(content, tmp_path)


def test_an_absent_file_is_named(tmp_path):
    assert "none.pth: no such file" in refusal(tmp_path / "none.pth", tmp_path / "model")


@pytest.mark.parametrize(
    "make", [lambda path: (path / "sub").mkdir(parents=True), lambda path: path.write_text("mine")]
)
def test_a_place_that_is_taken_is_left_alone(make, state_dict, tmp_path):
    make(tmp_path / "model")

    assert "model: exists and is no empty folder" in import_refusal(state_dict, tmp_path)

    assert (tmp_path / "model/sub").is_dir() or (tmp_path / "model").read_text() == "mine"


def test_an_empty_folder_is_filled(state_dict, tmp_path):
    (tmp_path / "model").mkdir()

    import_model(save(state_dict, tmp_path / "in.pth"), tmp_path / "model", "blender", CONFIG)

    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["checkpoints", "config.json"]


def test_a_place_that_cannot_be_written_is_named(state_dict, tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")

    message = refusal(save(state_dict, tmp_path / "in.pth"), tmp_path / "file/model")

    assert "file/model: can't be written" in message


def test_an_import_that_breaks_off_leaves_nothing(state_dict, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    save(state_dict, tmp_path / "in.pth")
    monkeypatch.setattr(models, "save_config", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_model(tmp_path / "in.pth", tmp_path / "model", "blender", CONFIG)

    assert [path.name for path in tmp_path.iterdir()] == ["in.pth"]


def test_sizes_that_make_no_network_are_named(tmp_path):
    config = small_config("mask_vae")
    config.data.size = 128

    with pytest.raises(UserError, match=r"128 px needs 5 widths"):
        import_model(save({"e1.weight": torch.zeros(1)}, tmp_path / "in.pth"), tmp_path / "model", "mask_vae", config)


def test_a_config_of_another_task_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"--kind: there is no blender; the networks of mask_vae are mask_vae"):
        import_model(save({}, tmp_path / "in.pth"), tmp_path / "model", "blender", small_config("mask_vae"))


def assert_unreadable(path: Path, content: bytes):
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a file of weights") as error:
        state_dicts.read(path)
    assert "\n" not in str(error.value)


def test_random_bytes_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(200):
        assert_unreadable(tmp_path / "in.pth", rng.bytes(64))
    assert "not a file of weights" in refusal(tmp_path / "in.pth", tmp_path / "model")


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old"])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, is_zip):
    buffer = io.BytesIO()
    torch.save({STEM: torch.ones(64, 3, 3, 3)}, buffer, _use_new_zipfile_serialization=is_zip)
    whole = buffer.getvalue()

    for length in [*range(0, 400, 5), len(whole) // 2, len(whole) - 1]:
        assert_unreadable(tmp_path / "in.pth", whole[:length])


class Payload:
    """Unpickled without care, it makes a directory."""

    def __init__(self, directory: Path):
        self.directory = directory

    def __reduce__(self):
        return os.mkdir, (str(self.directory),)


def as_bare_pickle(content, path: Path):
    path.write_bytes(pickle.dumps(content, protocol=2))


def as_zip(content, path: Path):
    torch.save(content, path)


def as_old(content, path: Path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [as_bare_pickle, as_zip, as_old])
def test_a_malicious_pickle_is_refused_and_not_executed(tmp_path, write):
    made = tmp_path / "made"
    write({STEM: Payload(made)}, tmp_path / "in.pth")

    assert "not a file of weights" in refusal(tmp_path / "in.pth", tmp_path / "model")

    assert not made.exists()


def test_the_payload_is_live(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "made"), protocol=2))

    assert (tmp_path / "made").is_dir()
