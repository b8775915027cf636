"""The type that `config.dtype` names."""

import jax.numpy as jnp
import pytest

from data_pipeline.errors import UserError
from maskgan_jax.tasks.dtype import computation_dtype


def test_auto_is_half_precision_where_that_is_fast():
    found = {platform: computation_dtype("auto", platform) for platform in ("cpu", "gpu", "tpu")}
    assert found == {"cpu": jnp.float32, "gpu": jnp.bfloat16, "tpu": jnp.bfloat16}


def test_a_type_that_is_named_is_taken_anywhere():
    assert computation_dtype("float32", "tpu") == jnp.float32
    assert computation_dtype("bfloat16", "cpu") == jnp.bfloat16


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"config\.dtype: 'half' is not one of auto, float32, bfloat16, float64"):
        computation_dtype("half")
