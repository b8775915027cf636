"""What a comparison refuses, in one line."""

import shutil

import pytest

from data_pipeline.errors import UserError
from maskgan_jax.evaluation.comparison import compare
from tests.commands import run_command
from tests.evaluation.tiny_evaluation import SMILING


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("pairs.smiling", 300, "300 pairs for the transfer of smiles"),
        ("pairs.smiling", 1, "config.pairs.smiling: 1; give 2 or more"),
        ("pictures", 0, "config.pictures: 0; give 1 or more"),
        ("pairs.style_copy", 300, "300 pairs for the copy of styles"),
        ("style_attributes", ("Male",), "config.judges.attribute_classifier: .* the tables need Male"),
        ("style_attributes", ("Kind",), "config.style_attributes: CelebA has no Kind"),
        ("data.split", "holdout", "no photos in split 'holdout'; there are train"),
        ("batch_size", 0, "config.batch_size: 0; give a multiple of"),
        ("data.directory", "nowhere", "nowhere: no such directory"),
        ("data.size", 128, "masks of 64 px can't be prepared at 128 px"),
    ],
)
def test_a_protocol_that_is_set_wrongly_is_one_line(config, tmp_path, field, value, message):
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match=message) as raised:
        compare(config, tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"), [("pairs.smiling", SMILING - 1), ("pairs.seed", 1), ("data.split", "test")]
)
def test_a_folder_with_other_pairs_is_refused(finished, config, field, value):
    config.update_from_flattened_dict({field: value})
    with pytest.raises(UserError, match="holds a comparison on other photos or pairs; name another --workdir"):
        compare(config, finished)


def test_pairs_of_photos_that_are_not_in_the_split_are_refused(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    path = workdir / "pairs_smiling.tsv"
    path.write_text(path.read_text().replace("\n", "\n9\t19\t0.5\n", 1))
    with pytest.raises(UserError, match=r"pairs_smiling.tsv: photo 9 is not in the split; delete the file"):
        compare(config, workdir)


def test_a_folder_of_another_task_is_an_error_and_not_left_out(config, runs, tmp_path):
    config.methods.ebst = str(runs / "face_parser")
    with pytest.raises(UserError, match=r"config.methods.ebst: .* trained face_parser"):
        compare(config, tmp_path)


def test_a_survey_of_one_model_is_refused_when_the_tables_are_written(finished, config, tmp_path):
    workdir = shutil.copytree(finished, tmp_path / "copy")
    (workdir / "tables.md").unlink()
    config.methods.dense_mapping = config.methods.ebgan = ""
    with pytest.raises(UserError, match="--survey: compares 2 to 26 models, and there are 1"):
        compare(config, workdir, survey=True)
    assert (workdir / "tables.md").exists()


@pytest.mark.parametrize("name", ["a/b", "GT"])
def test_names_of_methods_that_can_not_be_used_are_refused(config, tmp_path, name):
    config.methods[name] = "runs/ebst"
    with pytest.raises(UserError, match=f"config.methods.{name}: give another name"):
        compare(config, tmp_path)


def test_data_without_attributes_are_refused(config, faces, tmp_path):
    bare = shutil.copytree(faces, tmp_path / "bare", ignore=shutil.ignore_patterns("prepared", "*attribute-anno*"))
    config.data.directory = str(bare)
    with pytest.raises(UserError, match="its photos have no attributes"):
        compare(config, tmp_path / "out")


def test_faces_that_were_not_rendered_have_no_truth_and_that_is_said(config, faces, tmp_path):
    bare = shutil.copytree(faces, tmp_path / "bare", ignore=shutil.ignore_patterns("synthetic_faces.json"))
    config.data.directory = str(bare)
    with pytest.raises(UserError, match=r"synthetic_faces\.json: no record of rendered faces"):
        compare(config, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=configs/evaluation.py", "--config.data.directory=/nowhere"], "error: /nowhere: no such directory"),
        (["--config=configs/ebst.py"], "error: --config: ebst is no comparison; give configs/evaluation.py"),
    ],
)
def test_what_the_command_can_not_use_is_one_line(arguments, message, tmp_path):
    done = run_command("maskgan_jax.evaluate", *arguments, f"--workdir={tmp_path / 'out'}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(message)
    assert not (tmp_path / "out").exists()
