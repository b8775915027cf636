"""The published entry names and shapes, at full size and in the variants."""

import numpy as np
import pytest
from flax import traverse_util

torch = pytest.importorskip("torch")

from configs.base import VARIANTS  # noqa: E402
from maskgan_jax.interop.entries import Dropped, Entry  # noqa: E402
from maskgan_jax.interop.kinds import find_kind  # noqa: E402
from maskgan_jax.tasks.task import variable_shapes  # noqa: E402
from tests.interop import small  # noqa: E402
from tests.tiny import CONFIGS  # noqa: E402


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", small.TASKS)
def test_a_mapping_covers_every_entry_of_the_file_and_every_array_of_the_network(name, variant):
    config = CONFIGS[small.TASKS[name]].get_config(variant)
    if name == "vgg19":
        config.losses.lambda_percept = 10.0
    kind = find_kind(name, config)
    with torch.device("meta"):
        theirs = {n: tuple(t.shape) for n, t in small.in_pytorch(name, config).state_dict().items()}
    shapes = traverse_util.flatten_dict(variable_shapes(kind.name, kind.network))
    mapping = [entry for entry in small.mapping_of(name, config) if not isinstance(entry, Dropped)]

    ours = {
        entry.name: entry.layout.to_theirs(np.broadcast_to(0, shapes[entry.path].shape)).shape
        if isinstance(entry, Entry)
        else entry.value.shape
        for entry in mapping
    }

    assert ours == theirs
    assert len(mapping) == len(theirs)
    assert {entry.path for entry in mapping if isinstance(entry, Entry)} == shapes.keys()


def test_backbone_indices_at_full_size_are_the_published_ones():
    mapping = small.mapping_of("generator", find_kind("generator").config)

    places = {entry.name.split(".")[1] for entry in mapping if entry.name.startswith("model.")}

    assert sorted(map(int, places)) == [1, 4, 7, 10, 13, 16, 17, 18, 19, 20, 23, 26, 29, 33]
