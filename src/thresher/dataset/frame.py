"""The data frame of a data set, with every column in its type whatever pandas would guess."""

from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.table import COLUMNS, OK, TRAIN


def build_frame(ids: np.ndarray, paths: np.ndarray, **columns: Any) -> pd.DataFrame:
    """Rows with `COLUMNS`; text stays Python text or None: no pandas version turns None into NaN.

    Args:
        ids: image ids (N,).
        paths: absolute paths (N,).
        columns: other columns, each an array (N,) or one value for all rows; None: the column's default.
    """
    defaults = {"split": TRAIN, "weight": 1.0, "status": OK}
    values: dict[str, Any] = {"image_id": ids, "path": paths}
    for name in COLUMNS[2:]:
        value = columns.get(name)
        values[name] = defaults.get(name) if value is None else value
    index = pd.RangeIndex(len(ids))
    return pd.DataFrame(
        {
            name: pd.Series(value, index=index, dtype=np.float64 if name == "weight" else object)
            for name, value in values.items()
        }
    )
