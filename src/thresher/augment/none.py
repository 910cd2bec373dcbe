"""No augmentation."""

import numpy as np

from thresher.augment.base import Policy
from thresher.images.fit import fit


class NoAugment(Policy):
    """The whole photo squeezed to a square: what fixed views see by default."""

    def __call__(self, photo: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """See `Policy`."""
        return fit(photo, size, "squish")
