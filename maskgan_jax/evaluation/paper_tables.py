"""The paper's tables on one split of a data set: its photos, the pairs, and what is known of the true results."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import logging
from ml_collections import ConfigDict

from data_pipeline import synthetic_faces
from data_pipeline.celeba_attributes import ATTRIBUTES, columns_of
from data_pipeline.errors import UserError
from data_pipeline.split_photos import SplitPhotos
from data_pipeline.synthetic_faces.write import Record
from maskgan_jax.evaluation import pairs
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.pairs import Pair
from maskgan_jax.evaluation.tables import SMILING, RenderedTruth, Table, smiling_tables, style_table

LARGEST_COST_DEGREES = 5
"""Above it the poses of a pair hardly match, and the log says so."""


def check_settings(settings: ConfigDict, option: str) -> None:
    """Check the fields `pairs` and `style_attributes`; `option` is the config's name, for errors.

    Raises:
      UserError: one can't be used.
    """
    for name in ("smiling", "style_copy"):
        if settings.pairs[name] < 2:
            raise UserError(f"{option}.pairs.{name}: {settings.pairs[name]}; give 2 or more, for there are intervals")
    columns_of(settings.style_attributes, f"{option}.style_attributes")


def open_photos(data: ConfigDict, split: str) -> tuple[SplitPhotos, Record | None]:
    """Open a split of the data set that a config's field `data` names, and what its faces are rendered from.

    Raises:
      UserError: the data can't be used; its photos have no attributes; or they were rendered at another size.
    """
    directory = Path(data.directory).expanduser()
    photos = SplitPhotos(directory, data.size, split, data.prepared)
    if not photos.attributes.any():
        raise UserError(
            f"{directory}: its photos have no attributes, and the tables are made by them; add "
            "CelebAMask-HQ-attribute-anno.txt"
        )
    record = synthetic_faces.read_record(directory) if data.synthetic else None
    if record and record.size != data.size:
        raise UserError(
            f"{directory}: rendered at {record.size} px, and the true results of photos that are scaled to "
            f"{data.size} px are not known; render faces at {data.size} px, or set config.data.size"
        )
    return photos, record


def make_tables(
    photos: SplitPhotos, record: Record | None, settings: ConfigDict, folder: Path | None = None
) -> list[Table]:
    """Return Table 2, in each way to make its masks, and Table 3.

    Args:
      photos: from `open_photos`.
      record: from `open_photos`.
      settings: with the fields `pairs` and `style_attributes`.
      folder: where the pairs are read from, or written if they are not there; None: they are made anew.

    Raises:
      UserError: there are fewer pairs than asked for, or a file of pairs can't be used.
    """
    counts = settings.pairs
    smiling = _pairs(folder and folder / "pairs_smiling.tsv", photos, lambda: _smiling_pairs(photos, counts.smiling))
    style = _pairs(
        folder and folder / "pairs_style_copy.tsv",
        photos,
        lambda: pairs.style_pairs(photos.numbers, counts.style_copy, counts.seed),
    )
    largest = max(pair.cost for pair in smiling)
    if largest > LARGEST_COST_DEGREES:
        logging.warning("Poses of the %d pairs for smiles differ by up to %.1f degrees", len(smiling), largest)
    truth = record and RenderedTruth(record.face, record.size)
    return [*smiling_tables(photos, smiling, truth), style_table(photos, style, settings.style_attributes, truth)]


def check_attributes(judges: Judges, tables: list[Table], option: str) -> None:
    """Check that the attribute classifier, if there is one, knows the attributes of all tables.

    Raises:
      UserError: it does not; `option` is the config's name.
    """
    if judges.attribute_classifier is None:
        return
    names = judges.attribute_classifier.names
    unknown = sorted({name for table in tables for name in table.attributes} - set(names))
    if unknown:
        raise UserError(
            f"{option}.judges.attribute_classifier: it was trained on {', '.join(names)}, and the tables need "
            f"{', '.join(unknown)}; name one that was trained on these, or set {option}.style_attributes"
        )


def _pairs(path: Path | None, photos: SplitPhotos, make: Callable[[], list[Pair]]) -> list[Pair]:
    """Return the pairs in a file, which is written if there is none."""
    if path is None:
        return make()
    if not path.exists():
        pairs.write_pairs(make(), path)
    found = pairs.read_pairs(path)
    unknown = {number for pair in found for number in (pair.target, pair.source)} - set(photos.numbers.tolist())
    if unknown:
        raise UserError(f"{path}: photo {min(unknown)} is not in the split; delete the file, and it is written again")
    return found


def _smiling_pairs(photos: SplitPhotos, count: int) -> list[Pair]:
    has_mouth = np.array([pairs.shows_mouth(photos.mask(int(number))) for number in photos.numbers])

    def is_usable(target: int, source: int) -> bool:
        mask = photos.mask(target)
        return pairs.leaves_a_face(mask, pairs.paste_mouth(mask, photos.mask(source)))

    smiling = photos.attributes[:, ATTRIBUTES.index(SMILING)].astype(np.int64)
    return pairs.smiling_pairs(photos.numbers, smiling, photos.poses, has_mouth, is_usable, count)
