"""The image of a face and its label map, from geometry and style."""

import numpy as np
from jaxtyping import UInt8

from data_pipeline.synthetic_faces import accessories, backdrop, features, hair, skin
from data_pipeline.synthetic_faces.geometry import Geometry
from data_pipeline.synthetic_faces.scene import make_scene
from data_pipeline.synthetic_faces.style import Style

MIN_SIZE, MAX_SIZE, SIZE_STEP = 32, 512, 16


def check_size(size: int) -> None:
    """Check that a size can be rendered.

    Raises:
      ValueError: `size` is no multiple of 16 from 32 to 512.
    """
    if size % SIZE_STEP or not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be a multiple of {SIZE_STEP} from {MIN_SIZE} to {MAX_SIZE}, got {size}")


def render(geometry: Geometry, style: Style, size: int) -> tuple[UInt8[np.ndarray, "s s 3"], UInt8[np.ndarray, "s s"]]:
    """Render a face; the same arguments always give the same arrays.

    Args:
      geometry: shapes and their places; the label map depends on it alone.
      style: colours, light and texture.
      size: height and width in px, a multiple of 16 from 32 to 512; a face looks the same at every size.

    Returns:
      The RGB image, uint8 (size, size, 3), and its label map, uint8 (size, size) in 0..18: the
      topmost part at each pixel.

    Raises:
      ValueError: a size that can't be rendered.
    """
    check_size(size)
    scene = make_scene(geometry, style, size)
    ears_out = not geometry.hair.over_ears
    backdrop.paint_background(scene)
    locks = hair.make_locks(scene)
    if locks:
        hair.paint_back_hair(scene, locks)
    backdrop.paint_neck(scene)
    accessories.paint_necklace(scene)
    backdrop.paint_clothes(scene)
    if not ears_out:
        skin.paint_ears(scene)
    skin.paint_face(scene)
    accessories.paint_glasses(scene)
    features.paint_eyes(scene)
    features.paint_brows(scene)
    features.paint_mouth(scene)
    if locks:
        hair.paint_front_hair(scene, locks)
    if ears_out:
        skin.paint_ears(scene)
    accessories.paint_hat(scene)
    accessories.paint_earrings(scene)
    return scene.canvas.image(), scene.canvas.labels
