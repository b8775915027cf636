"""Attributes of faces set and taken away, with the networks of StarGAN."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Array, Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.editing.session import Subject, composite
from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.photos.scaling import scale_photo


class AttributeEditor:
    """Sets attributes of faces by a run of StarGAN; functions are compiled when they are first called."""

    def __init__(self, checkpoint: Path, changes: Mapping[str, bool], option: str = "--checkpoint"):
        """Load the generator of a run, an export or an import; and D's classes, unless every attribute is set.

        Args:
          checkpoint: the folder.
          changes: of every face: name of the attribute to whether the face should have it.
          option: what named the folder, for errors.

        Raises:
          UserError: the folder holds no such networks, or they don't have an attribute.
        """
        self._changes = changes
        self.model: Model = load_model(checkpoint, ("set_attributes",), option)
        unknown = [name for name in changes if name not in self.attributes]
        if unknown:
            raise UserError(
                f"--set: no attribute {', '.join(unknown)}; the run at {checkpoint} has {', '.join(self.attributes)}"
            )
        self._classifier = None
        if kept := [name for name in self.attributes if name not in changes]:
            self._classifier = load_model(checkpoint, ("classify",), f"--set (without {', '.join(kept)}), {option}")

    @property
    def size(self) -> int:
        """Height and width in px of the images that are generated."""
        return self.model.size

    @property
    def attributes(self) -> Sequence[str]:
        """Names of the attributes that can be set."""
        return tuple(self.model.config.attributes)

    def labels(self, photo: UInt8[np.ndarray, "s s 3"]) -> Float[np.ndarray, "1 n"]:
        """Return the labels of the edited photo; attributes that are not set keep the value that D's classes see."""
        own = np.zeros(len(self.attributes)) if self._classifier is None else self._classify(photo[None])[0]
        wanted = [self._changes.get(name, value > 0) for name, value in zip(self.attributes, own, strict=True)]
        return np.array([wanted], np.float32)

    def edit(self, subject: Subject, paste_back: bool = False) -> UInt8[np.ndarray, "height width 3"]:
        """Generate a face with the changed attributes.

        Args:
          subject: the face and its place in a photo.
          paste_back: return the whole photo with the edited face in it.

        Returns:
          The whole photo, or the face at the generator's size.
        """
        photo = scale_photo(subject.face, self.size)
        edited = self._set_attributes(photo[None], self.labels(photo))
        return composite(subject, np.asarray(edited)[0], None, paste_back)

    @cached_property
    def _set_attributes(self) -> Callable[..., Array]:
        return self.model.compile("set_attributes")

    @cached_property
    def _classify(self) -> Callable[..., Array]:
        return self._classifier.compile("classify")
