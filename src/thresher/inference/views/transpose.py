"""Mirrored at the main diagonal."""

import numpy as np

from thresher.inference.views.base import View


class Transpose(View):
    """Exchanges rows and columns: with the flips and turns, the eight symmetries of a square."""

    def turn(self, square: np.ndarray) -> np.ndarray:
        """The transposed square (S, S, 3)."""
        return square.swapaxes(0, 1)
