"""Attributes of faces as exemplars show them, with the networks of ELEGANT."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Array, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.editing.session import Subject, composite
from maskgan_jax.inference.models import Model, load_model
from maskgan_jax.photos.scaling import scale_photo


class AttributeExchanger:
    """Gives faces the attributes of others by a run of ELEGANT; its function is compiled when it is first called."""

    def __init__(self, checkpoint: Path, option: str = "--checkpoint"):
        """Load the networks of a run or an export; `option` is what named the folder, for errors.

        Raises:
          UserError: the folder holds none.
        """
        self.model: Model = load_model(checkpoint, ("exchange",), option)
        self._checkpoint = checkpoint

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that can be exchanged."""
        return tuple(self.model.config.attributes)

    def check_attributes(self, names: Sequence[str], option: str = "--attribute") -> None:
        """Check that the networks have these attributes; `option` is what asks for them, for errors.

        Raises:
          UserError: they have not.
        """
        unknown = [name for name in names if name not in self.attributes]
        if unknown:
            raise UserError(
                f"{option}: no attribute {', '.join(unknown)}; the run at {self._checkpoint} has "
                f"{', '.join(self.attributes)}"
            )

    def edit(
        self,
        face: Subject,
        exemplar: Subject,
        names: Sequence[str],
        strength: float | int = 1,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Give a face attributes of another one.

        The networks work at their own size; the difference that they make is enlarged and added to the face, so that it
        keeps its details.

        Args:
          face: to edit.
          exemplar: whose attributes are shown.
          names: of the attributes.
          strength: from the face's own encoding of them, 0, to the exemplar's, 1.
          paste_back: return the whole photo with the edited face in it.

        Returns:
          The face at its size in the photo, or the whole photo.

        Raises:
          UserError: as `check_attributes`.
        """
        self.check_attributes(names)
        photo, shown = (scale_photo(each.face, self.model.size)[None] for each in (face, exemplar))
        gates = np.array([[strength if name in names else 0 for name in self.attributes]], np.float32)
        edited = np.asarray(self._exchange(photo, shown, gates))[0]
        return composite(face, add_difference(face.face, photo[0], edited), paste_back=paste_back)

    @cached_property
    def _exchange(self) -> Callable[..., Array]:
        return self.model.compile("exchange")


def add_difference(
    face: UInt8[np.ndarray, "n n 3"], photo: UInt8[np.ndarray, "s s 3"], edited: UInt8[np.ndarray, "s s 3"]
) -> UInt8[np.ndarray, "n n 3"]:
    """Return a face to which the difference of two photos of another size is added, enlarged or reduced."""
    before, after = (scale_photo(each, len(face)).astype(np.int16) for each in (photo, edited))
    return np.clip(face + after - before, 0, 255).astype(np.uint8)
