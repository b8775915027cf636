"""A trained generator in a user's hands."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8
from PIL import Image

from maskgan_jax import checkpoints, workdir
from maskgan_jax.errors import UserError
from maskgan_jax.networks.dense_mapping import DenseMappingNetwork
from maskgan_jax.tasks.task import one_hot, to_image


class Editor:
    """A trained Dense Mapping Network that redraws photos after edited masks.

    The style of a photo is encoded once and serves any number of edits of it.

    Attributes:
      size: height and width in px of what it takes and gives.
    """

    def __init__(self, checkpoint: Path):
        """Loads the generator of a training run, its moving average where the run kept one.

        Args:
          checkpoint: the folder of an EBST or Dense Mapping Network run.

        Raises:
          UserError: no such run there, or one of other networks than its config says.
        """
        config = workdir.load_config(checkpoint)
        if "generator" not in config.networks or config.task == "mask_vae":
            raise UserError(f"{checkpoint}: a {config.task} run, which draws no photos; give an EBST run")
        self.size = config.data.size
        network = DenseMappingNetwork(dtype=jnp.dtype(config.dtype), **config.networks.generator)
        mask = jnp.zeros((1, self.size, self.size), jnp.uint8)
        image = jnp.zeros((1, self.size, self.size, 3))
        shapes = jax.eval_shape(network.init, jax.random.key(0), one_hot(mask), one_hot(mask), image)
        kept = "average" if config.average_decay else "params"
        part = checkpoints.load_part(checkpoint, {kept: {"generator": shapes["params"]}}, "--checkpoint")
        self._variables = {"params": part[kept]["generator"]}

        @jax.jit
        def encode_style(variables, photos, masks):
            return network.apply(variables, to_image(photos), one_hot(masks), method="encode_style")

        @jax.jit
        def generate(variables, masks, style):
            return network.apply(variables, one_hot(masks), style, method="generate")

        self._encode_style, self._generate = encode_style, generate

    def encode_style(
        self, photos: UInt8[np.ndarray, "b h w 3"], masks: UInt8[np.ndarray, "b h w"]
    ) -> Float[Array, "b s"]:
        """The style vectors of photos with their label maps, at the editor's size."""
        return self._encode_style(self._variables, photos, masks)

    def generate(self, masks: UInt8[np.ndarray, "b h w"], style: Float[Array, "b s"]) -> UInt8[np.ndarray, "b h w 3"]:
        """Draws label maps in the given styles."""
        drawn = self._generate(self._variables, masks, style)
        return np.asarray(jnp.round((drawn + 1) * 127.5).astype(jnp.uint8))

    def edit(
        self,
        photo: UInt8[np.ndarray, "h w 3"],
        mask: UInt8[np.ndarray, "h w"],
        edited_mask: UInt8[np.ndarray, "h w"],
    ) -> UInt8[np.ndarray, "s s 3"]:
        """The photo redrawn after its edited mask; any square size in, the editor's size out."""
        style = self.encode_style(self.fit_photo(photo)[None], self.fit_mask(mask)[None])
        return self.generate(self.fit_mask(edited_mask)[None], style)[0]

    def fit_photo(self, photo: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "s s 3"]:
        """Scales a photo to the editor's size, with antialiasing."""
        return np.asarray(Image.fromarray(photo).resize((self.size, self.size), Image.Resampling.LANCZOS))

    def fit_mask(self, mask: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "s s"]:
        """Scales a label map to the editor's size, by nearest neighbour."""
        return np.asarray(Image.fromarray(mask).resize((self.size, self.size), Image.Resampling.NEAREST))
