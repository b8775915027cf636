"""A trained run of EBGAN or Att-EBGAN, on many photos of its size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int8, UInt8

from launch.batches import in_batches
from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.tasks.ebgan.attributes import covers, read_attributes


class Inpainter:
    """Encodes and fills regions of photos."""

    def __init__(self, run: Path):
        """Load it from a run."""
        self.model: Model = load_model(run, ("encode_exemplar", "inpaint"), "--runs")
        self._encode, self._inpaint = (self.model.compile(name) for name in ("encode_exemplar", "inpaint"))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that have gates; none in EBGAN."""
        return tuple(self.model.config.attributes)

    def encode_all(self, photos: Sequence[np.ndarray], regions: Sequence[np.ndarray]) -> Float[np.ndarray, "n y x c"]:
        """Return the codes of what photos show in regions, every gate open."""
        gates = [np.ones((len(photos), len(self.attributes)), np.float32)] if self.attributes else []
        return in_batches(self._encode, np.stack(photos), np.stack(regions), *gates)

    def encode(
        self,
        photos: Sequence[np.ndarray],
        regions: Sequence[np.ndarray],
        masks: Sequence[np.ndarray],
        attributes: Sequence[Int8[np.ndarray, "40"]],
        closed: Sequence[str] = (),
    ) -> Float[np.ndarray, "n y x c"]:
        """Return the codes of what photos show in regions, gated as in training.

        Args:
          photos: to encode.
          regions: 1 inside.
          masks: label maps of the photos to be filled: what regions cover.
          attributes: CelebA's, of the photos to encode; their gates are open where they are covered.
          closed: attributes whose gates are closed all the same.
        """
        gates = []
        if self.attributes:
            regions, masks = np.stack(regions), np.stack(masks)
            has = np.asarray(read_attributes(np.stack(attributes), self.attributes)) > 0
            held_back = np.isin(self.attributes, list(closed))
            gates = [(has & np.asarray(covers(regions > 0, masks, self.attributes)) & ~held_back).astype(np.float32)]
        return in_batches(self._encode, np.stack(photos), np.stack(regions), *gates)

    def inpaint(
        self, photos: Sequence[np.ndarray], regions: Sequence[np.ndarray], codes: Float[np.ndarray, "n y x c"]
    ) -> UInt8[np.ndarray, "n s s 3"]:
        """Return photos whose regions are filled as codes say."""
        return in_batches(self._inpaint, np.stack(photos), np.stack(regions), codes)
