"""Stratified folds that keep groups together."""

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from thresher.errors import DataError
from thresher.seeds import generator


class Stratified:
    """k folds in which every class has its share; photos of one group always share a fold.

    Groups are dealt largest first, each to the fold where the class counts stay most even (the greedy rule of
    scikit-learn's StratifiedGroupKFold); a row without a group is a group of its own. Ties are broken by the seed.
    A class with fewer photos than folds is simply absent from some of them.

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
                f"{count} {'photos' if groups is None else 'groups'} cannot fill {self.n} folds; set folds.n to {max(count, 2)} or less"
            )
        classes = int(targets.max()) + 1
        table = np.zeros((count, classes))
        np.add.at(table, (codes, targets), 1)
        if count == rows:
            return self._deal_photos(targets, seed)
        return self._deal_groups(table, seed)[codes]

    def _deal_photos(self, targets: np.ndarray, seed: int) -> np.ndarray:
        """Without groups: shuffle each class and deal it round, going on where the last class ended."""
        rng = generator(seed, "folds")
        order = rng.permutation(len(targets))
        order = order[np.argsort(targets[order], kind="stable")]
        folds = np.empty(len(targets), dtype=np.int64)
        folds[order] = np.arange(len(targets)) % self.n
        return folds

    def _deal_groups(self, table: np.ndarray, seed: int) -> np.ndarray:
        """Fold per group from the (groups, classes) table of counts."""
        rng = generator(seed, "folds")
        order = rng.permutation(len(table))
        order = order[np.argsort(-table[order].std(axis=1), kind="stable")]
        share = table / np.maximum(table.sum(axis=0), 1)
        filled = np.zeros((self.n, table.shape[1]))
        sizes = np.zeros(self.n)
        folds = np.empty(len(table), dtype=np.int64)
        for group in order:
            # The spread of every class over the folds, if this group went to each of them in turn.
            spread = np.empty(self.n)
            for fold in range(self.n):
                filled[fold] += share[group]
                spread[fold] = filled.std(axis=0).mean()
                filled[fold] -= share[group]
            best = np.lexsort((sizes, np.round(spread, 12)))[0]
            filled[best] += share[group]
            sizes[best] += table[group].sum()
            folds[group] = best
        return folds
