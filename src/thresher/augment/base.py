"""What a policy is."""

import numpy as np


class Policy:
    """Makes one random training view; all randomness comes from the generator it is given."""

    def __call__(self, photo: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """One view.

        Args:
            photo: (H, W, 3), uint8; not written to, it lies in the shared cache.
            size: side of the result in pixels.
            rng: the generator of this photo in this epoch.

        Returns:
            (size, size, 3), uint8.
        """
        raise NotImplementedError
