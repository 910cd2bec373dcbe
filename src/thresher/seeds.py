"""Every random number of the project comes from here: a seed for each purpose, derived and never shared.

``derive(seed, "augment", epoch, index)`` does not depend on what was drawn before it, so neither the number
of workers nor a restart in mid-epoch changes what a photo sees.
"""

import hashlib

import numpy as np


def derive(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose.

    Args:
        seed: the seed of the recipe.
        purpose: words and counters that name the use, such as ``("augment", epoch, index)``.
    """
    text = "/".join([str(int(seed)), *(str(part) for part in purpose)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.default_rng(derive(seed, *purpose))


def seed_torch(seed: int, *purpose: str | int) -> None:
    """Seeds PyTorch's global generators (weights, dropout) for one purpose."""
    import torch

    torch.manual_seed(derive(seed, *purpose))
