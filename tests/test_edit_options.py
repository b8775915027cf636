"""The options of the edit command: what is not understood, and help."""

import subprocess
import sys

import pytest

from maskgan_jax import edit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["polish"], "error: argument COMMAND: invalid choice: 'polish'"),
        (["edit", "--image", "a.png"], "error: the following arguments are required: --out, --edited-mask"),
        (
            ["interpolate", "--image", "a", "--out", "b.gif", "--frames", "1"],
            "error: argument --frames: 1 is no whole number of 2 or more",
        ),
        (["edit", "--image", "a", "--edited-mask", "b", "--out", "c", "--feather", "-3"], "error: argument --feather"),
    ],
)
def test_options_that_are_not_understood_are_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as exit_:
        edit.parser().parse_args(arguments)
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["transfer", "--help"]])
def test_help_imports_no_library(arguments):
    """NumPy, JAX, SciPy, OpenCV and Pillow take seconds to import, the help a tenth of one."""
    program = (
        "import runpy, sys\n"
        "try: runpy.run_module('maskgan_jax.edit', run_name='__main__', alter_sys=True)\n"
        "except SystemExit: pass\n"
        "print([name for name in ('absl', 'cv2', 'jax', 'numpy', 'PIL', 'scipy', 'tqdm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert "--parts" in done.stdout or "transfer" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""
