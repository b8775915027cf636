"""One update of an optimiser: kept where loss and gradient are finite, and then Optax's own."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from maskgan_jax.tasks.task import Optimiser, TrainState
from maskgan_jax.tasks.update import update, with_batch_stats

OPTIMISERS = {"net": Optimiser(optax.adam(0.1), ("net",))}


def state() -> TrainState:
    params = {"net": {"w": jnp.array([1.0, 2.0])}, "other": {"w": jnp.array([3.0])}}
    moments = OPTIMISERS["net"].transformation.init({"net": params["net"]})
    return TrainState(jnp.int32(0), params, {}, {"net": moments}, {})


def loss(params, batch):
    """The mean of x * w; the batch can add what is not finite to the loss or only to its gradient."""
    w = params["net"]["w"]
    value = (batch["x"] * w).sum(-1).mean() + batch["to_loss"].sum()
    root = jnp.sqrt(jnp.where(batch["to_gradient"].sum() > 0, 0.0, 1.0) * w[0])  # sqrt(0): its gradient is infinite
    return value + root, ({"loss": value}, batch["x"][:, 0])


def batch(to_loss: float = 0.0, to_gradient: float = 0.0) -> dict:
    return {
        "x": jnp.array([[1.0, 2.0], [3.0, 6.0]]),
        "to_loss": jnp.full(2, to_loss),
        "to_gradient": jnp.full(2, to_gradient),
    }


@pytest.mark.parametrize("microbatches", [1, 2])
def test_an_update_is_optaxs_and_reports_the_norm_of_the_gradient(microbatches):
    before = state()

    updated = jax.jit(partial(update, OPTIMISERS, microbatches, name="net", loss=loss))(state=before, batch=batch())

    gradient = {"net": {"w": jnp.array([2.0 + 0.5, 4.0])}}
    updates, moments = OPTIMISERS["net"].transformation.update(gradient, before.opt_state["net"])
    np.testing.assert_allclose(updated.gradient_norm, np.hypot(2.5, 4.0), rtol=1e-6)
    np.testing.assert_allclose(updated.state.params["net"]["w"], before.params["net"]["w"] + updates["net"]["w"])
    jax.tree.map(np.testing.assert_allclose, updated.state.opt_state["net"], moments)
    np.testing.assert_array_equal(updated.state.params["other"]["w"], [3.0])
    np.testing.assert_array_equal(updated.rows, [1.0, 3.0])
    assert bool(updated.kept)


@pytest.mark.parametrize("bad", [{"to_loss": np.inf}, {"to_loss": np.nan}, {"to_gradient": 1.0}])
def test_an_update_that_is_not_finite_is_skipped(bad):
    before = state()

    updated = jax.jit(partial(update, OPTIMISERS, 1, name="net", loss=loss))(state=before, batch=batch(**bad))

    assert not bool(updated.kept)
    jax.tree.map(np.testing.assert_array_equal, updated.state, before)
    if "to_gradient" in bad:
        assert not np.isfinite(updated.gradient_norm)
        assert np.isfinite(updated.means["loss"])


@pytest.mark.parametrize("bad", [{}, {"to_gradient": 1.0}])
def test_running_statistics_move_only_with_their_update_and_others_stay(bad):
    before = state().replace(batch_stats={name: {"mean": jnp.zeros(1)} for name in ("net", "other")})

    @jax.jit
    def updated(batch):
        return with_batch_stats(update(OPTIMISERS, 1, before, "net", loss, batch), {"net": {"mean": jnp.ones(1)}})

    after = updated(batch(**bad)).state.batch_stats

    assert (after["net"]["mean"][0], after["other"]["mean"][0]) == (0 if bad else 1, 0)
