"""The eight ways to lay a photo down: as it is, mirrored, and each of these turned by quarter turns."""

from typing import NamedTuple

import numpy as np


class Turn(NamedTuple):
    """Rows and columns exchanged or not, then top and bottom, then left and right."""

    transpose: bool
    upside_down: bool
    mirror: bool

    def __call__(self, squares: np.ndarray) -> np.ndarray:
        """Squares (..., S, S) laid down so; a view."""
        turned = squares.swapaxes(-1, -2) if self.transpose else squares
        turned = turned[..., ::-1, :] if self.upside_down else turned
        return turned[..., ::-1] if self.mirror else turned

    def of_spectrum(self, coefficients: np.ndarray) -> np.ndarray:
        """The cosine coefficients (..., F, F) of a square laid down so, from those of the square itself.

        A mirrored signal has the same coefficients with every odd one negated.
        """
        turned = coefficients.swapaxes(-1, -2) if self.transpose else coefficients
        sign = np.where(np.arange(coefficients.shape[-1]) % 2, -1.0, 1.0)
        turned = turned * sign[:, None] if self.upside_down else turned
        return turned * sign if self.mirror else turned


TURNS = tuple(
    Turn(transpose, upside_down, mirror)
    for transpose in (False, True)
    for upside_down in (False, True)
    for mirror in (False, True)
)
"""The first leaves a photo as it is."""
