"""Pictures for people to vote on: what each method generated for a pair, in an order that only the key knows."""

import csv
import shutil
import string
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data_pipeline.atomic_files import new_folder
from data_pipeline.errors import UserError
from maskgan_jax.evaluation.results import input_pictures
from maskgan_jax.evaluation.scores import Scores
from maskgan_jax.evaluation.tables import Table
from maskgan_jax.photos.files import write_photo
from maskgan_jax.photos.grid import image_grid

LETTERS = string.ascii_uppercase
SEED = 0


def check_survey(models: Sequence[str]) -> None:
    """Check that there are models to compare, and letters for them.

    Raises:
      UserError: there are too few, or too many.
    """
    if not 2 <= len(models) <= len(LETTERS):
        raise UserError(
            f"--survey: compares 2 to {len(LETTERS)} models, and there are {len(models)}; name them in config.methods"
        )


def write_survey(table: Table, scores: Mapping[str, Scores], folder: Path) -> None:
    """Write a picture for each pair that the scores have pictures of, and `key.tsv`: picture, letter and method.

    Args:
      table: of the pairs.
      scores: of the methods to compare, by name.
      folder: to replace.
    """
    names = list(scores)
    count = len(next(iter(scores.values())).pictures)
    columns = input_pictures(table, count)
    rng = np.random.default_rng([SEED, zlib.crc32(table.name.encode())])
    key = [("picture", "letter", "method")]
    shutil.rmtree(folder, ignore_errors=True)
    with new_folder(folder) as new:
        for place in range(count):
            picture = f"{place:03d}.png"
            order = [names[choice] for choice in rng.permutation(len(names))]
            lettered = dict(zip(LETTERS, order, strict=False))
            shown = {name: images[place : place + 1] for name, images in columns.items()}
            shown |= {letter: scores[name].pictures[place : place + 1] for letter, name in lettered.items()}
            write_photo(image_grid(shown, 1), new / picture)
            key += [(picture, letter, name) for letter, name in lettered.items()]
        with (new / "key.tsv").open("w", newline="") as stream:
            csv.writer(stream, delimiter="\t", lineterminator="\n").writerows(key)
