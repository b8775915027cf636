"""Whether the results of an edit show the person of the photo (the paper's appendix), by embeddings of both."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from maskgan_jax.evaluation.scores import Scores

FALSE_ACCEPTS = 0.001
"""Share of the pairs of two people that are taken for one person (own; the paper names no threshold)."""


class Threshold(NamedTuple):
    """Above which cosine two photos are taken for photos of one person.

    Attributes:
      cosine: which `FALSE_ACCEPTS` of the pairs of two people exceed.
      pairs: how many pairs of two people that was computed from.
    """

    cosine: float
    pairs: int


def threshold(photos: Float[np.ndarray, "n k"], strangers: Float[np.ndarray, "m k"]) -> Threshold | None:
    """Compute the threshold from all pairs of a photo and a stranger's; None if there are none.

    Pairs within the test split would not do: CelebA-HQ has 30,000 photos of about 6,200 people, so that among the
    split's 2,824 photos about as many pairs show one person as `FALSE_ACCEPTS` lets pass.

    Args:
      photos: their embeddings, of length 1 or NaN.
      strangers: those of photos of other people.
    """
    photos, strangers = (embeddings[np.isfinite(embeddings).all(1)] for embeddings in (photos, strangers))
    if not (len(photos) and len(strangers)):
        return None
    cosines = photos @ strangers.T
    return Threshold(float(np.quantile(cosines, 1 - FALSE_ACCEPTS, method="higher")), cosines.size)


def compare_with_photos(
    scores: Mapping[str, Scores], photos: Float[np.ndarray, "n k"], accepted: Threshold | None
) -> dict[str, Scores]:
    """Return scores with what their embeddings say, where they have any.

    Columns: `identity`, the cosine of photo and result, NaN where one is not aligned; and where there is a threshold
    `verified`, 1 if the cosine exceeds it and 0 if not.

    Args:
      scores: of each method on one table.
      photos: embeddings of the targets of its pairs.
      accepted: the threshold.
    """

    def columns(results: Float[np.ndarray, "n k"]) -> dict[str, Float[np.ndarray, " n"]]:
        cosines = (results.astype(np.float64) * photos).sum(1)
        if accepted is None:
            return {"identity": cosines}
        return {"identity": cosines, "verified": np.where(np.isnan(cosines), np.nan, cosines > accepted.cosine)}

    return {
        name: score._replace(values=score.values | columns(score.features["identity"]))
        if "identity" in score.features
        else score
        for name, score in scores.items()
    }
