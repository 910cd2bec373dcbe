"""Top and bottom exchanged."""

import numpy as np

from thresher.inference.views.base import View


class VerticalFlip(View):
    """Exchanges top and bottom: for photos without an up, such as leaves, cells and the ground from above."""

    def turn(self, square: np.ndarray) -> np.ndarray:
        """The mirrored square (S, S, 3)."""
        return square[::-1]
