"""The summary of a data set: classes, sizes, photos that cannot be read, duplicates, groups."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from thresher.dataset.table import OK
from thresher.inspect.duplicates import Duplicate, exact_duplicates

if TYPE_CHECKING:
    from thresher.dataset.table import Dataset
    from thresher.images.cache import PhotoCache

FEW = 5
"""A class with fewer labelled photos than this cannot stand in every one of five folds."""


@dataclass(frozen=True)
class Inspection:
    """Plain facts about a data set.

    Attributes:
        photos: number of photos by part: ``train``, ``unlabelled`` (outside test), ``test``. classes: one
            row per class in score order: ``class``, ``count`` (labelled photos outside test), ``share``;
            ``groups`` where the data has groups.
        imbalance: largest class count / smallest class count that is not 0; nan without labels. sizes: rows
            ``width``, ``height``, ``short_side``, ``aspect`` (width / height), ``megapixels``; columns
            ``min``, ``median``, ``max`` over the readable photos; empty where no size is known.
        status: number of photos that are ``ok``, ``broken``, ``missing``.
        broken: the others: ``image_id``, ``path``, ``label``, ``split``, ``status``, ``reason``.
        duplicates: sets of photos with equal content.
        notes: what the reader of the data wants said.
    """

    photos: dict[str, int]
    classes: pd.DataFrame
    imbalance: float
    sizes: pd.DataFrame
    status: dict[str, int]
    broken: pd.DataFrame
    duplicates: tuple[Duplicate, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The facts that a person should know, most of them warnings, one sentence each."""
        counts = self.classes["count"]
        found = [
            f"{self.photos['train']:,} labelled photos in {len(counts)} classes, "
            f"{self.photos['unlabelled']:,} without a label, {self.photos['test']:,} to be predicted."
        ]
        if len(counts) > 1 and counts.min() == counts.max() > 0:
            found.append(f"Every class has {counts[0]:,} photos.")
        elif counts.sum():
            most, least = int(counts.argmax()), int(counts.where(counts > 0, counts.max()).argmin())
            names = self.classes["class"]
            found.append(
                f"The largest class, {names[most]}, has {counts[most]:,} photos; the smallest, "
                f"{names[least]}, has {counts[least]:,} ({self.imbalance:.1f} to 1)."
            )
        few = int((counts < FEW).sum())
        if few:
            found.append(f"{_count(few, 'class has', 'classes have')} fewer than {FEW} labelled photos.")
        if len(self.sizes):
            wide, high = self.sizes.loc["width"].astype(int), self.sizes.loc["height"].astype(int)
            found.append(
                f"Photos are {wide['median']} x {high['median']} pixels (median; "
                f"{wide['min']} to {wide['max']} wide, {high['min']} to {high['max']} high)."
            )
        if len(self.broken):
            found.append(f"{_count(len(self.broken), 'photo', 'photos')} cannot be read.")
        found += self._duplicate_lines()
        return [*found, *self.notes]

    def _duplicate_lines(self) -> list[str]:
        """What the duplicates mean, worst first."""
        sets = self.duplicates
        extra = sum(len(one.ids) - 1 for one in sets)
        differ = sum(one.labels_differ for one in sets)
        leak = sum(one.in_train_and_test for one in sets)
        found = []
        if leak:
            found.append(
                f"{_count(leak, 'photo stands', 'photos stand')} in the training part and in the test part."
            )
        if differ:
            found.append(
                f"{_count(differ, 'photo carries', 'photos carry')} different labels in different files."
            )
        if extra:
            found.append(f"{_count(extra, 'file is an exact copy', 'files are exact copies')} of another.")
        return found


def summarise(dataset: "Dataset", cache: "PhotoCache") -> Inspection:
    """Looks at the table and at what decoding found.

    Args:
        dataset: N photos.
        cache: the decoded photos of the same rows (N,).
    """
    status = np.asarray(cache.status, dtype=object)
    frame = dataset.frame.assign(status=status, reason=np.asarray(cache.reason, dtype=object))
    labelled = frame[dataset.labelled]
    kinds = ["image_id", "path", "label", "split", "status", "reason"]
    counts = labelled["label"].value_counts().reindex(list(dataset.classes), fill_value=0)
    present = counts[counts > 0]
    return Inspection(
        photos={
            "train": len(labelled),
            "unlabelled": int((frame["label"].isna() & ~dataset.is_test).sum()),
            "test": int(dataset.is_test.sum()),
        },
        classes=_classes(labelled, counts),
        imbalance=float(present.max() / present.min()) if len(present) else float("nan"),
        sizes=_sizes(np.asarray(cache.width), np.asarray(cache.height)),
        status={name: int((status == name).sum()) for name in (OK, "broken", "missing")},
        broken=frame.loc[status != OK, kinds].reset_index(drop=True),
        duplicates=exact_duplicates(dataset, cache.content),
        notes=dataset.notes,
    )


def _classes(labelled: pd.DataFrame, counts: pd.Series) -> pd.DataFrame:
    """Count, share and groups per class, in the order of ``counts``."""
    frame = pd.DataFrame({"class": counts.index.astype(object), "count": counts.to_numpy(np.int64)})
    frame["share"] = frame["count"] / max(int(frame["count"].sum()), 1)
    if labelled["group"].notna().any():
        groups = labelled.groupby("label")["group"].nunique()
        frame["groups"] = groups.reindex(counts.index, fill_value=0).to_numpy(np.int64)
    return frame


def _sizes(width: np.ndarray, height: np.ndarray) -> pd.DataFrame:
    """Smallest, median and largest of what the known sizes (N,), in pixels, say."""
    known = (width > 0) & (height > 0)
    if not known.any():
        return pd.DataFrame(columns=["min", "median", "max"])
    wide, high = width[known].astype(np.float64), height[known].astype(np.float64)
    facts = {
        "width": wide,
        "height": high,
        "short_side": np.minimum(wide, high),
        "aspect": wide / high,
        "megapixels": wide * high / 1e6,
    }
    rows = {name: (value.min(), np.median(value), value.max()) for name, value in facts.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["min", "median", "max"])


def _count(number: int, one: str, many: str) -> str:
    """``1 photo``, ``2 photos``."""
    return f"{number:,} {one if number == 1 else many}"
