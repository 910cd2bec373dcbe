"""The photos that look most alike, by the angle between their embeddings."""

import numpy as np

CELLS = 1 << 24
"""Similarities held at a time: 64 MiB."""


def nearest(
    embeddings: np.ndarray, k: int, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest neighbours of every photo by cosine similarity, the nearest first.

    Neither the photo itself nor a photo of its group is a neighbour. The work goes by blocks of rows: no
    (N, N) array is ever held.

    Args:
        embeddings: (N, D); rows of zeros (photos that cannot be read) are like nothing.
        k: how many, >= 1.
        groups: group code of each photo (N,), or None where each stands alone.

    Returns:
        indices (N, k), int64, and cosine similarities (N, k), float32, -1 .. 1. Where there are fewer than k
        neighbours, the rest has the index -1 and the similarity 0.
    """
    import torch

    photos = len(embeddings)
    indices = np.full((photos, k), -1, dtype=np.int64)
    similarity = np.zeros((photos, k), dtype=np.float32)
    found = min(k, photos - 1)
    if found < 1:
        return indices, similarity
    units = torch.from_numpy(normalised(embeddings))
    size = max(1, CELLS // photos)
    for start in range(0, photos, size):
        rows = np.arange(start, min(start + size, photos))
        block = units[start : start + size] @ units.T
        block[torch.arange(len(rows)), torch.from_numpy(rows)] = -torch.inf
        if groups is not None:
            block[torch.from_numpy(groups[rows, None] == groups[None, :])] = -torch.inf
        values, places = block.topk(found, dim=1)
        real = torch.isfinite(values).numpy()
        indices[rows, :found] = np.where(real, places.numpy(), -1)
        similarity[rows, :found] = np.where(real, values.numpy().clip(-1, 1), 0)
    return indices, similarity


def normalised(embeddings: np.ndarray) -> np.ndarray:
    """Rows (N, D) of length 1, float32; rows of zeros stay as they are."""
    rows = np.array(embeddings, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, length, out=rows, where=length > 0)
    return rows
