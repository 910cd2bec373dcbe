"""A table of image ids and labels as a data set."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from thresher.dataset.classes import class_list
from thresher.dataset.columns import Columns, read_columns
from thresher.dataset.frame import build_frame
from thresher.dataset.lookup import Files, find_files
from thresher.dataset.table import MISSING, OK, TEST, TRAIN, VALID, Dataset
from thresher.errors import DataError, name_some
from thresher.registry import nearest

if TYPE_CHECKING:
    from thresher.recipe.schema import DataSection

_SPLITS = {"train": TRAIN, "valid": VALID, "val": VALID, "validation": VALID, "test": TEST}
_OPTIONAL = ("group", "source", "split", "weight")


def read_table(
    table: str | Path | pd.DataFrame,
    images: str | Path | None = None,
    data: "DataSection | None" = None,
    split: str | None = None,
    more_images: tuple[Path, ...] = (),
    absent: bool = False,
) -> Dataset:
    """Reads a table with one photo per row.

    Args:
        table: a CSV or parquet file, or a data frame.
        images: the folder that image ids are relative to. Default: the table's folder, or the
            table's own name, ``images`` or ``train`` in it, wherever most of the first photos are found.
        data: which column holds what. A column that it names must be there.
        split: puts all rows into this part; a ``test`` table needs no column but the image ids.
        more_images: more folders to look in where ``images`` is not given.
        absent: the labels are enough: no photo needs to be there, unless ``images`` is given.

    Returns:
        rows in the order of the table; a row without a file has the status ``missing``.

    Raises:
        DataError: the table cannot be used; names the file, the column and the rows.
    """
    if data is None:
        from thresher.recipe.schema import DataSection

        data = DataSection()
    columns = _read(table, data, split)
    ids = columns.values[data.image_id]
    _check_ids(columns, ids, data)
    absent = absent and images is None
    folder = _image_folder(table, images, ids, split, more_images, absent)
    files = find_files(ids, folder)
    _check_files(columns, ids, files, folder, data.allow_outside, absent)
    labels, splits = _labels(columns, data), _splits(columns, data, split)
    known = np.array([label is not None for label in labels], dtype=bool)
    train = known & (splits != TEST) if split is None else known
    classes = class_list(labels[train], data.classes)
    notes = _notes(columns, files, data, folder)
    strange = known & ~pd.Series(labels, dtype=object).isin(classes).to_numpy()
    if (strange & (splits == TEST)).any():
        notes += (f"{(strange & (splits == TEST)).sum():,} test labels that are no classes count as unknown",)
        labels[strange & (splits == TEST)] = None
        strange &= splits != TEST
    if strange.any():
        first = str(labels[strange][0])
        raise DataError(
            f"{columns.name}: {strange.sum():,} labels that are not among data.classes "
            f"({name_some(sorted(set(labels[strange])))}), "
            f"in {columns.rows(strange)}: {first!r}{nearest(first, classes)}"
        )
    reasons = np.full(len(ids), None, dtype=object)
    reasons[~files.exists] = [f"no such file: {path}" for path in files.paths[~files.exists]]
    frame = build_frame(
        ids,
        files.paths,
        label=labels,
        group=columns.values.get(data.group or ""),
        source=columns.values.get(data.source or ""),
        split=splits,
        weight=_weights(columns, data),
        status=np.where(files.exists, OK, MISSING).astype(object),
        reason=reasons,
    )
    return Dataset(frame, classes, notes)


def _read(table: str | Path | pd.DataFrame, data: "DataSection", split: str | None) -> Columns:
    """Reads the columns that the recipe names, and insists on those that have to be there."""
    named = {key: getattr(data, key) for key in ("image_id", "label", *_OPTIONAL) if getattr(data, key)}
    columns = read_columns(table, named.values())
    needed = dict(named)
    if split == TEST:
        needed = {"image_id": data.image_id}
    elif data.label == "label":  # the default name; a table without it has no labels
        needed.pop("label")
    for key, name in needed.items():
        if name not in columns.values:
            hint = nearest(name, columns.header)
            if len(columns.header) == 1 and any(mark in columns.header[0] for mark in ";\t|"):
                hint = f" in {columns.header[0]!r}: columns must be separated by commas"
            alone = "; or --set data.source=null: all photos are of one source" if key == "source" else ""
            raise DataError(
                f"{columns.name}: no column {name!r}{hint} "
                f"(data.{key} says which column it is: --set data.{key}=NAME{alone})"
            )
    return columns


def has_column(table: str | Path | pd.DataFrame, name: str) -> bool:
    """Whether a table, or what a folder of photos is read as, has a column of this name.

    Raises:
        DataError: it cannot be read.
    """
    if not isinstance(table, pd.DataFrame) and Path(table).is_dir():
        return False
    return name in read_columns(table, ()).header


def _check_ids(columns: Columns, ids: np.ndarray, data: "DataSection") -> None:
    if not len(ids):
        raise DataError(f"{columns.name}: the table has no rows")
    blank = np.array([name is None for name in ids], dtype=bool)
    if blank.any():
        raise DataError(f"{columns.name}: no {data.image_id} in {columns.rows(blank)}")
    _refuse_twice(columns, ids, ids, "stand more than once")


def _refuse_twice(columns: Columns, keys: np.ndarray, ids: np.ndarray, what: str) -> None:
    series = pd.Series(keys, dtype=object)
    repeated = series.duplicated(keep=False).to_numpy()
    if not repeated.any():
        return
    groups = series[repeated].groupby(series[repeated], sort=False).indices
    rows = np.flatnonzero(repeated)
    first = [
        f"{ids[rows[places[0]]]!r} ({columns.rows(rows[places])})" for places in list(groups.values())[:3]
    ]
    rest = f" and {len(groups) - 3:,} more" if len(groups) > 3 else ""
    raise DataError(f"{columns.name}: image ids that {what}: {', '.join(first)}{rest}")


def _image_folder(
    table: str | Path | pd.DataFrame,
    images: str | Path | None,
    ids: np.ndarray,
    split: str | None,
    more: tuple[Path, ...],
    absent: bool,
) -> Path:
    """The given folder, else the likely one that holds most of the first photos."""
    if images is not None:
        if not Path(images).is_dir():
            raise DataError(f"{images}: no such image folder")
        return Path(images)
    if isinstance(table, pd.DataFrame):
        likely = [Path.cwd()]
    else:
        home, stem = Path(table).absolute().parent, Path(table).stem
        names = (stem, f"{stem}_images", *(("test", "images") if split == TEST else ("images", "train")))
        likely = [home, *(home / name for name in names)]
    likely = [folder for folder in dict.fromkeys([*likely, *more]) if folder.is_dir()]
    for some in (ids[:20], ids):  # the first photos may be missing
        hits = [find_files(some, folder).exists.sum() for folder in likely]
        if max(hits, default=0):
            return likely[int(np.argmax(hits))]
    if absent:
        return likely[0]
    looked = ", ".join(str(folder) for folder in likely)
    raise DataError(
        f"not one of the {len(ids):,} photos is there, such as {ids[0]!r}; looked in {looked}. "
        "Give the right folder with --images DIR."
    )


def _check_files(
    columns: Columns, ids: np.ndarray, files: Files, folder: Path, allow_outside: bool, absent: bool
) -> None:
    if files.outside.any() and not allow_outside:
        raise DataError(
            f"{columns.name}: image ids that lead out of the image folder {folder}: "
            f"{name_some(list(ids[files.outside]), 3)} in {columns.rows(files.outside)}. "
            "If this is meant: --set data.allow_outside=true"
        )
    if not files.exists.any() and not absent:
        raise DataError(
            f"{columns.name}: not one of the {len(ids):,} photos is there; looked in {folder}, "
            f"for {files.paths[0]} first. Give the right folder with --images DIR."
        )
    _refuse_twice(columns, files.paths, ids, "name the same file")


def _labels(columns: Columns, data: "DataSection") -> np.ndarray:
    values = columns.values.get(data.label)
    if values is None:
        return np.full(len(columns.numbers), None, dtype=object)
    return np.array([None if value is None else value.strip() for value in values], dtype=object)


def _splits(columns: Columns, data: "DataSection", split: str | None) -> np.ndarray:
    """The part of each row; blank means train."""
    values = columns.values.get(data.split or "")
    if split is not None or values is None:
        return np.full(len(columns.numbers), split or TRAIN, dtype=object)
    parts = [TRAIN if value is None else _SPLITS.get(value.strip().lower()) for value in values]
    wrong = np.array([part is None for part in parts], dtype=bool)
    if wrong.any():
        first = str(values[wrong][0])
        raise DataError(
            f"{columns.name}: {data.split} = {first!r} in {columns.rows(wrong)}: give train, valid or test"
        )
    return np.array(parts, dtype=object)


def _weights(columns: Columns, data: "DataSection") -> np.ndarray | None:
    """The weight of each row; blank means 1."""
    values = columns.values.get(data.weight or "")
    if values is None:
        return None
    weights = pd.to_numeric(pd.Series(values).fillna("1"), errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        first = str(values[wrong][0])
        raise DataError(
            f"{columns.name}: {data.weight} = {first!r} in {columns.rows(wrong)}: a weight is a number > 0"
        )
    return weights


def _notes(columns: Columns, files: Files, data: "DataSection", folder: Path) -> tuple[str, ...]:
    missing = int((~files.exists).sum())
    facts = (
        (missing, f"{missing:,} rows of {columns.name} have no file, such as {_first_missing(files)}"),
        (files.unlisted, f"{files.unlisted:,} photos in {folder} have no row in {columns.name}"),
        (files.extended, f"{files.extended:,} image ids have no extension; it was looked up"),
        (
            data.label not in columns.values,
            f"{columns.name} has no column {data.label!r}: all its rows are unlabelled",
        ),
    )
    return tuple(text for count, text in facts if count)


def _first_missing(files: Files) -> str:
    return os.path.basename(files.paths[~files.exists][0]) if not files.exists.all() else ""
