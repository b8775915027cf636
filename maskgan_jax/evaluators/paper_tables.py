"""The paper's tables, of few pairs of held-out photos, for the generator that is being trained."""

import itertools
from collections.abc import Callable

import numpy as np
from absl import logging
from jaxtyping import Array, UInt8
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.devices import multihost
from maskgan_jax.devices.mesh import batch_sharding, compile_eval, shared_array, to_host
from maskgan_jax.editing.generators import generator_kind
from maskgan_jax.evaluation import methods, results
from maskgan_jax.evaluation.bootstrap import Estimate
from maskgan_jax.evaluation.loading import load_judges
from maskgan_jax.evaluation.paper_tables import check_attributes, check_settings, make_tables, open_photos
from maskgan_jax.evaluation.request import Method, Request
from maskgan_jax.evaluation.score import Setting, encode_split, score_method
from maskgan_jax.tasks.task import Batch, Task, TrainState
from maskgan_jax.training.evaluators import EvaluatedRun

OPTION = "config.evaluators.paper_tables"


class PaperTables:
    """Computes the figures of `evaluation.results` for a state, named `<split>/<table>/<column>`.

    All processes generate and judge each batch of pairs together. The same figures of the strongest simple method, the
    photo's own colours painted in, are logged once, to compare with.

    Attributes:
      metrics: names of the figures.
    """

    def __init__(self, settings: ConfigDict, run: EvaluatedRun):
        config = run.config
        self._split = config.data.eval_split
        photos, record = open_photos(config.data, self._split)
        self._tables = make_tables(photos, record, settings)
        missing: dict[str, str] = {}
        self._judges = load_judges(settings.judges, OPTION, config.data.synthetic, missing)
        for name, reason in missing.items():
            if settings.judges[name]:
                raise UserError(reason)
        check_attributes(self._judges, self._tables, OPTION)
        self.metrics = tuple(
            f"{self._split}/{table.name}/{column}"
            for table in self._tables
            for column in results.columns_of(table, self._judges)
        )
        if not self.metrics:
            raise UserError(f"{OPTION}.judges: without a judge there is no figure of photos; name one")
        self._setting = Setting(config.batch_size, pictures=0)
        self._batches = batch_sharding(run.mesh)
        self._edit = compile_eval(_edit_by(run.task), run.shardings, run.mesh)
        encoders = self._judges.attribute_classifier or self._judges.inception
        self._features = encode_split(photos, self._judges, self._setting).features if encoders else {}
        baseline = self._figures(methods.own_colours_painted_in)
        listed = ", ".join(f"{name} {figure:.4g}" for name, figure in baseline.items())
        logging.info("The photo's own colours painted in: %s", listed)

    def evaluate(self, state: TrainState, interrupted: Callable[[], bool]) -> dict[str, float] | None:
        """Compute the figures of a state; None if interrupted on any process."""
        try:
            return self._figures(self._method(state, interrupted))
        except _StoppedError:
            return None

    def _figures(self, method: Method) -> dict[str, float]:
        figures = {}
        for table in self._tables:
            scores = score_method(table, method, "held-out pairs", self._judges, self._setting)
            (row,) = results.rows_of({"": scores}, self._features).values()
            for column, figure in row.items():
                mean = figure.mean if isinstance(figure, Estimate) else figure
                figures[f"{self._split}/{table.name}/{column}"] = mean
        return figures

    def _method(self, state: TrainState, interrupted: Callable[[], bool]) -> Method:
        numbers = itertools.count(1)

        def generate(request: Request) -> UInt8[np.ndarray, "b n n 3"]:
            if multihost.should_stop(next(numbers), interrupted()):
                raise _StoppedError
            names = ("photo", "mask", "edited_mask")
            batch = {name: shared_array(getattr(request, name), self._batches) for name in names}
            return to_host(self._edit(state, batch))

        return generate


class _StoppedError(Exception):
    """A process was told to stop while a batch of all was next."""


def make(settings: ConfigDict, run: EvaluatedRun) -> PaperTables:
    """Return the evaluator of a run that trains a generator.

    Args:
      settings: `pairs` and `style_attributes` as in `configs/evaluation.py`, and `judges`, but for `identity`.
      run: whose states are to be measured.

    Raises:
      UserError: a setting, the data or a judge can't be used, or the run's task generates no faces.
    """
    offered = run.task.inference
    lacking = [name for name in generator_kind(offered).functions if name not in offered]
    if lacking:
        raise UserError(
            f"{OPTION}: {run.config.task} generates no faces (it has no {', '.join(lacking)}); leave it out"
        )
    check_settings(settings, OPTION)
    try:
        return PaperTables(settings, run)
    except UserError as error:
        raise UserError(f"{OPTION}, which `every_steps=0` switches off: {error}") from None


def _edit_by(task: Task) -> Callable[[TrainState, Batch], UInt8[Array, "b n n 3"]]:
    names = generator_kind(task.inference).functions
    networks = sorted({network for name in names for network in task.inference[name].networks})

    def edit(state: TrainState, batch: Batch) -> UInt8[Array, "b n n 3"]:
        variables = {network: state.inference_variables(network) for network in networks}
        return methods.edit(task, variables, batch["photo"], batch["mask"], batch["edited_mask"])

    return edit
