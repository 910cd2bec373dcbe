"""Stratified folds that keep groups together."""

from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from thresher.errors import DataError
from thresher.seeds import generator

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Stratified:
    """k folds in which every class has its share; photos of one group always share a fold.

    Groups are dealt, those with the most uneven class counts first, each to the fold where the class counts
    stay most even (the greedy rule of scikit-learn's StratifiedGroupKFold); a row without a group is a group
    of its own. Ties are broken by the seed. A class with fewer photos than folds is simply absent from some.

    Args:
        n: number of folds, >= 2.
    """

    def __init__(self, *, n: Annotated[int, Field(ge=2)] = 5) -> None:
        self.n = n

    def split(self, ids: np.ndarray, targets: np.ndarray, groups: pd.Series | None, seed: int) -> np.ndarray:
        """Fold of each labelled row (N,), int64, in [0, n).

        Args:
            ids: image ids (N,).
            targets: class index (N,), >= 0.
            groups: group per row, missing for none; or None.
            seed: the recipe's seed.

        Raises:
            DataError: fewer groups (or photos) than folds.
        """
        rows = len(targets)
        codes = np.arange(rows)
        if groups is not None and groups.notna().any():
            own = pd.Series([f"\0{index}" for index in range(rows)], index=groups.index)
            codes = pd.factorize(groups.astype("string").where(groups.notna(), own))[0]
        count = int(codes.max()) + 1 if rows else 0
        if count < self.n:
            raise DataError(
                f"{count} {'photos' if groups is None else 'groups'} cannot fill {self.n} folds; "
                f"set folds.n to {max(count, 2)} or less"
            )
        if count == rows:
            return self._deal_photos(targets, seed)
        from scipy.sparse import csr_array

        return self._deal_groups(csr_array((np.ones(rows), (codes, targets))), seed)[codes]

    def _deal_photos(self, targets: np.ndarray, seed: int) -> np.ndarray:
        """Without groups: shuffle each class and deal it round, going on where the last class ended."""
        rng = generator(seed, "folds")
        order = rng.permutation(len(targets))
        order = order[np.argsort(targets[order], kind="stable")]
        folds = np.empty(len(targets), dtype=np.int64)
        folds[order] = np.arange(len(targets)) % self.n
        return folds

    def _deal_groups(self, table: "csr_array", seed: int) -> np.ndarray:
        """Fold per group from the (groups, classes) table of counts, most of which are 0."""
        groups, classes = table.shape
        order = generator(seed, "folds").permutation(groups)
        spread = [table[start : start + 1000].toarray().std(axis=1) for start in range(0, groups, 1000)]
        order = order[np.argsort(-np.concatenate(spread)[order], kind="stable")]
        total = np.maximum(table.sum(axis=0), 1)
        filled = np.zeros((self.n, classes))
        sizes = np.zeros(self.n)
        folds = np.empty(groups, dtype=np.int64)
        for group in order:
            part = slice(table.indptr[group], table.indptr[group + 1])
            held, counts = table.indices[part], table.data[part]
            share = counts / total[held]
            # The spread over the folds of the classes that the group holds (the others stay as they are) if
            # it went to each fold in turn: (n, n, held).
            trial = filled[:, held] + np.eye(self.n)[:, :, None] * share
            change = (trial.std(axis=1) - filled[:, held].std(axis=0)).sum(axis=1) / classes
            best = np.lexsort((sizes, np.round(change, 12)))[0]
            filled[best, held] += share
            sizes[best] += counts.sum()
            folds[group] = best
        return folds
