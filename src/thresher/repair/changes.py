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
    "share": "float64",
    "weight": "float64",
    "action": "object",
    "method": "object",
    "probability": "float64",
    "score": "float64",
}
"""Columns and their types: the photo; the round, from 1; the class that it taught, the one that it teaches
most now (none where it was dropped) and that one's share in the label; its weight; what was done on whose
advice; probability that the label is wrong; the finder's score."""


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
    changed = (before.dropped != after.dropped) | (before.weights != after.weights)
    if after.soft is not None:
        changed |= (before.rows(len(classes)) != after.soft).any(1)
    places, names = np.flatnonzero(changed), np.array(classes, dtype=object)
    led = after.lead[places]
    share = np.ones(len(places)) if after.soft is None else after.soft[places, led]
    table = {
        "image_id": ids[places],
        "round": number,
        "from": names[before.lead[places]],
        "to": np.where(after.dropped[places], None, names[led]),
        "share": np.where(after.dropped[places], 0.0, share),
        "weight": np.where(after.dropped[places], 0.0, after.weights[places]),
        "action": action,
        "method": method,
        "probability": doubt.wrong(before.lead)[places],
        "score": doubt.score[places],
    }
    return as_table(table, COLUMNS, len(places))


def as_table(columns: Mapping[str, Any], kinds: Mapping[str, str], count: int) -> pd.DataFrame:
    """Columns, each an array (N,) or one value for all N rows, in their types, also where N is 0."""
    index = pd.RangeIndex(count)
    return pd.DataFrame(
        {key: pd.Series(columns[key], index=index, dtype=kind) for key, kind in kinds.items()}
    )
