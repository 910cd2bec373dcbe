"""The data set: an immutable table of photos and an explicit list of classes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thresher.errors import DataError, name_some

if TYPE_CHECKING:
    from thresher.recipe.schema import DataSection

COLUMNS = ("image_id", "path", "label", "group", "source", "split", "weight", "status", "reason")
OK, BROKEN, MISSING = "ok", "broken", "missing"
TRAIN, VALID, TEST = "train", "valid", "test"


@dataclass(frozen=True)
class Dataset:
    """Photos, what is known of each, and the classes.

    Attributes:
        frame: one row per photo with `COLUMNS`. ``path`` is absolute; ``label`` and ``group`` are text or
            missing; ``split`` is ``train``, ``valid`` or ``test``; ``weight`` is 1.0 unless given; ``status``
            is ``ok``, ``broken`` or ``missing`` and ``reason`` says why.
        classes: the class names in the order of every score matrix ``(N, K)``; never inferred from a subset.
        notes: what the reader wants said: files without a row, extensions that were added.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        missing = [column for column in COLUMNS if column not in self.frame]
        if missing:
            raise DataError(f"the table lacks the columns {name_some(missing)}")
        twice = self.frame["image_id"][self.frame["image_id"].duplicated()]
        if len(twice):
            raise DataError(f"image ids stand more than once: {name_some(list(twice.unique()))}")
        labels = self.frame["label"].dropna()
        unknown = labels[~labels.isin(self.classes)].unique()
        if len(unknown):
            raise DataError(f"labels that are not among the classes: {name_some(list(unknown))}")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def ids(self) -> np.ndarray:
        """Image ids (N,), text."""
        return self.frame["image_id"].to_numpy(dtype=object)

    @property
    def targets(self) -> np.ndarray:
        """Class index of each row (N,), int64; -1 where there is no label."""
        lookup = {name: index for index, name in enumerate(self.classes)}
        return self.frame["label"].map(lookup).fillna(-1).to_numpy(dtype=np.int64)

    @property
    def usable(self) -> np.ndarray:
        """Rows whose photo can be read (N,), bool."""
        return (self.frame["status"] == OK).to_numpy()

    @property
    def is_test(self) -> np.ndarray:
        """Rows of the test part (N,), bool."""
        return (self.frame["split"] == TEST).to_numpy()

    @property
    def labelled(self) -> np.ndarray:
        """Rows outside the test part that have a label (N,), bool; broken photos too."""
        return np.asarray(self.frame["label"].notna().to_numpy() & ~self.is_test)

    def prior(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Share of each class (K,) among the labelled rows, or among those of ``rows`` that are labelled."""
        targets = self.targets if rows is None else self.targets[rows]
        counts = np.bincount(targets[targets >= 0], minlength=len(self.classes)).astype(np.float64)
        return counts / counts.sum() if counts.sum() else np.full(len(counts), 1.0 / len(counts))

    def take(self, rows: Sequence[int] | np.ndarray) -> "Dataset":
        """The given rows in the given order, with the same classes."""
        return replace(self, frame=self.frame.iloc[np.asarray(rows)].reset_index(drop=True))

    def with_columns(self, **columns: Any) -> "Dataset":
        """A copy in which some columns are replaced."""
        return replace(self, frame=self.frame.assign(**columns))

    @classmethod
    def from_folder(cls, folder: str | Path, **options: Any) -> "Dataset":
        """A folder of class folders; see `thresher.dataset.folder.read_folder`."""
        from thresher.dataset.folder import read_folder

        return read_folder(folder, **options)

    @classmethod
    def from_table(
        cls,
        table: str | Path | pd.DataFrame,
        images: str | Path | None = None,
        data: "DataSection | None" = None,
    ) -> "Dataset":
        """A CSV or parquet file, or a data frame; see `thresher.dataset.tabular.read_table`."""
        from thresher.dataset.tabular import read_table

        return read_table(table, images, data)
