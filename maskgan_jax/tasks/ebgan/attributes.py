"""The attributes that Att-EBGAN can transfer: where a face shows each, and whether a region covers that."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int8, Integer

from data_pipeline.celeba_attributes import columns_of
from data_pipeline.labels import CLASSES

Home = Literal["mouth", "moustache", "lower_face", "eyes", "brows"]

COVERED = 0.9
"""Share of an attribute's home from which on a region covers it."""


class Attribute(NamedTuple):
    """An attribute of a face.

    Attributes:
      column: its name in CelebA.
      sign: 1, or -1 where CelebA's attribute is its opposite.
      home: what of a face shows it.
    """

    column: str
    home: Home
    sign: int = 1


ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType(
    {
        "Mouth_Slightly_Open": Attribute("Mouth_Slightly_Open", "mouth"),
        "Smiling": Attribute("Smiling", "mouth"),
        "Wearing_Lipstick": Attribute("Wearing_Lipstick", "mouth"),
        "Mustache": Attribute("Mustache", "moustache"),
        "Beard": Attribute("No_Beard", "lower_face", -1),
        "Eyeglasses": Attribute("Eyeglasses", "eyes"),
        "Bushy_Eyebrows": Attribute("Bushy_Eyebrows", "brows"),
        "Arched_Eyebrows": Attribute("Arched_Eyebrows", "brows"),
    }
)
"""Those that a region of a face can show, by name."""

_MOUTH = ("mouth", "u_lip", "l_lip")
_HOMES: Mapping[Home, tuple[str, ...]] = MappingProxyType(
    {"mouth": _MOUTH, "eyes": ("eye_g", "l_eye", "r_eye"), "brows": ("l_brow", "r_brow")}
)


def read_attributes(attributes: Int8[Array | np.ndarray, "b 40"], names: Sequence[str]) -> Int8[Array, "b n"]:
    """Return named attributes of faces, 1 present, -1 absent, 0 unknown, from CelebA's 40."""
    chosen = [ATTRIBUTES[name] for name in names]
    columns = columns_of([each.column for each in chosen])
    return jnp.asarray(attributes)[:, columns] * np.array([each.sign for each in chosen], np.int8)


def covers(
    region: Bool[Array | np.ndarray, "b h w"], labels: Integer[Array | np.ndarray, "b h w"], names: Sequence[str]
) -> Bool[Array, "b n"]:
    """Return whether regions cover 90 % of the homes of named attributes; none where a face has no such home."""
    labels = jnp.asarray(labels)
    homes = {home: _home(labels, home) for home in {ATTRIBUTES[name].home for name in names}}
    covered = {
        home: (pixels & region).sum((1, 2)) >= jnp.maximum(COVERED * pixels.sum((1, 2)), 1)
        for home, pixels in homes.items()
    }
    return jnp.stack([covered[ATTRIBUTES[name].home] for name in names], axis=1)


def _home(labels: Integer[Array, "b h w"], home: Home) -> Bool[Array, "b h w"]:
    if home in _HOMES:
        return _shows(labels, _HOMES[home])
    below_nose = _after(_shows(labels, ("nose",)).any(2))[:, :, None]
    if home == "lower_face":
        return below_nose & _shows(labels, ("skin", *_MOUTH))
    mouth = _shows(labels, _MOUTH)
    rows, columns = mouth.any(2), mouth.any(1)
    return below_nose & ~_after(rows)[:, :, None] & _between(columns)[:, None]


def _shows(labels: Integer[Array, "b h w"], classes: Sequence[str]) -> Bool[Array, "b h w"]:
    return jnp.isin(labels, jnp.asarray([CLASSES.index(name) for name in classes]))


def _after(occupied: Bool[Array, "b n"]) -> Bool[Array, "b n"]:
    """Return the places after the last one that is occupied; none if no place is."""
    return ~jnp.flip(jnp.cumsum(jnp.flip(occupied, 1), 1), 1).astype(bool) & occupied.any(1, keepdims=True)


def _between(occupied: Bool[Array, "b n"]) -> Bool[Array, "b n"]:
    """Return the places from the first to the last one that is occupied."""
    return (jnp.cumsum(occupied, 1) > 0) & ~_after(occupied)
