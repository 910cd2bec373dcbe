"""All that can be said of a data set before anything is trained, in one piece."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from thresher.inspect.drift import Drift
from thresher.inspect.duplicates import Duplicate, copy_sets
from thresher.inspect.inspection import Inspection

if TYPE_CHECKING:
    from thresher.dataset.table import Dataset


@dataclass(frozen=True)
class Survey:
    """What was found in a data set.

    Attributes:
        dataset: with the status of its photos.
        inspection: classes, sizes, unreadable photos.
        facts: of each readable photo, see `thresher.inspect.photo_facts.photo_facts`.
        copies: see `thresher.inspect.clusters.cluster_table`.
        drifts: of pairs of sources, and of training and test photos; those that could be measured.
    """

    dataset: "Dataset"
    inspection: Inspection
    facts: pd.DataFrame
    copies: pd.DataFrame
    drifts: tuple[Drift, ...] = ()

    @cached_property
    def sets(self) -> tuple[Duplicate, ...]:
        """The sets of copies, exact and near."""
        return copy_sets(self.dataset, self.copies)

    def lines(self) -> list[str]:
        """The facts that a person should know, one sentence each."""
        return [*self.inspection.lines(), *near_lines(self.sets), *(one.sentence for one in self.drifts)]


def near_lines(sets: tuple[Duplicate, ...]) -> list[str]:
    """What near copies mean, worst first; of exact copies `Inspection.lines` speaks."""
    near = [one for one in sets if not one.exact]
    leak = sum(one.in_train_and_test for one in near)
    differ = sum(one.labels_differ for one in near)
    found = []
    if leak:
        stand = "photo stands" if leak == 1 else "photos stand"
        found.append(f"{leak:,} {stand} in the training part and in the test part as near copies.")
    if differ:
        carry = "photo carries" if differ == 1 else "photos carry"
        found.append(f"{differ:,} {carry} different labels on near copies.")
    if near:
        photos = sum(len(one.ids) for one in near)
        sets_ = "set" if len(near) == 1 else "sets"
        found.append(f"{photos:,} photos are near copies of each other, in {len(near):,} {sets_}.")
    return found
