"""A batch in microbatches gives the results of the whole: the mean of the means, the rows in their order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.tasks.microbatches import over_microbatches


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_gradient_of_a_mean_and_the_rows_are_those_of_the_whole(count):
    batch = {"x": jnp.arange(12.0).reshape(6, 2), "index": jnp.arange(6)}
    weights = jnp.array([2.0, -1.0])

    def differentiate(part):
        def loss(weights):
            outputs = part["x"] @ weights
            return jnp.square(outputs).mean(), outputs

        gradient, outputs = jax.grad(loss, has_aux=True)(weights)
        return {"gradient": gradient}, (outputs, part["index"])

    means, (outputs, index) = jax.jit(lambda batch: over_microbatches(differentiate, batch, count))(batch)
    x = np.asarray(batch["x"])
    np.testing.assert_allclose(means["gradient"], 2 * x.T @ (x @ [2, -1]) / 6, rtol=1e-6)
    np.testing.assert_allclose(outputs, x @ [2, -1], rtol=1e-6)
    np.testing.assert_array_equal(index, np.arange(6))
