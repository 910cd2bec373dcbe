"""Left and right exchanged."""

import numpy as np

from thresher.inference.views.base import View


class HorizontalFlip(View):
    """Exchanges left and right."""

    def turn(self, square: np.ndarray) -> np.ndarray:
        """The mirrored square (S, S, 3)."""
        return square[:, ::-1]
