"""Which example is the reference of a target: any other one, or one that differs in an attribute."""

from collections.abc import Callable, Sequence

import numpy as np

from data_pipeline.celeba_attributes import columns_of
from data_pipeline.errors import UserError
from data_pipeline.host_tensorflow import tf
from data_pipeline.records import Examples, read_all

SampleReferences = Callable[[tf.Tensor, tf.Tensor, tf.Tensor | list[int]], dict[str, tf.Tensor]]
"""Targets, int64 (b,), their rows' numbers from the first batch's first row on, int64 (b,), and a seed to `reference`,
int64 (b,), and `differing_attribute`, int8 (b,), see `batch_entries`.
"""

ATTRIBUTES = ("attributes",)
"""What `differing_references` reads of every example, once: the whole records."""


def any_references(count: int) -> SampleReferences:
    """Return what samples another one of `count` examples for each target, all others being equally likely."""

    def sample(targets: tf.Tensor, numbers: tf.Tensor, seed: tf.Tensor | list[int]) -> dict[str, tf.Tensor]:
        nothing = tf.fill(tf.shape(numbers), tf.constant(-1, tf.int8))
        if count == 1:
            return {"reference": targets, "differing_attribute": nothing}
        distance = tf.random.stateless_uniform(tf.shape(targets), seed, 1, count, tf.int64, alg="philox")
        return {"reference": (targets + distance) % count, "differing_attribute": nothing}

    return sample


def differing_references(examples: Examples, names: Sequence[str], where: str) -> SampleReferences:
    """Return what samples for each target an example that differs from it in an attribute, all such equally likely.

    The attribute of row number r is the one at place r mod n of the n names. Where a target has it the reference lacks
    it, and where it lacks it the reference has it: of each pair, the one that has it is equally likely to be any
    example that does, and the other, drawn apart, any that doesn't.

    Args:
      examples: of the split.
      names: of the attributes.
      where: what names the data and the split, for the error.

    Raises:
      UserError: CelebA has no such attribute; it is unknown of an example; or all have it, or none has.
    """
    places = columns_of(names)
    values = read_all(examples, ATTRIBUTES)["attributes"][:, places]
    lacking = (values < 0).sum(0)
    for name, column, count in zip(names, values.T, lacking, strict=True):
        if not column.all():
            raise UserError(f"{where}: {name} is unknown of an example; add the file of attributes")
        if count in (0, examples.count):
            problem = "lacks" if count == 0 else "has"
            raise UserError(
                f"{where}: no example {problem} {name}, and pairs that differ in it need one; name another attribute "
                "or another part of the data"
            )
    lacking_first = tf.constant(np.argsort(values, axis=0, kind="stable"), tf.int64)
    has, lacking = tf.constant(values > 0), tf.constant(lacking, tf.int64)

    def sample(targets: tf.Tensor, numbers: tf.Tensor, seed: tf.Tensor | list[int]) -> dict[str, tf.Tensor]:
        attribute = numbers % len(places)
        target_has = tf.gather_nd(has, tf.stack([targets, attribute], axis=1))
        lacking_it = tf.gather(lacking, attribute)
        first = tf.where(target_has, tf.zeros_like(lacking_it), lacking_it)
        count = tf.where(target_has, lacking_it, examples.count - lacking_it)
        # From 0 to 2^63, of which a remainder of at most 2^32 makes no difference that could be seen.
        draw = tf.random.stateless_uniform(tf.shape(targets), seed, 0, tf.int64.max, tf.int64, alg="philox")
        place = tf.stack([first + draw % count, attribute], axis=1)
        return {
            "reference": tf.gather_nd(lacking_first, place),
            "differing_attribute": tf.gather(tf.constant(places, tf.int8), attribute),
        }

    return sample
