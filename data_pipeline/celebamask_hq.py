"""TFDS builder of CelebAMask-HQ from the raw layout, as downloaded or as `synthetic_faces` writes it."""

import collections
import dataclasses
import functools
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_pipeline import labels, raw_layout
from data_pipeline.batch_entries import SIZES
from data_pipeline.celeba_splits import SPLITS, split_of
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tfds
from data_pipeline.raw_tables import NUM_ATTRIBUTES

# TFDS keeps a shard's examples in memory until it is written.
_SHARD_BYTES = 256 << 20

T = TypeVar("T")
R = TypeVar("R")


@dataclasses.dataclass(eq=False)
class SizeConfig(tfds.core.BuilderConfig):
    """One size of the prepared images: `size` px high and wide."""

    size: int = 0


class CelebAMaskHQ(tfds.core.ShardBasedBuilder):
    """Photos of faces with label maps of 19 classes, 40 attributes and the head's pose.

    Records keep the order of the mapping file. Photos are resized with Pillow's antialiased Lanczos filter (the
    published code resizes them bicubically), label maps merged at the masks' own size and then resized by nearest
    neighbour. Unknown attributes are 0, unknown poses NaN.
    """

    name = "celebamask_hq"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [SizeConfig(name=str(size), size=size) for size in SIZES]  # noqa: RUF012
    # Nothing is downloaded; otherwise TFDS 4.9.10 imports a package that it doesn't install to look for checksums.
    url_infos = None
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Unpack CelebAMask-HQ, or render synthetic faces, into manual_dir."

    def _info(self) -> tfds.core.DatasetInfo:
        size = self.builder_config.size
        return tfds.core.DatasetInfo(
            builder=self,
            description=type(self).__doc__,
            homepage="https://github.com/switchablenorms/CelebAMask-HQ",
            disable_shuffling=True,
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(size, size, 3), encoding_format="png"),
                    "mask": tfds.features.LabeledImage(
                        labels=list(labels.CLASSES), shape=(size, size, 1), encoding_format="png"
                    ),
                    "attributes": tfds.features.Tensor(shape=(NUM_ATTRIBUTES,), dtype=np.int8),
                    "pose": tfds.features.Tensor(shape=(3,), dtype=np.float32),
                    "index": tfds.features.Scalar(dtype=np.int32),
                }
            ),
            metadata=tfds.core.MetadataDict(),
        )

    def _shard_iterators_per_split(
        self, dl_manager: tfds.download.DownloadManager
    ) -> Mapping[str, Sequence[Callable[[], Iterator]]]:
        directory, size = Path(dl_manager.manual_dir), self.builder_config.size
        layout = raw_layout.read_layout(directory)
        if layout.mask_side < size:
            raise UserError(
                f"{directory}: masks of {layout.mask_side} px can't be prepared at {size} px; use a smaller size"
            )
        self.info.metadata["fingerprint"] = raw_layout.fingerprint(directory)

        members = collections.defaultdict(list)
        for index, celeba_index in layout.celeba_index.items():
            members[split_of(celeba_index)].append(index)
        shard_length = _SHARD_BYTES // (4 * size * size)
        shards, done = collections.defaultdict(list), 0
        for split in SPLITS:
            for start in range(0, len(members[split]), shard_length):
                shard = members[split][start : start + shard_length]
                shards[split].append(functools.partial(self._shard, layout, shard, done))
                done += len(shard)
        return shards

    def _shard(
        self, layout: raw_layout.RawLayout, indices: Sequence[int], done: int
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        total, size = len(layout.celeba_index), self.builder_config.size
        is_last = done + len(indices) == total
        with tqdm(desc=f"Preparing {size} px", total=total, initial=done, leave=is_last, unit=" photos") as progress:
            for index, example in zip(
                indices, _map_in_order(functools.partial(_example, layout, size), indices), strict=True
            ):
                yield index, example
                progress.update()


def _example(layout: raw_layout.RawLayout, size: int, index: int) -> dict[str, Any]:
    photo = layout.read_photo(index).resize((size, size), Image.Resampling.LANCZOS)
    mask = Image.fromarray(layout.read_label_map(index)).resize((size, size), Image.Resampling.NEAREST)
    return {
        "image": _png(photo),
        "mask": _png(mask),
        "attributes": layout.attributes[index] if layout.attributes else np.zeros(NUM_ATTRIBUTES, np.int8),
        "pose": layout.poses[index] if layout.poses else np.full(3, np.nan, np.float32),
        "index": index,
    }


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # Level 1 takes a quarter of the default level's time and a twelfth more bytes (photos of 512 px).
    image.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def _map_in_order(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Map a function over items in threads, as Pillow releases the interpreter lock; hold few results at a time."""
    workers = min(os.cpu_count() or 1, 32)
    pending: collections.deque[Future[R]] = collections.deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) == 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
