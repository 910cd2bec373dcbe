"""The audit trail of labels: one row for each change, only ever appended to; what stands follows from it."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.errors import DataError, name_some
from thresher.files import explained, write_atomic
from thresher.images.locks import alone
from thresher.repair.changes import COLUMNS as CHANGES
from thresher.repair.changes import as_table

COLUMNS = {
    **CHANGES,
    "who": "object",
    "model": "object",
    "seed": "Int64",
    "fold": "Int64",
    "job": "object",
    "note": "object",
    "time": "object",
}
"""Those of `repair.changes`; who did it: ``recipe`` in a run, else a person or a program; the job of a run
that did it, by model, seed, fold (-1: all photos) and key; a note; when."""
RECIPE, UNDO = "recipe", "undo"
REVIEW = 0
"""The round of decisions that a person makes photo by photo: they have a journal of their own."""
CORRECTIONS = ("image_id", "old", "new", "action", "note")


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Nobody else writes a trail or the files beside it: no run, no `thresher labels`, no review page.

    Whoever writes reads the trail again once inside; waiting is short, for nobody trains or thinks in here.

    Args:
        path: of the trail, or of a file beside it.

    Raises:
        RunError: the folder cannot be written.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_name(".lock"), waiting=lambda: None):
        yield


def read_history(path: Path) -> pd.DataFrame:
    """The trail, oldest first; an empty one where there is no file.

    Raises:
        DataError: the file is no trail.
    """
    if not path.is_file():
        return as_table(dict.fromkeys(COLUMNS), COLUMNS, 0)
    try:
        found = pd.read_parquet(path)
        missing = [name for name in ("image_id", "round", "from", "to", "who") if name not in found]
        if missing:
            raise ValueError(f"no column {missing[0]!r}")
    except (ValueError, OSError) as error:  # pyarrow's errors are such
        raise DataError(f"{path}: not a trail of changed labels ({error})") from error
    found = found.reindex(columns=list(COLUMNS))
    plain = {name: found[name].astype(object).where(found[name].notna(), None) for name in COLUMNS}
    return as_table(plain, COLUMNS, len(found))


def append_jobs(path: Path, jobs: list[tuple[dict[str, Any], pd.DataFrame]]) -> None:
    """Appends what the jobs of a run changed, but for jobs whose changes are there already.

    Args:
        path: of the trail; left as it is where nothing is new.
        jobs: ``model``, ``seed``, ``fold`` and ``job`` (its key) of each, and its table of changes.
    """
    history = read_history(path)
    known = set(history["job"])
    new = [table.assign(who=RECIPE, **facts) for facts, table in jobs if facts["job"] not in known]
    _append(path, history, [table for table in new if len(table)])


def record(path: Path, proposed: pd.DataFrame, *, who: str, method: str = "") -> int:
    """Appends decisions that corrections.csv is to say.

    Args:
        path: of the trail.
        proposed: with the columns of corrections.csv, and ``probability`` where it is known.
        who: a person or a program.
        method: what the decisions rest on.

    Returns:
        the number of the round, by which `undo` finds all of them.

    Raises:
        DataError: a photo stands twice, or ``who`` means something else.
    """
    twice = proposed["image_id"][proposed["image_id"].duplicated()]
    if len(twice):
        raise DataError(f"photos that are decided on twice at once: {name_some(list(twice))}")
    if who == RECIPE or not who:
        raise DataError(f"who = {who!r}: give a name; {RECIPE!r} stands for what runs do")
    history = read_history(path)
    number = int(history["round"][_decided(history)].max() if _decided(history).any() else 0) + 1
    table = pd.DataFrame({"image_id": proposed["image_id"], "from": proposed["old"]})
    table["to"] = proposed["new"].replace("", None)
    names = ("action", "note", "probability")
    more = {name: proposed[name] for name in names if name in proposed}
    _append(path, history, [table.assign(**more, round=number, method=method, who=who)])
    return number


def undo(path: Path, *, number: int | None = None, image_id: str | None = None, who: str) -> int:
    """Takes back the decisions of a round, or the last one on a photo; what stood before stands again.

    Nothing is deleted: the trail gets one row more for each decision that is taken back.

    Args:
        path: of the trail.
        number: of the round.
        image_id: of the photo; with ``number``, its decision in that round.
        who: takes them back.

    Returns:
        how many.

    Raises:
        DataError: neither is given, or there is no such decision.
    """
    history = read_history(path)
    if number is None and image_id is None:
        raise DataError("say what is to be undone: a round, or a photo")
    stacks = _stacks(history)
    if image_id is not None:
        stacks = {image_id: stacks.get(image_id, [])}
    last = [stack[-1:] if number is None else stack for stack in stacks.values()]
    rows = [row for stack in last for row in stack if number in (None, int(history["round"].iloc[row]))]
    if not rows:
        where = "" if number is None else f" of round {number}"
        whose = "" if image_id is None else f" on {image_id!r}"
        raise DataError(f"{path}: nothing to undo: no decision{where}{whose} stands")
    taken = history.iloc[rows]
    back = {"from": taken["to"].array, "to": taken["from"].array, "action": UNDO, "who": who}
    back |= {"probability": np.nan, "score": np.nan, "note": None, "method": ""}
    _append(path, history, [taken.assign(**back)])
    return len(rows)


def standing(history: pd.DataFrame) -> pd.DataFrame:
    """What is left of all recorded rounds after undoing: corrections, at most one for each photo."""
    rows = [stack[-1] for stack in _stacks(history).values() if stack]
    found = history.iloc[rows].rename(columns={"from": "old", "to": "new"})[list(CORRECTIONS)]
    return found.astype(object).where(found.notna(), "").reset_index(drop=True)


def overlay(below: pd.DataFrame, above: pd.DataFrame) -> pd.DataFrame:
    """Corrections on top of others: where both speak of a photo, those above win."""
    kept = below[~below["image_id"].isin(set(above["image_id"]))]
    both = [part[list(CORRECTIONS)].astype(object) for part in (kept, above)]
    return pd.concat(both, ignore_index=True)


def _stacks(history: pd.DataFrame) -> dict[str, list[int]]:
    """The decisions on each photo that were not undone, oldest first, as places in the trail."""
    stacks: dict[str, list[int]] = {}
    ids, actions, rounds = (history[name].tolist() for name in ("image_id", "action", "round"))
    for place in np.flatnonzero(_decided(history)).tolist():
        stack = stacks.setdefault(ids[place], [])
        if actions[place] == UNDO:
            stacks[ids[place]] = [one for one in stack if rounds[one] != rounds[place]]
        else:
            stack.append(place)
    return stacks


def _decided(history: pd.DataFrame) -> np.ndarray:
    """The rows (N,) of recorded rounds, bool: neither a run's nor of a person's journal."""
    return np.asarray((history["who"] != RECIPE) & (history["round"] > REVIEW))


def _append(path: Path, history: pd.DataFrame, tables: list[pd.DataFrame]) -> None:
    """Writes the trail with more rows at its end."""
    if not tables:
        return
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    parts = [history]
    for table in tables:
        given = {name: table[name].array if name in table else None for name in COLUMNS}
        parts.append(as_table({**given, "time": now}, COLUMNS, len(table)))
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    write_atomic(path, lambda file: whole.to_parquet(file, index=False))
