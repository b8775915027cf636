"""Many people who paint at once, on a server of the tiny runs."""

import re

import pytest

from tests.commands import run_command

pytestmark = pytest.mark.slow


def test_every_stroke_of_every_client_gets_its_picture(runs):
    done = run_command("launch.load_editor", f"--checkpoint={runs / 'ebst'}", "--clients=3", "--seconds=2")
    assert done.returncode == 0, done.stderr
    strokes, waits, memory = done.stdout.splitlines()
    pictures = re.fullmatch(r"3 clients, 2 s, 64 px: (\d+) pictures, 0 failures", strokes)
    assert int(pictures[1]) >= 3
    median, longest = map(float, re.findall(r"(\d+\.\d+) s", waits))
    assert 0 <= median <= longest
    before, after = map(int, re.findall(r"(\d+) MiB", memory))
    assert before > 50
    assert after > 50


def test_a_server_that_can_not_start_says_why(tmp_path):
    done = run_command("launch.load_editor", f"--checkpoint={tmp_path}")
    assert done.returncode == 1
    assert f"error: {tmp_path}: no run there" in done.stderr
    assert done.stderr.endswith("error: the server did not start, see above\n")
