"""Prints which of the packages that a bare machine lacks are imported by the benchmark."""

import sys

import maskgan_jax.benchmark  # noqa: F401

if __name__ == "__main__":
    print([name for name in ("tensorflow", "clu", "orbax", "torch") if name in sys.modules])
