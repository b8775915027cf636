"""TensorFlow as this project uses it: on the host's processor only, and quiet."""

import os

# TensorFlow reads it when it is first imported; 2 leaves its errors visible.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf
import tensorflow_datasets as tfds

# JAX owns the accelerator: TensorFlow would otherwise take most of its memory for itself.
tf.config.set_visible_devices([], "GPU")

__all__ = ["tf", "tfds"]
