"""The mesh of a config, and the part of a sharded state that a device holds."""

import json

import jax
import numpy as np
import pytest
from jax.sharding import AbstractMesh, Mesh, PartitionSpec

from data_pipeline.errors import UserError
from maskgan_jax.devices import mesh
from tests.commands import run_command
from tests.tiny import tiny_config


@pytest.mark.slow
def test_of_a_state_sharded_over_8_devices_each_holds_at_most_a_sixth(tmp_path):
    """An eighth of every large array, and the small ones replicated."""
    done = run_command("tests.devices.state_bytes", str(tmp_path / "bytes.json"), devices=8)
    assert done.returncode == 0, done.stderr
    counts = json.loads((tmp_path / "bytes.json").read_text())
    assert counts["small, allocated"] == counts["small, by shardings"]
    for name, count in counts.items():
        assert count["whole"] / 8 < count["held"] <= count["whole"] / 6, name


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((3, 3, 64, 128), PartitionSpec(None, None, None, "fsdp")),  # the largest axis
        ((3, 3, 128, 64), PartitionSpec(None, None, "fsdp")),
        ((128, 128), PartitionSpec(None, "fsdp")),  # the last of equal ones
        ((7, 7, 400, 3), PartitionSpec(None, None, "fsdp")),
        ((4096, 4097), PartitionSpec("fsdp")),  # 8 doesn't divide the larger 4097
        ((64, 127), PartitionSpec()),  # below MIN_SHARDED_SIZE
        ((513, 513), PartitionSpec()),  # no axis that 8 divides
        ((), PartitionSpec()),
    ],
)
def test_an_array_is_sharded_by_its_shape(shape, spec):
    of_16_devices = AbstractMesh((2, 8), ("data", "fsdp"))
    assert mesh.state_shardings(jax.ShapeDtypeStruct(shape, "float32"), of_16_devices).spec == spec


@pytest.mark.parametrize(
    ("data", "fsdp", "sizes"), [(-1, 1, (8, 1)), (-1, 2, (4, 2)), (1, -1, (1, 8)), (2, -1, (2, 4)), (4, 2, (4, 2))]
)
def test_minus_1_takes_all_other_devices(data, fsdp, sizes, monkeypatch):
    made = {}
    monkeypatch.setattr("jax.device_count", lambda: 8)
    monkeypatch.setattr("jax.make_mesh", lambda sizes, names, **_: made.update(zip(names, sizes, strict=True)) or one)
    one = Mesh(np.array(jax.devices()[:1]), "data")
    config = tiny_config("mask_vae")
    config.mesh.data, config.mesh.fsdp = data, fsdp
    mesh.make_mesh(config)
    assert made == {"data": sizes[0], "fsdp": sizes[1]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mesh.fsdp": 3}, r"config\.mesh: data = -1 and fsdp = 3 don't make up the 8 devices .* a divisor of 8"),
        ({"mesh.data": 4}, r"config\.mesh: data = 4 and fsdp = 1 don't make up the 8 devices"),
        ({"mesh.fsdp": 16}, r"config\.mesh: data = -1 and fsdp = 16 don't make up the 8 devices"),
        ({"mesh.fsdp": 0}, r"config\.mesh\.fsdp: 0; give a number of devices, or -1"),
        ({"mesh.fsdp": -1}, r"config\.mesh: data and fsdp are both -1"),
        ({"batch_size": 12}, r"config\.batch_size: 12 examples can't be split evenly over 8 devices; .* multiple of 8"),
        ({"accumulation_steps": 2}, r"8 examples .* over 8 devices times 2 microbatches; give a multiple of 16"),
        ({"accumulation_steps": 0}, r"config\.accumulation_steps: 0; give 1 or more"),
    ],
)
def test_a_mesh_that_the_devices_cannot_make_names_the_field(fields, message, monkeypatch):
    monkeypatch.setattr("jax.device_count", lambda: 8)
    config = tiny_config("mask_vae")
    config.update_from_flattened_dict(fields)
    with pytest.raises(UserError, match=message):
        mesh.make_mesh(config)
