"""From judged labels to corrections.csv: a program's decisions join those of people, and can be undone."""

import numpy as np
import pandas as pd

from thresher.files import write_text
from thresher.repair.history import alone_with, read_history, record, standing, undo
from thresher.repair.propose import propose
from thresher.run_folder import RunFolder

WHO = "thresher labels"
OPEN = "review"


def decide(
    folder: RunFolder,
    issues: pd.DataFrame,
    action: str,
    *,
    above: float | None = None,
    top: int | None = None,
    method: str = "combined",
) -> tuple[int, int]:
    """Acts on the most doubtful labels; photos that somebody decided on already are left alone.

    The decisions are one round of history.parquet; corrections.csv is written again.

    Args:
        folder: whose files they are.
        issues: judged labels.
        action: drop, relabel, soften, weigh or review.
        above: photos that are wrong with at least this probability.
        top: at most so many.
        method: what judged them.

    Returns:
        the number of the round (0: nothing was decided), and how many photos it decides on.

    Raises:
        DataError: no such action, or no limit.
    """
    with alone_with(folder.history):
        known = set(standing(read_history(folder.history))["image_id"])
        free = issues[~issues["image_id"].isin(known)]
        found = propose(free, action, above=above, top=top, method=method)
        if not len(found):
            return 0, 0
        number = record(folder.history, found, who=WHO, method=method)
        write_corrections(folder)
    return number, len(found)


def take_back(folder: RunFolder, number: int) -> int:
    """Undoes a round of decisions; nothing is deleted.

    Returns:
        how many photos it had decided on.

    Raises:
        DataError: there is no such round, or it was undone.
    """
    with alone_with(folder.history):
        count = undo(folder.history, number=number, who=WHO)
        write_corrections(folder)
    return count


def write_corrections(folder: RunFolder) -> None:
    """corrections.csv with all that stands in history.parquet; only inside `alone_with`."""
    rows = standing(read_history(folder.history))
    rows = rows[np.asarray(rows["action"] != OPEN)]
    write_text(folder.corrections, rows.to_csv(index=False, lineterminator="\n"))
