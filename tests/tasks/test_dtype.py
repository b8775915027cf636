"""The type that `config.dtype` names."""

import jax.numpy as jnp
import pytest

from data_pipeline.errors import UserError
from maskgan_jax import tasks
from maskgan_jax.tasks.dtype import computation_dtype
from tests.tiny import CONFIGS, tiny_config


def test_a_known_type_is_taken():
    assert computation_dtype("bfloat16") == jnp.bfloat16


@pytest.mark.parametrize("task", CONFIGS)
def test_an_unknown_type_is_refused_with_the_known_ones(task):
    config = tiny_config(task)
    config.dtype = "half"
    with pytest.raises(UserError, match=r"config\.dtype: 'half' is not one of float32, bfloat16, float64"):
        tasks.make(config)
