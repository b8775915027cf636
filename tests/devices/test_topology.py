"""Names of TPU topologies, and machines that can't compile for them."""

import platform
import sys

import pytest

from data_pipeline.errors import UserError
from maskgan_jax.devices import topology
from maskgan_jax.devices.hardware import TPU_CHIPS


def test_a_name_gives_generation_and_chips_along_each_axis():
    assert topology.parse("v5e:16x16") == ("v5e", (16, 16))
    assert topology.parse("v5p:2x2x4") == ("v5p", (2, 2, 4))
    assert {topology.parse(name)[0] for name in topology.EXAMPLES.split(", ")} == set(TPU_CHIPS)


@pytest.mark.parametrize("name", ["", "v5e", "v5e-8", "v5e:8", "v5e:0x4", "v5e:2x4x1", "v4:2x2", "v9:2x2", "v5e:2x4 "])
def test_another_name_is_refused_with_examples(name):
    with pytest.raises(UserError, match=f"--topology={name}: expected .* such as v5e:1x1, v5e:2x4"):
        topology.parse(name)


def test_a_machine_without_libtpu_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "libtpu", raising=False)
    with pytest.raises(UserError, match=r"needs libtpu.* pip install 'maskgan_jax\[topology\]'"):
        topology.check_compiler()


def test_a_machine_that_libtpu_is_not_made_for_is_told_so(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    with pytest.raises(UserError, match="needs Linux on x86_64, and this is Darwin on arm64"):
        topology.check_compiler()
