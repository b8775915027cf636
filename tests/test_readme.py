"""The README's commands and programs, executed as written on tiny runs in place of the quickstart's."""

import functools
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl.flags import FlagValues
from ml_collections import config_flags
from PIL import Image

from data_pipeline.synthetic_faces import face, render
from launch import held_out_edits, quickstart_report
from maskgan_jax import edit
from maskgan_jax.editing import file_commands, many_faces
from maskgan_jax.editing.editor import Editor

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text()
TUTORIAL = re.search(r"^## Add a system of your own\n.*?(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of a language, without their indentation."""
    found = re.findall(r"^( *)```(\w*)\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, name, block in found if name == language]


TUTORIAL_CODE = blocks(TUTORIAL.group(), "python") if TUTORIAL else []
PROGRAMS = [block for block in blocks(README, "python") if block not in TUTORIAL_CODE]
COMMANDS = [line.strip() for block in blocks(README, "") for line in block.replace("\\\n", " ").splitlines()]
EDITS, EXPORTS = (
    [line for line in COMMANDS if line.startswith(f"python -m maskgan_jax.{name} ")] for name in ("edit", "export")
)
WITH_CONFIG = [line for line in COMMANDS if "--config=configs/" in line]
LAUNCH = [line for line in COMMANDS if re.match(r"(bash )?launch/\w+\.", line)]


@functools.cache
def load_once(checkpoint: Path | None) -> Editor:
    """Return the editor of a run and the face parser, relative to the folder."""
    return Editor(checkpoint, face_parser=Path("runs/face_parser_quickstart"))


@pytest.fixture(scope="module")
def folder(runs, random_runs, faces, tmp_path_factory) -> Path:
    """Return a folder with the runs and the data of the quickstarts, and a photo of the user's own."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "runs").mkdir()
    for run in (
        runs / "ebst",
        runs / "face_parser",
        random_runs / "portrait_editing",
        *(random_runs / name for name in ("ebgan", "att_ebgan", "spade", "stargan", "elegant")),
    ):
        (folder / "runs" / f"{run.name}_quickstart").symlink_to(run)
    (folder / "data").mkdir()
    (folder / "data" / "quickstart").symlink_to(faces)
    edits = held_out_edits.held_out_edits(seed=0, size=64)[:2]
    quickstart_report.save_examples(edits, folder / "runs" / "quickstart")
    photo = np.full((600, 800, 3), 128, np.uint8)
    photo[40:552, 100:612] = render(face(0, 9).geometry, face(0, 9).style, 512)[0]
    Image.fromarray(photo).save(folder / "photo.jpg")
    return folder


def run(folder: Path, *command: str) -> str:
    """Run a command with the tests' Python first on PATH; return its standard output."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_of_the_editor_has_an_example():
    shown = {command.split()[3] for command in EDITS}
    assert shown == {
        "edit",
        "style",
        "parts",
        "swap",
        "exemplar",
        "attribute",
        "exchange",
        "transfer",
        "interpolate",
        "generate",
        "augment",
        "parse",
        "align",
    }


@pytest.mark.parametrize("command", WITH_CONFIG)
def test_a_command_with_a_config_names_existing_configs_and_fields(command, monkeypatch):
    argv = ["program", *(option for option in shlex.split(command) if option.startswith("--config"))]
    monkeypatch.setattr(sys, "argv", argv)  # config_flags searches it for fields
    flags = FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=flags)
    flags(argv)  # raises an error for an unknown field
    if "task" in flags.config:
        assert importlib.util.find_spec(f"maskgan_jax.tasks.{flags.config.task}")
    else:
        assert command.startswith("python -m maskgan_jax.evaluate ")


@pytest.mark.parametrize("command", LAUNCH)
def test_a_launch_command_is_accepted(command):
    script, *arguments = shlex.split(command.removeprefix("bash "))
    if "--dry-run" not in arguments:
        arguments.insert(1 if script.endswith("tpu_pod.sh") else 0, "--dry-run")
    environment = {"PYTHON": sys.executable, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", script, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "maskgan_jax.main" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", EDITS, ids=lambda command: command.split()[3])
def test_an_edit_writes_its_output(folder, command, monkeypatch):
    """In this process, which has imported and compiled what all of them need."""
    for module in (file_commands, many_faces):
        monkeypatch.setattr(module, "Editor", lambda checkpoint=None, *others, **named: load_once(checkpoint))
    monkeypatch.chdir(folder)
    options = edit.parser().parse_args(shlex.split(command)[3:])
    edit.main(options)
    assert options.out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", EXPORTS)
def test_an_export_writes_its_output(folder, command):
    run(folder, "bash", "-c", command)
    out = re.search(r"--out=(\S+)", command).group(1)
    assert (folder / out).exists()


@pytest.mark.slow
def test_the_programs_run_after_the_commands(folder):
    assert PROGRAMS
    for program in PROGRAMS:
        run(folder, "python", "-c", program)


@pytest.mark.parametrize("code", TUTORIAL_CODE)
def test_the_code_of_the_tutorial_is_an_excerpt_of_a_tested_file(code):
    assert any(code.strip() in path.read_text() for path in (PROJECT / "tests").rglob("*.py"))
