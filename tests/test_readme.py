"""The README's commands and programs that need no training, as written, on tiny runs in the quickstart's places."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl.flags import FlagValues
from ml_collections import config_flags
from PIL import Image

from data_pipeline.synthetic_faces import face, render
from launch import quickstart_report
from maskgan_jax import tasks

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^ *```(\w*)\n(.*?)^ *```", README, flags=re.DOTALL | re.MULTILINE)
LINES = [line.strip() for language, block in BLOCKS if not language for line in block.replace("\\\n", " ").splitlines()]
COMMANDS = [line for line in LINES if line.startswith(("python -m maskgan_jax.edit", "python -m maskgan_jax.export"))]
TRAINING = [line for line in LINES if "--config=" in line]
PROGRAMS = [block for language, block in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def folder(runs, tmp_path_factory) -> Path:
    """Where a user is after `make quickstart` and a face parser, with a photo of their own."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "runs").mkdir()
    for task in ("ebst", "face_parser"):
        (folder / "runs" / f"{task}_quickstart").symlink_to(runs / task)
    edits = quickstart_report.held_out_edits(seed=0, size=64)[:2]
    quickstart_report.save_examples(edits, folder / "runs" / "quickstart")
    photo = np.full((600, 800, 3), 128, np.uint8)
    photo[40:552, 100:612] = render(face(0, 9).geometry, face(0, 9).style, 512)[0]
    Image.fromarray(photo).save(folder / "photo.jpg")
    return folder


def run(folder: Path, *command: str) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_shows_every_command_of_the_editor():
    shown = {command.split()[3] for command in COMMANDS if ".edit" in command}
    assert shown == {"edit", "style", "transfer", "interpolate", "parse", "align"}


@pytest.mark.parametrize("command", TRAINING)
def test_a_training_command_names_a_config_and_fields_that_there_are(command, monkeypatch):
    argv = ["program", *(option for option in command.split() if option.startswith("--config"))]
    monkeypatch.setattr(sys, "argv", argv)  # where config_flags looks for the fields
    flags = FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=flags)
    flags(argv)
    assert flags.config.task in tasks.NAMES


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[2:4]))
def test_a_command_does_as_the_readme_says(folder, command):
    run(folder, "bash", "-c", command)
    out = re.search(r"--out=(\S+)", command).group(1)
    assert (folder / out).exists()


@pytest.mark.slow
def test_the_programs_run_after_the_commands(folder):
    assert len(PROGRAMS) == 2
    for program in PROGRAMS:
        run(folder, "python", "-c", program)
