"""A picture of a face and its label map, from geometry and style."""

import numpy as np
from jaxtyping import UInt8

from data_pipeline.synthetic_faces import accessories, backdrop, features, hair, skin
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.scene import scene
from data_pipeline.synthetic_faces.style import Style

MIN_SIZE, MAX_SIZE, SIZE_STEP = 32, 512, 16


def check_size(size: int) -> None:
    """Refuses sizes that can't be rendered.

    Raises:
      ValueError: `size` is no multiple of 16 from 32 to 512.
    """
    if size % SIZE_STEP or not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be a multiple of {SIZE_STEP} from {MIN_SIZE} to {MAX_SIZE}, got {size}")


def render(geometry: Geometry, style: Style, size: int) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
    """Paints a face; the same arguments always give the same arrays.

    Args:
      geometry: where everything is; it alone decides the label map.
      style: how everything looks.
      size: height and width in pixels, a multiple of 16 from 32 to 512; a face is the same picture at every size.

    Returns:
      The RGB image, uint8 (size, size, 3), and its label map, uint8 (size, size) in 0..18: what is on top
      at each pixel.

    Raises:
      ValueError: a size that can't be rendered.
    """
    check_size(size)
    stage = scene(geometry, style, size)
    ears_out = not geometry.hair.over_ears
    backdrop.paint_background(stage)
    locks = hair.grow(stage)
    if locks:
        hair.paint_back_hair(stage, locks)
    backdrop.paint_neck(stage)
    accessories.paint_necklace(stage)
    backdrop.paint_clothes(stage)
    if not ears_out:
        skin.paint_ears(stage)
    skin.paint_face(stage)
    accessories.paint_glasses(stage)
    features.paint_eyes(stage)
    features.paint_brows(stage)
    features.paint_mouth(stage)
    if locks:
        hair.paint_front_hair(stage, locks)
    if ears_out:
        skin.paint_ears(stage)
    accessories.paint_hat(stage)
    accessories.paint_earrings(stage)
    return stage.canvas.picture(), stage.canvas.labels
