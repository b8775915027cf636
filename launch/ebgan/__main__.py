"""Train and try EBGAN or Att-EBGAN in minutes on a CPU: `python -m launch.ebgan`.

Renders synthetic faces, trains the system, and sets mouths, eyes and noses of held-out faces into others: one table,
and one sheet of pictures. Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse
from pathlib import Path

from configs import att_ebgan
from launch import attribute_judge, quickstart
from launch.ebgan import TASKS
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run
from maskgan_jax.tasks.ebgan.attributes import ATTRIBUTES


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    judge = options.runs / "attribute_judge" if options.task == "att_ebgan" else None
    commands = quickstart.commands((options.task,), options.faces, options.training, options.runs)
    run_all([*commands, *([_judge(judge, quickstart.data_folder(options.faces))] if judge else [])])

    from launch.ebgan import report  # imported last, so that the training has all the memory

    run, folder = (options.runs / f"{options.task}_{name}" for name in ("quickstart", "results"))
    report.report(run, quickstart.SEED, folder, judge, options.ebst)


def _judge(run: Path, data: Path) -> tuple[str, list[str]]:
    """Return the training of a classifier of Att-EBGAN's attributes."""
    columns = tuple(ATTRIBUTES[name].column for name in att_ebgan.get_config("quickstart").attributes)
    return attribute_judge.training(run, data, columns)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.ebgan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=TASKS, default=TASKS[0], help="what to train (%(default)s)")
    ebst = "a run of EBST, such as runs/ebst_quickstart: in the report the background that its edits free is filled"
    parser.add_argument("--ebst", type=Path, metavar="FOLDER", help=ebst)
    quickstart.add_options(parser)
    return parser


if __name__ == "__main__":
    run(main, _parser())
