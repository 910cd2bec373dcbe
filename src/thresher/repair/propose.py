"""From judged labels to corrections that a run can be given."""

import numpy as np
import pandas as pd

from thresher.errors import DataError
from thresher.registry import nearest
from thresher.repair import REGISTRY
from thresher.repair.base import spare_last

NEEDED = ("image_id", "given", "suggested", "probability")


def propose(
    issues: pd.DataFrame,
    action: str,
    *,
    above: float | None = None,
    top: int | None = None,
    method: str = "combined",
) -> pd.DataFrame:
    """Corrections of the most doubtful labels.

    As the actions of a recipe, drop and relabel leave every class its last photo, the least doubtful one.

    Args:
        issues: one row per labelled photo: ``image_id``, ``given``, ``suggested``, and the ``probability``
            that the given label is wrong.
        action: drop, relabel, soften, weigh or review.
        above: photos whose probability is at least this.
        top: at most so many, the most doubtful ones.
        method: what found them, for the note.

    Returns:
        ``image_id, old, new, action, note`` and ``probability``, the most doubtful first.

    Raises:
        DataError: a column is missing, no such action, or no limit.
    """
    missing = [name for name in NEEDED if name not in issues]
    if missing:
        raise DataError(f"judged labels need the column {missing[0]!r}{nearest(missing[0], issues.columns)}")
    names = [part.name for part in REGISTRY.list() if part.name != "distil"]  # that one is no decision
    if action not in names:
        raise DataError(f"no action is named {action!r}{nearest(action, names)}")
    if above is None and top is None:
        raise DataError("say above (a probability) or top (a number): this would correct all photos")
    doubt = issues["probability"].to_numpy(dtype=np.float64)
    order = np.argsort(-np.where(np.isnan(doubt), -np.inf, doubt), kind="stable")
    chosen = np.zeros(len(issues), dtype=bool)
    chosen[order[: len(order) if top is None else top]] = True
    chosen &= ~np.isnan(doubt) & (doubt >= (-np.inf if above is None else above))
    if action in ("drop", "relabel"):
        labels = pd.factorize(issues["given"])[0]
        chosen = spare_last(chosen, labels, np.ones_like(chosen), doubt)
    rows = issues.iloc[[place for place in order if chosen[place]]]
    part = REGISTRY.build(action)
    pairs = list(zip(rows["suggested"], rows["probability"], strict=True))
    return pd.DataFrame(
        {
            "image_id": rows["image_id"].to_numpy(dtype=object),
            "old": rows["given"].to_numpy(dtype=object),
            "new": np.array([part.written(str(new), float(wrong)) for new, wrong in pairs], dtype=object),
            "action": action,
            "note": np.array([f"{method} {wrong:.3f}" for _, wrong in pairs], dtype=object),
            "probability": rows["probability"].to_numpy(dtype=np.float64),
        }
    )
