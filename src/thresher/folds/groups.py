"""What belongs together: the user's groups, joined with photos that are the same file, or nearly."""

import numpy as np
import pandas as pd


def join_groups(
    groups: pd.Series | None, content: np.ndarray, clusters: np.ndarray | None = None
) -> pd.Series | None:
    """One group for everything that is linked by a group name, by the same content or by a cluster.

    Args:
        groups: group of each row (N,), missing for none; or None.
        content: hash of each photo's bytes (N,), None where it is unknown.
        clusters: number of each row's cluster of near copies (N,), -1 for none; or None.

    Returns:
        group names (N,), missing where a row stands alone; None when all do.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows = len(content)
    same = pd.Series(content, dtype=object)
    same = same.where(same.duplicated(keep=False))
    near = pd.Series(-1 if clusters is None else clusters, index=same.index)
    near = near.where((near >= 0) & near.duplicated(keep=False))
    own = pd.Series(None, index=same.index, dtype=object) if groups is None else groups.reset_index(drop=True)
    edges = []
    offset = rows
    for key in (same, own, near):
        codes, names = pd.factorize(key)
        linked = np.flatnonzero(codes >= 0)
        edges.append(np.stack([linked, offset + codes[linked]]))
        offset += len(names)
    joined = np.concatenate(edges, axis=1)
    if joined.shape[1] == 0:
        return None
    matrix = coo_matrix((np.ones(joined.shape[1]), joined), shape=(offset, offset))
    component = pd.Series(connected_components(matrix, directed=False)[1][:rows])
    linked_rows = np.isin(np.arange(rows), joined[0])
    # Named after a member's own group where there is one, so that a person can read it.
    readable = own.astype(object).groupby(component).transform("first")
    readable = readable.where(readable.notna(), "copies-" + component.astype(str))
    return readable.where(linked_rows, None)
