"""Train and try mask-guided portrait editing in minutes on a CPU: `python -m launch.portrait_editing`.

Renders synthetic faces, trains a face parser and the portrait editor, and gives parts of held-out faces the appearance
that they have in others: one table, and one sheet of pictures. Each step is a command that you can type yourself; steps
that are done are not repeated.
"""

import argparse

from launch import quickstart
from launch.portrait_editing import TASKS
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    run_all(quickstart.commands(TASKS, options.faces, options.training, options.runs))

    from launch.portrait_editing import report  # imported last, so that the training has all the memory

    run, folder = (options.runs / f"portrait_editing_{name}" for name in ("quickstart", "results"))
    report.report(run, quickstart.SEED, folder)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.portrait_editing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    quickstart.add_options(parser)
    return parser


if __name__ == "__main__":
    run(main, _parser())
