"""The comparison of methods on the paper's two tasks: pairs, drawing, judging, and the files that it writes."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from data_pipeline import synthetic_faces
from data_pipeline.atomic_files import replacing
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.errors import UserError
from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.evaluation import judges as judging
from maskgan_jax.evaluation import methods, pairs, published, results, score
from maskgan_jax.evaluation.pairs import Pair
from maskgan_jax.evaluation.request import Method
from maskgan_jax.evaluation.score import Judges, Scores, Setting
from maskgan_jax.evaluation.survey import write_survey
from maskgan_jax.evaluation.tables import SMILING, RenderedTruth, Table, shows_mouth, smiling_tables, style_table
from maskgan_jax.photos.files import write_photo

VERSION = 1
"""Of what is computed; scores of another version are computed again."""
LARGEST_COST_DEGREES = 5
"""Above it the poses of a pair hardly match, and the log says so."""
CHOICES = (
    "pairs of Table 2: cost is the largest difference of yaw, pitch and roll, taken greedily by rising cost",
    "pairs of Table 3: photos drawn at random, each the source of another",
    "pasted: the target's mouth and lips become skin, the source's are laid beneath hair and hat",
    "GT: attributes of the sources (Table 2) or targets (Table 3), parser on the targets",
    "models of another size: photos are scaled to it and results back by a Lanczos filter",
    "FID, KID and FD: results against all photos of the split, from 8-bit pixels in memory, in float64",
    "intervals: 95 %, 1,000 bootstrap draws of the pairs; distances of sets have none, since resampling biases them",
    "feature distance: 1 - cosine of the attribute classifier's pooled features of result and truth",
)
"""What the paper leaves open, as it is done here."""

BASELINES: Mapping[str, Method] = MappingProxyType(
    {
        "photo left alone": methods.photo_left_alone,
        "source photo": methods.source_photo,
        "own colours painted in": methods.own_colours_painted_in,
    }
)
"""Methods that need no training, by name."""

T = TypeVar("T")


class Entrant(NamedTuple):
    """A method with its checksum, that of its weights or its name."""

    draw: Method
    checksum: str


def compare(config: ConfigDict, workdir: Path, survey: bool = False) -> None:
    """Compute both tables and write `tables.md`, `results.json`, the pairs and a sheet of pictures for each table.

    Methods that are scored already, on the same pairs by the same judges, are not drawn again.

    Args:
      config: as `configs/evaluation.py` makes it.
      workdir: folder to write.
      survey: whether to write pictures for people to vote on, too, of `config.pictures` pairs a table.

    Raises:
      UserError: the data can't be used; there are fewer pairs than asked for; the attribute classifier doesn't know an
        attribute of the tables; or the folder can't be written.
    """
    _check_batch_size(config.batch_size)
    setting = Setting(config.batch_size, config.pictures)
    data = SplitPhotos(Path(config.data.directory), config.data.size, config.data.split, config.data.prepared or None)
    truth = _truth(config)
    tables = _tables(config, data, truth, workdir)
    judges, missing = _judges(config, tables)
    identity = {
        "version": VERSION,
        "data": [data.fingerprint, config.data.size, config.data.split],
        "judges": {name: judge.checksum for name, judge in judges._asdict().items() if judge},
    }
    split = score.split_features(data, judges, setting) if judges.encoders() else {}
    scores: dict[str, dict[str, Scores]] = {table.name: {} for table in tables}
    for table in tables:
        scores[table.name]["GT"] = score.score_real(table, data, judges, setting)
        if truth:
            scores[table.name]["truth"] = score.score_truth(table, judges, setting)
    checksums = {}
    for name, load in _entrants(config):
        entrant = _unless_missing(load, name, missing)
        if entrant is None:
            continue
        checksums[name] = entrant.checksum
        for table in tables:
            scores[table.name][name] = _scored(table, name, entrant, judges, identity, setting, workdir)
    if survey:
        for table in tables:
            drawn = {name: scores[table.name][name] for name in checksums if name not in BASELINES}
            write_survey(table, drawn, workdir / "survey" / table.name)
    _write(workdir, tables, scores, split, missing, identity | {"methods": checksums}, config)


def _check_batch_size(batch_size: int) -> None:
    devices = jax.local_device_count()
    if batch_size < 1 or batch_size % devices:
        raise UserError(f"config.batch_size: {batch_size}; give a multiple of {devices}, the number of devices")


def _truth(config: ConfigDict) -> RenderedTruth | None:
    if not config.data.synthetic:
        return None
    return RenderedTruth(synthetic_faces.faces_of(Path(config.data.directory)), config.data.size)


def _tables(config: ConfigDict, data: SplitPhotos, truth: RenderedTruth | None, workdir: Path) -> list[Table]:
    if not data.attributes.any():
        raise UserError(
            f"{config.data.directory}: its photos have no attributes, and the tables are made by them; add "
            "CelebAMask-HQ-attribute-anno.txt"
        )
    unknown = [name for name in config.style_attributes if name not in ATTRIBUTES]
    if unknown:
        raise UserError(f"config.style_attributes: CelebA has no {', '.join(unknown)}")
    smiling = _pairs(workdir / "pairs_smiling.tsv", config.pairs.smiling, data, partial(_smiling_pairs, data))
    largest = max(pair.cost for pair in smiling)
    if largest > LARGEST_COST_DEGREES:
        logging.warning("Poses of the %d pairs for smiles differ by up to %.1f degrees", len(smiling), largest)
    style = _pairs(
        workdir / "pairs_style_copy.tsv",
        config.pairs.style_copy,
        data,
        lambda count: pairs.style_pairs(data.numbers, count, config.pairs.seed),
    )
    return [*smiling_tables(data, smiling, truth), style_table(data, style, config.style_attributes, truth)]


def _pairs(path: Path, count: int, data: SplitPhotos, make: Callable[[int], list[Pair]]) -> list[Pair]:
    """Return the pairs in a file, which is written if there is none."""
    if not path.exists():
        pairs.write_pairs(make(count), path)
    found = pairs.read_pairs(path)
    numbers = set(data.numbers.tolist())
    if len(found) != count or not {number for pair in found for number in (pair.target, pair.source)} <= numbers:
        raise UserError(
            f"{path}: its {len(found)} pairs are not the {count} asked for of these photos; delete it, or name another "
            "--workdir"
        )
    return found


def _smiling_pairs(data: SplitPhotos, count: int) -> list[Pair]:
    has_mouth = np.array([shows_mouth(data.mask(int(number))) for number in data.numbers])

    def is_usable(target: int, source: int) -> bool:
        mask = data.mask(target)
        return pairs.leaves_a_face(mask, pairs.paste_mouth(mask, data.mask(source)))

    smiling = data.attributes[:, ATTRIBUTES.index(SMILING)].astype(np.int64)
    return pairs.smiling_pairs(data.numbers, smiling, data.poses, has_mouth, is_usable, count)


def _judges(config: ConfigDict, tables: list[Table]) -> tuple[Judges, dict[str, str]]:
    """Load the judges; also why one is missing, by its name."""
    missing: dict[str, str] = {}
    loaders = {
        "attribute_classifier": judging.load_attribute_classifier,
        "face_parser": judging.load_face_parser,
        "inception": judging.load_inception,
    }
    loaded = {}
    for name, load in loaders.items():
        option = f"config.judges.{name}"
        loaded[name] = _unless_missing(partial(_load_named, load, config.judges[name], option), name, missing)
    judges = Judges(*loaded.values())
    if judges.attributes is not None:
        wanted = {name for table in tables for name in table.attributes}
        unknown = sorted(wanted - set(judges.attributes.names))
        if unknown:
            raise UserError(
                f"config.judges.attribute_classifier: it was trained on {', '.join(judges.attributes.names)}, and the "
                f"tables need {', '.join(unknown)}; name one that was trained on these, or set config.style_attributes"
            )
    return judges, missing


def _load_named(load: Callable[[Path, str], T], name: str, option: str) -> T:
    if not name:
        raise UserError(f"{option}: none was given")
    return load(Path(name), option)


def _unless_missing(load: Callable[[], T], name: str, missing: dict[str, str]) -> T | None:
    """Return what is loaded; None, and the reason in `missing`, if it can't be."""
    try:
        return load()
    except UserError as error:
        logging.warning("%s: left out. %s", name, error)
        missing[name] = str(error)
        return None


def _entrants(config: ConfigDict) -> Iterator[tuple[str, Callable[[], Entrant]]]:
    """Yield name and loader of every method: the baselines first, then the models of the config."""
    for name, method in BASELINES.items():
        yield name, partial(Entrant, method, name)
    for field, folder in config.methods.items():
        name = published.METHODS.get(field, field)
        load = partial(_load_named, methods.trained, folder, f"config.methods.{field}")
        yield name, lambda load=load: Entrant(*load())


def _scored(
    table: Table,
    name: str,
    entrant: Entrant,
    judges: Judges,
    identity: Mapping[str, Any],
    setting: Setting,
    workdir: Path,
) -> Scores:
    """Return a method's scores: those of an earlier run if nothing has changed, else new ones, which are kept."""
    whole = {
        **identity,
        "method": entrant.checksum,
        "pairs": table.pairs,
        "table": table.name,
        "pictures": setting.pictures,
    }
    digest = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
    path = workdir / "scores" / table.name / f"{name.replace(' ', '_').replace(',', '')}.npz"
    scores = score.load(digest, path)
    if scores is None:
        scores = score.score(table, entrant.draw, judges, setting, name)
        score.save(scores, digest, path)
    return scores


def _write(
    workdir: Path,
    tables: list[Table],
    scores: Mapping[str, Mapping[str, Scores]],
    split: Mapping[str, np.ndarray],
    missing: Mapping[str, str],
    checksums: Mapping[str, Any],
    config: ConfigDict,
) -> None:
    photos = "rendered faces" if config.data.synthetic else "photos"
    texts, entries = (
        [results.heading(f"{photos} of {config.data.directory}, {config.data.split}, {config.data.size} px")],
        {},
    )
    for table in tables:
        rows = results.rows_of(scores[table.name], split)
        texts.append(results.markdown(table, rows))
        entries[table.name] = {
            "title": table.title,
            "pairs": len(table.pairs),
            "largest_difference_of_poses_degrees": max(pair.cost for pair in table.pairs),
            "rows": results.as_json(rows),
            "MaskGAN minus": results.as_json(results.differences(scores[table.name], published.METHODS["ebst"])),
        }
        write_photo(results.sheet(table, scores[table.name]), workdir / f"{table.name}.png")
    texts.append(results.left_out(missing))
    entries = {
        "tables": entries,
        "photos_of_the_split": {name: len(features) for name, features in split.items()},
        "missing": dict(missing),
        "checksums": checksums,
        "choices": CHOICES,
        "config": config.to_dict(),
    }
    with replacing(workdir / "results.json") as temporary:
        temporary.write_text(json.dumps(entries, indent=2) + "\n")
    with replacing(workdir / "tables.md") as temporary:
        temporary.write_text("\n".join(texts))
