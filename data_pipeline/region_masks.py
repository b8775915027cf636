"""Random regions of a face to hide or to edit, sampled in the TensorFlow graph from its label map.

The distribution is this project's own, as papers on exemplar-based face inpainting give none:

  50 %  boxes around 1 to 4 random part groups, each edge displaced by up to 10 % of the box's side
  20 %  the box around the whole face
  20 %  a rectangle with sides of 1/4 to 1/2 of the image
  10 %  free-form strokes (Yu et al. 2019, "Free-Form Image Inpainting with Gated Convolution", section 3.4) with the
        numbers of the published code, which are for 256 px and scale with the image

A face without the parts for a box gets a rectangle instead: no region is empty.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from data_pipeline.boxed_parts import BOXED_PARTS, FACE, MARGIN, MIN_MARGIN
from data_pipeline.host_tensorflow import tf
from data_pipeline.labels import NUM_CLASSES

MAX_PARTS = 4

_KIND_SHARES = (0.5, 0.2, 0.2, 0.1)
_JITTER = 0.1  # of a box's side; no more than the margin, so that a box always covers its parts

_MAX_STROKES = 3
_MIN_SEGMENTS, _MAX_SEGMENTS = 4, 11
_ANGLE, _ANGLE_RANGE = 2 * math.pi / 5, 2 * math.pi / 15
_MIN_WIDTH, _MAX_WIDTH = 12 / 256, 40 / 256  # of the image

LabelMap = UInt8[tf.Tensor, "size size"]
Region = Bool[tf.Tensor, "size size"]
Seed = Int64[tf.Tensor, "2"]
Boxes = Float32[tf.Tensor, "n 4"]
"""Top, left, bottom and right edges in px."""


def sample_region(label_map: LabelMap, seed: Seed) -> UInt8[tf.Tensor, "size size"]:
    """Sample a region of one face, a function of the arguments alone.

    Args:
      label_map: labels 0..18; its shape is static.
      seed: of the region.

    Returns:
      1 in the region, 0 elsewhere; at least one pixel is 1.
    """
    size = label_map.shape[0]
    region_seed = seed + 1
    kind = tf.searchsorted(np.cumsum(_KIND_SHARES[:-1]).astype(np.float32), _uniform([1], seed))[0]
    region = tf.switch_case(
        kind,
        [
            lambda: boxes_of_parts(label_map, region_seed),
            lambda: box_of_face(label_map),
            lambda: rectangle(size, region_seed),
            lambda: strokes(size, region_seed),
        ],
    )
    region = tf.cond(tf.reduce_any(region), lambda: region, lambda: rectangle(size, region_seed))
    return tf.cast(region, tf.uint8)


def boxes_of_parts(label_map: LabelMap, seed: Seed) -> Region:
    """Sample boxes around 1 to `MAX_PARTS` of the part groups that a face shows, or around all if they are fewer."""
    boxes, shown = _bounding_boxes(label_map, list(BOXED_PARTS.values()))
    numbers = _uniform([len(BOXED_PARTS), 6], seed)
    count = _integers(numbers[0, 0], 1, MAX_PARTS)
    priorities = tf.where(shown, numbers[:, 1], -1.0)
    chosen = shown & (priorities >= tf.sort(priorities, direction="DESCENDING")[count - 1])
    jitter = _JITTER * (2 * numbers[:, 2:] - 1)
    return _fill(tf.boolean_mask(boxes, chosen), tf.boolean_mask(jitter, chosen), label_map.shape[0])


def box_of_face(label_map: LabelMap) -> Region:
    """Return the box around the whole face; empty if the label map shows no face."""
    boxes, shown = _bounding_boxes(label_map, [FACE])
    return _fill(tf.boolean_mask(boxes, shown), tf.zeros([1, 4]), label_map.shape[0])


def rectangle(size: int, seed: Seed) -> Region:
    """Sample a rectangle with sides of 1/4 to 1/2 of the image, anywhere inside it."""
    numbers = _uniform([2, 2], seed)
    sides = _integers(numbers[0], size // 4, size // 2)
    starts = _integers(numbers[1], 0, size - sides)
    inside = (tf.range(size) >= starts[:, None]) & (tf.range(size) < (starts + sides)[:, None])
    return inside[0][:, None] & inside[1]


def strokes(size: int, seed: Seed) -> Region:
    """Sample 1 to 3 thick zigzag lines of 4 to 11 segments with round joints, from any place in the image."""
    common, per_stroke = _uniform([3], seed), _uniform([_MAX_STROKES, 6, 1], seed + 1)
    stroke_count = _integers(common[0], 1, _MAX_STROKES)
    segment_counts = _integers(per_stroke[:, 0], _MIN_SEGMENTS, _MAX_SEGMENTS)
    segments = (_MAX_STROKES, _MAX_SEGMENTS)
    exists = (tf.range(_MAX_STROKES)[:, None] < stroke_count) & (tf.range(_MAX_SEGMENTS) < segment_counts)

    smallest, largest = _ANGLE - _ANGLE_RANGE * per_stroke[:, 1], _ANGLE + _ANGLE_RANGE * per_stroke[:, 2]
    angles = smallest + (largest - smallest) * _uniform(segments, seed + 2)
    angles *= np.resize(np.float32([-1, 1]), _MAX_SEGMENTS)
    mean_length = math.sqrt(2) * size / 8
    lengths = tf.random.stateless_normal(segments, seed + 3, mean_length, mean_length / 2, alg="philox")
    moves = tf.clip_by_value(lengths, 0.0, 2 * mean_length)[..., None] * tf.stack([tf.sin(angles), tf.cos(angles)], -1)
    # In place of random flips of the finished mask.
    moves *= tf.sign(common[1:] - 0.5)
    radii = tf.broadcast_to(size / 2 * (_MIN_WIDTH + (_MAX_WIDTH - _MIN_WIDTH) * per_stroke[:, 3]), segments)
    starts = tf.broadcast_to(size * per_stroke[:, None, 4:, 0], moves.shape)
    begins = tf.broadcast_to(tf.range(_MAX_SEGMENTS) == 0, segments)

    def add_segment(
        painted: tuple[tf.Tensor, tf.Tensor], segment: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        last_vertex, region = painted
        begins, start, move, radius = segment
        start = tf.where(begins, start, last_vertex)
        end = tf.clip_by_value(start + move, 0.0, size)
        return end, region | _thick_segment(size, start, end, radius)

    existing = tuple(tf.boolean_mask(values, exists) for values in (begins, starts, moves, radii))
    return tf.foldl(add_segment, existing, (tf.zeros([2]), tf.zeros([size, size], tf.bool)))[1]


def _bounding_boxes(label_map: LabelMap, groups: Sequence[Sequence[int]]) -> tuple[Boxes, Bool[tf.Tensor, " n"]]:
    """Return the bounding box of each group of labels, and whether the label map shows the group at all."""
    members = np.zeros((NUM_CLASSES, len(groups)), np.int32)
    for number, group in enumerate(groups):
        members[list(group), number] = 1
    labels = tf.cast(label_map, tf.int32)
    starts, ends = [], []
    for lines in (labels, tf.transpose(labels)):
        shown = tf.math.bincount(lines, minlength=NUM_CLASSES, maxlength=NUM_CLASSES, axis=-1, binary_output=True)
        occupied = tf.minimum(tf.matmul(shown, members), 1)  # line by group
        starts.append(tf.argmax(occupied))
        ends.append(label_map.shape[0] - tf.argmax(occupied[::-1]))
    boxes = tf.cast(tf.stack([*starts, *ends], axis=-1), tf.float32)
    return boxes, tf.reduce_any(occupied > 0, axis=0)


def _fill(boxes: Boxes, jitter: Float32[tf.Tensor, "n 4"], size: int) -> Region:
    """Return the union of boxes with their margins; jitter moves each edge outwards, in sides of its box."""
    sides = tf.tile(boxes[:, 2:] - boxes[:, :2], [1, 2])
    margins = tf.maximum(MARGIN * sides, MIN_MARGIN * size) + jitter * sides
    starts = tf.floor(boxes - margins)[:, :2, None]
    ends = tf.math.ceil(boxes + margins)[:, 2:, None]
    pixels = tf.range(size, dtype=tf.float32)
    inside = (pixels >= starts) & (pixels < ends)
    return tf.reduce_any(inside[:, 0, :, None] & inside[:, 1, None, :], axis=0)


def _thick_segment(size: int, start: tf.Tensor, end: tf.Tensor, radius: tf.Tensor) -> Region:
    """Return the pixels whose centres are within a radius of a line segment; points are (y, x) in px."""
    centres = tf.range(size, dtype=tf.float32) + 0.5
    y, x = centres[:, None] - start[0], centres[None] - start[1]
    dy, dx = tf.unstack(end - start)
    along = tf.clip_by_value((y * dy + x * dx) / tf.maximum(dy * dy + dx * dx, 1e-6), 0.0, 1.0)
    return tf.square(y - along * dy) + tf.square(x - along * dx) <= tf.square(radius)


def _uniform(shape: Sequence[int], seed: Seed) -> tf.Tensor:
    """Sample float32 numbers from [0, 1)."""
    return tf.random.stateless_uniform(shape, seed, alg="philox")


def _integers(numbers: tf.Tensor, minimum: int, maximum: int | tf.Tensor) -> tf.Tensor:
    """Turn numbers from [0, 1) into equally likely integers from `minimum` to `maximum`."""
    return minimum + tf.cast(numbers * tf.cast(maximum - minimum + 1, tf.float32), tf.int32)
