"""A method's figures for every pair of a table."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from tqdm import tqdm

from data_pipeline.atomic_files import replacing
from data_pipeline.split_photos import SplitPhotos
from maskgan_jax.evaluation.image_quality import compare
from maskgan_jax.evaluation.judges import AttributeClassifier, FaceParser, Inception
from maskgan_jax.evaluation.pairs import Pair
from maskgan_jax.evaluation.request import Method, Request, stack
from maskgan_jax.evaluation.tables import Table


class Judges(NamedTuple):
    """The judges that are there."""

    attributes: AttributeClassifier | None
    parser: FaceParser | None
    inception: Inception | None

    def encoders(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        """Return what gives features for distances between sets, by name."""
        judges = {"inception": self.inception, "attributes": self.attributes}
        return {name: judge.encode for name, judge in judges.items() if judge}


class Setting(NamedTuple):
    """How the pairs are gone through.

    Attributes:
      batch_size: how many at a time.
      pictures: how many results of each method are kept.
    """

    batch_size: int
    pictures: int


class Scores(NamedTuple):
    """Figures of a method.

    Attributes:
      values: by column, float64 (n,): for each pair; NaN where it is not defined.
      features: by encoder, float32 (n, k): of each result.
      pictures: the first results, uint8 (m, n, n, 3).
    """

    values: dict[str, Float[np.ndarray, " n"]]
    features: dict[str, Float[np.ndarray, "n k"]]
    pictures: UInt8[np.ndarray, "m n n 3"]


def score(table: Table, method: Method, judges: Judges, setting: Setting, name: str) -> Scores:
    """Let a method draw all pairs of a table, and judge what it draws.

    Columns: the name of each attribute, 1 where the judge sees what is wanted and 0 where not; `segmentation`, the
    share of pixels that are parsed as the edited mask says; where the truth is known those of `image_quality.compare`,
    inside being where the edited mask differs from the photo's, and `feature_distance`, 1 - cosine of the attribute
    classifier's features of result and truth.
    """

    def judged(pairs: Sequence[Pair]) -> Scores:
        request = stack([table.request(pair) for pair in pairs])
        drawn = method(request)
        values = _attribute_values(table, pairs, drawn, judges) | _parser_values(drawn, request.edited_mask, judges)
        if table.truth:
            values |= _truth_values(table, pairs, request, drawn, judges)
        return Scores(values, _features(drawn, judges), drawn)

    return _over_batches(judged, table.pairs, setting, f"{table.name}: {name}")


def score_truth(table: Table, judges: Judges, setting: Setting) -> Scores:
    """Judge the true results of a table: what a perfect method would reach."""

    def judged(pairs: Sequence[Pair]) -> Scores:
        photos, masks = map(np.stack, zip(*map(table.truth, pairs), strict=True))
        values = _attribute_values(table, pairs, photos, judges) | _parser_values(photos, masks, judges)
        return Scores(values, _features(photos, judges), photos)

    return _over_batches(judged, table.pairs, setting, f"{table.name}: truth")


def score_real(table: Table, photos: SplitPhotos, judges: Judges, setting: Setting) -> Scores:
    """Judge the split's own photos, the paper's GT: attributes where they are shown, the parser on the targets."""

    def judged(pairs: Sequence[Pair]) -> Scores:
        shown, targets = (
            np.stack([photos.photo(number) for number in numbers])
            for numbers in ([table.shown(pair) for pair in pairs], [pair.target for pair in pairs])
        )
        masks = np.stack([photos.mask(pair.target) for pair in pairs])
        values = _attribute_values(table, pairs, shown, judges) | _parser_values(targets, masks, judges)
        return Scores(values, {}, shown)

    return _over_batches(judged, table.pairs, setting, f"{table.name}: GT")


def split_features(photos: SplitPhotos, judges: Judges, setting: Setting) -> dict[str, Float[np.ndarray, "n k"]]:
    """Return every encoder's features of all photos of a split."""

    def encoded(numbers: Sequence[int]) -> Scores:
        batch = np.stack([photos.photo(number) for number in numbers])
        return Scores({}, _features(batch, judges), batch)

    return _over_batches(encoded, photos.numbers.tolist(), setting, "features of the split's photos").features


def save(scores: Scores, identity: str, path: Path) -> None:
    """Write scores with what they were computed from, whole or not at all."""
    arrays = {f"value/{name}": values for name, values in scores.values.items()}
    arrays |= {f"features/{name}": features for name, features in scores.features.items()}
    with replacing(path) as temporary:
        np.savez(temporary, identity=np.array(identity), pictures=scores.pictures, **arrays)


def load(identity: str, path: Path) -> Scores | None:
    """Return the scores in a file; None if there is none, it can't be read, or it is of something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["identity"]) != identity:
                return None
            groups = {
                group: {name.removeprefix(f"{group}/"): file[name] for name in file if name.startswith(f"{group}/")}
                for group in ("value", "features")
            }
            return Scores(groups["value"], groups["features"], file["pictures"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _over_batches(
    judged: Callable[[Sequence[Any]], Scores], items: Sequence[Any], setting: Setting, name: str
) -> Scores:
    """Join the scores of all items, in batches of one size: the last one repeats the last item, without effect."""
    size = setting.batch_size
    padded = [*items, *[items[-1]] * (-len(items) % size)]
    with tqdm(total=len(items), desc=name, unit=" photos", leave=False) as progress:
        parts = []
        for start in range(0, len(padded), size):
            part = judged(padded[start : start + size])
            parts.append(part._replace(pictures=part.pictures[: max(0, setting.pictures - start)]))
            progress.update(min(size, len(items) - start))
    columns = [
        {
            key: np.concatenate([getattr(part, field)[key] for part in parts])[: len(items)]
            for key in getattr(parts[0], field)
        }
        for field in ("values", "features")
    ]
    return Scores(*columns, np.concatenate([part.pictures for part in parts])[: len(items)])


def _attribute_values(
    table: Table, pairs: Sequence[Pair], photos: UInt8[np.ndarray, "b n n 3"], judges: Judges
) -> dict[str, Float[np.ndarray, " b"]]:
    if judges.attributes is None:
        return {}
    known = [judges.attributes.names.index(name) for name in table.attributes]
    shows = judges.attributes.shows(photos)[:, known]
    wanted = np.stack([table.wanted(pair) for pair in pairs])
    right = np.where(wanted == 0, np.nan, shows == (wanted > 0))
    return dict(zip(table.attributes, right.T, strict=True))


def _parser_values(
    photos: UInt8[np.ndarray, "b n n 3"], masks: UInt8[np.ndarray, "b n n"], judges: Judges
) -> dict[str, Float[np.ndarray, " b"]]:
    return {} if judges.parser is None else {"segmentation": judges.parser.accuracy(photos, masks)}


def _truth_values(
    table: Table, pairs: Sequence[Pair], request: Request, drawn: UInt8[np.ndarray, "b n n 3"], judges: Judges
) -> dict[str, Float[np.ndarray, " b"]]:
    truth = np.stack([table.truth(pair)[0] for pair in pairs])
    regions = request.mask != request.edited_mask
    rows = [compare(*row) for row in zip(drawn, truth, regions, strict=True)]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    if judges.attributes is not None:
        first, second = (judges.attributes.encode(each).astype(np.float64) for each in (drawn, truth))
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        values["feature_distance"] = 1 - (first * second).sum(1) / np.maximum(lengths, 1e-12)
    return values


def _features(photos: UInt8[np.ndarray, "b n n 3"], judges: Judges) -> dict[str, Float[np.ndarray, "b k"]]:
    return {name: encode(photos) for name, encode in judges.encoders().items()}
