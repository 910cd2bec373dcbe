"""Power normalisation of pooled features: a square root that keeps the sign.

Pooled activations are bursty: a few large ones drown the rest. The square root evens them out (Perronnin et
al. 2010, "Improving the Fisher kernel"), which lifts a linear head on frozen features. The small shift keeps
the slope finite at zero, so that the same layer can be trained through.
"""

from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SHIFT = 0.01
Array = TypeVar("Array", np.ndarray, "Tensor")


def power(features: Array) -> Array:
    """``sign(x) (sqrt(|x| + s) - sqrt(s))`` of every number, for NumPy arrays and tensors of any shape."""
    if isinstance(features, np.ndarray):
        return cast(Array, np.sign(features) * (np.sqrt(np.abs(features) + SHIFT) - SHIFT**0.5))
    return cast(Array, features.sign() * ((features.abs() + SHIFT).sqrt() - SHIFT**0.5))
