"""Image grids."""

import numpy as np

from data_pipeline.labels import PALETTE
from maskgan_jax.photos.grid import CAPTION_HEIGHT, GAP, image_grid, to_pixels


def test_images_become_pixels_over_the_whole_range():
    images = np.array([-1.5, -1, 0, 1, 1.5])[:, None, None, None] * np.ones((5, 1, 1, 3))
    np.testing.assert_array_equal(to_pixels(images)[:, 0, 0, 0], [0, 0, 128, 255, 255])


def test_label_maps_become_their_colours():
    np.testing.assert_array_equal(to_pixels(np.array([[[1, 13]]]))[0, 0], [PALETTE[1], PALETTE[13]])


def test_a_grid_has_a_row_for_each_example_and_a_column_for_each_kind():
    colours = np.random.default_rng(0).integers(0, 256, (2, 5, 1, 1, 3), np.uint8)
    columns = {name: colour * np.ones((5, 64, 64, 3), np.uint8) for name, colour in zip("ab", colours, strict=True)}

    grid = image_grid(columns, rows=3)

    cell = 128  # images of 64 px are enlarged twice
    assert grid.shape == (CAPTION_HEIGHT + 3 * (cell + GAP), 2 * cell + GAP, 3)
    for column in range(2):
        for row in range(3):
            top, left = CAPTION_HEIGHT + row * (cell + GAP), column * (cell + GAP)
            assert (grid[top : top + cell, left : left + cell] == colours[column, row]).all()


def test_a_grid_of_fewer_examples_has_fewer_rows():
    assert image_grid({"one": np.zeros((2, 128, 128, 3), np.uint8)}, rows=8).shape[0] == CAPTION_HEIGHT + 2 * (
        128 + GAP
    )
