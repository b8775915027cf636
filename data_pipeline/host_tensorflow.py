"""TensorFlow and TFDS on the host's processor only, logging nothing but errors; import both from here."""

import logging
import os
from pathlib import Path

# For TensorFlow's C++ code, which reads it at its first import: 2 logs errors only.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# On processors with AVX-512 it would announce oneDNN at every level; nothing here computes with it.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging as absl_logging

# JAX uses the accelerator; TensorFlow would otherwise reserve most of its memory.
tf.config.set_visible_devices([], "GPU")
tf.get_logger().setLevel(logging.ERROR)

_TFDS_FOLDER = str(Path(tfds.__file__).parent) + os.sep


def _is_not_chatter_of_tfds(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR or not record.pathname.startswith(_TFDS_FOLDER)


# TFDS logs through absl's logger, as this project does.
absl_logging.get_absl_logger().addFilter(_is_not_chatter_of_tfds)

__all__ = ["tf", "tfds"]
