"""What sets an attribute of photos, by the name of its config: `SYSTEMS` has one entry for each system."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import UInt8

from launch.batches import in_batches
from maskgan_jax.inference.models import load_model

ATTRIBUTE = "Smiling"
"""What the edits give to faces that don't have it."""

Photos = UInt8[np.ndarray, "n s s 3"]
Edit = Callable[[Photos, Photos], Photos]
"""`(photos without the attribute, exemplars with it) -> the photos with it`."""


def stargan(run: Path) -> Edit:
    """Return the edit of a run of StarGAN, which reads no exemplar; other attributes stay as D sees them."""
    model = load_model(run, ("set_attributes", "classify"), "--runs")
    set_attributes, classify = (model.compile(name) for name in ("set_attributes", "classify"))

    def edit(photos: Photos, exemplars: Photos) -> Photos:
        labels = (in_batches(classify, photos) > 0).astype(np.float32)
        labels[:, list(model.config.attributes).index(ATTRIBUTE)] = 1
        return in_batches(set_attributes, photos, labels)

    return edit


def elegant(run: Path) -> Edit:
    """Return the edit of a run of ELEGANT, which exchanges the attribute's block of codes."""
    model = load_model(run, ("exchange",), "--runs")
    exchange = model.compile("exchange")
    gates = np.array([name == ATTRIBUTE for name in model.config.attributes], np.float32)
    return lambda photos, exemplars: in_batches(exchange, photos, exemplars, np.tile(gates, (len(photos), 1)))


SYSTEMS: Mapping[str, Callable[[Path], Edit]] = MappingProxyType({"stargan": stargan, "elegant": elegant})
"""A function of a trained run to its edit, by the name of the config that trains it."""
