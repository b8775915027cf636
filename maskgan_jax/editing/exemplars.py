"""Regions of photos filled as exemplars show them, with the networks of EBGAN or Att-EBGAN."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.editing.colours import match_skin
from maskgan_jax.editing.regions import overlap, region_of_parts, touched
from maskgan_jax.editing.session import Subject, composite
from maskgan_jax.inference.models import Model, load_model, offers
from maskgan_jax.photos.compositing import feathered
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.ebgan.attributes import covers

ALIGNED = 0.5
"""Overlap of a part in two faces below which they are badly aligned for this."""


class Opened(NamedTuple):
    """A face and its label map.

    Attributes:
      subject: the face and its place in a photo.
      mask: its label map, of any size; None if unknown, where no parts are named and the networks have no attributes.
    """

    subject: Subject
    mask: UInt8[np.ndarray, "n n"] | None


class ExemplarEditor:
    """Fills regions of faces by a run of EBGAN or Att-EBGAN; functions are compiled when they are first called."""

    def __init__(self, checkpoint: Path, option: str = "--checkpoint"):
        """Load the networks of a run or an export; `option` is what named the folder, for errors.

        Raises:
          UserError: the folder holds none.
        """
        classify = ["classify"] if offers(checkpoint, "classify") else []
        self.model: Model = load_model(checkpoint, ("encode_exemplar", "inpaint", *classify), option)
        self._checkpoint = checkpoint

    @property
    def size(self) -> int:
        """Height and width in px of the images that are generated."""
        return self.model.size

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that can be let through; none in EBGAN."""
        return tuple(self.model.config.attributes)

    def check_attributes(self, names: Sequence[str]) -> None:
        """Check that the networks have these attributes.

        Raises:
          UserError: they have not.
        """
        unknown = [name for name in names if name not in self.attributes]
        if unknown:
            have = f"has {', '.join(self.attributes)}" if self.attributes else "is EBGAN's and has none"
            raise UserError(
                f"--only, --without: no attribute {', '.join(unknown)}; the run at {self._checkpoint} {have}"
            )

    def region_of(self, face: Opened, exemplar: Opened, parts: Sequence[str]) -> UInt8[np.ndarray, "s s"]:
        """Return the boxes around parts as `regions.region_of_parts` says, at the networks' size.

        Parts that lie at different places of the two faces are told in the log.
        """
        masks = [scale_mask(each.mask, self.size) for each in (face, exemplar)]
        region = region_of_parts(*masks, parts)
        for part in parts:
            share = overlap(*masks, part)
            if share is not None and share < ALIGNED:
                logging.warning("%s: boxes in photo and exemplar overlap by %.0f %%; like poses fit", part, 100 * share)
        return region.astype(np.uint8)

    def edit(
        self,
        face: Opened,
        exemplar: Opened,
        region: UInt8[np.ndarray, "n n"],
        strength: float | int = 1,
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        keep_colours: bool = False,
        feather: float | int = 0,
        paste_back: bool = False,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Fill a region of a face as the exemplar shows it.

        Args:
          face: to edit.
          exemplar: whose region is shown.
          region: 1 inside, of any size.
          strength: from the face's own code, 0, to the exemplar's, 1.
          only: attributes to let through, no others; Att-EBGAN.
          without: attributes to hold back; Att-EBGAN.
          keep_colours: take the exemplar's colours as they are; else they are matched as `colours.match_skin` says, if
            both masks are known.
          feather: px of the face around the region over which the result fades into the photo.
          paste_back: return the whole photo with the edited face in it.

        Returns:
          The face at its size in the photo, or the whole photo; outside region and feather its own pixels.

        Raises:
          UserError: the region is empty; as `check_attributes`; or one of `only` isn't the exemplar's, or not in the
            region.
        """
        self.check_attributes((*only, *without))
        hidden = self.hidden(face, region, feather)
        filled = self.fill(face, exemplar, hidden, strength, only, without, keep_colours)
        return composite(face.subject, filled, weight_of(face, region, feather), paste_back)

    def hidden(self, face: Opened, region: UInt8[np.ndarray, "n n"], feather: float | int) -> UInt8[np.ndarray, "s s"]:
        """Return what the networks don't see of a face: a region and its feather, 1 inside.

        Raises:
          UserError: as `weight_of`.
        """
        return touched(weight_of(face, region, feather) > 0, self.size)

    def fill(
        self,
        face: Opened,
        exemplar: Opened,
        hidden: UInt8[np.ndarray, "s s"],
        strength: float | int = 1,
        only: Sequence[str] = (),
        without: Sequence[str] = (),
        keep_colours: bool = False,
    ) -> UInt8[np.ndarray, "s s 3"]:
        """Return a face with its region filled, at the networks' size, for `session.composite` with `weight_of`.

        Args:
          face: to edit.
          exemplar: whose region is shown.
          hidden: as the method of this name returns it.
          strength: as for `edit`, which checks the names of attributes; so are those that follow.
          only: attributes to let through.
          without: attributes to hold back.
          keep_colours: take the exemplar's colours as they are.

        Raises:
          UserError: one of `only` isn't the exemplar's, or not in the region.
        """
        hidden = hidden[None]
        photo, shown = (scale_photo(each.subject.face, self.size) for each in (face, exemplar))
        own_gates, gates = self._gates(photo, shown, hidden > 0, face, only, without)
        if not keep_colours and face.mask is not None and exemplar.mask is not None:
            shown = match_skin(shown, scale_mask(exemplar.mask, self.size), photo, scale_mask(face.mask, self.size))
        own = np.asarray(self._encode(photo[None], hidden, *own_gates))
        wanted = np.asarray(self._encode(shown[None], hidden, *gates))
        return np.asarray(self._inpaint(photo[None], hidden, (1 - strength) * own + strength * wanted))[0]

    def _gates(
        self,
        photo: UInt8[np.ndarray, "s s 3"],
        shown: UInt8[np.ndarray, "s s 3"],
        region: Bool[np.ndarray, "1 s s"],
        face: Opened,
        only: Sequence[str],
        without: Sequence[str],
    ) -> tuple[tuple[Float[np.ndarray, "1 n"], ...], tuple[Float[np.ndarray, "1 n"], ...]]:
        """Return the gates of the photo's own code and of the exemplar's: of what each has and the region covers.

        Of the exemplar's only those that are wanted are open.
        """
        if not self.attributes:
            return (), ()
        own, has = (np.asarray(self._classify(each[None]))[0] > 0 for each in (photo, shown))
        covered = np.asarray(covers(region, scale_mask(face.mask, self.size)[None], self.attributes))[0]
        for name in only:
            place = self.attributes.index(name)
            if not has[place]:
                raise UserError(f"--only: the exemplar doesn't show {name}, says the classifier; take another photo")
            if not covered[place]:
                raise UserError(
                    f"--only: the region leaves out the part of the face that shows {name}; name more --parts"
                )
        passes = np.array([(name in only or not only) and name not in without for name in self.attributes])
        return tuple(((each & covered)[None].astype(np.float32),) for each in (own, has & passes))

    @cached_property
    def _encode(self) -> Callable[..., Array]:
        return self.model.compile("encode_exemplar")

    @cached_property
    def _inpaint(self) -> Callable[..., Array]:
        return self.model.compile("inpaint")

    @cached_property
    def _classify(self) -> Callable[..., Array]:
        return self.model.compile("classify")


def weight_of(face: Opened, region: UInt8[np.ndarray, "n n"], feather: float | int) -> Float[np.ndarray, "m m"]:
    """Return the weight of what fills a region at each pixel of a face: 1 inside, falling to 0 at `feather` px from it.

    Raises:
      UserError: the region is empty.
    """
    inside = touched(region > 0, len(face.subject.face)) > 0
    if not inside.any():
        raise UserError("--region: it is empty; paint where the exemplar should show, or name parts")
    return feathered(inside, feather)
