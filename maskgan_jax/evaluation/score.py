"""Computes a method's figures for every pair of a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int8, UInt8
from tqdm import tqdm

from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.evaluation.image_quality import compare
from maskgan_jax.evaluation.judges import Judges, Photos
from maskgan_jax.evaluation.pairs import Pair
from maskgan_jax.evaluation.request import Method, Request, stack
from maskgan_jax.evaluation.scores import Scores
from maskgan_jax.evaluation.tables import Table


class Setting(NamedTuple):
    """How the pairs are gone through.

    Attributes:
      batch_size: how many at a time.
      pictures: how many results of each method are kept.
    """

    batch_size: int
    pictures: int


def score_method(table: Table, method: Method, name: str, judges: Judges, setting: Setting) -> Scores:
    """Let a method generate all pairs of a table, and judge its results.

    Columns: the name of each attribute, 1 where the judge sees what is wanted and 0 where not; `segmentation`, the
    share of pixels that are parsed as the edited mask says; where the truth is known those of `image_quality.compare`,
    inside being where the edited mask differs from the photo's, and `feature_distance`, 1 - cosine of the attribute
    classifier's features of result and truth. Features: every encoder's, and where the result should show the target's
    person `identity`, aligned by the photo's own mask.
    """

    def score_batch(pairs: Sequence[Pair]) -> Scores:
        request = stack([table.request(pair) for pair in pairs])
        results = method(request)
        values, features = _judge(results, request.edited_mask, _wanted(table, pairs), judges)
        if table.truth:
            values |= _truth_values(table, pairs, request, results, features, judges)
        if table.same_person and judges.identity:
            features["identity"] = judges.identity.embed(results, request.mask)
        return Scores(values, features, results)

    return _over_batches(score_batch, table.pairs, setting, f"{table.name}: {name}")


def score_truth(table: Table, judges: Judges, setting: Setting) -> Scores:
    """Judge the true results of a table: what a perfect method would reach."""

    def score_batch(pairs: Sequence[Pair]) -> Scores:
        photos, masks = map(np.stack, zip(*map(table.truth, pairs), strict=True))
        return Scores(*_judge(photos, masks, _wanted(table, pairs), judges), photos)

    return _over_batches(score_batch, table.pairs, setting, f"{table.name}: truth")


def score_real(table: Table, photos: SplitPhotos, judges: Judges, setting: Setting) -> Scores:
    """Judge the split's own photos, the paper's GT: attributes where they are shown, the parser on the targets."""

    def score_batch(pairs: Sequence[Pair]) -> Scores:
        shown, targets = (
            np.stack([photos.photo(number) for number in numbers])
            for numbers in ([table.shown(pair) for pair in pairs], [pair.target for pair in pairs])
        )
        masks = np.stack([photos.mask(pair.target) for pair in pairs])
        attributes, _ = _judge(shown, None, _wanted(table, pairs), judges._replace(inception=None))
        segmentation, _ = _judge(targets, masks, {}, Judges(face_parser=judges.face_parser))
        return Scores(attributes | segmentation, {}, shown)

    return _over_batches(score_batch, table.pairs, setting, f"{table.name}: GT")


def encode_split(photos: SplitPhotos, judges: Judges, setting: Setting) -> Scores:
    """Return every encoder's features of all photos of a split."""

    def encode_batch(numbers: Sequence[int]) -> Scores:
        batch = np.stack([photos.photo(number) for number in numbers])
        _, features = _judge(batch, None, {}, judges)
        if judges.identity:
            features["identity"] = judges.identity.embed(batch, np.stack([photos.mask(number) for number in numbers]))
        return Scores({}, features, batch)

    return _over_batches(encode_batch, photos.numbers.tolist(), setting, "features of a split's photos")


def encode_people(photos: SplitPhotos, judges: Judges, setting: Setting) -> Scores:
    """Return the features by which people are told apart, `identity`, of all photos of a split."""
    return encode_split(photos, Judges(identity=judges.identity), setting)


def _over_batches(
    score_batch: Callable[[Sequence[Any]], Scores], items: Sequence[Any], setting: Setting, name: str
) -> Scores:
    """Join the scores of all items, in batches of one size: the last one repeats the last item, without effect."""
    size = setting.batch_size
    padded = [*items, *[items[-1]] * (-len(items) % size)]
    parts = []
    with tqdm(total=len(items), desc=name, unit=" photos", leave=False, disable=jax.process_index() > 0) as progress:
        for start in range(0, len(padded), size):
            part = score_batch(padded[start : start + size])
            parts.append(part._replace(pictures=part.pictures[: max(0, setting.pictures - start)].copy()))
            progress.update(min(size, len(items) - start))
    values, features = (
        {
            name: np.concatenate([getattr(part, field)[name] for part in parts])[: len(items)]
            for name in getattr(parts[0], field)
        }
        for field in ("values", "features")
    )
    return Scores(values, features, np.concatenate([part.pictures for part in parts])[: len(items)])


def _wanted(table: Table, pairs: Sequence[Pair]) -> dict[str, Int8[np.ndarray, " b"]]:
    """Return by attribute whether the results of pairs should show it: 1 yes, -1 no, 0 unknown."""
    return dict(zip(table.attributes, np.stack([table.wanted(pair) for pair in pairs]).T, strict=True))


def _judge(
    photos: Photos,
    masks: UInt8[np.ndarray, "b n n"] | None,
    wanted: Mapping[str, Int8[np.ndarray, " b"]],
    judges: Judges,
) -> tuple[dict[str, Float[np.ndarray, " b"]], dict[str, Float[np.ndarray, "b _"]]]:
    """Return the judges' figures of photos that should look as masks and attributes say, and the photos' features."""
    values, features = {}, {}
    if judges.attribute_classifier:
        present, features["attribute_classifier"] = judges.attribute_classifier.classify(photos)
        for name, sign in wanted.items():
            right = present[:, judges.attribute_classifier.names.index(name)] == (sign > 0)
            values[name] = np.where(sign == 0, np.nan, right)
    if judges.face_parser and masks is not None:
        values["segmentation"] = judges.face_parser.accuracy(photos, masks)
    if judges.inception:
        features["inception"] = judges.inception.encode(photos)
    return values, features


def _truth_values(
    table: Table,
    pairs: Sequence[Pair],
    request: Request,
    results: Photos,
    features: dict[str, Float[np.ndarray, "b _"]],
    judges: Judges,
) -> dict[str, Float[np.ndarray, " b"]]:
    truth = np.stack([table.truth(pair)[0] for pair in pairs])
    regions = request.mask != request.edited_mask
    rows = [compare(*row) for row in zip(results, truth, regions, strict=True)]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    if judges.attribute_classifier:
        first = features["attribute_classifier"].astype(np.float64)
        second = judges.attribute_classifier.classify(truth)[1].astype(np.float64)
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        values["feature_distance"] = 1 - (first * second).sum(1) / np.maximum(lengths, 1e-12)
    return values
