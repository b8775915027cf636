"""The networks that judge photos: attribute classifier, face parser, Inception-v3, IResNet."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt8

from data_pipeline.errors import UserError
from maskgan_jax.evaluation.networks import checksum, on_all_devices
from maskgan_jax.inference.models import load_model
from maskgan_jax.interop import insightface, weights
from maskgan_jax.networks import inception_v3
from maskgan_jax.photos import arcface
from maskgan_jax.photos.alignment import central_square, crop
from maskgan_jax.photos.scaling import scale_mask, scale_photo
from maskgan_jax.tasks.pixels import to_image
from maskgan_jax.tasks.task import Network, Variables

Photos = UInt8[np.ndarray, "b n n 3"]


class AttributeClassifier(NamedTuple):
    """Says which attributes photos show.

    Attributes:
      names: of the attributes that it knows.
      classify: photos to whether each attribute is present, bool (b, attributes), and the features that this is judged
        by, float32 (b, k).
      checksum: of its weights.
    """

    names: tuple[str, ...]
    classify: Callable[[Photos], tuple[Bool[np.ndarray, "b j"], Float[np.ndarray, "b k"]]]
    checksum: str


class FaceParser(NamedTuple):
    """Labels the pixels of photos.

    Attributes:
      accuracy: photos and masks to the share of pixels whose label is the mask's, float64 (b,).
      checksum: of its weights.
    """

    accuracy: Callable[[Photos, UInt8[np.ndarray, "b m m"]], Float[np.ndarray, " b"]]
    checksum: str


class Inception(NamedTuple):
    """Encodes photos for FID and KID.

    Attributes:
      encode: photos to features, float32 (b, 2048).
      checksum: of its weights.
    """

    encode: Callable[[Photos], Float[np.ndarray, "b k"]]
    checksum: str


class Identity(NamedTuple):
    """Tells people apart.

    Attributes:
      embed: photos, and the label maps that they are aligned by, to vectors of length 1, float32 (b, 512): the greater
        the cosine of two, the more they look like one person. NaN where a label map shows too little of a face.
      checksum: of its weights.
    """

    embed: Callable[[Photos, UInt8[np.ndarray, "b n n"]], Float[np.ndarray, "b 512"]]
    checksum: str


class Judges(NamedTuple):
    """The judges that are there, by their names in the config."""

    attribute_classifier: AttributeClassifier | None = None
    face_parser: FaceParser | None = None
    inception: Inception | None = None
    identity: Identity | None = None


def load_attribute_classifier(folder: Path, option: str) -> AttributeClassifier:
    """Load a run of `configs/attribute_classifier.py`; for arguments and errors see `load_model`.

    Photos are scaled to its size.
    """
    model = load_model(folder, ("classify", "encode_photo"), option)
    logits, features = (model.task.inference[name].function for name in ("classify", "encode_photo"))
    both = on_all_devices(lambda *inputs: (logits(*inputs) > 0, features(*inputs)), model.variables)  # XLA shares them

    def classify(photos: Photos) -> tuple[Bool[np.ndarray, "b j"], Float[np.ndarray, "b k"]]:
        return both(np.stack([scale_photo(photo, model.size) for photo in photos]))

    return AttributeClassifier(tuple(model.config.attributes), classify, checksum(model.variables))


def load_face_parser(folder: Path, option: str) -> FaceParser:
    """Load a run of `configs/face_parser.py`, or imported weights; for arguments and errors see `load_model`.

    Photos are scaled to its size, and masks by nearest neighbour.
    """
    model = load_model(folder, ("parse",), option)
    parse = on_all_devices(model.task.inference["parse"].function, model.variables)

    def accuracy(photos: Photos, masks: UInt8[np.ndarray, "b m m"]) -> Float[np.ndarray, " b"]:
        parsed = parse(np.stack([scale_photo(photo, model.size) for photo in photos]))
        return (parsed == np.stack([scale_mask(mask, model.size) for mask in masks])).mean((1, 2))

    return FaceParser(accuracy, checksum(model.variables))


def load_inception(file: Path, option: str) -> Inception:
    """Load pytorch-fid's `pt_inception-2015-12-05-6726825d.pth`.

    Raises:
      UserError: no file there, or not this network's weights.
    """
    if not file.is_file():
        raise UserError(f"{option}: {file}: no file; give pytorch-fid's pt_inception-2015-12-05-6726825d.pth")
    network = inception_v3.InceptionV3()
    image = jax.ShapeDtypeStruct((1, inception_v3.SIZE, inception_v3.SIZE, 3), jnp.float32)
    described = Network(network, (image,), entry_names="maskgan_jax.interop.pytorch_fid:inception_v3")
    variables = weights.read_variables(file, "inception_v3", described)
    encode = on_all_devices(lambda variables, photos: network.apply(variables, to_image(photos)), variables)
    return Inception(encode, checksum(variables))


def load_identity(file: Path, option: str) -> Identity:
    """Load insightface's `backbone.pth` of an IResNet-50 or -100 that was trained by ArcFace or another angular margin.

    Raises:
      UserError: no file there, or not such a network's weights.
    """
    if not file.is_file():
        raise UserError(f"{option}: {file}: no file; give insightface's backbone.pth of an IResNet-50 or -100")
    network = insightface.iresnet_in(file)
    image = jax.ShapeDtypeStruct((1, arcface.SIZE, arcface.SIZE, 3), jnp.float32)
    described = Network(network, (image,), entry_names="maskgan_jax.interop.insightface:iresnet")
    variables = weights.read_variables(file, "iresnet", described)

    def embed_crops(variables: Variables, crops: UInt8[Array, "b s s 3"]) -> Float[Array, "b 512"]:
        embeddings = network.apply(variables, to_image(crops))
        return embeddings / jnp.linalg.norm(embeddings, axis=-1, keepdims=True)

    embed_on_devices = on_all_devices(embed_crops, variables)

    def embed(photos: Photos, masks: UInt8[np.ndarray, "b n n"]) -> Float[np.ndarray, "b 512"]:
        squares = [arcface.arcface_square(mask) for mask in masks]
        crops = [
            crop(photo, square or central_square(photo), arcface.SIZE)
            for photo, square in zip(photos, squares, strict=True)
        ]
        unaligned = np.array([square is None for square in squares])
        return np.where(unaligned[:, None], np.nan, embed_on_devices(np.stack(crops)))

    return Identity(embed, checksum(variables))
