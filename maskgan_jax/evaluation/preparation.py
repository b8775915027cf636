"""What all methods of a comparison have in common: photos, pairs, tables and judges."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from data_pipeline.split_photos import EmptySplitError, SplitPhotos
from maskgan_jax.devices import multihost
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.loading import check_methods, load_judges
from maskgan_jax.evaluation.paper_tables import check_attributes, check_settings, make_tables, open_photos
from maskgan_jax.evaluation.score import Setting
from maskgan_jax.evaluation.tables import Table
from maskgan_jax.runs.directory import writing

VERSION = 1
"""Of what is computed; scores of another version are computed again."""


class Common(NamedTuple):
    """What all methods have in common.

    Attributes:
      data: the photos.
      strangers: photos of people who are not in `data`, to tell people apart by; None if that is not done.
      tables: to compute.
      judges: of the results.
      setting: of all passes.
      made_from: what scores depend on but for table and method.
      workdir: folder to write.
    """

    data: SplitPhotos
    strangers: SplitPhotos | None
    tables: list[Table]
    judges: Judges
    setting: Setting
    made_from: dict[str, Any]
    workdir: Path


def check(config: ConfigDict) -> None:
    """Check the fields of a config.

    Raises:
      UserError: one can't be used.
    """
    devices = jax.device_count()
    if config.batch_size < 1 or config.batch_size % devices:
        raise UserError(f"config.batch_size: {config.batch_size}; give a multiple of {devices}, the number of devices")
    if config.pictures < 1:
        raise UserError(f"config.pictures: {config.pictures}; give 1 or more")
    check_settings(config, "config")
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
    with multihost.process_zero_first("photos"):
        data, record = open_photos(config.data, config.data.split)
    pairs_from = {
        "data": [data.fingerprint, config.data.size, config.data.split, record and list(record)],
        "pairs": config.pairs.to_dict(),
    }
    with multihost.process_zero_first("pairs"), writing(workdir):
        _check_same_pairs(workdir / "pairs.json", pairs_from)
        tables = make_tables(data, record, config, workdir)
    judges = load_judges(config.judges, "config", config.data.synthetic, missing)
    check_attributes(judges, tables, "config")
    made_from = {
        "version": VERSION,
        **pairs_from,
        "judges": {name: judge and judge.checksum for name, judge in judges._asdict().items()},
    }
    strangers = _strangers(config, missing) if judges.identity else None
    return Common(data, strangers, tables, judges, Setting(config.batch_size, config.pictures), made_from, workdir)


def _strangers(config: ConfigDict, missing: dict[str, str]) -> SplitPhotos | None:
    """Open another split than that of `config`; None, and the reason in `missing`, if it has no photos.

    Nobody is in two splits of CelebA (Liu et al. 2015, "Deep Learning Face Attributes in the Wild", Sec. 4).
    """
    split = "test" if config.data.split == "validation" else "validation"
    try:
        return SplitPhotos(Path(config.data.directory).expanduser(), config.data.size, split, config.data.prepared)
    except EmptySplitError as error:
        missing["same person"] = f"needs photos of other people; {error}"
        return None


def _check_same_pairs(path: Path, made_from: Mapping[str, Any]) -> None:
    """Note what a folder's pairs are made from, and refuse a folder whose pairs were made from something else."""
    text = json.dumps(made_from, indent=2) + "\n"
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_text(text)
    elif path.read_text() != text:
        raise UserError(f"{path.parent}: holds a comparison on other photos or pairs; name another --workdir")
