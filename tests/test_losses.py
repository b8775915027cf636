"""Losses against values worked out by hand."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from maskgan_jax import losses


def test_kl_is_0_for_the_prior_itself():
    assert losses.kl_divergence(jnp.zeros((2, 3)), jnp.zeros((2, 3))) == 0


def test_kl_sums_over_the_code_and_averages_over_the_batch():
    # KL of N(m, s^2) from N(0, 1) is (m^2 + s^2 - 1) / 2 - ln s.
    mean = jnp.array([[2.0, 0.0], [0.0, 0.0]])
    log_variance = jnp.array([[0.0, math.log(9)], [0.0, 0.0]])
    of_mean_2 = 4 / 2
    of_deviation_3 = (9 - 1) / 2 - math.log(3)

    kl = losses.kl_divergence(mean, log_variance)

    assert kl == pytest.approx((of_mean_2 + of_deviation_3) / 2)


def test_cross_entropy_is_in_nats_and_averages_over_pixels():
    # One pixel undecided between 19 classes; one that gives its label 9 / 27, the other 18 classes 1 / 27 each.
    logits = np.zeros((1, 1, 2, 19), np.float32)
    logits[0, 0, 1, 5] = math.log(9)

    loss = losses.cross_entropy(jnp.asarray(logits), jnp.array([[[3, 5]]]))

    assert loss == pytest.approx((math.log(19) + math.log(3)) / 2)


def test_dice_counts_every_class_alike():
    # The small class is found to 1/2 where it is and nowhere else, the large one everywhere, to 1/2 on the small one.
    logits = np.full((2, 2, 2, 3), -100, np.float32)
    logits[..., 0] = 0
    logits[0, 0, 0, 1] = 0

    loss = losses.dice(jnp.asarray(logits), jnp.array([[[1, 0], [0, 0]], [[0, 0], [0, 0]]]))

    large, small = 2 * 7 / (7.5 + 7), 2 * 0.5 / (0.5 + 1)
    assert loss == pytest.approx(1 - (large + small) / 2)


def test_dice_has_a_gradient_where_a_class_is_absent():
    logits = jnp.zeros((1, 2, 2, 19)).at[..., 7].set(-1e4)

    gradient = jax.grad(losses.dice)(logits, jnp.zeros((1, 2, 2), int))

    assert jnp.isfinite(gradient).all()
    assert gradient.any()


def test_dice_is_optaxs_where_every_class_occurs():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (2, 8, 8, 4)).astype(np.float32)
    labels = rng.integers(0, 4, (2, 8, 8))

    theirs = optax.losses.dice_loss(logits, jax.nn.one_hot(labels, 4), smooth=0.0, axis=(0, 1, 2))

    assert losses.dice(jnp.asarray(logits), jnp.asarray(labels)) == pytest.approx(float(theirs.mean()), rel=1e-5)


def maps_with_logits(*scales: list[float]) -> list[list[jax.Array]]:
    """Discriminator maps, one list a scale: a feature map that no adversarial loss may read, then the logits."""
    return [[jnp.full((1, 1, 1, 2), 1e6), jnp.array(logits).reshape(1, 1, -1, 1)] for logits in scales]


LOGITS = maps_with_logits([0.0, 3.0], [-1.0])


@pytest.mark.parametrize(
    ("is_real", "expected"),
    [
        (True, (1**2 + 2**2) / 2 + 2**2),  # distances from 1
        (False, (0**2 + 3**2) / 2 + 1**2),  # distances from 0
    ],
)
def test_least_squares_adversarial_loss_sums_the_means_of_the_scales(is_real, expected):
    assert losses.adversarial(LOGITS, is_real, "least_squares") == pytest.approx(expected)


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


@pytest.mark.parametrize(
    ("is_real", "expected"),
    [
        (True, -(math.log(sigmoid(0)) + math.log(sigmoid(3))) / 2 - math.log(sigmoid(-1))),
        (False, -(math.log(1 - sigmoid(0)) + math.log(1 - sigmoid(3))) / 2 - math.log(1 - sigmoid(-1))),
    ],
)
def test_log_adversarial_loss_is_cross_entropy_on_logits(is_real, expected):
    assert losses.adversarial(LOGITS, is_real, "log") == pytest.approx(expected)


def test_log_adversarial_loss_is_finite_where_the_sigmoid_saturates():
    assert losses.adversarial(maps_with_logits([-200.0]), True, "log") == pytest.approx(200)


@pytest.mark.parametrize(
    ("is_real", "expected"),
    [
        (True, ((1 + 0) / 2 + 2) / 2),  # how far below 1
        (False, ((1 + 4) / 2 + 0) / 2),  # how far above -1
    ],
)
def test_hinge_counts_logits_on_the_wrong_side_and_averages_over_the_scales(is_real, expected):
    assert losses.discriminator_hinge(LOGITS, is_real) == pytest.approx(expected)


def test_the_generators_hinge_is_minus_the_mean_logit():
    assert losses.generator_hinge(LOGITS) == pytest.approx(-((0 + 3) / 2 - 1) / 2)


def maps_of(values: list[list[float]], dtype=jnp.float32) -> list[list[jax.Array]]:
    """Constant maps, each layer of another size."""
    return [[jnp.full((2, 1 + i, 3, 4), value, dtype) for i, value in enumerate(scale)] for scale in values]


def test_feature_matching_weights_each_map_alike_and_leaves_the_logits_out():
    fake = maps_of([[1, 2, 3, 4, 1000], [5, 6, 7, 8, 1000]])
    real = maps_of([[0, 0, 0, 8, 0], [5, 7, 7, 8, 0]])
    # pix2pixHD: 4 / (n_layers_D + 1) / num_D with n_layers_D = 3 and num_D = 2.
    weight = 4 / (3 + 1) / 2

    assert losses.feature_matching(fake, real) == pytest.approx(weight * (1 + 2 + 3 + 4 + 1))


def test_feature_matching_weights_follow_the_number_of_layers():
    # Three maps are an n_layers_D of 1.
    loss = losses.feature_matching(maps_of([[1, 2, 1000]]), maps_of([[0, 0, 0]]))

    assert loss == pytest.approx(4 / (1 + 1) * (1 + 2))


def test_last_feature_matching_reads_the_map_before_the_logits_and_averages_over_scales():
    fake, real = maps_of([[1000, 2, 1000], [1000, 5, 1000]]), maps_of([[0, 0, 0], [0, 1, 0]])

    assert losses.last_feature_matching(fake, real) == pytest.approx((2 + 4) / 2)


def test_perceptual_weights_run_from_a_32nd_to_1():
    fake = maps_of([[1, 2, 3, 4, 5]])[0]
    real = maps_of([[0, 0, 0, 0, 0]])[0]

    assert losses.perceptual(fake, real) == pytest.approx(1 / 32 + 2 / 16 + 3 / 8 + 4 / 4 + 5)


@pytest.mark.parametrize("loss", [losses.feature_matching, lambda fake, real: losses.perceptual(fake[0], real[0])])
def test_no_gradient_reaches_the_real_side(loss):
    fake, real = maps_of([[1, 2, 3, 4, 5]]), maps_of([[0, 0, 0, 0, 0]])

    to_fake, to_real = jax.jit(jax.grad(loss, argnums=(0, 1)))(fake, real)

    assert all(jnp.any(gradient) for gradient in to_fake[0][:4])
    assert not any(jnp.any(gradient) for gradient in jax.tree.leaves(to_real))


def test_weights_of_a_squared_error_do_not_change_what_it_is_divided_by():
    a, b = jnp.array([[[[1.0, 3.0]], [[2.0, 2.0]]]]), jnp.array([[[[0.0, 1.0]], [[2.0, 5.0]]]])
    weights = jnp.array([[[[2.0]], [[0.5]]]])

    assert losses.weighted_squared_error(a, b, weights) == pytest.approx((2 * (1 + 4) + 0.5 * (0 + 9)) / 4)


def test_absolute_error_is_taken_in_float32():
    # 1/3 in bfloat16 is 0.333984375; the mean of many may not be rounded to bfloat16's 8 bits again.
    a = jnp.asarray([1.0] * 999 + [1 / 3], jnp.bfloat16)

    error = losses.mean_absolute_error(a, jnp.zeros_like(a))

    assert error.dtype == jnp.float32
    assert error == pytest.approx((999 + 0.333984375) / 1000, rel=1e-6)
