"""The columns of a CSV or parquet file, or of a data frame, as text."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.errors import DataError


@dataclass(frozen=True)
class Columns:
    """Some columns of a table.

    Attributes:
        name: the file's path, or 'the data frame'; for messages.
        header: names of all columns of the table.
        values: the wanted columns that there are, each (N,) of text or None; blank text counts as None.
        numbers: row numbers for people (N,): a CSV's header is row 1, elsewhere the first row is 0.
    """

    name: str
    header: tuple[str, ...]
    values: dict[str, np.ndarray]
    numbers: np.ndarray

    def rows(self, where: np.ndarray, most: int = 5) -> str:
        """Row numbers for a message: ``row 3`` or ``rows 3, 7 and 2 more``."""
        numbers = self.numbers[where] if where.dtype == bool else self.numbers[np.asarray(where, np.int64)]
        rest = len(numbers) - most
        text = ", ".join(str(number) for number in numbers[:most])
        return ("row " if len(numbers) == 1 else "rows ") + text + (f" and {rest:,} more" if rest > 0 else "")


def read_columns(table: str | Path | pd.DataFrame, wanted: Iterable[str] | None = None) -> Columns:
    """Reads columns as text; which kind of file it is gets decided by its content.

    Args:
        table: a CSV file (commas, UTF-8), a parquet file, or a data frame.
        wanted: names of columns; those that are not there are left out. Default: all.

    Raises:
        DataError: it cannot be read.
    """
    if isinstance(table, pd.DataFrame):
        return _from_frame(table, "the data frame", wanted)
    path = Path(table)
    if not path.is_file():
        raise DataError(f"{path}: {'not a file' if path.exists() else 'no such file'}")
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        if start[:4] == b"PAR1":
            return _from_parquet(path, wanted)
        if not start.strip():
            raise DataError(f"{path}: the file is empty")
        if b"\0" in start:
            raise DataError(f"{path}: not a CSV or parquet file; save the table as CSV in UTF-8, with commas")
        return _from_csv(path, wanted)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _from_csv(path: Path, wanted: Iterable[str] | None) -> Columns:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next((row for row in reader if row), [])]
            _check_header(str(path), header)
            names = [name for name in header if wanted is None or name in set(wanted)]
            places = [header.index(name) for name in names]
            lists: list[list[str | None]] = [[] for _ in names]
            numbers, width = [], len(header)
            for number, row in enumerate(reader, start=2):
                if len(row) != width:
                    if not row:
                        continue
                    raise DataError(
                        f"{path}: row {number} (line {reader.line_num}) has {len(row)} values and the header "
                        f'{width}. A comma inside a value needs quotes around the value: "a,b.jpg"'
                    )
                numbers.append(number)
                for values, place in zip(lists, places, strict=True):
                    value = row[place]
                    values.append(value if value and not value.isspace() else None)
        except csv.Error as error:
            raise DataError(f"{path}: line {reader.line_num} is not valid CSV: {error}") from error
    arrays = {name: np.array(values, dtype=object) for name, values in zip(names, lists, strict=True)}
    return Columns(str(path), tuple(header), arrays, np.array(numbers, dtype=np.int64))


def _from_parquet(path: Path, wanted: Iterable[str] | None) -> Columns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        header = pq.read_schema(path).names
        names = [name for name in header if wanted is None or name in set(wanted)]
        read = pq.ParquetFile(path).read(columns=names)
        # Whole numbers with gaps must not become floats on the way.
        frame = pd.DataFrame({name: pd.Series(read[name].to_pylist(), dtype=object) for name in names})
    except pa.ArrowException as error:
        raise DataError(f"{path}: not a whole parquet file ({error})") from error
    columns = _from_frame(frame, str(path), wanted, rows=read.num_rows)
    return Columns(str(path), tuple(header), columns.values, columns.numbers)


def _from_frame(
    frame: pd.DataFrame, name: str, wanted: Iterable[str] | None, rows: int | None = None
) -> Columns:
    header = [str(column) for column in frame.columns]
    if header:
        _check_header(name, header)
    keep = None if wanted is None else set(wanted)
    values = {
        column: as_text(frame.iloc[:, place])
        for place, column in enumerate(header)
        if keep is None or column in keep
    }
    return Columns(name, tuple(header), values, np.arange(len(frame) if rows is None else rows))


def _check_header(name: str, header: Sequence[str]) -> None:
    if not header:
        raise DataError(f"{name}: no columns")
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DataError(f"{name}: the column {twice[0]!r} stands more than once")


def as_text(column: pd.Series) -> np.ndarray:
    """Values as text (N,), None where missing or blank; whole numbers stored as floats lose their '.0'."""

    def text(value: Any) -> str | None:
        if value is None or value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, float | np.floating):
            if math.isnan(value):
                return None
            return str(int(value)) if float(value).is_integer() else str(value)
        shown = value if type(value) is str else str(value)
        return shown if shown and not shown.isspace() else None

    return np.array([text(value) for value in column.astype(object)] or [], dtype=object)
