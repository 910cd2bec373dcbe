"""What every fixed view is."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

Scale = Annotated[float, Field(ge=0.1, le=4)]
"""Side of a view as a multiple of the model's image size."""

Fit = Literal["squish", "crop"]
"""How a photo becomes square: the whole photo squeezed, or its centre cut out."""


class View:
    """A fixed way to show a photo: cut, fitted to a square, turned. Subclasses say how to cut or turn."""

    def __init__(self, *, scale: Scale = 1.0) -> None:
        """Sets the size.

        Args:
            scale: side of the view as a multiple of the model's image size, 0.1..4.
        """
        self.scale = scale

    def size(self, image_size: int) -> int:
        """The side of this view in pixels, for a model's image size; even where it is scaled."""
        return image_size if self.scale == 1 else max(2, 2 * round(image_size * self.scale / 2))

    def __call__(self, photo: np.ndarray, size: int, how: Fit) -> np.ndarray:
        """One photo as this view shows it.

        Args:
            photo: uint8 (H, W, 3).
            size: side S in pixels, as `size` gave it.
            how: how a photo becomes square, ``squish`` or ``crop``.

        Returns:
            uint8 (S, S, 3), contiguous.
        """
        from thresher.images.fit import fit  # OpenCV: not needed to name or check a view

        return np.ascontiguousarray(self.turn(fit(self.cut(photo), size, how)))

    def cut(self, photo: np.ndarray) -> np.ndarray:
        """The part of the photo (H, W, 3) that is shown; default: all of it."""
        return photo

    def turn(self, square: np.ndarray) -> np.ndarray:
        """The fitted square (S, S, 3), flipped or turned; default: as it is."""
        return square
