"""What all methods of a comparison have in common: photos, pairs, tables and judges."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from data_pipeline import synthetic_faces
from data_pipeline.atomic_files import replacing
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.evaluation import pairs
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.loading import check_methods, load_judges
from maskgan_jax.evaluation.pairs import Pair
from maskgan_jax.evaluation.score import Setting
from maskgan_jax.evaluation.tables import SMILING, RenderedTruth, Table, smiling_tables, style_table
from maskgan_jax.runs.directory import writing

VERSION = 1
"""Of what is computed; scores of another version are computed again."""
LARGEST_COST_DEGREES = 5
"""Above it the poses of a pair hardly match, and the log says so."""


class Common(NamedTuple):
    """What all methods have in common.

    Attributes:
      data: the photos.
      strangers: photos of people who are not in `data`, to tell people apart by; None if that is not done.
      tables: to compute.
      judges: of the results.
      setting: of all passes.
      identity: what scores depend on but for table and method.
      workdir: folder to write.
    """

    data: SplitPhotos
    strangers: SplitPhotos | None
    tables: list[Table]
    judges: Judges
    setting: Setting
    identity: dict[str, Any]
    workdir: Path


def check(config: ConfigDict) -> None:
    """Check the fields of a config.

    Raises:
      UserError: one can't be used.
    """
    devices = jax.local_device_count()
    if config.batch_size < 1 or config.batch_size % devices:
        raise UserError(f"config.batch_size: {config.batch_size}; give a multiple of {devices}, the number of devices")
    if config.pictures < 1:
        raise UserError(f"config.pictures: {config.pictures}; give 1 or more")
    for name in ("smiling", "style_copy"):
        if config.pairs[name] < 2:
            raise UserError(f"config.pairs.{name}: {config.pairs[name]}; give 2 or more, for there are intervals")
    unknown = [name for name in config.style_attributes if name not in ATTRIBUTES]
    if unknown or not config.style_attributes:
        problem = f"CelebA has no {', '.join(unknown)}" if unknown else "names no attribute"
        raise UserError(f"config.style_attributes: {problem}; choose among {', '.join(ATTRIBUTES)}")
    check_methods(config)


def prepare(config: ConfigDict, workdir: Path, missing: dict[str, str]) -> Common:
    """Open the photos, make or read the pairs, and load the judges.

    Args:
      config: as `configs/evaluation.py` makes it.
      workdir: folder that the pairs are kept in.
      missing: gets the reason for each judge that there is not, by its name.

    Raises:
      UserError: as for `comparison.compare`.
    """
    directory = Path(config.data.directory).expanduser()
    data = SplitPhotos(directory, config.data.size, config.data.split, config.data.prepared)
    if not data.attributes.any():
        raise UserError(
            f"{directory}: its photos have no attributes, and the tables are made by them; add "
            "CelebAMask-HQ-attribute-anno.txt"
        )
    record = synthetic_faces.read_record(directory) if config.data.synthetic else None
    if record and record.size != config.data.size:
        raise UserError(
            f"{directory}: rendered at {record.size} px, and the true results of photos that are scaled to "
            f"{config.data.size} px are not known; render faces at {config.data.size} px, or set config.data.size"
        )
    pairs_from = {
        "data": [data.fingerprint, config.data.size, config.data.split, record and list(record)],
        "pairs": config.pairs.to_dict(),
    }
    with writing(workdir):
        _check_same_pairs(workdir / "pairs.json", pairs_from)
        tables = _tables(config, data, record and RenderedTruth(record.face, record.size), workdir)
    judges = load_judges(config, missing)
    _check_attributes(judges, tables)
    identity = {
        "version": VERSION,
        **pairs_from,
        "judges": {name: judge and judge.checksum for name, judge in judges._asdict().items()},
    }
    strangers = _strangers(config, missing) if judges.identity else None
    return Common(data, strangers, tables, judges, Setting(config.batch_size, config.pictures), identity, workdir)


def _strangers(config: ConfigDict, missing: dict[str, str]) -> SplitPhotos | None:
    """Open another split than that of `config`; None, and the reason in `missing`, if it has no photos.

    Nobody is in two splits of CelebA (Liu et al. 2015, "Deep Learning Face Attributes in the Wild", Sec. 4).
    """
    split = "test" if config.data.split == "validation" else "validation"
    try:
        return SplitPhotos(Path(config.data.directory).expanduser(), config.data.size, split, config.data.prepared)
    except UserError as error:
        missing["verified"] = f"needs photos of other people; {error}"
        return None


def _check_same_pairs(path: Path, made_from: Mapping[str, Any]) -> None:
    """Note what a folder's pairs are made from, and refuse a folder whose pairs were made from something else."""
    text = json.dumps(made_from, indent=2) + "\n"
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_text(text)
    elif path.read_text() != text:
        raise UserError(f"{path.parent}: holds a comparison on other photos or pairs; name another --workdir")


def _tables(config: ConfigDict, data: SplitPhotos, truth: RenderedTruth | None, workdir: Path) -> list[Table]:
    counts = config.pairs
    smiling = _pairs(workdir / "pairs_smiling.tsv", data, lambda: _smiling_pairs(data, counts.smiling))
    style = _pairs(
        workdir / "pairs_style_copy.tsv",
        data,
        lambda: pairs.style_pairs(data.numbers, counts.style_copy, counts.seed),
    )
    largest = max(pair.cost for pair in smiling)
    if largest > LARGEST_COST_DEGREES:
        logging.warning("Poses of the %d pairs for smiles differ by up to %.1f degrees", len(smiling), largest)
    return [*smiling_tables(data, smiling, truth), style_table(data, style, config.style_attributes, truth)]


def _pairs(path: Path, data: SplitPhotos, make: Callable[[], list[Pair]]) -> list[Pair]:
    """Return the pairs in a file, which is written if there is none."""
    if not path.exists():
        pairs.write_pairs(make(), path)
    found = pairs.read_pairs(path)
    unknown = {number for pair in found for number in (pair.target, pair.source)} - set(data.numbers.tolist())
    if unknown:
        raise UserError(f"{path}: photo {min(unknown)} is not in the split; delete the file, and it is written again")
    return found


def _smiling_pairs(data: SplitPhotos, count: int) -> list[Pair]:
    has_mouth = np.array([pairs.shows_mouth(data.mask(int(number))) for number in data.numbers])

    def is_usable(target: int, source: int) -> bool:
        mask = data.mask(target)
        return pairs.leaves_a_face(mask, pairs.paste_mouth(mask, data.mask(source)))

    smiling = data.attributes[:, ATTRIBUTES.index(SMILING)].astype(np.int64)
    return pairs.smiling_pairs(data.numbers, smiling, data.poses, has_mouth, is_usable, count)


def _check_attributes(judges: Judges, tables: list[Table]) -> None:
    if judges.attribute_classifier is None:
        return
    names = judges.attribute_classifier.names
    unknown = sorted({name for table in tables for name in table.attributes} - set(names))
    if unknown:
        raise UserError(
            f"config.judges.attribute_classifier: it was trained on {', '.join(names)}, and the tables need "
            f"{', '.join(unknown)}; name one that was trained on these, or set config.style_attributes"
        )
