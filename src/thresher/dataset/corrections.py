"""Corrections of labels: a layer over the data set, in a file of its own; the data set stays as it is."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.dataset.columns import Columns, read_columns
from thresher.dataset.table import Dataset
from thresher.dataset.teaching import Teaching, one_hot
from thresher.errors import DataError
from thresher.files import digest, write_atomic
from thresher.registry import nearest

COLUMNS = ("image_id", "old", "new", "action", "note")
ACTIONS = ("keep", "relabel", "drop", "soften", "weigh", "review")
"""keep: the label is right, nothing may repair it. review: nothing is decided yet."""
HALF = 0.5
"""Share of the new class in a soft label where none is given."""


@dataclass(frozen=True)
class Corrections:
    """What people, or finders that they trust, decided on C photos.

    Attributes:
        table: as it was read, with `COLUMNS`, text.
        rows: of the data set (C,).
        actions: one of `ACTIONS` (C,).
        targets: class index (C,) of the new label, -1 where there is none.
        amounts: share of the new class in a soft label, or weight (C,); 1 elsewhere.
    """

    table: pd.DataFrame
    rows: np.ndarray
    actions: np.ndarray
    targets: np.ndarray
    amounts: np.ndarray

    @property
    def mark(self) -> str:
        """A short hash of all that has an effect, empty where nothing has; notes and reviews have none."""
        kept = self.table[self.table["action"] != "review"].sort_values("image_id")
        return digest(kept[["image_id", "new", "action"]].to_numpy().tolist()) if len(kept) else ""

    @property
    def counts(self) -> dict[str, int]:
        """Photos by action."""
        return {name: int((self.actions == name).sum()) for name in ACTIONS if name in self.actions}

    def teaching(self, dataset: Dataset, rows: np.ndarray) -> Teaching:
        """What training rows (N,) of the data set teach."""
        classes = len(dataset.classes)
        teaching = Teaching.of(dataset.targets[rows])
        if not len(self.rows):
            return teaching
        place = np.full(len(dataset), -1)
        place[self.rows] = np.arange(len(self.rows))
        found = place[rows]
        action = np.where(found < 0, "", self.actions[found])
        targets, amounts = self.targets[found], self.amounts[found]
        mixed = (1 - amounts)[:, None] * teaching.rows(classes) + amounts[:, None] * one_hot(targets, classes)
        teaching = teaching.retarget(np.isin(action, ("relabel", "soften")), mixed)
        teaching = teaching.reweigh(action == "weigh", amounts).without(action == "drop")
        return teaching.decided(np.isin(action, ("", "review"), invert=True))

    def corrected(self, dataset: Dataset) -> Dataset:
        """The data set with new labels, and none where a photo is dropped; soft labels keep the given one."""
        labels = dataset.frame["label"].to_numpy(dtype=object).copy()
        changed = self.actions == "relabel"
        labels[self.rows[changed]] = np.array(dataset.classes, dtype=object)[self.targets[changed]]
        labels[self.rows[self.actions == "drop"]] = None
        return dataset.with_columns(label=pd.Series(labels, dataset.frame.index, object))


def read_corrections(
    table: str | Path | pd.DataFrame, dataset: Dataset, partial: bool = False
) -> tuple[Corrections, tuple[str, ...]]:
    """Reads corrections and makes sure that they were made for this data set.

    Args:
        table: a CSV or parquet file or a data frame with ``image_id``, ``old``, ``new``, ``action`` and,
            if you like, ``note``. ``old`` is the label that was corrected. ``new`` is the new class for
            relabel; ``class`` or ``class:0.7`` (its share, else a half) for soften; a weight between 0 and 1
            for weigh; empty for drop and keep.
        dataset: whose labels are corrected.
        partial: leave out photos that are not there (a run on a part of the data) instead of failing.

    Returns:
        the corrections, and what is to be said about them.

    Raises:
        DataError: it cannot be used; names the file, the rows, and what to do.
    """
    columns = read_columns(table, COLUMNS)
    for name in COLUMNS[:4]:
        if name not in columns.values:
            raise DataError(
                f"{columns.name}: no column {name!r}{nearest(name, columns.header)} "
                f"(corrections have the columns {', '.join(COLUMNS)})"
            )
    cells = {name: _stripped(columns, name) for name in COLUMNS}
    ids = cells["image_id"]
    blank = ids == ""
    if blank.any():
        raise DataError(f"{columns.name}: no image_id in {columns.rows(blank)}")
    _refuse_twice(columns, ids)
    rows = pd.Index(dataset.ids).get_indexer(pd.Index(ids))
    notes: tuple[str, ...] = ()
    if partial and (rows < 0).any():
        notes += (f"{(rows < 0).sum():,} corrections are of photos that this part of the data lacks",)
        there = rows >= 0
        columns = replace(columns, numbers=columns.numbers[there])
        cells, rows = {name: cell[there] for name, cell in cells.items()}, rows[there]
    _check_photos(columns, cells, rows, dataset)
    targets, amounts = _parse(columns, cells, dataset)
    found = Corrections(pd.DataFrame(cells, dtype=object), rows, cells["action"], targets, amounts)
    return found, notes


def write_corrections(table: pd.DataFrame, path: Path) -> None:
    """Writes corrections as CSV; columns beyond `COLUMNS` are left out, missing ones are empty."""
    whole = table.reindex(columns=list(COLUMNS)).astype(object).fillna("")
    write_atomic(path, lambda file: whole.to_csv(file, index=False, lineterminator="\n"))


def _stripped(columns: Columns, name: str) -> np.ndarray:
    values = columns.values.get(name)
    if values is None:
        return np.full(len(columns.numbers), "", dtype=object)
    return np.array(["" if value is None else value.strip() for value in values], dtype=object)


def _refuse_twice(columns: Columns, ids: np.ndarray) -> None:
    twice = pd.Series(ids).duplicated(keep=False).to_numpy()
    if twice.any():
        first = ids[twice][0]
        raise DataError(
            f"{columns.name}: {first!r} is corrected more than once: keep one of {columns.rows(ids == first)}"
        )


def _check_photos(columns: Columns, cells: dict[str, np.ndarray], rows: np.ndarray, dataset: Dataset) -> None:
    """The photos are there, are no test photos, and have the label that was corrected."""
    ids, old = cells["image_id"], cells["old"]
    labels = dataset.frame["label"].to_numpy(dtype=object)[rows]
    known = np.array([label is not None and label == label for label in labels], dtype=bool)
    differs = np.array([label != before for label, before in zip(labels, old, strict=True)], dtype=bool)

    def refuse(where: np.ndarray, says: str) -> None:
        if where.any():
            place = np.flatnonzero(where)[0]
            names = {"id": ids[place], "old": old[place], "now": labels[place]}
            more = f" ({where.sum() - 1:,} more rows like it)" if where.sum() > 1 else ""
            row = columns.rows(np.array([place]))
            raise DataError(f"{columns.name}: {row}: {says.format(**names)}{more}")

    unknown = rows < 0
    hint = nearest(ids[unknown][0], dataset.ids) if unknown.any() else ""
    refuse(unknown, f"no photo is named {{id!r}}{_braced(hint)}")
    refuse(dataset.is_test[rows], "{id!r} is a test photo: nothing is learned from its label")
    refuse(~known, "{id!r} has no label to correct: give it one in the data set")
    refuse(differs, "the label of {id!r} is now {now!r}, the correction was made for {old!r}: look again")


def _parse(columns: Columns, cells: dict[str, np.ndarray], dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """New class index (C,) and share or weight (C,) of every row."""
    lookup = {name: index for index, name in enumerate(dataset.classes)}
    targets, amounts = np.full(len(cells["new"]), -1), np.ones(len(cells["new"]))
    for place, (action, new, old) in enumerate(zip(cells["action"], cells["new"], cells["old"], strict=True)):
        row = f"{columns.name}: {columns.rows(np.array([place]))}"
        if action not in ACTIONS:
            what = f"no action is named {action!r}" if action else "no action"
            raise DataError(f"{row}: {what}{nearest(action, ACTIONS)}")
        if action in ("drop", "keep") and new and not (action == "keep" and new == old):
            raise DataError(f"{row}: new = {new!r} has no effect with {action}: leave it empty")
        if action == "weigh":
            amounts[place] = _number(row, new, "a weight", below=True)
        if action not in ("relabel", "soften"):
            continue
        label, share = new, 1.0
        if action == "soften":
            share = HALF
            if new not in lookup and ":" in new:
                label, _, text = new.rpartition(":")
                label, share = label.strip(), _number(row, text, "a share")
        if label not in lookup:
            what = f"no class is named {label!r}" if label else f"{action} needs a new class"
            raise DataError(f"{row}: {what}{nearest(label, dataset.classes)}")
        if label == old:
            raise DataError(f"{row}: new is the label that it has, {old!r}: say keep")
        targets[place], amounts[place] = lookup[label], share
    return targets, amounts


def _number(row: str, text: str, what: str, below: bool = False) -> float:
    """A number above 0 and at most 1, or below."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 < value < 1 or (value == 1 and not below)):
        upper = "below 1" if below else "at most 1"
        raise DataError(f"{row}: new = {text!r}: {what} is a number above 0 and {upper}")
    return value


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
