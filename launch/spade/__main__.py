"""Train and try SPADE in minutes on a CPU: `python -m launch.spade`.

Renders synthetic faces, trains a face parser and SPADE, and draws masks of held-out faces in their own style and in
that of others: one table, and one sheet of pictures. Each step is a command that you can type yourself; steps that are
done are not repeated.
"""

import argparse

from launch import quickstart
from launch.run_commands import run_all
from launch.spade import TASKS
from maskgan_jax.cli import ArgumentParser, run


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    run_all(quickstart.commands(TASKS, options.faces, options.training, options.runs))

    from launch.spade import report  # imported last, so that the training has all the memory

    parser, spade = (options.runs / f"{task}_quickstart" for task in TASKS)
    data, folder = quickstart.data_folder(options.faces), options.runs / "spade_results"
    report.report(spade, parser, data, quickstart.SEED, folder)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.spade", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    quickstart.add_options(parser)
    return parser


if __name__ == "__main__":
    run(main, _parser())
