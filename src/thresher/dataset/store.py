"""A data set as one parquet file that pandas can open; classes and notes are in its metadata."""

import json
from pathlib import Path
from typing import Any

from thresher.dataset.table import COLUMNS, Dataset
from thresher.errors import DataError
from thresher.files import write_atomic

_META = b"thresher_dataset"


def save_dataset(dataset: Dataset, path: str | Path, extra: dict[str, Any] | None = None) -> Path:
    """Writes a data set; equal ones make equal bytes.

    Args:
        dataset: what to write; columns beyond `COLUMNS` are kept.
        path: of the parquet file.
        extra: JSON values to keep with it, such as the fingerprint.

    Raises:
        RunError: the disk is full, or the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for name in dataset.frame.columns:
        kind = None if name not in COLUMNS else pa.float64() if name == "weight" else pa.string()
        columns[name] = pa.array(dataset.frame[name], type=kind, from_pandas=True)
    meta = {"classes": dataset.classes, "notes": dataset.notes, "extra": extra or {}}
    table = pa.table(columns).replace_schema_metadata({_META: json.dumps(meta, sort_keys=True)})
    return write_atomic(path, lambda file: pq.write_table(table, file))


def load_dataset(path: str | Path) -> tuple[Dataset, dict[str, Any]]:
    """Reads what `save_dataset` wrote.

    Returns:
        the data set and ``extra``.

    Raises:
        DataError: no such file, or not a data set.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such data set")
    try:
        with path.open("rb") as file:
            table = pq.read_table(file)
    except pa.ArrowException as error:
        raise DataError(f"{path}: not a whole parquet file ({error})") from error
    meta = json.loads((table.schema.metadata or {}).get(_META, b"null"))
    if meta is None:
        raise DataError(f"{path}: not a data set that Thresher wrote")
    frame = table.to_pandas()
    for name in COLUMNS:
        if name in frame and name != "weight":
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return Dataset(frame, tuple(meta["classes"]), tuple(meta["notes"])), meta["extra"]
