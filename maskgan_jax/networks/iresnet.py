"""IResNet, the network that ArcFace is published with (insightface, `arcface_torch/backbones/iresnet.py`).

A residual network after Han et al. 2017, "Deep Pyramidal Residual Networks" and Deng et al. 2019, "ArcFace": every
block begins with batch norm and ends without an activation.
"""

from functools import partial

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

FEATURES = 512
"""Length of an embedding."""

# In full float32 on every device: a table's figures must not depend on it.
_conv = partial(nn.Conv, use_bias=False, precision="highest")
_dense = partial(nn.Dense, precision="highest")
_batch_norm = partial(nn.BatchNorm, True, epsilon=1e-5)


class IResNet(nn.Module):
    """Aligned photos of faces to embeddings, whose cosine says whether two photos show one person; for inference only.

    43,590,848 parameters with the blocks of IResNet-50, 65,156,160 with those of IResNet-100, (3, 13, 30, 3).

    Attributes:
      blocks: how many blocks each stage has.
      widths: channels of each stage, which halves the size; the first is the stem's, too.
    """

    blocks: tuple[int, ...] = (3, 4, 14, 3)
    widths: tuple[int, ...] = (64, 128, 256, 512)

    @nn.compact
    def __call__(self, image: Float[Array, "b 112 112 3"]) -> Float[Array, "b 512"]:
        """Compute the embeddings, of any length, of photos in [-1, 1]."""
        x = _conv(self.widths[0], (3, 3), name="stem")(image)
        x = PReLU(name="stem_prelu")(_batch_norm(name="stem_norm")(x))
        for stage, (count, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            for block in range(count):
                x = Block(width, 1 if block else 2, name=f"stage_{stage}_block_{block}")(x)
        x = _batch_norm(name="norm")(x)
        x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # as the published dense layer reads them
        return _batch_norm(name="dense_norm")(_dense(FEATURES, name="dense")(x))


class Block(nn.Module):
    """Batch norm; 3x3 convolution, batch norm, PReLU; 3x3 convolution, batch norm; the skip sum.

    Attributes:
      features: output channels.
      strides: of the second convolution; unless it is 1, the skip is a 1x1 convolution with batch norm.
    """

    features: int
    strides: int

    @nn.compact
    def __call__(self, x: Float[Array, "b h w i"]) -> Float[Array, "b H W o"]:
        strides, around = (self.strides, self.strides), ((1, 1), (1, 1))
        y = _conv(self.features, (3, 3), name="conv_0")(_batch_norm(name="norm")(x))
        y = PReLU(name="prelu")(_batch_norm(name="conv_0_norm")(y))
        y = _conv(self.features, (3, 3), strides, around, name="conv_1")(y)
        y = _batch_norm(name="conv_1_norm")(y)
        if self.strides == 1:
            return x + y
        return _batch_norm(name="skip_norm")(_conv(self.features, (1, 1), strides, name="skip")(x)) + y


class PReLU(nn.Module):
    """x where it is positive, elsewhere x times a trained slope per channel (He et al. 2015)."""

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
        slope = self.param("slope", nn.initializers.constant(0.25), (x.shape[-1],))
        return jnp.where(x > 0, x, slope * x)
