"""Image ids of one table found in another, which may write them without extension or folder."""

import os
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

# How another table may write the id of a photo: as it is, without extension, without folder, without both.
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda name: os.path.splitext(name)[0],
    os.path.basename,
    lambda name: os.path.splitext(os.path.basename(name))[0],
)


def match_ids(known: Sequence[str] | np.ndarray, asked: Sequence[str] | np.ndarray) -> np.ndarray:
    """The row among ``known`` (M,) of each id of ``asked`` (N,), -1 where there is none.

    The first spelling of the known ids that keeps them apart and fits any asked id counts for all of them.
    """
    rows = np.full(len(asked), -1)
    for spelling in _SPELLINGS:
        index = pd.Index([spelling(name) for name in known], dtype=object)
        if index.is_unique:
            rows = index.get_indexer(pd.Index(asked, dtype=object))
            if (rows >= 0).any():
                break
    return rows
