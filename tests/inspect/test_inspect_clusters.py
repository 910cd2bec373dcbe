"""Clusters are the components of the graph of links, which is what DBSCAN with two points gives."""

import numpy as np
import pandas as pd
import pytest

from thresher.inspect.clusters import cluster_numbers, cluster_table, components


@pytest.mark.parametrize("seed", range(4))
def test_components_are_the_clusters_of_dbscan(seed):
    from sklearn.cluster import DBSCAN

    rng = np.random.default_rng(seed)
    count, eps = 80, 0.9
    points = rng.normal(0, 2, (count, 3))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    theirs = DBSCAN(eps=eps, min_samples=2, metric="precomputed").fit_predict(distance)
    pairs = [(i, k) for i in range(count) for k in range(i) if distance[i, k] <= eps]
    ours = components(count, pairs)
    sizes = np.bincount(ours)
    assert np.array_equal(sizes[ours] > 1, theirs >= 0)
    together = ours[:, None] == ours[None]
    for one in np.flatnonzero(theirs >= 0):
        assert np.array_equal(together[one], theirs == theirs[one])
    assert len(pairs) > 5


def test_components_are_numbered_by_their_first_rows():
    assert components(6, [(5, 2), (4, 1), (2, 3)]).tolist() == [0, 1, 2, 2, 1, 2]
    assert components(0, []).tolist() == []


def links(*rows):
    return pd.DataFrame(rows, columns=["first", "second", "kind", "distance", "agreement"])


def test_a_photo_is_listed_with_its_best_link():
    ids = np.array(list("abcdefg"), dtype=object)
    table = cluster_table(
        ids,
        links(
            (1, 4, "crop", 20, 0.9),
            (2, 6, "exact", 0, 1.0),
            (4, 5, "copy", 2, 0.95),
            (1, 5, "altered", 9, 0.7),
        ),
    )
    assert table.to_numpy().tolist() == [
        ["b", 0, "crop", "e", 20, 0.9],
        ["e", 0, "copy", "f", 2, 0.95],
        ["f", 0, "copy", "e", 2, 0.95],
        ["c", 1, "exact", "g", 0, 1.0],
        ["g", 1, "exact", "c", 0, 1.0],
    ]
    assert cluster_numbers(ids, table).tolist() == [-1, 0, 1, -1, 0, 0, 1]
    assert cluster_numbers(ids[::-1], table).tolist() == [1, 0, 0, -1, 1, 0, -1]


def test_without_copies():
    ids = np.array(["a", "b"], dtype=object)
    table = cluster_table(ids, links())
    assert len(table) == 0
    assert list(table) == ["image_id", "cluster", "kind", "of", "distance", "agreement"]
    assert cluster_numbers(ids, table).tolist() == [-1, -1]
