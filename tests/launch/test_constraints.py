"""The versions in launch/constraints.txt and those that other tools pin."""

import re
from pathlib import Path

import yaml

PROJECT = Path(__file__).parent.parent.parent


def test_pre_commit_runs_the_ruff_of_the_constraints():
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())
    (ruff,) = (entry for entry in config["repos"] if entry["repo"].endswith("/ruff-pre-commit"))
    pinned = re.search(r"^ruff==(.+)$", (PROJECT / "launch/constraints.txt").read_text(), re.MULTILINE)
    assert ruff["rev"] == f"v{pinned.group(1)}"
