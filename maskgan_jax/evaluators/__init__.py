"""What a run measures on held-out photos while it trains, one file per evaluator; `make` finds the named one."""

import importlib
import importlib.util
import pkgutil

from data_pipeline.errors import UserError
from maskgan_jax.training.evaluators import EvaluatedRun, Evaluator


def make(name: str, run: EvaluatedRun) -> Evaluator:
    """Make the evaluator of a file of this package: a module with a function `make(settings, run) -> Evaluator`.

    Args:
      name: of the file, and of its settings in `config.evaluators`.
      run: whose states it measures.

    Raises:
      UserError: there is no such evaluator, or it can't be made.
    """
    if not (name.isidentifier() and importlib.util.find_spec(f"{__name__}.{name}")):
        known = ", ".join(module.name for module in pkgutil.iter_modules(__path__))
        raise UserError(f"config.evaluators: there is no evaluator '{name}'; the evaluators are {known}")
    return importlib.import_module(f"{__name__}.{name}").make(run.config.evaluators[name], run)
