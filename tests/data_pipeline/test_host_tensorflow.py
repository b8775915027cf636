"""TensorFlow and TFDS log errors and nothing else."""

import logging
import os
import subprocess
import sys

import pytest
from absl import logging as absl_logging

from data_pipeline.host_tensorflow import tfds

# With the logging of an absl command, and at a verbosity at which TFDS would log what it does.
PREPARE = """
import sys
from absl import flags, logging
flags.FLAGS(sys.argv[:1])
logging.use_absl_handler()
logging.set_verbosity(logging.INFO)
from data_pipeline.prepare import prepare
from data_pipeline.input_pipeline import train_batches
builder = prepare(sys.argv[1], 64)
next(train_batches(builder, "train", entries=["image_t", "region"], batch_size=2, seed=0))
"""


@pytest.fixture
def without_log_level(monkeypatch):
    """A process's environment in which nobody has chosen TensorFlow's log level yet."""
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


@pytest.mark.usefixtures("without_log_level")
def test_preparing_and_reading_data_logs_nothing(own_directory):
    errors = run("-c", PREPARE, str(own_directory)).stderr
    lines = [line for line in errors.replace("\r", "\n").splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("Preparing 64 px")] == []


@pytest.mark.usefixtures("without_log_level")
@pytest.mark.parametrize("command", ["data_pipeline.prepare", "data_pipeline.synthetic_faces"])
def test_help_neither_logs_nor_imports_tensorflow(command):
    done = run("-X", "importtime", "-m", command, "--help")
    assert "usage: python -m data_pipeline" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "numpy" in imported
    assert "tensorflow" not in imported
    assert all(line.startswith("import time:") for line in done.stderr.splitlines())


@pytest.mark.parametrize(
    ("file", "level", "logged"),
    [
        (os.path.join(os.path.dirname(tfds.__file__), "core/dataset_builder.py"), logging.WARNING, False),
        (os.path.join(os.path.dirname(tfds.__file__), "core/dataset_builder.py"), logging.ERROR, True),
        ("data_pipeline/raw_tables.py", logging.WARNING, True),
    ],
)
def test_errors_of_tfds_and_own_warnings_are_logged(file, level, logged, caplog):
    logger = absl_logging.get_absl_logger()
    logger.handle(logger.makeRecord(logger.name, level, file, 1, "message", (), None))
    assert ("message" in caplog.text) == logged
