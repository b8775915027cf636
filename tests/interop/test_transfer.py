"""State dicts in and out: every tensor of a file comes back with the same bytes."""

import pickle
import pickletools
import subprocess
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from data_pipeline.errors import UserError  # noqa: E402
from data_pipeline.synthetic_faces import face, render  # noqa: E402
from maskgan_jax.editing.editor import Editor  # noqa: E402
from maskgan_jax.interop import state_dicts, weights  # noqa: E402
from maskgan_jax.interop.transfer import export_model, import_model  # noqa: E402
from maskgan_jax.runs import directory  # noqa: E402
from maskgan_jax.runs.models import save_model  # noqa: E402
from tests.commands import run_command  # noqa: E402
from tests.interop.small import TASKS, assert_same_bytes, mapping_of, reference, save, small_config  # noqa: E402


@pytest.mark.parametrize(("is_zip", "prefix"), [(True, ""), (False, "module.")], ids=["zip", "old, module."])
@pytest.mark.parametrize("kind", TASKS)
def test_what_was_imported_is_exported_with_the_same_bytes(kind, is_zip, prefix, tmp_path):
    config = small_config(kind)
    network = reference(kind, config)
    given = {prefix + name: tensor for name, tensor in network.state_dict().items()}

    import_model(save(given, tmp_path / "in.pth", is_zip), tmp_path / "model", kind, config)
    export_model(tmp_path / "model", tmp_path / "out.pth", kind)

    assert_same_bytes(tmp_path / "out.pth", network.state_dict())
    network.load_state_dict(torch.load(tmp_path / "out.pth", weights_only=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.pth", "model", "out.pth"]


def test_an_exported_file_is_one_that_pytorch_0_4_1_reads(tmp_path):
    """No zip archive, and only what that version's unpickler knows."""
    config = small_config("mask_vae")
    file = save(reference("mask_vae", config).state_dict(), tmp_path / "in.pth")
    import_model(file, tmp_path / "model", "mask_vae", config)

    export_model(tmp_path / "model", tmp_path / "out.pth", "mask_vae")

    assert not zipfile.is_zipfile(tmp_path / "out.pth")
    with (tmp_path / "out.pth").open("rb") as stream:
        magic, protocol = pickle.load(stream), pickle.load(stream)  # torch.serialization of 0.4.1
        pickle.load(stream)
        named = {argument for opcode, argument, _ in pickletools.genops(stream) if opcode.name == "GLOBAL"}
    assert (magic, protocol) == (0x1950A86A20F9469CFC6C, 1001)
    assert named == {
        "collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage", "torch LongStorage",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "unused"),
    [("generator", {"norm.running_mean": 0, "norm.running_var": 1}), ("mask_vae", {"num_batches_tracked": 0})],
)
def test_unused_entries_may_be_absent_and_are_exported_as_in_a_new_network(kind, unused, tmp_path):
    config = small_config(kind)
    whole = reference(kind, config).state_dict()
    given = {name: tensor for name, tensor in whole.items() if not name.endswith(tuple(unused))}
    assert len(given) < len(whole)

    import_model(save(given, tmp_path / "in.pth"), tmp_path / "model", kind, config)
    export_model(tmp_path / "model", tmp_path / "out.pth", kind)

    new = {
        name: torch.full_like(tensor, value)
        for name, tensor in whole.items()
        for ending, value in unused.items()
        if name.endswith(ending)
    }
    assert_same_bytes(tmp_path / "out.pth", given | new)


def test_of_vgg19_the_layers_that_the_features_need_are_kept(tmp_path):
    config = small_config("vgg19")
    kept = reference("vgg19", config).state_dict()
    dropped = {"features.30.weight": torch.zeros(512, 512, 3, 3), "classifier.6.bias": torch.zeros(1000)}

    import_model(save(kept | dropped, tmp_path / "in.pth"), tmp_path / "model", "vgg19", config)
    export_model(tmp_path / "model", tmp_path / "out.pth", "vgg19")

    assert_same_bytes(tmp_path / "out.pth", kept)


def test_a_runs_generator_is_exported_as_its_ema(tmp_path):
    """A run as training leaves it: parameters, their EMA and no unused entries."""
    config = small_config("generator")
    state_dicts_of = {
        field: reference("generator", config, seed).state_dict() for seed, field in enumerate(("params", "ema_params"))
    }
    tree = {}
    for field, state_dict in state_dicts_of.items():
        arrays = {name: tensor.numpy() for name, tensor in state_dict.items()}
        tree[field] = {"generator": weights.to_variables(arrays, mapping_of("generator", config))[0]["params"]}
    save_model(tmp_path / "run", config, tree)

    export_model(tmp_path / "run", tmp_path / "out.pth", "generator")

    exported = torch.load(tmp_path / "out.pth", weights_only=True)
    for name, tensor in state_dicts_of["ema_params"].items():
        expected = {"running_mean": torch.zeros_like, "running_var": torch.ones_like}.get(name.split(".")[-1])
        assert torch.equal(exported[name], expected(tensor) if expected else tensor)


def test_the_editor_generates_with_an_imported_generator(tmp_path):
    config = small_config("generator")
    network = reference("generator", config)
    import_model(save(network.state_dict(), tmp_path / "in.pth"), tmp_path / "model", "generator", config)
    original, other = face(0, 1), face(0, 2)
    photo, mask_t = render(original.geometry, original.style, config.data.size)
    _, mask = render(other.geometry, other.style, config.data.size)

    editor = Editor(tmp_path / "model")
    generated = editor.generate(mask[None], editor.encode_style(photo[None], mask_t[None]))[0]

    def one_hot(labels: np.ndarray):
        return torch.eye(19)[torch.from_numpy(labels.astype(np.int64))].permute(2, 0, 1)[None]

    with torch.no_grad():
        image_t = torch.from_numpy(photo.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
        expected = network(one_hot(mask), one_hot(mask_t), image_t)[0].permute(1, 2, 0).numpy()
    assert expected.std() > 0.1
    assert np.abs(generated / 127.5 - 1 - expected).max() < 0.51 / 127.5  # the error of rounding to 8 bits


def test_the_folder_has_the_config_of_its_network(tmp_path):
    config = small_config("blender")
    import_model(
        save(reference("blender", config).state_dict(), tmp_path / "in.pth"), tmp_path / "model", "blender", config
    )

    saved = directory.load_config(tmp_path / "model")

    assert (saved.task, saved.name) == ("ebst", "imported_blender")
    assert saved.networks.alpha_blender == config.networks.alpha_blender
    assert config.name == "ebst_quickstart"
    with pytest.raises(UserError, match=r"config\.name is imported_blender there, ebst_quickstart here"):
        directory.check_same_run(tmp_path / "model", config)


def test_a_folder_without_such_a_network_is_not_exported(tmp_path):
    config = small_config("generator")
    import_model(
        save(reference("generator", config).state_dict(), tmp_path / "in.pth"), tmp_path / "model", "generator", config
    )

    with pytest.raises(UserError, match=r"--kind=discriminator: the run at .* has no params/discriminator"):
        export_model(tmp_path / "model", tmp_path / "out.pth", "discriminator")
    with pytest.raises(UserError, match="no run there"):
        export_model(tmp_path / "nowhere", tmp_path / "out.pth", "generator")

    assert not (tmp_path / "out.pth").exists()


def test_a_file_that_cannot_be_written_is_one_line_and_leaves_the_old_one(tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"taken/out\.pth: can't be written") as error:
        state_dicts.write(tmp_path / "taken/out.pth", {"bias": np.zeros(3, np.float32)})
    assert "\n" not in str(error.value)

    (tmp_path / "out.pth").write_text("old")
    with pytest.raises(TypeError):
        state_dicts.write(tmp_path / "out.pth", {"bias": np.array("no number")})
    assert (tmp_path / "out.pth").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pth", "taken"]


def last_line(done: subprocess.CompletedProcess) -> str:
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_commands_import_and_export_other_sizes(tmp_path):
    config = small_config("blender")
    network = reference("blender", config)
    save(network.state_dict(), tmp_path / "in.pth")
    sizes = ["--config=configs/ebst.py:quickstart", "--config.networks.alpha_blender.widths=(4,8)"]

    done = run_command(
        "maskgan_jax.interop.import_torch", "--kind=blender", *sizes, str(tmp_path / "in.pth"), str(tmp_path / "model")
    )
    assert done.returncode == 0, done.stderr
    done = run_command(
        "maskgan_jax.interop.export_torch", "--kind=blender", str(tmp_path / "model"), str(tmp_path / "out.pth")
    )
    assert done.returncode == 0, done.stderr

    assert_same_bytes(tmp_path / "out.pth", network.state_dict())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--kind=blender", "in.pth", "model"],
            "in.pth: no alpha_blender of the config's sizes: entry model.1.weight",
        ),
        (["--kind=blender", "in.pth"], "1 files given; it takes two"),
        (
            ["--kind=painter", "in.pth", "model"],
            "there is no painter; the networks are alpha_blender, attribute_head, decoder_hair",
        ),
        (["in.pth", "model"], "--kind"),
        (
            ["--kind=blender", "--config=configs/mask_vae.py", "in.pth", "model"],
            "the networks of mask_vae are mask_vae",
        ),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_nothing_is_written(arguments, message, tmp_path):
    save(reference("blender", small_config("blender")).state_dict(), tmp_path / "in.pth")
    arguments = [argument if argument.startswith("--") else str(tmp_path / argument) for argument in arguments]

    done = run_command("maskgan_jax.interop.import_torch", *arguments)

    assert done.returncode in (1, 2)
    assert last_line(done).startswith("error: ")
    assert message in last_line(done)
    assert [path.name for path in tmp_path.iterdir()] == ["in.pth"]
