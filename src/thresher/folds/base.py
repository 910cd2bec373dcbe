"""What a rule of folds is: the labelled photos in, the fold of each of them out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from thresher.errors import RecipeError
from thresher.recipe.part import build


@dataclass(frozen=True)
class Labelled:
    """What a rule may know of the labelled photos.

    Attributes:
        ids: image ids (N,).
        targets: class index of each (N,), >= 0.
        groups: what belongs together (N,), missing where a photo stands alone, with the index 0..N-1; None
            where nothing does.
        sources: where each photo comes from (N,), None where the table does not say; None where it never
            does.
        named: whether the table itself names groups, so that not copies alone belong together.
    """

    ids: np.ndarray
    targets: np.ndarray
    groups: pd.Series | None = None
    sources: np.ndarray | None = None
    named: bool = True

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> "Labelled":
        """Those at the given rows (M,)."""
        groups = None if self.groups is None else self.groups.iloc[rows].reset_index(drop=True)
        sources = None if self.sources is None else self.sources[rows]
        return Labelled(self.ids[rows], self.targets[rows], groups, sources, self.named)


class Splitter:
    """Deals photos to folds. A subclass writes `deal`.

    Attributes:
        near_duplicates: whether near copies of a photo are kept together; who deals puts them into the
            groups.
        report_leak: whether to measure what the score would be if they were not.
    """

    def __init__(self, *, near_duplicates: bool = True, report_leak: bool = False) -> None:
        """Sets what all rules have in common.

        Args:
            near_duplicates: keep near copies of a photo together, as exact copies always are.
            report_leak: also measure the score with folds that part them, on frozen features.

        Raises:
            RecipeError: there is no leak to report where near copies are not looked for.
        """
        if report_leak and not near_duplicates:
            raise RecipeError("folds: report_leak has no effect with near_duplicates: false")
        self.near_duplicates, self.report_leak = near_duplicates, report_leak

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Fold of each photo, int64: (N,), or (N, R) where every photo is dealt R times.

        A fold is held out by the models that are scored on it; the photos with -1 are trained on by all
        models and never scored. Where photos are dealt several times, no fold has a number twice.

        Args:
            photos: labelled photos.
            seed: the recipe's seed.

        Raises:
            DataError: the photos cannot be dealt in this way.
        """
        raise NotImplementedError


def inner_rule(owner: str, spec: dict[str, Any]) -> Splitter:
    """The rule within another one.

    Args:
        owner: name of the outer rule.
        spec: a validated mapping with ``name`` and settings.

    Raises:
        RecipeError: it has settings that only the outer rule can follow.
    """
    rule: Splitter = build("folds", spec)
    if not rule.near_duplicates or rule.report_leak:
        raise RecipeError(
            f"folds {owner!r}: near_duplicates and report_leak have no effect within another rule: "
            "give them to the outer one"
        )
    return rule
