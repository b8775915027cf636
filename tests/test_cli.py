"""Options, messages and imports that all commands have in common."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from absl import flags
from ml_collections import config_flags

from maskgan_jax import cli
from maskgan_jax.photos.files import write_label_map, write_photo

CONFIG = "--config=configs/mask_vae.py:quickstart"


@pytest.fixture
def parse(monkeypatch):
    """Parse a command line with a flag --config; return the config."""

    def parse_config(*arguments: str):
        argv = ["program", *arguments]
        monkeypatch.setattr(flags, "FLAGS", flags.FlagValues())
        config_flags.DEFINE_config_file("config", flag_values=flags.FLAGS, sys_argv=argv)
        cli.parse_flags(argv)
        return flags.FLAGS.config

    return parse_config


@pytest.mark.parametrize(
    "arguments",
    [
        [CONFIG, "--config.data.size=32", "--config.optimiser.learning_rate=1", "--config.data.flip=false"],
        ["--config", "configs/mask_vae.py:quickstart", "--config.data.size", "32",
         "--config.optimiser.learning_rate=1e0", "--noconfig.data.flip"],
    ],
)  # fmt: skip
def test_fields_of_a_config_are_set(parse, arguments):
    config = parse(*arguments, "--config.networks.mask_vae.widths=(4, 8)")
    assert (config.data.size, config.optimiser.learning_rate, config.data.flip) == (32, 1.0, False)
    assert config.networks.mask_vae.widths == (4, 8)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--config.optimiser.lr=3", "--config.optimiser.lr: no such field; the nearest are .*optimiser.learning_rate"),
        ("--config.batchsize=4", "--config.batchsize: no such field; the nearest are --config.batch_size,"),
        ("--config.widths=3", "--config.widths: no such field; the nearest are .*widths"),
        ("--config.networks.mask_vae.witdhs=3", "no such field; the nearest are --config.networks.mask_vae.widths,"),
        ("--config.networks.mask_vae.widths[0]=3", r"widths\[0\]: no such field; the nearest are .*mask_vae.widths,"),
        ("--config.optimiser.b1.x=3", "--config.optimiser.b1.x: no such field; the nearest are --config.optimiser.b1,"),
        ("--noconfig.data.flp", "--config.data.flp: no such field; the nearest are --config.data.flip,"),
        ("--config.data=3", "--config.data: a group of fields; give one of them, --config.data.NAME"),
        ("--config.batch_size=many", "--config.batch_size=many: expected int, such as 4"),
        ("--config.data.size=1.5", "--config.data.size=1.5: expected int, such as 64"),
        ("--config.optimiser.b1=half", "--config.optimiser.b1=half: expected float, such as 0.5"),
        ("--config.data.flip=maybe", "--config.data.flip=maybe: expected bool, such as True"),
        ("--config.networks.mask_vae.widths=(3,'a')", r"expected tuple, such as \(16, 32, 64, 128\)"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_explained_in_one_line(parse, capsys, option, message):
    with pytest.raises(SystemExit) as exit_:
        parse(CONFIG, option)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("error: ")
    assert error.endswith("; the fields are listed in configs/mask_vae.py and the files that it imports\n")
    assert re.search(message, error), error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config=configs/mask_vae.py:tiny", "--config.lr=1"], "configs/mask_vae.py has no variant :tiny"),
        (["--config=configs/nothing.py", "--config.lr=1"], "configs/nothing.py"),
        (["--config.lr=1"], "Unknown command line flag"),
        ([CONFIG, "--nothing"], "Unknown command line flag 'nothing'"),
        ([CONFIG, "--config.batch_size"], "Missing value for flag --config.batch_size"),
    ],
)
def test_other_wrong_options_are_one_line(parse, capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_:
        parse(*arguments)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def run_program(main: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run a command whose main function has this body."""
    program = (
        "import logging, warnings\n"
        "from data_pipeline.errors import UserError\n"
        "from maskgan_jax import cli\n"
        "def log_in(file, level, text):\n"
        "    exec(compile(f'logging.log({level}, {text!r})', file, 'exec'), {'logging': logging})\n"
        f"def main(options):\n    {main}\n"
        "cli.run(main, cli.ArgumentParser())"
    )
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("main", "status", "message"),
    [
        ("pass", 0, ""),
        ("raise UserError('photo.png: no such file')", 1, "error: photo.png: no such file\n"),
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
    ],
)
def test_the_status_and_the_message_of_a_command(main, status, message):
    done = run_program(main)
    assert (done.returncode, done.stderr) == (status, message)


def test_an_unknown_option_is_one_line_and_status_2():
    done = run_program("pass", "--nothing")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: unrecognized arguments: --nothing; see ")


def test_a_fault_of_ours_has_its_traceback():
    done = run_program("raise ZeroDivisionError")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_our_own_messages_are_printed_and_of_libraries_only_errors():
    done = run_program(
        "[log_in(file, level, f'{level} from {file}') for level in (20, 30, 40) for file in (cli.__file__, 'jax.py')];"
        "warnings.warn('a warning')"
    )
    lines = [line.partition(" ")[2] for line in done.stderr.splitlines()]  # without the time
    assert lines == [*(f"{level} from {cli.__file__}" for level in (20, 30, 40)), "40 from jax.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("maskgan_jax.edit", ["--checkpoint={runs}/ebst", "--face-parser={runs}/face_parser", "--no-align",
                              "--image={out}/photo.png", "--edited-mask={out}/mask.png", "--out={out}/edited.png"]),
        ("maskgan_jax.export", ["--checkpoint={runs}/mask_vae", "--out={out}/export"]),
        ("maskgan_jax.interop.export_torch", ["--kind=mask_vae", "{runs}/mask_vae", "{out}/mask_vae.pth"]),
        ("maskgan_jax.benchmark", [CONFIG, "--config.networks.mask_vae.widths=(4,4,8,8)", "--runs=1", "--steps=1"]),
    ],
)  # fmt: skip
def test_a_command_that_reads_no_data_set_imports_no_tensorflow_and_prints_no_warnings(
    runs, tmp_path, module, arguments
):
    write_photo(np.full((64, 64, 3), 9, np.uint8), tmp_path / "photo.png")
    write_label_map(np.zeros((64, 64), np.uint8), tmp_path / "mask.png")
    program = (
        "import runpy, sys\n"
        f"try: runpy.run_module({module!r}, run_name='__main__', alter_sys=True)\n"
        "finally: print([name for name in sys.modules if name.startswith('tensorflow')])"
    )
    command = [sys.executable, "-c", program, *(argument.format(runs=runs, out=tmp_path) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The user's cache folder; no settings of JAX's cache."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


COMPILE = """
import jax
from maskgan_jax import cli
from maskgan_jax.networks.discriminator import MultiScaleDiscriminator

def main(_):
    shapes = jax.ShapeDtypeStruct((1, 64, 64, 19), "float32"), jax.ShapeDtypeStruct((1, 64, 64, 3), "float32")
    jax.jit(MultiScaleDiscriminator().init).lower(jax.random.key(0), *shapes).compile()

cli._run(main, None, {})
"""


@pytest.mark.parametrize("cache", [True, False])
def test_what_a_command_compiles_is_kept_in_the_users_cache_folder(home, cache, monkeypatch):
    done = subprocess.run([sys.executable, "-c", COMPILE.format(cache)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert bool(list(home.glob("maskgan_jax/compiled/*-cache"))) == cache


def test_a_cache_folder_that_cannot_be_made_is_one_warning(home, monkeypatch, caplog):
    (home / "maskgan_jax").touch()

    cli.keep_compiled()

    assert "Nothing that is compiled is kept" in caplog.text
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_a_setting_of_jaxs_own_stands(home, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")

    cli.keep_compiled()

    assert not (home / "maskgan_jax").exists()
