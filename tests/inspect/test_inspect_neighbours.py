"""Photos that are nearer to each other than to their neighbourhoods, beside loops written out."""

import numpy as np
import pytest

from thresher.inspect.neighbours import neighbour_candidates


def brute(embeddings, most, margin):
    """Rank by rank, as the docstring says it."""
    count = len(embeddings)
    centred = embeddings - embeddings.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=1))
    similar = centred @ centred.T / np.outer(length, length)
    order = [
        sorted((k for k in range(count) if k != i), key=lambda k, i=i: -similar[i, k]) for i in range(count)
    ]
    level = [np.mean([similar[i, k] for k in order[i][4:14]]) if count > 14 else 0.0 for i in range(count)]
    return {
        (min(i, k), max(i, k))
        for i in range(count)
        for k in order[i][:most]
        if similar[i, k] >= max(level[i], level[k]) + margin
    }


def clustered(seed, count=90, width=12):
    """Dense and sparse neighbourhoods, some near pairs in each."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 3, (4, width))
    spread = np.array([0.5, 1, 2, 4])
    home = rng.integers(0, 4, count)
    points = centres[home] + rng.normal(0, 1, (count, width)) * spread[home][:, None]
    for one in range(0, 20, 2):
        points[one + 1] = points[one] + rng.normal(0, 0.1, width)
    return points.astype(np.float32)


@pytest.mark.parametrize("block", [1, 500, 10**7])
@pytest.mark.parametrize("seed", range(3))
def test_candidates_are_those_of_the_loops(monkeypatch, seed, block):
    monkeypatch.setattr("thresher.inspect.neighbours.BLOCK", block)
    embeddings = clustered(seed)
    for most, margin in ((10, 0.1), (2, 0.05), (14, 0.2)):
        first, second = neighbour_candidates(embeddings, most, margin)
        assert (first < second).all()
        found = set(zip(first.tolist(), second.tolist(), strict=True))
        assert len(found) == len(first)
        assert found == brute(embeddings.astype(np.float64), most, margin)
        assert len(found & {(one, one + 1) for one in range(0, 20, 2)}) >= 5


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 15, 16])
def test_few_photos(count):
    first, second = neighbour_candidates(clustered(5, 40)[:count])
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert found == (brute(clustered(5, 40)[:count].astype(np.float64), 10, 0.1) if count > 1 else set())


def test_equal_embeddings_are_no_trouble():
    first, second = neighbour_candidates(np.ones((20, 3), np.float32))
    assert len(first) == len(second) == 0  # nothing stands out
