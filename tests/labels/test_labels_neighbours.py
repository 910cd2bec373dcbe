"""Neighbours against scikit-learn and a loop; block by block, with groups, with photos like nothing."""

import numpy as np
import pytest

from thresher.labels import neighbours
from thresher.labels.neighbours import nearest


def made(photos=90, width=12, seed=0):
    return np.random.default_rng(seed).normal(size=(photos, width)).astype(np.float32)


@pytest.mark.parametrize("cells", [1 << 24, 90 * 7, 1])
def test_as_scikit_learn_finds_them_whatever_the_blocks(monkeypatch, cells):
    from sklearn.neighbors import NearestNeighbors

    monkeypatch.setattr(neighbours, "CELLS", cells)
    points = made()
    distance, index = NearestNeighbors(n_neighbors=9, metric="cosine").fit(points).kneighbors()
    indices, similarity = nearest(7 * points, 9)
    assert np.array_equal(indices, index)
    np.testing.assert_allclose(similarity, 1 - distance, atol=1e-6)
    assert (indices.dtype, similarity.dtype) == (np.int64, np.float32)


def test_photos_of_a_group_are_no_neighbours():
    points, groups = made(), np.arange(90) % 4
    indices, similarity = nearest(points, 90, groups)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    for row in range(90):
        others = np.flatnonzero(groups != groups[row])
        order = others[np.argsort(-(unit[others] @ unit[row]), kind="stable")]
        assert indices[row, : len(order)].tolist() == order.tolist()
        assert (indices[row, len(order) :] == -1).all()
        assert (similarity[row, len(order) :] == 0).all()
    assert indices.shape == similarity.shape == (90, 90)


def test_few_photos_and_none():
    for photos in (0, 1):
        indices, similarity = nearest(made(photos), 3)
        assert indices.tolist() == [[-1] * 3] * photos
        assert similarity.tolist() == [[0] * 3] * photos
    indices, _ = nearest(made(2), 3)
    assert indices.tolist() == [[1, -1, -1], [0, -1, -1]]


def test_a_row_of_zeros_is_like_nothing_and_stays_finite():
    points = made()
    points[5] = 0
    indices, similarity = nearest(points, 20)
    assert np.isfinite(similarity).all()
    assert (similarity[5] == 0).all()
    near = similarity[:, :3] > 0.1
    assert not (indices[:, :3] == 5)[near].any()


def test_no_array_of_all_pairs_is_held(monkeypatch):
    """The largest block has the cells that it may have."""
    import torch

    sizes = []
    topk = torch.Tensor.topk
    monkeypatch.setattr(neighbours, "CELLS", 1000)
    monkeypatch.setattr(
        torch.Tensor, "topk", lambda self, *a, **k: (sizes.append(self.numel()), topk(self, *a, **k))[1]
    )
    nearest(made(300), 4)
    assert max(sizes) <= 1000
    assert sum(sizes) == 300 * 300
