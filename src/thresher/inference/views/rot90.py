"""Quarter turns."""

from typing import Literal

import numpy as np

from thresher.inference.views.base import Scale, View


class Rotation(View):
    """Turns the photo anticlockwise by quarter turns."""

    def __init__(self, *, scale: Scale = 1.0, turns: Literal[1, 2, 3] = 1) -> None:
        """Sets size and angle.

        Args:
            scale: side of the view as a multiple of the model's image size, 0.1..4.
            turns: quarter turns, 1..3.
        """
        super().__init__(scale=scale)
        self.turns = turns

    def turn(self, square: np.ndarray) -> np.ndarray:
        """The turned square (S, S, 3)."""
        return np.rot90(square, self.turns)
