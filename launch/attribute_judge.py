"""The judge of edits that change attributes: a classifier that has no part in the training of what it judges."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from launch.batches import in_batches
from maskgan_jax.inference.models import load_model


def training(run: Path, data: Path, attributes: Sequence[str]) -> tuple[str, list[str]]:
    """Return name and arguments of the command that trains it.

    Args:
      run: folder of the run.
      data: directory of rendered faces.
      attributes: that it learns, as in CelebA.
    """
    return "attribute_judge", [
        "-m", "maskgan_jax.main", "--config=configs/attribute_classifier.py:quickstart", f"--workdir={run}",
        f"--config.attributes={tuple(attributes)!r}", f"--config.data.directory={data}",
    ]  # fmt: skip


class Judge:
    """A trained attribute classifier."""

    def __init__(self, run: Path):
        """Load it from a run."""
        model = load_model(run, ("classify",), "--runs")
        self._names = tuple(model.config.attributes)
        self._classify = model.compile("classify")

    def logits(self, photos: Sequence[np.ndarray], attribute: str) -> Float[np.ndarray, " n"]:
        """Return the logit of an attribute of each photo."""
        return in_batches(self._classify, np.stack(photos))[:, self._names.index(attribute)]


def balanced_accuracy(says: Bool[np.ndarray, " n"], truth: Bool[np.ndarray, " n"]) -> float:
    """Return the mean of the shares of true and of false ones that are called so."""
    return float((says[truth].mean() + (~says[~truth]).mean()) / 2)
