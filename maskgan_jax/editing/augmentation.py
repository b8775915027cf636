"""More data for a face parser: faces generated for the masks of a data set, with the styles of its other faces.

Gu et al. 2019 train a parser on the photos of a data set together with such faces.
"""

import collections
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from data_pipeline.atomic_files import new_folder
from data_pipeline.celeba_attributes import ATTRIBUTES
from data_pipeline.celeba_splits import split_of
from data_pipeline.errors import UserError
from data_pipeline.raw_layout import RawLayout, read_layout
from data_pipeline.raw_writer import write_example, write_mapping
from maskgan_jax.editing.draws import Pair, draw_pairs
from maskgan_jax.editing.editor import Editor
from maskgan_jax.photos.scaling import scale_mask, scale_photo

RECORD = "generated.tsv"
"""File beside the generated data: of each generated example the one with the mask, and those with the styles."""

_BATCH = 8

Examples = tuple[UInt8[np.ndarray, "b s s 3"], UInt8[np.ndarray, "b s s"]]
"""Photos and label maps at the generator's size."""


def augment(
    editor: Editor,
    data: Path,
    out: Path,
    count: int | None = None,
    seed: int = 0,
    mix_parts: bool = False,
    same_attribute: str | None = None,
    keep_originals: bool = False,
) -> None:
    """Write a data set of faces that are generated for the training masks of another one, in the raw layout.

    The photos and masks of validation and test are copied, so that what is trained on it is evaluated on real photos.
    All are of the generator's size. Masks with hair get faces with hair only, masks without hair faces without. `out`
    appears complete or not at all.

    Args:
      editor: generates.
      data: directory in the raw layout.
      out: directory to create.
      count: how many faces to generate; as many as there are training masks if None.
      seed: of the choice of masks and faces.
      mix_parts: take skin, hair, eyes and mouth each from a face of their own.
      same_attribute: take parts only from faces with the same value of this attribute (paper: Male).
      keep_originals: copy the photos and masks of training too.

    Raises:
      UserError: `out` holds something already, `data` can't be used, or the generator can't mix parts.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists and is no empty folder; name a new one")
    layout = read_layout(data)
    training = [number for number, original in layout.celeba_index.items() if split_of(original) == "train"]
    copied = list(layout.celeba_index) if keep_originals else sorted(set(layout.celeba_index) - set(training))
    names = editor.drawn_parts(mix_parts)
    pairs = draw_pairs(_groups(layout, training, same_attribute), count or len(training), len(names), seed)
    first = max(layout.celeba_index) + 1
    celeba_index = {number: layout.celeba_index[number] for number in copied}
    celeba_index |= {first + place: layout.celeba_index[pair.mask] for place, pair in enumerate(pairs)}
    try:
        with new_folder(out) as folder, ThreadPoolExecutor() as pool:
            _copy(layout, copied, folder, editor.size, pool)
            _generate(editor, layout, pairs, names, folder, first, pool)
            write_mapping(folder, celeba_index)
            _write_record(folder, pairs, names, first)
    except OSError as error:
        raise UserError(f"{out}: can't be written ({error.strerror or error}); name another folder") from None


def _groups(layout: RawLayout, numbers: Sequence[int], same_attribute: str | None) -> list[list[int]]:
    """Return the examples that may take parts from each other: those with hair, those without, by the attribute."""
    if same_attribute is not None and same_attribute not in ATTRIBUTES:
        raise UserError(f"--same-attribute: no attribute {same_attribute}; they are {', '.join(ATTRIBUTES)}")
    if same_attribute is not None and layout.attributes is None:
        raise UserError(f"--same-attribute: {layout.directory} has no attribute file; add it, or leave the option out")
    groups = collections.defaultdict(list)
    for number in numbers:
        value = 0 if same_attribute is None else layout.attributes[number][ATTRIBUTES.index(same_attribute)]
        groups["hair" in layout.parts[number], int(value)].append(number)
    return list(groups.values())


def _copy(layout: RawLayout, numbers: Sequence[int], folder: Path, size: int, pool: ThreadPoolExecutor) -> None:
    """Write examples at another size."""

    def copy(number: int) -> None:
        write_example(folder, number, *_read(layout, size, number))

    for _ in tqdm(pool.map(copy, numbers), desc="copying", total=len(numbers), unit="photo", disable=not numbers):
        pass


def _generate(
    editor: Editor,
    layout: RawLayout,
    pairs: Sequence[Pair],
    names: Sequence[str],
    folder: Path,
    first: int,
    pool: ThreadPoolExecutor,
) -> None:
    """Write the faces of pairs, numbered from `first`, with their masks."""
    read = partial(_read_batch, layout, editor.size, pool)
    with tqdm(total=len(pairs), desc="generating", unit="face") as progress:
        for start, batch in _batches(pairs):
            photos, masks = read([pair.mask for pair in batch])
            sources = zip(*(pair.sources for pair in batch), strict=True)
            styles = {name: editor.encode_style(*read(numbers)) for name, numbers in zip(names, sources, strict=True)}
            style = editor.mix_parts(next(iter(styles.values())), styles, 1)
            faces = editor.generate(masks, style, *editor.background(photos, masks))
            numbers = range(first + start, first + min(start + _BATCH, len(pairs)))
            written = pool.map(partial(write_example, folder), numbers, faces, masks)  # the last batch's padding stays
            progress.update(len(list(written)))


def _batches(pairs: Sequence[Pair]) -> Iterator[tuple[int, Sequence[Pair]]]:
    """Yield the first place of each batch and its pairs; the last one is padded, so that one size is compiled."""
    for start in range(0, len(pairs), _BATCH):
        batch = list(pairs[start : start + _BATCH])
        yield start, batch + batch[:1] * (_BATCH - len(batch))


def _read_batch(layout: RawLayout, size: int, pool: ThreadPoolExecutor, numbers: Sequence[int]) -> Examples:
    photos, masks = zip(*pool.map(partial(_read, layout, size), numbers), strict=True)
    return np.stack(photos), np.stack(masks)


def _read(layout: RawLayout, size: int, number: int) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
    photo = np.asarray(layout.read_photo(number))
    return scale_photo(photo, size), scale_mask(layout.read_label_map(number), size)


def _write_record(folder: Path, pairs: Sequence[Pair], names: Sequence[str], first: int) -> None:
    rows = [("idx", "mask", *names), *((first + place, pair.mask, *pair.sources) for place, pair in enumerate(pairs))]
    (folder / RECORD).write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
