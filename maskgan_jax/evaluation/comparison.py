"""The comparison of methods on the paper's two tasks, and the files that it writes."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from data_pipeline.atomic_files import replacing
from maskgan_jax.devices import multihost
from maskgan_jax.evaluation import identity, published, results, scores
from maskgan_jax.evaluation.identity import Threshold
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.loading import BASELINES, load_methods
from maskgan_jax.evaluation.preparation import Common, check, prepare
from maskgan_jax.evaluation.score import Setting, encode_people, encode_split, score_method, score_real, score_truth
from maskgan_jax.evaluation.scores import Scores
from maskgan_jax.evaluation.survey import check_survey, write_survey
from maskgan_jax.evaluation.tables import Table
from maskgan_jax.photos.files import write_photo
from maskgan_jax.runs.directory import writing

CHOICES = (
    "pairs of Table 2: cost is the largest difference of yaw, pitch and roll, taken greedily by rising cost",
    "pairs of Table 3: photos drawn at random, each the source of another",
    "pasted: the target's mouth and lips become skin, the source's are laid beneath hair and hat",
    "GT: attributes of the sources (Table 2) or targets (Table 3), parser on the targets",
    "judges: the last checkpoint of their runs; photos are scaled to the size that they were trained at",
    "models of another size: photos are scaled to it and results back by a Lanczos filter",
    "EBGAN, Att-EBGAN: the box around both mouths is filled as the source shows it; StarGAN: Smiling set; ELEGANT: "
    "Smiling exchanged with the source; they read no edited mask, and none of them copies a style",
    "FID, KID and FD: results against all photos of the split, from 8-bit pixels in memory, in float64",
    "intervals: 95 %, 1,000 bootstrap draws of the pairs; distances of sets have none, since resampling biases them",
    "feature distance: 1 - cosine of the attribute classifier's pooled features of result and truth",
    "identity: photo and result are aligned by five points of the photo's mask; pairs of two people are all of a photo "
    "of the split and one of another split, whose people are others",
    "not computed: votes, FID against the target photos or the smiling training photos alone",
)
"""What the paper leaves open, as it is done here."""


def compare(config: ConfigDict, workdir: Path, survey: bool = False) -> None:
    """Compute both tables and write `tables.md`, `results.json`, the pairs and a sheet of pictures for each table.

    All processes call it together, and process 0 writes.
    Methods that are scored already, on the same pairs by the same judges, are not generated again.

    Args:
      config: as `configs/evaluation.py` makes it.
      workdir: folder to write.
      survey: whether to write pictures for people to vote on, too, of `config.pictures` pairs a table.

    Raises:
      UserError: a field can't be used; the data can't; there are fewer pairs than asked for; the attribute classifier
        doesn't know an attribute of the tables; the folder holds another comparison, or can't be written.
    """
    check(config)
    missing: dict[str, str] = {}
    common = prepare(config, workdir, missing)
    split = _kept(common, "split", None, "photos", partial(encode_split, common.data)).features
    scored: dict[str, dict[str, Scores]] = {table.name: {} for table in common.tables}
    for table in common.tables:
        scored[table.name]["GT"] = _kept(common, table.name, table, "GT", partial(score_real, table, common.data))
        if table.truth:
            scored[table.name]["truth"] = _kept(common, table.name, table, "truth", partial(score_truth, table))
    checksums = {}
    for method in load_methods(config, missing):
        checksums[method.name] = method.checksum
        for table in common.tables:
            if not (method.reads_masks or table.same_person):
                continue
            score = partial(score_method, table, method.generate, method.name)
            scored[table.name][method.name] = _kept(common, table.name, table, method.file, score, method.checksum)
    accepted = _compare_people(common, scored, split, missing)
    if jax.process_index() == 0:
        with writing(workdir):
            _write(common, scored, split, accepted, missing, checksums, config)
        if survey:
            models = [name for name in checksums if name not in BASELINES]
            check_survey(models)
            with writing(workdir):
                for table in common.tables:
                    shown = {name: scored[table.name][name] for name in models if name in scored[table.name]}
                    write_survey(table, shown, workdir / "survey" / table.name)
    multihost.barrier("tables")  # a process that ends early would end the others


def _compare_people(
    common: Common,
    scored: dict[str, dict[str, Scores]],
    split: Mapping[str, np.ndarray],
    missing: dict[str, str],
) -> Threshold | None:
    """Add the columns of `identity.compare_with_photos` to the scores, and return the threshold that they are of."""
    if not common.judges.identity:
        return None
    accepted = None
    if common.strangers:
        encode = partial(encode_people, common.strangers)
        strangers = _kept(common, "split", None, "strangers", encode).features["identity"]
        accepted = identity.threshold(split["identity"], strangers)
        if accepted is None:
            missing["same person"] = "no photo of one split or the other shows enough of a face to be aligned"
    for table in common.tables:
        targets = split["identity"][[common.data.row(pair.target) for pair in table.pairs]]
        scored[table.name] = identity.compare_with_photos(scored[table.name], targets, accepted)
    return accepted


def _kept(
    common: Common,
    folder: str,
    table: Table | None,
    name: str,
    score: Callable[[Judges, Setting], Scores],
    checksum: str = "",
) -> Scores:
    """Return scores: those of an earlier run if nothing that they depend on has changed, else new ones."""
    of_table = table and [table.name, table.pairs, table.attributes]
    whole = [common.made_from, common.setting, of_table, name, checksum]
    digest = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
    path = common.workdir / "scores" / folder / f"{name}.npz"
    found = scores.load(digest, path)
    if not multihost.everywhere(found is not None):
        found = score(common.judges, common.setting)
        if jax.process_index() == 0:
            with writing(common.workdir):
                scores.save(found, digest, path)
    return found


def _write(
    common: Common,
    scored: Mapping[str, Mapping[str, Scores]],
    split: Mapping[str, np.ndarray],
    accepted: Threshold | None,
    missing: Mapping[str, str],
    checksums: Mapping[str, str],
    config: ConfigDict,
) -> None:
    photos = "rendered faces" if config.data.synthetic else "photos"
    texts = [
        results.heading(
            f"{len(common.data.numbers)} {photos} of {config.data.directory} ({config.data.split}), "
            f"{config.data.size} px",
            accepted,
        )
    ]
    entries = {}
    for table in common.tables:
        rows = results.rows_of(scored[table.name], split)
        texts.append(results.markdown(table, rows))
        entries[table.name] = {
            "title": table.title,
            "pairs": len(table.pairs),
            "largest_difference_of_poses_degrees": max(pair.cost for pair in table.pairs),
            "rows": results.as_json(rows),
            "MaskGAN minus": results.as_json(results.differences(scored[table.name], published.METHODS["ebst"])),
        }
        write_photo(results.sheet(table, scored[table.name]), common.workdir / f"{table.name}.png")
    whole = {
        "tables": entries,
        "photos_of_the_split": len(common.data.numbers),
        "threshold_of_identity": accepted and accepted._asdict(),
        "missing": dict(missing),
        "checksums": common.made_from | {"methods": checksums},
        "choices": CHOICES,
        "config": config.to_dict(),
    }
    with replacing(common.workdir / "results.json") as temporary:
        temporary.write_text(json.dumps(whole, indent=2) + "\n")
    with replacing(common.workdir / "tables.md") as temporary:
        temporary.write_text("\n".join([*texts, results.left_out(missing)]))
