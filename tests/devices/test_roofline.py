"""The roofline of a step against times by hand."""

import pytest

from maskgan_jax.devices.collectives import Collective
from maskgan_jax.devices.roofline import by_kind, roofline

EXPOSED = Collective("all-reduce", 10**9, overlapped=False)
OVERLAPPED = Collective("all-gather", 2 * 10**9, overlapped=True)


def test_a_step_with_much_traffic_is_bound_by_it():
    results = roofline("v5e", 19.7e12, 163.8e9, 9.85e12, [EXPOSED, OVERLAPPED])
    assert results["operations at the bfloat16 peak, ms"] == pytest.approx(100)
    assert (
        results["HBM traffic at the peak, ms"] == results["roofline of a step, ms (the larger)"] == pytest.approx(200)
    )
    assert results["collectives at the peak of all links, ms"] == pytest.approx(20)  # 4 GB at 1600 Gbit/s
    assert results["exposed collectives, share of the roofline"] == pytest.approx(0.05)
    assert results["upper bound of model FLOP utilisation"] == pytest.approx(0.25)


def test_a_step_with_little_traffic_is_bound_by_its_operations():
    results = roofline("v6e", 918e12, 1640e6, None, [])
    assert results["roofline of a step, ms (the larger)"] == pytest.approx(1000)
    assert results["upper bound of model FLOP utilisation"] is None


def test_collectives_are_listed_by_kind():
    results = by_kind([EXPOSED, OVERLAPPED, EXPOSED])
    assert results["collectives of a chip"] == {
        "all-gather": {"count": 1, "GB": 2},
        "all-reduce": {"count": 2, "GB": 2},
    }
    assert results["collectives that overlap with work, GB a chip"] == 2
    assert results["collectives that are exposed, GB a chip"] == 2
