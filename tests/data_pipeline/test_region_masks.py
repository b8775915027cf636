"""Random regions: distribution over many seeds, boxes around the parts, strokes."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from data_pipeline.host_tensorflow import tf
from data_pipeline.region_masks import box_of_face, boxes_of_parts, rectangle, sample_region, strokes
from data_pipeline.synthetic_faces import face, render

SKIN, HAIR = 1, 13
GROUPS = ((10, 11, 12), (3, 4, 5), (6, 7), (2,), (13,), (8, 9, 15))


@functools.cache
def mapped_over_seeds(sample: Callable[[tf.Tensor | int, tf.Tensor], tf.Tensor]) -> Callable:
    def sample_all(argument: tf.Tensor | int, seeds: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda seed: tf.cast(sample(argument, seed), tf.uint8), seeds, fn_output_signature=tf.uint8)

    return tf.function(sample_all)


def regions_of(
    sample: Callable[[tf.Tensor | int, tf.Tensor], tf.Tensor], label_map_or_size: np.ndarray | int, count: int = 1000
) -> np.ndarray:
    """Return regions, uint8 (count h w), that a function of `region_masks` gives for different seeds."""
    seeds = tf.stack([tf.range(count, dtype=tf.int64), tf.zeros(count, tf.int64)], axis=-1)
    argument = label_map_or_size if isinstance(label_map_or_size, int) else tf.constant(label_map_or_size)
    return mapped_over_seeds(sample)(argument, seeds).numpy()


def with_rectangles(size: int, rectangles: dict[int, tuple[slice, slice]]) -> np.ndarray:
    """Return a label map of background and one rectangle per label."""
    label_map = np.zeros((size, size), np.uint8)
    for label, place in rectangles.items():
        label_map[place] = label
    return label_map


def extent(region: np.ndarray) -> tuple[int, int, int, int]:
    """Return top, left, bottom and right of a region's bounding box, the latter two excluded."""
    rows, columns = np.nonzero(region.any(1))[0], np.nonzero(region.any(0))[0]
    return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1


def is_rectangle(region: np.ndarray) -> bool:
    top, left, bottom, right = extent(region)
    return region.sum() == (bottom - top) * (right - left)


@pytest.mark.parametrize("size", [64, 128])
def test_a_region_is_a_map_of_0_and_1_and_never_empty(size):
    one = face(0, 0)
    regions = regions_of(sample_region, render(one.geometry, one.style, size)[1])
    assert (regions.shape, regions.dtype) == ((1000, size, size), np.uint8)
    assert regions.max() == 1
    assert regions.any(axis=(1, 2)).all()


def test_the_seed_determines_a_region():
    one = face(0, 0)
    label_map = render(one.geometry, one.style, 64)[1]
    regions = regions_of(sample_region, label_map)
    np.testing.assert_array_equal(regions_of(sample_region, label_map), regions)
    # 200 of 1000 are the face's box.
    assert len(np.unique(regions, axis=0)) > 600


def test_kinds_of_regions_have_their_shares():
    # Each kind can be told from its pixels: the hair, the only part group, is small and far from the face, whose box
    # is always the same, and a random rectangle is larger than the hair's box.
    label_map = with_rectangles(64, {SKIN: np.s_[30:60, 4:40], HAIR: np.s_[2:6, 54:58]})
    face_box = (27, 0, 63, 44)
    counts = {"parts": 0, "face": 0, "rectangle": 0, "strokes": 0}
    for region in regions_of(sample_region, label_map):
        if not is_rectangle(region):
            counts["strokes"] += 1
        elif extent(region) == face_box:
            counts["face"] += 1
        elif region[3, 55] and region.sum() < 100:
            counts["parts"] += 1
        else:
            counts["rectangle"] += 1
    # Four standard deviations of 1000 samples.
    for kind, share in {"parts": 0.5, "face": 0.2, "rectangle": 0.2, "strokes": 0.1}.items():
        assert abs(counts[kind] / 1000 - share) < 4 * np.sqrt(share * (1 - share) / 1000), counts


@pytest.mark.parametrize(
    ("size", "place", "box"),
    [
        (64, np.s_[20:40, 10:50], (18, 6, 42, 54)),  # 10 % of 40 px; 2 px, the least at 64 px, are 10 % of 20 px
        (256, np.s_[100:110, 50:250], (92, 30, 118, 256)),  # at least 8 px; cut at the edge of the image
    ],
)
def test_the_face_box_has_a_margin(size, place, box):
    region = box_of_face(tf.constant(with_rectangles(size, {SKIN: place}))).numpy()
    assert is_rectangle(region)
    assert extent(region) == box


def test_boxes_cover_one_to_four_whole_part_groups():
    # One part of each group, too far apart for a box of one to reach another.
    places = [np.s_[y : y + 6, x : x + 6] for y in (30, 90) for x in (20, 60, 100)]
    label_map = with_rectangles(128, {group[0]: place for group, place in zip(GROUPS, places, strict=True)})
    chosen = []
    for region in regions_of(boxes_of_parts, label_map, 400):
        covered = [bool(region[place].all()) for place in places]
        assert covered == [bool(region[place].any()) for place in places]
        assert ndimage.label(region)[1] == sum(covered)
        chosen.append(covered)
    chosen = np.array(chosen)
    np.testing.assert_allclose(np.bincount(chosen.sum(1), minlength=5) / 400, [0, 0.25, 0.25, 0.25, 0.25], atol=0.09)
    np.testing.assert_allclose(chosen.mean(0), 2.5 / 6, atol=0.1)


def test_the_box_of_a_group_covers_all_of_its_parts():
    # Left eye, right eye and glasses are one group.
    label_map = with_rectangles(64, {4: np.s_[20:24, 40:48], 5: np.s_[21:25, 12:20], 3: np.s_[18:28, 30:32]})
    for region in regions_of(boxes_of_parts, label_map, 50):
        assert is_rectangle(region)
        assert region[label_map > 0].all()


def test_the_edges_of_a_part_box_move_by_a_tenth_of_its_side():
    label_map = with_rectangles(256, {HAIR: np.s_[60:140, 80:180]})
    extents = np.array([extent(region) for region in regions_of(boxes_of_parts, label_map, 300)])
    # Sides of 80 and 100 px: margins of 8 and 10 px, moved by as much.
    np.testing.assert_allclose(extents.min(0), [44, 60, 140, 180], atol=1)
    np.testing.assert_allclose(extents.max(0), [60, 80, 156, 200], atol=1)
    np.testing.assert_allclose(extents.mean(0), [52, 70, 148, 190], atol=1.5)


def test_a_random_rectangle_has_sides_of_a_quarter_to_half_of_the_image():
    regions = regions_of(rectangle, 64)
    assert all(is_rectangle(region) for region in regions)
    top, left, bottom, right = np.array([extent(region) for region in regions]).T
    for sides in (bottom - top, right - left):
        assert (sides.min(), sides.max()) == (16, 32)
    assert (top.min(), left.min(), bottom.max(), right.max()) == (0, 0, 64, 64)


def published_strokes(rng: np.random.Generator) -> np.ndarray:
    """Return a region as `brush_stroke_mask` of the code of DeepFill v2 paints it at 256 px, with Pillow."""
    image = Image.new("1", (256, 256))
    draw = ImageDraw.Draw(image)
    mean_length = np.hypot(256, 256) / 8
    for _ in range(rng.integers(1, 4)):
        vertices = [rng.uniform(0, 256, 2)]
        smallest, largest = (
            2 * np.pi / 5 - rng.uniform(0, 2 * np.pi / 15),
            2 * np.pi / 5 + rng.uniform(0, 2 * np.pi / 15),
        )
        for number in range(rng.integers(4, 12)):
            angle = rng.uniform(smallest, largest) * (-1 if number % 2 == 0 else 1)
            length = np.clip(rng.normal(mean_length, mean_length // 2), 0, 2 * mean_length)
            vertices.append(np.clip(vertices[-1] + length * np.array([np.cos(angle), np.sin(angle)]), 0, 256))
        width = int(rng.uniform(12, 40))
        draw.line([tuple(vertex) for vertex in vertices], fill=1, width=width)
        for x, y in vertices:
            draw.ellipse((x - width // 2, y - width // 2, x + width // 2, y + width // 2), fill=1)
    return np.asarray(image)


@pytest.mark.parametrize("size", [64, 128])
def test_strokes_have_the_sizes_of_the_published_ones(size):
    rng = np.random.default_rng(0)
    published = np.array([published_strokes(rng) for _ in range(500)])
    regions = regions_of(strokes, size, 500)
    shares, published_shares = regions.mean((1, 2)), published.mean((1, 2))
    # Four standard errors of the difference.
    assert abs(shares.mean() - published_shares.mean()) < 4 * np.hypot(shares.std(), published_shares.std()) / 500**0.5
    np.testing.assert_allclose(shares.std(), published_shares.std(), rtol=0.2)
    counts, published_counts = (np.mean([ndimage.label(one)[1] for one in many]) for many in (regions, published))
    assert abs(counts - published_counts) < 0.2


def test_a_label_map_without_a_face_gets_other_regions():
    regions = regions_of(sample_region, np.zeros((64, 64), np.uint8))
    rectangles = [region for region in regions if is_rectangle(region)]
    # 90 %: all kinds but the strokes.
    assert 0.86 < len(rectangles) / 1000 < 0.94
    assert all(256 <= region.sum() <= 1024 for region in rectangles)
