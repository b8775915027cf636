"""G: a photo from a mask and the code of a style (SPADE, Sec. 3 and appendix; code, `SPADEGenerator`)."""

import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Integer

from maskgan_jax.networks.layers import Conv, leaky_relu, xavier_init
from maskgan_jax.networks.precision import at_least_float32
from maskgan_jax.networks.spade.block import SpadeBlock


class SpadeGenerator(nn.Module):
    """Residual blocks with SPADE from 8 px up, doubled in between; 109,205,443 parameters at the default widths.

    Of label maps twice as large as blocks and widths double to, 512 px by default, there is one doubling more, between
    the two middle blocks, and no parameter more (code, `num_upsampling_layers`: `normal` and `more`).

    Attributes:
      width: channels of the first block and the two in the middle.
      up_widths: channels after each further doubling.
      start_size: height and width in px of the first maps.
      code_size: entries of a style's code.
      hidden_width: channels that the norms compute gamma and beta from.
      num_classes: of the label maps.
      remat: whether blocks recompute their activations in the backward pass: less memory, more arithmetic.
      dtype: type of the computation; images are float32.
    """

    width: int = 1024
    up_widths: tuple[int, ...] = (512, 256, 128, 64)
    start_size: int = 8
    code_size: int = 256
    hidden_width: int = 128
    num_classes: int = 19
    remat: bool = False
    dtype: DTypeLike = jnp.float32

    @property
    def sizes(self) -> tuple[int, int]:
        """Heights and widths in px that can be generated: as blocks and widths double to, and twice that."""
        size = self.start_size * 2 ** (1 + len(self.up_widths))
        return size, 2 * size

    @nn.compact
    def __call__(
        self, mask: Integer[Array, "b h w"], code: Float[Array, "b z"], train: bool = False
    ) -> Float[Array, "b h w 3"]:
        """Generate images in [-1, 1] of label maps; `train` uses the batch's statistics and moves the running ones.

        Raises:
          ValueError: the label maps have neither of the two sizes.
        """
        if mask.shape[1] not in self.sizes:
            raise ValueError(f"SpadeGenerator: its widths lead to {self.sizes} px, not {mask.shape[1]}")
        block_of = nn.remat(SpadeBlock, static_argnums=(3,)) if self.remat else SpadeBlock

        def block(name: str, width: int, x: Array) -> Array:
            return block_of(width, self.num_classes, self.hidden_width, self.dtype, name=name)(x, mask, train)

        side = self.start_size
        dense = nn.Dense(self.width * side**2, kernel_init=xavier_init, dtype=self.dtype, name="from_code")
        x = dense(code).reshape(mask.shape[0], self.width, side, side).transpose(0, 2, 3, 1)  # the code's order
        x = double(block("head", self.width, x))
        x = block("middle_0", self.width, x)
        x = block("middle_1", self.width, double(x) if mask.shape[1] == self.sizes[1] else x)
        for level, width in enumerate(self.up_widths):
            x = block(f"up_{level}", width, double(x))
        zeros = nn.initializers.zeros
        head = Conv(3, 3, padding=1, kernel_init=xavier_init, initial_bias=zeros, dtype=self.dtype, name="to_image")
        return jnp.tanh(at_least_float32(head(leaky_relu(x))))


def double(x: Float[Array, "b h w c"]) -> Float[Array, "b 2*h 2*w c"]:
    """Double height and width by nearest neighbour."""
    return x.repeat(2, axis=1).repeat(2, axis=2)
