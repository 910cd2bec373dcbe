"""A photo of any shape made square."""

from typing import Literal

import cv2
import numpy as np


def fit(photo: np.ndarray, size: int, how: Literal["squish", "crop"] = "squish") -> np.ndarray:
    """Makes a photo square.

    Args:
        photo: uint8 (H, W, 3).
        size: side of the result in pixels, >= 1.
        how: ``squish`` keeps the whole photo and changes its aspect; ``crop`` cuts out its centre.

    Returns:
        uint8 (size, size, 3), contiguous and writable, never a view of ``photo``.
    """
    if how == "crop":
        height, width = photo.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        photo = photo[top : top + side, left : left + side]
    elif how != "squish":
        raise ValueError(f"how = {how!r}: squish or crop")
    return resize(photo, size, size)


def resize(photo: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes a photo; each axis that shrinks is averaged over areas, each that grows is interpolated.

    OpenCV's area method is no average along an axis that grows, so a mixed change takes two steps.

    Args:
        photo: uint8 (H, W, 3).
        height: of the result in pixels.
        width: of the result in pixels.

    Returns:
        uint8 (height, width, 3), contiguous and writable, never a view of ``photo``.
    """
    smaller = (min(height, photo.shape[0]), min(width, photo.shape[1]))
    result = photo
    if smaller != result.shape[:2]:
        result = cv2.resize(result, (smaller[1], smaller[0]), interpolation=cv2.INTER_AREA)
    if (height, width) != result.shape[:2]:
        result = cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.array(result, order="C") if result is photo else result
