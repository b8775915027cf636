"""MaskGAN in JAX and Flax: paint on the mask of a face, get the edited photo (Lee et al., CVPR 2020)."""

import os

# Of XLA's and TensorFlow's own log only errors; read when they are first imported, JAX's default includes warnings.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
