"""Photos that show the same, and what that does to a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thresher.dataset.table import TEST, TRAIN, VALID
from thresher.inspect.clusters import KINDS

if TYPE_CHECKING:
    from thresher.dataset.table import Dataset


@dataclass(frozen=True)
class Duplicate:
    """Photos with equal content, or copies of one photo in another way.

    Attributes:
        ids: their image ids, in data-set order; two or more.
        labels: the different labels among them, sorted; unlabelled photos add none.
        splits: the parts (train, valid, test) that they stand in, in that order.
        groups: how many groups they belong to, 0 where the data has none.
        kinds: in which ways they are copies, as `thresher.inspect.clusters.KINDS` says it.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    groups: int
    kinds: tuple[str, ...] = ("exact",)

    @property
    def exact(self) -> bool:
        """All have the same bytes."""
        return self.kinds == ("exact",)

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
    known = pd.Series(np.asarray(content, dtype=object), index=dataset.frame.index)
    return _sets(dataset.frame, known, {})


def copy_sets(dataset: "Dataset", table: pd.DataFrame) -> tuple[Duplicate, ...]:
    """The sets of copies, exact and near.

    Args:
        dataset: N photos.
        table: of clusters, see `thresher.inspect.clusters.cluster_table`.

    Returns:
        sets in the order of their first photo.
    """
    clusters = dataset.frame["image_id"].map(table.set_index("image_id")["cluster"])
    kinds = {
        number: tuple(kind for kind in KINDS if kind in set(part["kind"]))
        for number, part in table.groupby("cluster")
    }
    return _sets(dataset.frame, clusters, kinds)


def _sets(frame: pd.DataFrame, key: pd.Series, kinds: dict[Any, tuple[str, ...]]) -> tuple[Duplicate, ...]:
    """Rows with equal keys; a missing key equals none."""
    order = {TRAIN: 0, VALID: 1, TEST: 2}
    frame = frame[key.notna() & key.duplicated(keep=False)]
    return tuple(
        Duplicate(
            ids=tuple(part["image_id"]),
            labels=tuple(sorted(part["label"].dropna().unique())),
            splits=tuple(sorted(part["split"].unique(), key=lambda split: order.get(split, 3))),
            groups=int(part["group"].nunique()),
            kinds=kinds.get(name, ("exact",)),
        )
        for name, part in frame.groupby(key, sort=False)
    )
