"""Nearness to the truth, by hand and against TensorFlow's SSIM."""

import numpy as np
import pytest
import tensorflow as tf

from maskgan_jax.evaluation.image_quality import compare, psnr, seam, ssim_map


@pytest.fixture
def photos() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    noise = rng.normal(0, 20, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8), truth


def test_psnr_of_a_region_reads_its_pixels_alone():
    truth = np.zeros((4, 4, 3), np.uint8)
    image = truth.copy()
    image[0] = 255
    image[1:] = 51
    region = np.zeros((4, 4), bool)
    region[1:] = True
    assert psnr(image, truth, region) == pytest.approx(20 * np.log10(5))
    assert psnr(image, truth, ~region) == pytest.approx(0)
    assert np.isnan(psnr(image, truth, np.zeros((4, 4), bool)))


def test_a_seam_is_the_step_at_the_border_over_that_farther_out():
    columns = np.arange(64)
    image = np.repeat(np.tile(2 * columns, (64, 1))[..., None], 3, axis=-1).astype(np.uint8)
    region = np.zeros((64, 64), bool)
    region[20:40, 20:40] = True
    assert seam(image, region) == pytest.approx(1)
    pasted = image.copy()
    pasted[region] += 10
    # Of the 80 pairs of neighbours that the border parts 40 lie in columns, without a slope, and 20 on either side.
    # Farther out half of the pairs have no slope, and half one of 2.
    assert seam(pasted, region) == pytest.approx((40 * 10 + 20 * 12 + 20 * 8) / 80 / 1)
    assert np.isnan(seam(image, np.ones((64, 64), bool)))


def test_ssim_is_tensorflows(photos):
    similarity = ssim_map(*photos)

    theirs = tf.image.ssim(*(photo[None] for photo in photos), max_val=255).numpy()[0]

    assert similarity.shape == (32, 32)
    assert np.isnan(similarity).sum() == 32**2 - 22**2
    assert np.nanmean(similarity) == pytest.approx(theirs, abs=1e-5)
    assert 0.2 < theirs < 0.95, "identical or unrelated photos would prove little"


def test_inside_and_outside_make_up_the_whole(photos):
    region = np.zeros((32, 32), bool)
    region[10:20, 8:16] = True

    measures = compare(*photos, region)

    errors = {name: 255**2 / 10 ** (measures[f"psnr_{name}"] / 10) for name in ("inside", "outside", "whole")}
    share = region.mean()
    assert share * errors["inside"] + (1 - share) * errors["outside"] == pytest.approx(errors["whole"])
    share = region.sum() / 22**2
    inside, outside, whole = (measures[f"ssim_{name}"] for name in ("inside", "outside", "whole"))
    assert share * inside + (1 - share) * outside == pytest.approx(whole)


def test_an_edit_that_changes_nothing_has_no_inside(photos):
    measures = compare(*photos, np.zeros((32, 32), bool))
    assert np.isnan([measures["psnr_inside"], measures["ssim_inside"]]).all()
    assert measures["psnr_outside"] == measures["psnr_whole"]
