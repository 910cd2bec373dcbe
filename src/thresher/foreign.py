"""Scores that were made elsewhere: found by image id, in our order of classes, as probabilities."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.dataset.classes import class_list
from thresher.dataset.columns import Columns, read_columns
from thresher.dataset.matching import match_ids
from thresher.errors import DataError, name_some
from thresher.predictions import PREFIX, Predictions
from thresher.registry import nearest

ROUNDED = 0.02
"""A row of probabilities may miss the sum 1 by so much: files are written with few digits."""
_NUMBERED = re.compile(r"^(.*?)(0|[1-9][0-9]*)$", re.DOTALL)


def read_scores(
    path: str | Path,
    classes: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    logits: bool | None = None,
    *,
    image_id: str = "image_id",
    label: str = "label",
) -> Predictions:
    """Reads a table of scores of another program.

    One column per class: named as the class, as ``p_<class>`` or with another prefix that all of them share;
    or numbered from 0 (``c0``, ``c1`` ...): then they stand for the classes in the order of ``classes``, else
    in sorted order, by number where all of them are whole numbers.

    Args:
        path: a CSV or parquet file with one photo per row.
        classes: all class names in the order that the scores shall have; default: those of the labels and of
            the columns, in natural order.
        labels: the label of each photo (image id -> class) whose scores are wanted; the result has their
            order. An id may be written without extension or folder on one side. Default: all rows of the
            file, with the labels of its own column.
        logits: whether the scores are logits; None: seen from the numbers.
        image_id: the column with the ids.
        label: the column with labels, used where ``labels`` is None.

    Returns:
        kind ``oof``, with the file's ``fold`` where it has one. ``origin["notes"]`` holds a line for whatever
        a person should know: what the numbers were taken for, rows that were not asked for.

    Raises:
        DataError: no such file, a missing or ambiguous column, ids that are missing or stand twice, cells
            that are no numbers, rows that are no scores; says which.
    """
    table = read_columns(path)
    ids = _ids(table, image_id)
    given = table.values.get(label) if labels is None else np.array(list(labels.values()), dtype=object)
    names = classes if classes is not None else _names(given)
    columns, found, numbered = _score_columns(table, names, classes is not None, {image_id, label, "fold"})
    order = tuple(classes) if classes is not None else class_list(found, None)
    notes: list[str] = []
    values = _numbers(table, columns)[:, [found.index(name) for name in order]]
    rows = np.arange(len(ids)) if labels is None else _rows(table, ids, list(labels), image_id, notes)
    scores = _probabilities(table, values, ids, rows, logits, notes)
    folds = _folds(table, rows)
    read = Predictions(
        ids=ids if labels is None else np.array(list(labels), dtype=object),
        scores=scores,
        classes=order,
        kind="oof",
        labels=given,
        folds=folds,
        origin={"notes": notes},
    )
    if numbered:
        _check_order(table, read)
    return read


def _ids(table: Columns, column: str) -> np.ndarray:
    if column not in table.values:
        raise DataError(
            f"{table.name}: no column {column!r} with the image ids{nearest(column, table.header)}"
        )
    ids = table.values[column]
    if not len(ids):
        raise DataError(f"{table.name}: the table has no rows")
    blank = np.array([name is None for name in ids], dtype=bool)
    if blank.any():
        raise DataError(f"{table.name}: no {column} in {table.rows(blank)}")
    twice = pd.Series(ids).duplicated(keep=False).to_numpy()
    if twice.any():
        names = name_some(list(dict.fromkeys(ids[twice])))
        raise DataError(f"{table.name}: image ids that stand more than once: {names} in {table.rows(twice)}")
    return ids


def _names(labels: np.ndarray | None) -> tuple[str, ...] | None:
    """The classes that the labels know of, in the order that numbered columns stand for."""
    known = set() if labels is None else {name for name in labels if name is not None}
    if not known:
        return None
    numbers = all(re.fullmatch(r"-?[0-9]+", name) for name in known)
    return tuple(sorted(known, key=int) if numbers else sorted(known))


def _score_columns(
    table: Columns, names: Sequence[str] | None, complete: bool, other: set[str]
) -> tuple[list[str], list[str], bool]:
    """The columns with scores, the class of each, and whether numbers stand for the classes.

    Args:
        table: the file.
        names: classes that must be there.
        complete: there are no other classes.
        other: columns that hold something else.
    """
    header = [column for column in table.header if column not in other]
    if names is None:
        marked = [column for column in header if column.startswith(PREFIX)]
        columns = marked or [column for column in header if _is_number(table.values[column])]
        if not columns:
            raise DataError(f"{table.name}: no columns of scores, such as {PREFIX}<class>")
        return columns, [column.removeprefix(PREFIX) if marked else column for column in columns], False
    prefixes = {column.removesuffix(name) for column in header for name in names if column.endswith(name)}
    covered = {prefix: sum(prefix + name in header for name in names) for prefix in sorted(prefixes)}
    best = max(covered, key=lambda one: (covered[one], one == PREFIX, one == ""), default="")
    if covered.get(best, 0) == len(names):
        columns = list(dict.fromkeys([best + name for name in names] + _further(header, best, names)))
        extra = columns[len(names) :]
        if extra and complete:
            raise DataError(
                f"{table.name}: columns of scores that are not among the classes: {name_some(extra)}"
            )
        return columns, [column.removeprefix(best) for column in columns], False
    numbered = _numbered(header)
    fitting = [prefix for prefix, count in numbered.items() if count == len(names)]
    if len(fitting) == 1:
        return [f"{fitting[0]}{place}" for place in range(len(names))], list(names), True
    if numbered and not covered.get(best, 0):
        prefix, count = max(numbered.items(), key=lambda item: item[1])
        raise DataError(
            f"{table.name}: the columns {prefix}0 to {prefix}{count - 1} are {count} classes, and the labels "
            f"have {len(names)} ({name_some(list(names))}). Name the columns {PREFIX}<class>, or give all "
            "classes in their order with --set data.classes=[...]"
        )
    missing = [name for name in names if best + name not in header]
    wanted = (best if covered.get(best, 0) else PREFIX) + missing[0]
    raise DataError(
        f"{table.name}: no column of scores for the classes {name_some(missing)}: "
        f"{wanted} is missing{nearest(wanted, header)}"
    )


def _further(header: Sequence[str], prefix: str, names: Sequence[str]) -> list[str]:
    """Columns of classes that are not among ``names``: they look like those that are."""
    rest = {column: column[len(prefix) :] for column in header if prefix and column.startswith(prefix)}
    if all(re.fullmatch("[0-9]+", name) for name in names):
        return [column for column, name in rest.items() if re.fullmatch("[0-9]+", name)]
    return [] if prefix[-1:].isalnum() else list(rest)


def _folds(table: Columns, rows: np.ndarray) -> np.ndarray | None:
    """The fold of each row (N,) where the file has whole numbers there."""
    cells = table.values.get("fold")
    if cells is None or not all(value is not None and re.fullmatch(r"-?[0-9]+", value) for value in cells):
        return None
    folds: np.ndarray = np.array([int(value) for value in cells], dtype=np.int64)[rows]
    return folds


def _numbered(header: Sequence[str]) -> dict[str, int]:
    """Prefixes of columns that are numbered from 0 without a gap, and how many columns each has."""
    found: dict[str, set[int]] = {}
    for column in header:
        match = _NUMBERED.match(column)
        if match:
            found.setdefault(match[1], set()).add(int(match[2]))
    return {prefix: len(numbers) for prefix, numbers in found.items() if max(numbers) == len(numbers) - 1}


def _is_number(values: np.ndarray) -> bool:
    """Whether all cells of a column that are not blank are numbers, and there is one."""
    there = [value for value in values if value is not None]
    return bool(there) and bool(pd.to_numeric(pd.Series(there), errors="coerce").notna().all())


def _numbers(table: Columns, columns: Sequence[str]) -> np.ndarray:
    """The cells of some columns as numbers (N, C).

    Raises:
        DataError: a cell is blank or no finite number.
    """
    values = np.empty((len(table.numbers), len(columns)))
    for place, column in enumerate(columns):
        cells = table.values[column]
        values[:, place] = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)
        wrong = ~np.isfinite(values[:, place])
        if wrong.any():
            first = cells[wrong][0]
            what = "a blank cell" if first is None else f"{first!r}, which is no finite number,"
            raise DataError(f"{table.name}: column {column!r} has {what} in {table.rows(wrong)}")
    return values


def read_embeddings(
    path: str | Path, scores: str | Path, ids: Sequence[str] | np.ndarray, image_id: str = "image_id"
) -> np.ndarray:
    """Embeddings that were made elsewhere, in our order of photos.

    Args:
        path: a ``.npy`` file (M, D) whose rows are those of the file of scores.
        scores: that file.
        ids: image ids (N,) whose embeddings are wanted.
        image_id: its column with the ids.

    Returns:
        float32 (N, D).

    Raises:
        DataError: not such a file, another number of rows, numbers that are not finite.
    """
    table = read_columns(scores, [image_id])
    names = _ids(table, image_id)
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as a .npy file of embeddings: {error}") from error
    if not isinstance(found, np.ndarray) or found.ndim != 2 or len(found) != len(names):
        shape = getattr(found, "shape", "no single array")
        raise DataError(
            f"{path}: embeddings need a row for each of the {len(names):,} rows of {table.name}, in the same "
            f"order; the shape is {shape}"
        )
    found = found.astype(np.float32)
    wrong = ~np.isfinite(found).all(1)
    if wrong.any():
        raise DataError(f"{path}: embeddings that are not finite: {name_some(list(names[wrong]))}")
    rows: np.ndarray = found[_rows(table, names, list(ids), image_id, [])]
    return rows


def _rows(table: Columns, ids: np.ndarray, asked: list[str], image_id: str, notes: list[str]) -> np.ndarray:
    """The row of each asked photo (N,)."""
    rows = match_ids(ids, asked)
    if (rows < 0).all():
        back = match_ids(asked, ids)  # the file may write less of an id than the data
        rows[back[back >= 0]] = np.flatnonzero(back >= 0)
    if (rows < 0).any():
        lacking = [name for name, row in zip(asked, rows, strict=True) if row < 0]
        raise DataError(
            f"{table.name}: no scores for {len(lacking):,} of {len(asked):,} labelled photos: "
            f"{name_some(lacking)} (its {image_id} column has {name_some(list(ids), 2)}). "
            "Take these photos out of the data, or score them too."
        )
    if len(rows) < len(ids):
        spare = np.delete(ids, rows)
        notes.append(
            f"{len(spare):,} rows are of no labelled photo and were left out: {name_some(list(spare), 3)}"
        )
    return rows


def _probabilities(
    table: Columns,
    values: np.ndarray,
    ids: np.ndarray,
    rows: np.ndarray,
    logits: bool | None,
    notes: list[str],
) -> np.ndarray:
    """The asked rows as probabilities (N, K).

    Raises:
        DataError: some rows are no probabilities, although the others are.
    """
    values, names = values[rows], ids[rows]
    sums = values.sum(1)
    close = (values >= -1e-6).all(1) & (np.abs(sums - 1) <= ROUNDED)
    if logits is not True and close.all():
        if values.min() >= 0 and np.abs(sums - 1).max() <= 1e-9:
            return values  # to the bit
        values = np.clip(values, 0, None)
        return np.asarray(values / values.sum(1, keepdims=True))
    if logits is False or (logits is None and close.mean() > 0.5):
        raise DataError(
            f"{table.name}: rows whose scores are no probabilities (none below 0, sum 1): "
            f"{name_some(list(names[~close]))} in {table.rows(rows[~close])}"
        )
    if logits is None and (values >= 0).all() and (sums > 0).all():
        if sums.max() - sums.min() <= ROUNDED * sums.max():
            notes.append(f"scores whose rows sum to {np.median(sums):.4g}: they were divided by it")
            return np.asarray(values / sums[:, None])
        if values.max() <= 1:
            notes.append(
                "scores of one class at a time (0 to 1, no sum of 1): rows were divided by their sum"
            )
            return np.asarray(values / sums[:, None])
    notes.append("scores taken for logits: probabilities are their softmax")
    shifted = np.exp(values - values.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True))


def _check_order(table: Columns, scores: Predictions) -> None:
    """Refuses numbered columns that agree with the labels far better in another order than in ours."""
    from scipy.optimize import linear_sum_assignment

    targets, classes = scores.targets, len(scores.classes)
    known = targets >= 0
    if known.sum() < 10 * classes:
        return
    agree = np.zeros((classes, classes))
    np.add.at(agree, (scores.scores.argmax(1)[known], targets[known]), 1 / known.sum())
    best = linear_sum_assignment(-agree)
    own, other = float(np.trace(agree)), float(agree[best].sum())
    if other > own + 0.2:
        raise DataError(
            f"{table.name}: its numbered columns, taken for {name_some(list(scores.classes), 3)} in this "
            f"order, agree with {own:.0%} of the labels, in another order with {other:.0%}. "
            f"Name the columns {PREFIX}<class>, or give --set data.classes=[...] in the order of the columns."
        )
