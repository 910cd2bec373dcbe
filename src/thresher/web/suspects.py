"""The labelled photos of a run with what the finders of wrong labels say of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.store import load_dataset
from thresher.dataset.table import MISSING, OK, Dataset
from thresher.errors import DataError, RunError, name_some
from thresher.run_folder import RunFolder
from thresher.web.scores import Scores, read_scores

_COLUMNS = ("image_id", "given", "suggested", "probability", "rank")
NONE = -1


class NotHere(LookupError):
    """No such photo, size or class in this run."""


@dataclass(frozen=True)
class Suspects:
    """N labelled photos, by row.

    Attributes:
        ids: image ids (N,), text.
        classes: K class names.
        given, suggested: class indices (N,), int64; -1 where there is no suggestion.
        probability: that the given label is wrong (N,), float64; NaN where nobody knows.
        place: 0 for the most suspicious photo, 1 for the next (N,), int64.
        cluster: near copies share a number (N,), int64; -1: no copies.
        agree: finders that put the photo among their most suspicious 5 % (N,), int64, of ``finders``.
        paths: absolute paths (N,), text.
        reasons: why a photo cannot be read (N,), text; None where it can.
        scores: what the models think.
        fingerprint: changes with the data.
    """

    ids: np.ndarray
    classes: tuple[str, ...]
    given: np.ndarray
    suggested: np.ndarray
    probability: np.ndarray
    place: np.ndarray
    cluster: np.ndarray
    agree: np.ndarray
    finders: int
    paths: np.ndarray
    reasons: np.ndarray
    scores: Scores
    fingerprint: str

    def __len__(self) -> int:
        return len(self.ids)


def read_suspects(run: RunFolder) -> Suspects:
    """Reads what `thresher labels` left in a run folder.

    Raises:
        RunError: it was not run yet, or its file is not one of this run.
        DataError: the data set or the scores cannot be read.
    """
    if not run.issues.is_file():
        raise RunError(
            f"{run.issues}: not there yet. Find the suspicious labels first: thresher labels {run.root}"
        )
    issues = _read_issues(run)
    dataset, extra = load_dataset(run.dataset)
    rows = pd.Index(dataset.ids).get_indexer(pd.Index(issues["image_id"]))
    if (rows < 0).any():
        strangers = list(issues["image_id"][rows < 0])
        raise RunError(
            f"{run.issues}: photos that are not in {run.dataset.name}: {name_some(strangers)}. "
            f"Write it again: thresher labels {run.root}"
        )
    codes = {name: index for index, name in enumerate(dataset.classes)}
    given = _codes(issues["given"], codes)
    if (given < 0).any():
        unknown = sorted({str(label) for label in issues["given"][given < 0]})
        raise RunError(f"{run.issues}: labels that are not among the classes: {name_some(unknown)}")
    suggested = _codes(issues["suggested"], codes)
    suggested = np.where(suggested == given, NONE, suggested)
    frame = dataset.frame.iloc[rows]
    return Suspects(
        ids=issues["image_id"].to_numpy(dtype=object),
        classes=dataset.classes,
        given=given,
        suggested=suggested,
        probability=issues["probability"].to_numpy(dtype=np.float64),
        place=_place(issues["rank"]),
        cluster=_clusters(issues),
        **_agreement(issues),
        paths=frame["path"].to_numpy(dtype=object),
        reasons=_reasons(frame),
        scores=read_scores(run.predictions("oof"), issues["image_id"], given, suggested, dataset.classes),
        fingerprint=_fingerprint(extra, dataset),
    )


def _read_issues(run: RunFolder) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with run.issues.open("rb") as file:
            frame: pd.DataFrame = pq.read_table(file).to_pandas()
    except pa.ArrowException as error:
        raise RunError(f"{run.issues}: not a whole parquet file ({error})") from error
    missing = [name for name in _COLUMNS if name not in frame]
    if missing:
        raise RunError(f"{run.issues}: the columns {name_some(missing)} are missing")
    twice = frame["image_id"][frame["image_id"].duplicated()]
    if len(twice):
        raise DataError(f"{run.issues}: image ids stand more than once: {name_some(list(twice.unique()))}")
    return frame


def _codes(labels: pd.Series, codes: dict[str, int]) -> np.ndarray:
    """Class indices of names, -1 for what is no class."""
    return np.array([codes.get(label, NONE) for label in labels], dtype=np.int64)


def _place(rank: pd.Series) -> np.ndarray:
    """0, 1, 2 ... in the order of ``rank``; equal ranks in the order of the data, missing ones last."""
    order = np.argsort(rank.to_numpy(dtype=np.float64, na_value=np.nan), kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place


def _clusters(issues: pd.DataFrame) -> np.ndarray:
    """A number that near copies share; -1 for a photo that is alone."""
    if "cluster" not in issues:
        return np.full(len(issues), NONE)
    numbers, names = pd.factorize(issues["cluster"])
    if pd.api.types.is_numeric_dtype(issues["cluster"]):
        numbers[(issues["cluster"] < 0).to_numpy(dtype=bool, na_value=False)] = NONE
    sizes = np.bincount(numbers[numbers >= 0], minlength=len(names))
    return np.array([number if number >= 0 and sizes[number] > 1 else NONE for number in numbers], np.int64)


def _agreement(issues: pd.DataFrame) -> dict[str, Any]:
    """How many finders put each photo among their first twentieth."""
    others = [name for name in issues if name not in (*_COLUMNS, "cluster")]
    finders = [name for name in others if pd.api.types.is_float_dtype(issues[name])]
    shares = issues[finders].rank(ascending=False, method="average", pct=True)
    return {"agree": (shares <= 0.05).to_numpy().sum(1).astype(np.int64), "finders": len(finders)}


def _reasons(frame: pd.DataFrame) -> np.ndarray:
    told = [
        None if status == OK else reason or ("no such file" if status == MISSING else "cannot be read")
        for status, reason in zip(frame["status"], frame["reason"], strict=True)
    ]
    return np.array(told, dtype=object)


def _fingerprint(extra: dict[str, Any], dataset: Dataset) -> str:
    from thresher.files import digest

    return digest([extra, len(dataset), dataset.classes])[:12]
