"""Pictures for people to vote on: what each method drew of a pair, in an order that only the key knows."""

import csv
import string
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from maskgan_jax.evaluation.results import asked
from maskgan_jax.evaluation.score import Scores
from maskgan_jax.evaluation.tables import Table
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

LETTERS = string.ascii_uppercase
SEED = 0


def write_survey(table: Table, scores: Mapping[str, Scores], folder: Path) -> None:
    """Write a picture for each pair that the scores have pictures of, and `key.tsv`: picture, letter and method.

    Args:
      table: of the pairs.
      scores: of the methods to compare, by name.
      folder: to write into.

    Raises:
      UserError: there is nothing to compare, or there are more methods than letters.
    """
    if not 2 <= len(scores) <= len(LETTERS):
        raise UserError(f"--survey: compares 2 to {len(LETTERS)} models, and there are {len(scores)}")
    names = list(scores)
    count = len(next(iter(scores.values())).pictures)
    columns = asked(table, count)
    rng = np.random.default_rng(SEED)
    key = []
    for place in range(count):
        picture = f"{place:03d}.png"
        order = [names[choice] for choice in rng.permutation(len(names))]
        lettered = dict(zip(LETTERS, order, strict=False))
        shown = {name: images[place : place + 1] for name, images in columns.items()}
        shown |= {letter: scores[name].pictures[place : place + 1] for letter, name in lettered.items()}
        write_photo(image_grid(shown, 1), folder / picture)
        key += [(picture, letter, name) for letter, name in lettered.items()]
    with replacing(folder / "key.tsv") as temporary, temporary.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerows([("picture", "letter", "method"), *key])
