"""What the encoder sees of a photo that it helps to reconstruct."""

import jax
import jax.numpy as jnp
import numpy as np

from maskgan_jax.tasks.ebgan.augmentation import jitter_colours

IMAGE = jnp.asarray(np.random.default_rng(0).uniform(-0.95, -0.5, (3, 8, 8, 3)))


def test_colours_are_multiplied_by_a_factor_for_each_channel_of_each_image_and_black_stays():
    strength = 1.0
    changed = jitter_colours(jax.random.key(0), IMAGE, strength)
    factors = np.asarray((changed + 1) / (IMAGE + 1))
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:, :1, :1], factors.shape), rtol=1e-4)
    assert len(np.unique(factors[:, 0, 0].round(4))) == 9
    assert np.abs(np.log(factors)).max() <= strength
    black = -jnp.ones_like(IMAGE)
    np.testing.assert_array_equal(jitter_colours(jax.random.key(0), black, strength), black)
    assert jitter_colours(jax.random.key(0), jnp.ones_like(IMAGE), strength).max() == 1
