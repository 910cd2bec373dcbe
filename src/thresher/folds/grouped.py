"""Folds of whole groups, for recipes that rely on there being groups."""

import numpy as np

from thresher.errors import DataError
from thresher.folds.base import Labelled
from thresher.folds.kfold import KFold
from thresher.folds.stratified import Stratified


def demand_groups(photos: Labelled) -> None:
    """Makes sure that something belongs together, apart from copies of a photo.

    Raises:
        DataError: nothing does.
    """
    if not photos.named or photos.groups is None or photos.groups.isna().all():
        raise DataError(
            "folds: no photos belong together; name their column in data.group, or use another rule"
        )


class Group(KFold):
    """k folds of equal size made of whole groups: `kfold` where groups are a must.

    Args:
        n: number of folds, >= 2.
    """

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """See `Splitter`; without groups this is an error."""
        demand_groups(photos)
        return super().deal(photos, seed)


class StratifiedGroup(Stratified):
    """k folds made of whole groups in which every class has its share: `stratified` where groups are a must.

    Args:
        n: number of folds, >= 2.
    """

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """See `Splitter`; without groups this is an error."""
        demand_groups(photos)
        return super().deal(photos, seed)
