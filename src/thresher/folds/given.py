"""Folds that somebody else made."""

from pathlib import Path

import numpy as np
import pandas as pd

from thresher.errors import DataError, name_some


class Given:
    """Folds from a CSV or parquet file with the columns ``image_id`` and ``fold`` (0, 1, 2, ...).

    Args:
        file: its path.
    """

    def __init__(self, *, file: str) -> None:
        self.file = file

    def split(self, ids: np.ndarray, targets: np.ndarray, groups: pd.Series | None, seed: int) -> np.ndarray:
        """Fold of each labelled row (N,), int64, as the file says; -1 is trained on and never scored.

        Raises:
            DataError: the file is missing, lacks a column or an id, or has fewer than two folds.
        """
        path = Path(self.file)
        if not path.is_file():
            raise DataError(f"{path}: no such file of folds (folds.file)")
        table = (
            pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype={"image_id": str})
        )
        absent = [column for column in ("image_id", "fold") if column not in table]
        if absent:
            raise DataError(f"{path}: no column {name_some(absent)}; it needs image_id and fold")
        folds = table.drop_duplicates("image_id").set_index("image_id")["fold"].reindex(ids)
        if folds.isna().any():
            raise DataError(f"{path}: no fold for the photos {name_some(list(ids[folds.isna().to_numpy()]))}")
        values = folds.to_numpy(dtype=np.int64)
        if len(np.unique(values[values >= 0])) < 2 and not (values < 0).any():
            raise DataError(f"{path}: all photos are in one fold; nothing would be left to train on")
        return values
