"""A trained run of EBGAN or Att-EBGAN, on many photos of its size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from launch.ebgan.batches import in_batches
from maskgan_jax.inference.models import Model, load_model


class Inpainter:
    """Encodes and fills regions of photos."""

    def __init__(self, run: Path):
        """Load it from a run."""
        self.model: Model = load_model(run, ("encode_exemplar", "inpaint"), "--runs")
        self._encode, self._inpaint = (self.model.compile(name) for name in ("encode_exemplar", "inpaint"))

    def encode(self, photos: Sequence[np.ndarray], regions: Sequence[np.ndarray]) -> Float[np.ndarray, "n y x c"]:
        """Return the codes of what photos show in regions."""
        return in_batches(self._encode, np.stack(photos), np.stack(regions))

    def inpaint(
        self,
        photos: Sequence[np.ndarray],
        regions: Sequence[np.ndarray],
        codes: Float[np.ndarray, "n y x c"],
        gates: Float[np.ndarray, "n k"] | None = None,
    ) -> UInt8[np.ndarray, "n s s 3"]:
        """Return photos whose regions are filled as codes say; without `gates` those of Att-EBGAN are open."""
        count = len(self.model.config.attributes)
        if count and gates is None:
            gates = np.ones((len(codes), count), np.float32)
        return in_batches(self._inpaint, np.stack(photos), np.stack(regions), codes, *([gates] if count else []))
