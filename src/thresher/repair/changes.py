"""What an action changed, photo by photo, as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.teaching import Teaching
from thresher.repair.base import Doubt

COLUMNS = {
    "image_id": "object",
    "round": "int64",
    "from": "object",
    "to": "object",
    "action": "object",
    "method": "object",
    "probability": "float64",
    "score": "float64",
}
"""Columns and their types: the photo; the round, from 1; the class that it taught most; what it teaches now,
in the words of corrections.csv (``dog``, ``dog:0.62``, a weight, nothing where it was dropped); what was
done, on whose advice; probability that the label is wrong; the finder's score."""


def changes(
    before: Teaching,
    after: Teaching,
    doubt: Doubt,
    ids: np.ndarray,
    classes: Sequence[str],
    *,
    number: int,
    action: str,
    method: str,
) -> pd.DataFrame:
    """One row for each photo that teaches something else than before.

    Args:
        before: what N photos taught.
        after: what they teach.
        doubt: why.
        ids: their image ids (N,).
        classes: class names (K,).
        number: of the round, from 1.
        action: what was done.
        method: what found it.
    """
    places, names = np.flatnonzero(before.differs(after)), np.array(classes, dtype=object)
    table = {
        "image_id": ids[places],
        "round": number,
        "from": names[before.lead[places]],
        "to": [_told(before, after, int(place), classes) for place in places],
        "action": action,
        "method": method,
        "probability": doubt.wrong(before.lead)[places],
        "score": doubt.score[places],
    }
    return as_table(table, COLUMNS, len(places))


def _told(before: Teaching, after: Teaching, place: int, classes: Sequence[str]) -> str | None:
    """What one photo teaches now, as corrections.csv says it."""
    if after.dropped[place]:
        return None
    if after.weights[place] != before.weights[place]:
        return f"{after.weights[place] / before.weights[place]:.2f}"
    label = classes[after.lead[place]]
    share = 1.0 if after.soft is None else float(after.soft[place, after.lead[place]])
    return label if share == 1 else f"{label}:{share:.2f}"


def as_table(columns: Mapping[str, Any], kinds: Mapping[str, str], count: int) -> pd.DataFrame:
    """Columns, each an array (N,) or one value for all N rows, in their types, also where N is 0."""
    index = pd.RangeIndex(count)
    return pd.DataFrame(
        {key: pd.Series(columns[key], index=index, dtype=kind) for key, kind in kinds.items()}
    )
