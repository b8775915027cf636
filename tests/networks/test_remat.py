"""What `remat` keeps between the two passes, and that it changes no gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from maskgan_jax.networks.layers import GlobalGenerator


def gradient_of(remat: bool):
    network = GlobalGenerator((8, 16), 3, remat=remat)

    def loss(variables, x):
        return jnp.abs(network.apply(variables, x)).mean()

    return network, loss


@pytest.mark.slow
def test_less_is_kept_for_the_backward_pass_and_the_gradients_are_the_same():
    x = jax.random.normal(jax.random.key(1), (2, 32, 32, 3))
    kept, gradients = {}, {}
    for remat in (False, True):
        network, loss = gradient_of(remat)
        variables = jax.jit(network.init)(jax.random.key(0), x)
        _, backward = jax.eval_shape(lambda v, x, loss=loss: jax.vjp(loss, v, x), variables, x)
        kept[remat] = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(backward))
        gradients[remat] = jax.jit(jax.grad(loss))(variables, x)
    assert kept[True] < kept[False] / 2
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *gradients.values())
