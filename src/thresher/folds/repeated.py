"""Folds dealt several times."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.errors import DataError, RecipeError
from thresher.folds.base import Labelled, Splitter, inner_rule
from thresher.recipe.part import part
from thresher.seeds import derive


class Repeated(Splitter):
    """The same rule with several seeds: each photo is scored once per repeat, and its scores are averaged.

    Args:
        repeats: how often.
        rule: how photos are dealt each time.
        near_duplicates, report_leak: see `Splitter`.
    """

    def __init__(
        self,
        *,
        repeats: Annotated[int, Field(ge=2)] = 3,
        rule: part("folds") = {"name": "stratified"},  # type: ignore[valid-type]  # noqa: B006
        near_duplicates: bool = True,
        report_leak: bool = False,
    ) -> None:
        super().__init__(near_duplicates=near_duplicates, report_leak=report_leak)
        if rule["name"] in ("repeated", "given"):
            raise RecipeError(f"folds 'repeated': the rule {rule['name']!r} cannot be repeated")
        self.repeats = repeats
        self.rule = inner_rule("repeated", rule)

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Folds of each photo (N, repeats), int64; every column has fold numbers of its own.

        The first column is what the rule alone gives.

        Raises:
            DataError: of the rule; or all repeats would be the same.
        """
        columns: list[np.ndarray] = []
        first = 0
        for repeat in range(self.repeats):
            folds = self.rule.deal(photos, derive(seed, "repeat", repeat) if repeat else seed)
            columns.append(np.where(folds >= 0, folds + first, -1))
            first = int(columns[-1].max()) + 1
        parted = [{tuple(np.flatnonzero(one == fold)) for fold in np.unique(one)} for one in columns]
        if all(one == parted[0] for one in parted):
            raise DataError("folds: these photos can be dealt in one way only, so repeats would be the same")
        return np.stack(columns, axis=1)
