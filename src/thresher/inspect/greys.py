"""Grey photos, small and square, for what looks at all photos of a data set."""

from typing import Protocol

import numpy as np


class Photos(Protocol):
    """What gives photos by row: a `thresher.images.cache.PhotoCache`, or a list of arrays."""

    def __getitem__(self, row: int, /) -> np.ndarray:
        """The photo of a row, uint8 (H, W, 3)."""


def grey(photos: Photos, row: int) -> np.ndarray:
    """A photo in grey, uint8 (H, W)."""
    import cv2

    return cv2.cvtColor(photos[row], cv2.COLOR_RGB2GRAY)


def squeeze(photo: np.ndarray, side: int) -> np.ndarray:
    """A photo (H, W) or (H, W, 3) squeezed to a square of ``side`` pixels."""
    import cv2

    shrinks = min(photo.shape[:2]) >= side
    return cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
