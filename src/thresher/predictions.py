"""Scores with their image ids: the currency that stages trade in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from thresher.errors import DataError, name_some
from thresher.files import write_atomic

Kind = Literal["oof", "holdout", "test"]
PREFIX = "p_"
_META = b"thresher"


@dataclass(frozen=True)
class Predictions:
    """An immutable score matrix with all that is needed to use it elsewhere.

    Attributes:
        ids: image ids (N,).
        scores: probabilities (N, K), float64; every row sums to 1.
        classes: K class names, in column order.
        kind: ``oof``, ``holdout`` or ``test``.
        labels: given labels (N,), ``None`` where unknown.
        folds: fold that scored the row (N,), -1 where several models' scores were averaged.
        origin: where the scores came from (recipe, model, seed, views, data fingerprint); no times, no paths,
            so that equal scores make equal files.
    """

    ids: np.ndarray
    scores: np.ndarray
    classes: tuple[str, ...]
    kind: Kind
    labels: np.ndarray | None = None
    folds: np.ndarray | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scores = np.array(self.scores, dtype=np.float64)
        ids = np.asarray(self.ids, dtype=object)
        if scores.shape != (len(ids), len(self.classes)):
            raise DataError(
                f"scores have the shape {scores.shape}; {len(ids)} ids and {len(self.classes)} classes "
                f"need {(len(ids), len(self.classes))}"
            )
        if not np.isfinite(scores).all():
            raise DataError(
                f"scores that are not finite: {name_some(list(ids[~np.isfinite(scores).all(1)]))}"
            )
        if len(scores) and (scores.min() < -1e-9 or np.abs(scores.sum(1) - 1).max() > 1e-4):
            bad = (scores.min(1) < -1e-9) | (np.abs(scores.sum(1) - 1) > 1e-4)
            raise DataError(
                f"scores that are no probabilities (a row must sum to 1): {name_some(list(ids[bad]))}"
            )
        scores.flags.writeable = False
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "classes", tuple(str(name) for name in self.classes))
        for name in ("labels", "folds"):
            value = getattr(self, name)
            if value is not None and len(value) != len(ids):
                raise DataError(f"{len(value)} {name} for {len(ids)} ids")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def targets(self) -> np.ndarray:
        """Class index of each given label (N,), int64; -1 where unknown."""
        lookup = {name: index for index, name in enumerate(self.classes)}
        if self.labels is None:
            return np.full(len(self), -1)
        return np.array([lookup.get(label, -1) for label in self.labels], dtype=np.int64)

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest score (N,), text."""
        names: np.ndarray = np.asarray(self.classes, dtype=object)[self.scores.argmax(1)]
        return names

    @property
    def known(self) -> "Predictions":
        """Only the rows that have a label and a fold: those that may be scored."""
        scored = self.targets >= 0
        if self.kind != "test" and self.folds is not None:
            scored &= np.asarray(self.folds) >= 0
        return self.take(np.flatnonzero(scored))

    def take(self, rows: Sequence[int] | np.ndarray) -> "Predictions":
        """The given rows in the given order."""
        rows = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            ids=self.ids[rows],
            scores=self.scores[rows],
            labels=None if self.labels is None else np.asarray(self.labels, dtype=object)[rows],
            folds=None if self.folds is None else np.asarray(self.folds)[rows],
        )

    def align(self, ids: Sequence[str] | np.ndarray) -> "Predictions":
        """The same scores in another order of ids.

        Raises:
            DataError: an id that is missing here, or stands twice; the message names it.
        """
        index = pd.Index(self.ids)
        if not index.is_unique:
            raise DataError(f"ids that stand more than once: {name_some(list(index[index.duplicated()]))}")
        rows = index.get_indexer(pd.Index(np.asarray(ids, dtype=object)))
        if (rows < 0).any():
            raise DataError(
                f"no scores for the ids {name_some(list(np.asarray(ids, dtype=object)[rows < 0]))}"
            )
        return self.take(rows)

    def to_frame(self) -> pd.DataFrame:
        """Columns ``image_id, label, fold`` and one ``p_<class>`` per class."""
        frame = pd.DataFrame({"image_id": self.ids})
        labels = [None] * len(self) if self.labels is None else self.labels
        frame["label"] = pd.Series(labels, dtype="string")
        frame["fold"] = (
            np.full(len(self), -1) if self.folds is None else np.asarray(self.folds, dtype=np.int64)
        )
        scores = pd.DataFrame(self.scores, columns=[PREFIX + name for name in self.classes])
        return pd.concat([frame, scores], axis=1)

    def save(self, path: str | Path) -> Path:
        """Writes one parquet file (or CSV, by its suffix) that pandas can open.

        Equal scores make equal bytes. A CSV file holds the table alone: `load` takes it for out-of-fold
        scores of unknown origin.
        """
        frame = self.to_frame()
        if Path(path).suffix == ".csv":
            return write_atomic(path, lambda file: frame.to_csv(file, index=False, lineterminator="\n"))
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        meta = {"kind": self.kind, "classes": list(self.classes), "origin": dict(self.origin)}
        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), _META: json.dumps(meta, sort_keys=True)}
        )
        return write_atomic(path, lambda file: pq.write_table(table, file))

    @classmethod
    def load(cls, path: str | Path) -> "Predictions":
        """Reads what `save` wrote.

        Raises:
            DataError: no such file, or not a file of scores.
        """
        path = Path(path)
        if not path.is_file():
            raise DataError(f"{path}: no such file of scores")
        try:
            frame, meta = _read(path)
            columns = [str(column) for column in frame if str(column).startswith(PREFIX)]
            if "image_id" not in frame or not columns:
                raise DataError(f"not a file of scores: it needs image_id and {PREFIX}<class> columns")
            labels = frame["label"].astype(object) if "label" in frame else None
            return cls(
                ids=frame["image_id"].to_numpy(dtype=object),
                scores=frame[columns].to_numpy(dtype=np.float64),
                classes=tuple(meta.get("classes") or [column[len(PREFIX) :] for column in columns]),
                kind=meta.get("kind", "oof"),
                labels=None if labels is None else labels.where(labels.notna(), None).to_numpy(dtype=object),
                folds=frame["fold"].to_numpy(dtype=np.int64) if "fold" in frame else None,
                origin=meta.get("origin", {}),
            )
        except DataError as error:
            raise DataError(f"{path}: {error}") from None
        except (ValueError, TypeError, OSError) as error:  # of pandas, pyarrow or a cell that is no number
            raise DataError(f"{path}: cannot be read as a file of scores: {error}") from error


def _read(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of a file and what `save` noted beside it."""
    if path.suffix == ".csv":
        # As text, for only an empty cell is missing (a class or a photo may be named NA or None), and numbers
        # are then read to the last bit whatever the version of pandas.
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if "label" in frame:
            frame["label"] = frame["label"].where(frame["label"] != "", None)
        return frame, {}
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return table.to_pandas(), json.loads((table.schema.metadata or {}).get(_META, b"{}"))


def mean(parts: Sequence[Predictions], origin: Mapping[str, Any] | None = None) -> Predictions:
    """The plain mean of several score matrices of the same rows, in any order, and the same classes.

    Raises:
        DataError: there are none, or their rows or classes differ.
    """
    if not parts:
        raise DataError("no scores to average")
    first = parts[0]
    scores = np.zeros_like(first.scores)
    for part in parts:
        if part.classes != first.classes:
            raise DataError(f"scores of other classes cannot be averaged: {part.classes} and {first.classes}")
        if len(part) != len(first):
            raise DataError(f"scores of other photos cannot be averaged: {len(part)} and {len(first)} photos")
        scores += part.align(first.ids).scores
    return replace(first, scores=scores / len(parts), origin=first.origin if origin is None else origin)
