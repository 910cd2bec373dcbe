"""A small part of a data set that still looks like it."""

from dataclasses import replace

import numpy as np

from thresher.dataset.table import Dataset
from thresher.seeds import generator

_LEAST = 2  # rows of a class that are kept where there is room: one to learn from, one to score


def limited(dataset: Dataset, limit: int) -> Dataset:
    """At most ``limit`` labelled rows, as many unlabelled ones and as many test rows, in their order.

    Labelled rows are drawn by class (and split) in proportion, at least two of each where the limit allows;
    those whose photo is missing are left out of the draw as long as there are others.
    """
    random = generator(0, "limit")
    there = dataset.usable
    splits = dataset.frame["split"].to_numpy(dtype=object)
    strata = np.array([f"{split}/{target}" for split, target in zip(splits, dataset.targets, strict=True)])
    parts = (dataset.labelled, ~dataset.labelled & ~dataset.is_test, dataset.is_test)
    kept = []
    for part, stratified in zip(parts, (True, False, False), strict=True):
        rows = np.flatnonzero(part & there) if (part & there).any() and stratified else np.flatnonzero(part)
        if len(rows) > limit:
            groups = (
                [rows[strata[rows] == name] for name in np.unique(strata[rows])] if stratified else [rows]
            )
            shares = allot(np.array([len(group) for group in groups]), limit)
            pairs = zip(groups, shares, strict=True)
            rows = np.concatenate([random.permutation(group)[:share] for group, share in pairs])
        kept.append(rows)
    rows = np.sort(np.concatenate(kept))
    if len(rows) == len(dataset):
        return dataset
    small = dataset.take(rows)
    return replace(
        small, notes=(*dataset.notes, f"data.limit: {len(rows):,} of {len(dataset):,} rows are used")
    )


def allot(counts: np.ndarray, total: int) -> np.ndarray:
    """Shares out ``total`` places among groups in proportion to their sizes, by largest remainders.

    Args:
        counts: group sizes (G,), each >= 1; their sum is larger than ``total``.
        total: places, >= 1.

    Returns:
        places (G,), none larger than its group; two for each group, else one, where ``total`` allows.
    """
    for least in (_LEAST, 1, 0):
        floor = np.minimum(counts, least)
        if floor.sum() <= total:
            break
    shares = np.zeros(len(counts), dtype=np.int64)
    free = np.ones(len(counts), dtype=bool)
    while True:  # groups that would fall below their floor get it; the others share what is left
        wish = np.where(free, (total - shares.sum()) * counts / counts[free].sum(), 0.0)
        low = free & (wish < floor)
        if not low.any():
            break
        shares[low] = floor[low]
        free &= ~low
    shares[free] = np.floor(wish[free] + 1e-9).astype(np.int64)
    order = np.argsort(np.where(free, shares - wish, np.inf), kind="stable")
    shares[order[: total - shares.sum()]] += 1
    return shares
