"""Folds that somebody else made."""

from pathlib import Path

import numpy as np
import pandas as pd

from thresher.errors import DataError, RecipeError, name_some
from thresher.folds.base import Labelled, Splitter


class Given(Splitter):
    """Folds from a CSV or parquet file with the columns ``image_id`` and ``fold`` (0, 1, 2, ...).

    They are never changed: near copies of a photo that stand in two of them are reported.

    Args:
        file: its path.
        near_duplicates, report_leak: see `Splitter`; the folds of a file have no others to compare with.
    """

    def __init__(self, *, file: str, near_duplicates: bool = True, report_leak: bool = False) -> None:
        super().__init__(near_duplicates=near_duplicates, report_leak=report_leak)
        if report_leak:
            raise RecipeError("folds 'given': report_leak has no effect, the folds of a file are not changed")
        self.file = file

    def deal(self, photos: Labelled, seed: int) -> np.ndarray:
        """Fold of each photo (N,), int64, as the file says; -1 is trained on and never scored.

        Raises:
            DataError: the file is missing or no table, lacks a column or an id, has a fold that is no whole
                number or two for one photo, or leaves nothing to train on or to score.
        """
        folds = self._read().reindex(photos.ids)
        if folds.isna().any():
            names = name_some(list(photos.ids[folds.isna().to_numpy()]))
            raise DataError(f"{self.file}: no fold for the photos {names}")
        values = folds.to_numpy(dtype=np.int64)
        if not (values >= 0).any():
            raise DataError(f"{self.file}: no photo has a fold of 0 or more; nothing would be scored")
        if len(np.unique(values)) < 2:
            raise DataError(f"{self.file}: all photos are in one fold; nothing would be left to train on")
        return values

    def _read(self) -> pd.Series:
        """Fold by image id, float, NaN where the cell is empty."""
        path = Path(self.file)
        if not path.is_file():
            raise DataError(f"{path}: no such file of folds (folds.file)")
        try:
            table = (
                pd.read_parquet(path)
                if path.suffix == ".parquet"
                else pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
            )
        except (ValueError, OSError) as error:  # pandas, pyarrow and Unicode errors are ValueErrors
            raise DataError(f"{path}: cannot be read as a table of folds: {error}") from error
        absent = [column for column in ("image_id", "fold") if column not in table]
        if absent:
            raise DataError(f"{path}: no column {name_some(absent)}; it needs image_id and fold")
        given = table["fold"].replace("", None)
        folds = pd.to_numeric(given, errors="coerce").astype(float)
        wrong = given.notna() & ((folds % 1 != 0) | np.isinf(folds))
        if wrong.any():
            raise DataError(
                f"{path}: folds that are no whole numbers: {name_some(list(given[wrong].unique()))}"
            )
        known = pd.DataFrame({"id": table["image_id"].astype(str), "fold": folds}).drop_duplicates()
        twice = known["id"][known["id"].duplicated()]
        if len(twice):
            raise DataError(f"{path}: more than one fold for the photos {name_some(list(twice.unique()))}")
        return known.set_index("id")["fold"]
