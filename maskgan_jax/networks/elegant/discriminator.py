"""D1, D2: whether a photo is real and shows the attributes of a label (ELEGANT paper, Sec. 3.2)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from maskgan_jax.networks.elegant.halving import Halving
from maskgan_jax.networks.layers import normal_init
from maskgan_jax.networks.precision import at_least_float32


class LabelDiscriminator(nn.Module):
    """Halvings of the photo with a plane for each attribute, then a dense layer.

    At the default widths, of photos of 256 px with one attribute, 1,682,633 parameters, and of the same photos at half
    the size 1,584,329.

    Attributes:
      widths: channels after each halving.
      half_size: whether photos are first scaled to half their size, by 2x2 means.
      dtype: type of the computation; logits are float32.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    half_size: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"], labels: Float[Array, "b n"]) -> Float[Array, "b 1"]:
        """Compute the logit of images in [-1, 1] with labels of 0 and 1; the published code has its sigmoid."""
        if self.half_size:
            b, h, w, c = image.shape
            image = image.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))
        planes = jnp.broadcast_to(labels[:, None, None], (*image.shape[:3], labels.shape[-1]))
        x = jnp.concatenate([image, planes.astype(image.dtype)], axis=-1)
        for level, width in enumerate(self.widths):
            x = Halving(width, self.dtype, name=f"down_{level}")(x)
        by_channel = x.transpose(0, 3, 1, 2).reshape(x.shape[0], -1)
        dense = nn.Dense(1, dtype=self.dtype, param_dtype=float, kernel_init=normal_init, name="head")
        return at_least_float32(dense(by_channel))
