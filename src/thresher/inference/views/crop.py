"""The centre of a photo."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.inference.views.base import Scale, View


class CentreCrop(View):
    """Cuts away the border, so that the centre is seen larger."""

    def __init__(self, *, scale: Scale = 1.0, fraction: Annotated[float, Field(gt=0, le=1)] = 0.875) -> None:
        """Sets size and cut.

        Args:
            scale: side of the view as a multiple of the model's image size, 0.1..4.
            fraction: share of each side that is kept, above 0 up to 1.
        """
        super().__init__(scale=scale)
        self.fraction = fraction

    def cut(self, photo: np.ndarray) -> np.ndarray:
        """The centre of the photo, at least one pixel."""
        height, width = (max(1, round(side * self.fraction)) for side in photo.shape[:2])
        top, left = (photo.shape[0] - height) // 2, (photo.shape[1] - width) // 2
        return photo[top : top + height, left : left + width]
