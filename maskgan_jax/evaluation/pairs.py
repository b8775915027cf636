"""The pairs of photos that the paper's tables are made from: attribute transfer (Table 2) and style copy (Table 3)."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from data_pipeline.atomic_files import replacing
from data_pipeline.errors import UserError
from data_pipeline.labels import CLASSES

MOUTH = tuple(map(CLASSES.index, ("mouth", "u_lip", "l_lip")))
SKIN, LAST_BELOW_HAIR = CLASSES.index("skin"), CLASSES.index("l_lip")


class Pair(NamedTuple):
    """A photo to edit and the photo that the edit comes from, by their numbers in the data set.

    Attributes:
      target: the photo that is edited.
      source: the photo whose smile, or whose mask, it gets.
      cost: largest difference of yaw, pitch and roll in degrees; 0 where poses play no part.
    """

    target: int
    source: int
    cost: float


def smiling_pairs(
    indices: Int[np.ndarray, " n"],
    smiling: Int[np.ndarray, " n"],
    poses: Float[np.ndarray, "n 3"],
    has_mouth: Bool[np.ndarray, " n"],
    is_usable: Callable[[int, int], bool],
    count: int,
) -> list[Pair]:
    """Pair photos that don't smile with ones that do, of the most similar poses, each photo in one pair at most.

    The paper matches yaw, pitch and roll without saying how (its authors, issue 33); here the cost of a pair is the
    largest of the three differences, and pairs are taken greedily by rising cost, ties by their numbers.

    Args:
      indices: numbers of the photos.
      smiling: 1 smiles, -1 does not, 0 unknown.
      poses: yaw, pitch and roll in degrees.
      has_mouth: whether mouth or lips are in the mask; photos without are left out.
      is_usable: whether an edit of these two, target and source, leaves a face; asked of a pair before it is taken.
      count: how many pairs, 1 or more.

    Raises:
      UserError: poses or the attribute are not known, or there are fewer pairs.
    """
    if not smiling.any():
        raise UserError("the data set has no attributes, so no smile can be transferred; add its attribute file")
    if not np.isfinite(poses).any():
        raise UserError("the data set has no poses, so no pairs can be matched by them; add its pose file")
    if count < 1:
        raise UserError(f"{count} pairs for the transfer of smiles; ask for 1 or more")
    order = np.argsort(indices)
    indices, smiling, poses, has_mouth = (values[order] for values in (indices, smiling, poses, has_mouth))
    usable = has_mouth & np.isfinite(poses).all(1)
    targets, sources = (np.flatnonzero(usable & (smiling == value)) for value in (-1, 1))
    if min(len(targets), len(sources)) < count:
        raise UserError(
            f"{count} pairs for the transfer of smiles: of the photos of this split that show a mouth {len(targets)} "
            f"don't smile and {len(sources)} do; ask for fewer, or for another split"
        )
    costs = np.abs(poses[targets][:, None] - poses[sources]).max(-1)
    pairs, free_targets, free_sources = [], set(targets), set(sources)
    for place in np.argsort(costs, axis=None, kind="stable"):
        row, column = divmod(int(place), len(sources))
        target, source = targets[row], sources[column]
        if target not in free_targets or source not in free_sources:
            continue
        pair = Pair(int(indices[target]), int(indices[source]), float(costs[row, column]))
        if is_usable(pair.target, pair.source):
            pairs.append(pair)
            free_targets.remove(target)
            free_sources.remove(source)
            if len(pairs) == count:
                return pairs
    raise UserError(f"{count} pairs for the transfer of smiles: only {len(pairs)} leave every part of the face in view")


def style_pairs(indices: Int[np.ndarray, " n"], count: int, seed: int) -> list[Pair]:
    """Draw photos and pair each with another one of them, so that no photo is its own source.

    Raises:
      UserError: there are fewer photos.
    """
    if not 2 <= count <= len(indices):
        raise UserError(f"{count} pairs for the copy of styles: ask for 2 to {len(indices)}, the photos of this split")
    rng = np.random.default_rng(seed)
    targets = rng.choice(indices, count, replace=False)
    while True:
        sources = rng.permutation(targets)
        if (sources != targets).all():
            return [Pair(int(target), int(source), 0.0) for target, source in zip(targets, sources, strict=True)]


def leaves_a_face(target: UInt8[np.ndarray, "h w"], edited: UInt8[np.ndarray, "h w"]) -> bool:
    """Return whether an edited mask still has every part of the target's, and a mouth or a lip."""
    others = np.setdiff1d(target, MOUTH)
    return bool(np.isin(others, edited).all()) and shows_mouth(edited)


def shows_mouth(mask: UInt8[np.ndarray, "h w"]) -> bool:
    """Return whether a mask has a mouth or a lip."""
    return bool(np.isin(MOUTH, mask).any())


def paste_mouth(target: UInt8[np.ndarray, "h w"], source: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Return the target's mask with the source's mouth and lips at the same pixels, as the paper edits.

    The target's own become skin; hair, hat, earrings and what else the order of the parts puts on top stay on top.
    """
    pasted = np.where(np.isin(target, MOUTH), SKIN, target).astype(np.uint8)
    covered = np.isin(source, MOUTH) & (pasted <= LAST_BELOW_HAIR)
    return np.where(covered, source, pasted).astype(np.uint8)


def write_pairs(pairs: Sequence[Pair], path: Path) -> None:
    """Write pairs as tab-separated values under a header."""
    with replacing(path) as partial, partial.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(Pair._fields)
        writer.writerows(pairs)


def read_pairs(path: Path) -> list[Pair]:
    """Return the pairs that `write_pairs` wrote.

    Raises:
      UserError: a line is malformed.
    """
    header, *lines = path.read_text().splitlines() or [""]
    pairs = []
    for number, line in enumerate(lines, start=2):
        try:
            target, source, cost = line.split("\t")
            pairs.append(Pair(int(target), int(source), float(cost)))
        except ValueError:
            raise UserError(
                f"{path}:{number}: expected target, source and cost, found {line[:60]!r}; delete the file, and it is "
                "written again"
            ) from None
    if header.split("\t") != list(Pair._fields) or not pairs:
        raise UserError(f"{path}: holds no pairs; delete it, and it is written again")
    return pairs
