"""Train and try a system that sets attributes of faces, in minutes on a CPU: `python -m launch.attribute_editing`.

Renders synthetic faces, trains the system and a judge, and makes held-out faces smile: one table, and one sheet of
pictures. Each step is a command that you can type yourself; steps that are done are not repeated.
"""

import argparse

from launch import attribute_judge, quickstart
from launch.attribute_editing.systems import ATTRIBUTE, SYSTEMS
from launch.run_commands import run_all
from maskgan_jax.cli import ArgumentParser, run


def main(options: argparse.Namespace) -> None:
    """Run the commands one after the other and report."""
    judge = options.runs / "smile_judge"
    commands = quickstart.commands((options.system,), options.faces, options.training, options.runs)
    run_all([*commands, attribute_judge.training(judge, quickstart.data_folder(options.faces), (ATTRIBUTE,))])

    from launch.attribute_editing import report  # imported last, so that the training has all the memory

    trained, folder = (options.runs / f"{options.system}_{name}" for name in ("quickstart", "results"))
    report.report(SYSTEMS[options.system](trained), judge, quickstart.SEED, quickstart.SIZE, folder)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m launch.attribute_editing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--system", choices=SYSTEMS, default="stargan", help="what to train (%(default)s)")
    quickstart.add_options(parser)
    return parser


if __name__ == "__main__":
    run(main, _parser())
