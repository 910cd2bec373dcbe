"""From pairs of copies to clusters: whatever is linked, in any number of steps.

DBSCAN with two photos as the least of a cluster (the source's way to find copies, on distances of embeddings
alone) gives just these: the components of the graph of near pairs. Here only pairs whose pixels agree are
near.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

KINDS = ("exact", "copy", "flipped", "crop", "altered")
"""The same bytes; resized, re-compressed or otherwise lit; mirrored or turned as well; a part of it; the same
with something changed in it, or photographed again."""
COLUMNS = ("image_id", "cluster", "kind", "of", "distance", "agreement")


def components(count: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """The component of each of ``count`` rows (N,), int, numbered in the order of their first rows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    matrix = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    found: np.ndarray = pd.factorize(connected_components(matrix, directed=False)[1])[0]
    return found.astype(np.int64)


def cluster_table(ids: np.ndarray, links: pd.DataFrame) -> pd.DataFrame:
    """One row per photo that has a copy.

    Args:
        ids: image ids of all rows (N,).
        links: pairs of rows, see `thresher.inspect.near_duplicates.find_links`.

    Returns:
        ``image_id``, ``cluster`` (numbered from 0 in the order of their first photos), and of the best link
        of the photo: ``kind``, ``of`` (the other's image id), ``distance`` (bits), ``agreement`` (-1..1). In
        the order of clusters, then of rows.
    """
    pairs = links[["first", "second"]].to_numpy(dtype=np.int64)
    both = pd.concat(
        [
            links.assign(row=pairs[:, 0], other=pairs[:, 1]),
            links.assign(row=pairs[:, 1], other=pairs[:, 0]),
        ],
        ignore_index=True,
    )
    best = both.sort_values(["row", "agreement", "other"], ascending=[True, False, True])
    best = best.drop_duplicates("row")
    rows = best["row"].to_numpy(dtype=np.int64)
    codes = pd.factorize(components(len(ids), map(tuple, pairs))[rows])[0]
    table = pd.DataFrame(
        {
            "image_id": ids[rows],
            "cluster": codes.astype(np.int64),
            "kind": best["kind"].to_numpy(dtype=object),
            "of": ids[best["other"].to_numpy(dtype=np.int64)],
            "distance": best["distance"].to_numpy(dtype=np.int64),
            "agreement": best["agreement"].to_numpy(dtype=np.float64),
        },
        columns=list(COLUMNS),
    )
    return table.iloc[np.argsort(codes, kind="stable")].reset_index(drop=True)


def cluster_numbers(ids: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    """The cluster of each photo (N,), int64, -1 for a photo without copies.

    Args:
        ids: image ids (N,).
        table: see `cluster_table`.
    """
    known = table.set_index("image_id")["cluster"]
    return known.reindex(ids).fillna(-1).to_numpy(dtype=np.int64)
