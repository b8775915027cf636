"""A method's figures for every pair of a table, and the file that keeps them."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from data_pipeline.atomic_files import replacing


class Scores(NamedTuple):
    """Figures of a method.

    Attributes:
      values: by column, float64 (n,): for each pair; NaN where it is not defined.
      features: by encoder, float32 (n, k): of each result.
      pictures: the first results, uint8 (m, n, n, 3).
    """

    values: dict[str, Float[np.ndarray, " n"]]
    features: dict[str, Float[np.ndarray, "n _"]]
    pictures: UInt8[np.ndarray, "m n n 3"]


def save(scores: Scores, digest: str, path: Path) -> None:
    """Write scores with what they were computed from, whole or not at all."""
    arrays = {f"value/{name}": values for name, values in scores.values.items()}
    arrays |= {f"features/{name}": features for name, features in scores.features.items()}
    with replacing(path) as temporary:
        np.savez(temporary, digest=np.array(digest), pictures=scores.pictures, **arrays)


def load(digest: str, path: Path) -> Scores | None:
    """Return the scores in a file; None if there is none, it can't be read, or it is of something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["digest"]) != digest:
                return None
            groups = {
                group: {name.removeprefix(f"{group}/"): file[name] for name in file if name.startswith(f"{group}/")}
                for group in ("value", "features")
            }
            return Scores(groups["value"], groups["features"], file["pictures"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
