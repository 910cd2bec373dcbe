"""Stratified folds that keep groups together."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.errors import DataError
from thresher.folds.base import Labelled, Splitter
from thresher.folds.dealing import count_table, deal_groups, deal_photos, group_codes
from thresher.seeds import generator


class Stratified(Splitter):
    """k folds in which every class has its share; photos of one group always share a fold.

    Groups are dealt by the greedy rule of scikit-learn's StratifiedGroupKFold; a photo without a group is a
    group of its own. Ties are broken by the seed. A class with fewer photos than folds is simply absent from
    some.

    Args:
        n: number of folds, >= 2.
        near_duplicates, report_leak: see `Splitter`.
    """

    def __init__(
        self,
        *,
        n: Annotated[int, Field(ge=2)] = 5,
        near_duplicates: bool = True,
        report_leak: bool = False,
    ) -> None:
        super().__init__(near_duplicates=near_duplicates, report_leak=report_leak)
        self.n = n

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Fold of each photo (N,), int64, in [0, n); see `Splitter`.

        Raises:
            DataError: fewer groups (or photos) than folds.
        """
        codes = group_codes(photos.groups, len(photos))
        count = int(codes.max()) + 1 if len(codes) else 0
        if count < self.n:
            raise DataError(
                f"{count} {'photos' if photos.groups is None else 'groups'} cannot fill {self.n} folds; "
                f"set folds.n to {max(count, 2)} or less"
            )
        classes, rng = self.classes(photos), generator(seed, "folds")
        if count == len(photos):
            return deal_photos(classes, self.n, rng)
        folds: np.ndarray = deal_groups(count_table(codes, classes), np.ones(self.n), rng)[codes]
        return folds

    def classes(self, photos: Labelled) -> np.ndarray:
        """What is spread evenly over the folds (N,), int."""
        return photos.targets
