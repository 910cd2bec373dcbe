"""Photos whose content is the same, and what that does to a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from thresher.dataset.table import TEST, TRAIN, VALID

if TYPE_CHECKING:
    from thresher.dataset.table import Dataset


@dataclass(frozen=True)
class Duplicate:
    """Photos with equal content.

    Attributes:
        ids: their image ids, in data-set order; two or more.
        labels: the different labels among them, sorted; unlabelled photos add none.
        splits: the parts (train, valid, test) that they stand in, in that order.
        groups: how many groups they belong to, 0 where the data has none.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    groups: int

    @property
    def labels_differ(self) -> bool:
        """At least one of the labels is wrong."""
        return len(self.labels) > 1

    @property
    def in_train_and_test(self) -> bool:
        """The answer to a test photo can be looked up in training."""
        return TEST in self.splits and len(self.splits) > 1


def exact_duplicates(dataset: "Dataset", content: np.ndarray | Sequence[str | None]) -> tuple[Duplicate, ...]:
    """The sets of photos with one content.

    Args:
        dataset: N photos.
        content: hash of each photo's content (N,), None where it is unknown.

    Returns:
        sets in the order of their first photo.
    """
    frame = dataset.frame.assign(_content=np.asarray(content, dtype=object))
    frame = frame[frame["_content"].notna()]
    frame = frame[frame["_content"].duplicated(keep=False)]
    order = {TRAIN: 0, VALID: 1, TEST: 2}
    return tuple(
        Duplicate(
            ids=tuple(part["image_id"]),
            labels=tuple(sorted(part["label"].dropna().unique())),
            splits=tuple(sorted(part["split"].unique(), key=lambda split: order.get(split, 3))),
            groups=int(part["group"].nunique()),
        )
        for _, part in frame.groupby("_content", sort=False)
    )
