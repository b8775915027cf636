"""Judges and methods from the folders and files that a config names; what is missing is left out."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from absl import logging
from ml_collections import ConfigDict

from data_pipeline.errors import UserError
from maskgan_jax.evaluation import judges, methods, photo_methods, published
from maskgan_jax.evaluation.judges import Judges
from maskgan_jax.evaluation.request import Method
from maskgan_jax.inference.models import is_pretrained, offers

BASELINES: Mapping[str, Method] = MappingProxyType(
    {
        "the photo left unchanged": methods.photo_left_unchanged,
        "the source photo": methods.source_photo,
        "the photo's own colour per class": methods.own_colours_painted_in,
    }
)
"""Methods that need no training, by their names in the tables."""

_JUDGES: Mapping[str, Callable] = MappingProxyType(
    {
        "attribute_classifier": judges.load_attribute_classifier,
        "face_parser": judges.load_face_parser,
        "inception": judges.load_inception,
        "identity": judges.load_identity,
    }
)
_PHOTO_METHODS: Mapping[str, Callable[[Path, str], tuple[Method, str]]] = MappingProxyType(
    {
        "inpaint": photo_methods.fill_mouth,
        "set_attributes": photo_methods.set_smile,
        "exchange": photo_methods.exchange_smile,
    }
)
"""How a run is loaded that reads no edited masks, by the inference function that tells it."""
_REAL_FACES_ONLY: Mapping[str, str] = MappingProxyType(
    {
        "inception": "left out on rendered faces, which are not what its features tell apart",
        "identity": "left out on rendered faces, which are of no person",
    }
)
"""Judges of photos alone, with the reason."""

T = TypeVar("T")


class NamedMethod(NamedTuple):
    """A method to compare.

    Attributes:
      name: in the tables.
      file: name of its file, without suffix.
      generate: the method itself.
      checksum: of its weights; its name, if it has none.
      reads_masks: whether it generates from edited masks; else it edits the target's photo, and can't copy a style.
    """

    name: str
    file: str
    generate: Method
    checksum: str
    reads_masks: bool = True


def load_judges(judges_config: ConfigDict, option: str, synthetic: bool, missing: dict[str, str]) -> Judges:
    """Load the judges that a config's field `judges` names.

    Args:
      judges_config: that field; a judge that it has no entry for is not wanted.
      option: name of the config that has it, for errors.
      synthetic: whether the photos are rendered faces.
      missing: gets the reason for each judge that there is not, by its name.

    Raises:
      UserError: what a judge's entry names is there, and is no such judge.
    """
    names = dict(judges_config)
    for name, reason in _REAL_FACES_ONLY.items():
        if synthetic and names.get(name):
            missing[name], names[name] = f"{option}.judges.{name}: {reason}", None
    return Judges(
        **{
            name: _load(load, names.get(name), f"{option}.judges.{name}", name, missing)
            for name, load in _JUDGES.items()
        }
    )


def load_methods(config: ConfigDict, missing: dict[str, str]) -> Iterator[NamedMethod]:
    """Yield the baselines and the models of `config.methods`, each loaded when it is asked for.

    `missing` gets the reason for each that there is not, by its name in the tables.

    Raises:
      UserError: what an entry names is there, and is no model that edits faces.
    """
    for name, method in BASELINES.items():
        yield NamedMethod(name, method.__name__, method, name)
    for field, folder in config.methods.items():
        name = published.METHODS.get(field, field)
        loaded = _load(_load_method, folder, f"config.methods.{field}", name, missing)
        if loaded is not None:
            yield NamedMethod(name, field, *loaded)


def check_methods(config: ConfigDict) -> None:
    """Check the names of `config.methods`.

    Raises:
      UserError: one can't be the name of a file, or is a row's of every table.
    """
    for field in config.methods:
        name = published.METHODS.get(field, field)
        clash = name in (*BASELINES, "GT", "truth") or (field != name and name in config.methods)
        if not field.isidentifier() or clash:
            raise UserError(f"config.methods.{field}: give another name, of letters, digits and _, that no row has")


def _load_method(folder: Path, option: str) -> tuple[Method, str, bool]:
    """Return a trained model as a method, the checksum of its weights, and whether it reads masks."""
    for function, load in _PHOTO_METHODS.items():
        if offers(folder, function):
            return *load(folder, option), False
    return *methods.trained(folder, option), True


def _load(
    load: Callable[[Path, str], T], named: str | None, option: str, name: str, missing: dict[str, str]
) -> T | None:
    """Return what is loaded from a folder or file; None, and the reason in `missing`, if nothing was named or there."""
    if named is None:
        return None
    if named and (is_pretrained(Path(named)) or Path(named).exists()):
        return load(Path(named), option)
    missing[name] = f"{option}: {named}: nothing there" if named else f"{option}: none was given"
    logging.warning("%s: left out; %s", name, missing[name])
    return None
