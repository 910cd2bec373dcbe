"""Validation on one source."""

import numpy as np

from thresher.errors import DataError, RecipeError
from thresher.folds.base import Labelled, Splitter, inner_rule
from thresher.recipe.part import part
from thresher.registry import nearest


class OneSource(Splitter):
    """Only the photos of one source are scored; those of the others are trained on by all models.

    S18 trains on two data sets and validates on the one that the test photos come from. A photo of that
    source which belongs together with one of another source is trained on, too: scored, it would have been
    seen.

    Args:
        source: as the column data.source names it.
        rule: how the photos of that source are dealt.
        near_duplicates, report_leak: see `Splitter`.
    """

    def __init__(
        self,
        *,
        source: str,
        rule: part("folds") = {"name": "stratified"},  # type: ignore[valid-type]  # noqa: B006
        near_duplicates: bool = True,
        report_leak: bool = False,
    ) -> None:
        super().__init__(near_duplicates=near_duplicates, report_leak=report_leak)
        if rule["name"] in ("one_source", "given"):
            raise RecipeError(f"folds 'one_source': the rule {rule['name']!r} does not go with it")
        self.source = source
        self.rule = inner_rule("one_source", rule)

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Fold of each photo, int64, -1 for other sources; as many columns as the rule has.

        Raises:
            DataError: no such source; names the nearest; or of the rule.
        """
        if photos.sources is None:
            raise DataError("folds: one_source needs a column that says where photos come from (data.source)")
        own = photos.sources == self.source
        if not own.any():
            there = {str(source) for source in photos.sources if source is not None}
            raise DataError(
                f"folds: no labelled photo has the source {self.source!r}{nearest(self.source, there)}"
            )
        if photos.groups is not None:
            own &= ~photos.groups.isin(photos.groups[~own].dropna()).to_numpy()
            if not own.any():
                raise DataError(
                    f"folds: every photo of {self.source!r} belongs together with one of another source, "
                    "so none could be scored"
                )
        rows = np.flatnonzero(own)
        dealt = self.rule.deal(photos.take(rows), seed)
        folds = np.full((len(photos), *dealt.shape[1:]), -1, dtype=np.int64)
        folds[rows] = dealt
        return folds
