"""Checks every annotated shape and type of maskgan_jax while the tests run."""

from jaxtyping import install_import_hook

install_import_hook("maskgan_jax", "beartype.beartype")
