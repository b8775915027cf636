"""Other colours for the photo whose own code is to fill its region, so that codes hold less of skin and light (own).

The paper reconstructs a photo from the code of the same pixels: the colours around the region may then come from the
code too, and an exemplar brings its own along.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def jitter_colours(rng: Array, image: Float[Array, "b h w 3"], strength: float) -> Float[Array, "b h w 3"]:
    """Multiply each colour channel of each image in [-1, 1] by a factor, uniform in its logarithm.

    Args:
      rng: key.
      image: black is -1 and stays.
      strength: the largest logarithm; half of it is common to the three channels.
    """
    keys = jax.random.split(rng)
    common, single = (
        jax.random.uniform(key, (len(image), 1, 1, channels), minval=-strength / 2, maxval=strength / 2)
        for key, channels in zip(keys, (1, 3), strict=True)
    )
    return jnp.clip((image + 1) * jnp.exp(common + single) - 1, -1, 1)
