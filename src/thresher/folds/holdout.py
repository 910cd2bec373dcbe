"""One part held out."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.errors import DataError
from thresher.folds.base import Labelled, Splitter
from thresher.folds.dealing import count_table, deal_groups, group_codes
from thresher.seeds import generator


class Holdout(Splitter):
    """A share of the photos is fold 0, the rest is trained on and never scored; groups stay whole.

    Without groups every class is within one photo of its share, and keeps at least one photo to learn from.

    Args:
        share: of the photos that are held out.
        stratified: hold out the same share of every class.
        near_duplicates, report_leak: see `Splitter`.
    """

    def __init__(
        self,
        *,
        share: Annotated[float, Field(gt=0, lt=1)] = 0.2,
        stratified: bool = True,
        near_duplicates: bool = True,
        report_leak: bool = False,
    ) -> None:
        super().__init__(near_duplicates=near_duplicates, report_leak=report_leak)
        self.share, self.stratified = share, stratified

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Fold of each photo (N,), int64, 0 or -1; see `Splitter`.

        Raises:
            DataError: nothing would be held out, or nothing would be left to train on.
        """
        rng = generator(seed, "folds")
        targets = photos.targets if self.stratified else np.zeros(len(photos), dtype=np.int64)
        codes = group_codes(photos.groups, len(photos))
        count = int(codes.max()) + 1 if len(codes) else 0
        if count == len(photos):
            held = self._photos(targets, rng)
        elif count < 2:
            held = np.zeros(len(photos), dtype=bool)
        else:
            held = self._groups(codes, targets, rng)[codes]
        if not held.any() or held.all():
            raise DataError(
                f"{count} {'photos' if photos.groups is None else 'groups'} cannot be parted with the share "
                f"{self.share:g} held out; raise folds.share or choose another rule"
            )
        return np.where(held, 0, -1).astype(np.int64)

    def _photos(self, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Which photos are held out (N,), bool: each class's share rounded down, then the largest rests."""
        counts = np.bincount(targets)
        exact = np.round(counts * self.share, 9)
        quota = np.floor(exact).astype(np.int64)
        rest = np.where(quota + 1 < counts, exact - quota, -1)
        order = rng.permutation(len(counts))
        order = order[np.argsort(-rest[order], kind="stable")]
        missing = max(0, round(len(targets) * self.share) - int(quota.sum()))
        quota[[number for number in order[:missing] if rest[number] > 0]] += 1
        held = np.zeros(len(targets), dtype=bool)
        for number in np.flatnonzero(quota):
            held[rng.choice(np.flatnonzero(targets == number), quota[number], replace=False)] = True
        return held

    def _groups(self, codes: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Which groups are held out (groups,), bool; at least the smallest.

        Classes of few groups are dealt to the larger side, so the smaller one is filled up in the end; every
        class keeps a group to learn from then.
        """
        table = count_table(codes, targets)
        sizes = table.sum(axis=1)
        held: np.ndarray = deal_groups(table, np.array([self.share, 1 - self.share]), rng) == 0
        missing = round(len(codes) * self.share) - int(sizes[held].sum())
        learned = (table[~held] > 0).sum(axis=0)
        for group in rng.permutation(np.flatnonzero(~held)):
            classes = table.indices[table.indptr[group] : table.indptr[group + 1]]
            if sizes[group] <= missing and (learned[classes] > 1).all():
                held[group] = True
                missing -= int(sizes[group])
                learned[classes] -= 1
        if not held.any():
            held[np.argmin(sizes)] = True
        elif held.all():
            held[np.argmin(sizes)] = False
        return held
