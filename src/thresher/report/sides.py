"""What is compared: the out-of-fold scores of a run folder, or of any file of scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from thresher.dataset.columns import read_columns
from thresher.dataset.matching import match_ids
from thresher.dataset.store import load_dataset
from thresher.errors import DataError, RunError, name_some
from thresher.folds.groups import join_groups
from thresher.foreign import read_scores
from thresher.predictions import Predictions
from thresher.registry import nearest
from thresher.run_folder import RunFolder

_PLAIN = {"oof", "test", "scores", "predictions"}
"""Names of files and folders that say nothing of a run; the folder above says more."""


@dataclass(frozen=True)
class Side:
    """One of the compared.

    Attributes:
        name: what tables and sentences call it.
        scores: with labels.
        groups: image id -> what it belongs to, of a run whose photos belong together.
        paths: image id -> path of the photo, of a run.
    """

    name: str
    scores: Predictions
    groups: Mapping[str, str | None]
    paths: Mapping[str, str]


def open_sides(paths: Sequence[str | Path], labels: str | Path | None = None) -> list[Side]:
    """Reads everything that is compared.

    Args:
        paths: run folders; files that Thresher wrote; or CSV and parquet files of other programs, see
            `thresher.foreign.read_scores`.
        labels: a table with ``image_id`` and ``label`` that all are judged by; default: those of each run or
            file. A file without labels takes those of the others.

    Raises:
        DataError: no such file, not a file of scores, or no labels for it.
        RunError: a run without out-of-fold scores.
    """
    given = None if labels is None else read_labels(labels)
    found: list[Side | None] = [_own(Path(path)) for path in paths]
    known = given
    for side in found:
        if known is None and side is not None and len(side.scores.known):
            scores = side.scores.known
            known = dict(zip(map(str, scores.ids), scores.labels, strict=True))  # type: ignore[arg-type]
    names = _names([Path(path) for path in paths])
    sides = []
    for path, side, name in zip(paths, found, names, strict=True):
        if side is None:
            side = Side(name, _foreign(path, known), {}, {})
        if given is not None or not len(side.scores.known):
            side = replace(side, scores=_labelled(side.scores, known, str(path)))
        sides.append(replace(side, name=name))
    return sides


def read_labels(path: str | Path) -> dict[str, str]:
    """Image id -> class of a table with ``image_id`` and ``label``; rows without a label are left out.

    Raises:
        DataError: a column is missing, or an id stands twice.
    """
    table = read_columns(path)
    for column in ("image_id", "label"):
        if column not in table.values:
            raise DataError(f"{table.name}: no column {column!r}{nearest(column, table.header)}")
    ids = [str(one) for one in table.values["image_id"]]
    twice = [one for one, often in Counter(ids).items() if often > 1]
    if twice:
        raise DataError(f"{table.name}: image ids that stand more than once: {name_some(twice)}")
    return {one: label for one, label in zip(ids, table.values["label"], strict=True) if label is not None}


def _own(path: Path) -> Side | None:
    """A run folder, or a file that Thresher wrote; None for a file of another program."""
    if not path.exists():
        raise DataError(f"{path}: no such run folder or file of scores")
    if path.is_dir():
        run = RunFolder.existing(path)
        file = run.predictions("oof")
        if not file.is_file():
            raise RunError(
                f"{path}: this run has no out-of-fold scores yet. Give its `thresher run` command again to "
                "continue it."
            )
        return Side("", Predictions.load(file), *_photos(run))
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        if b"thresher" in (pq.read_schema(path).metadata or {}):
            return Side("", Predictions.load(path), {}, {})
    return None


def _photos(run: RunFolder) -> tuple[dict[str, str | None], dict[str, str]]:
    """The group and the path of each photo of a run."""
    if not run.dataset.is_file():
        return {}, {}
    dataset, _ = load_dataset(run.dataset)
    frame = dataset.frame[dataset.labelled].reset_index(drop=True)
    groups: dict[str, str | None] = {}
    if "content" in frame:
        given = frame["group"] if frame["group"].notna().any() else None
        joined = join_groups(given, frame["content"].to_numpy(dtype=object))
        if joined is not None:
            groups = dict(zip(frame["image_id"], joined.where(joined.notna(), None), strict=True))
    return groups, dict(zip(frame["image_id"], frame["path"], strict=True))


def _foreign(path: str | Path, labels: Mapping[str, str] | None) -> Predictions:
    """A file of another program, its columns in the order of the labels' classes."""
    if labels is None:
        return read_scores(path)
    names = set(labels.values())
    numbers = all(name.lstrip("-").isdecimal() for name in names)
    return read_scores(path, classes=sorted(names, key=int) if numbers else sorted(names))


def _labelled(scores: Predictions, labels: Mapping[str, str] | None, name: str) -> Predictions:
    """The scores with the labels of a table.

    Raises:
        DataError: there is no table, it has other classes, or none of its photos was scored.
    """
    if labels is None:
        raise DataError(f"{name}: no labels to judge the scores by. Give a table of them: --labels TABLE")
    other = sorted(set(labels.values()) - set(scores.classes))
    if other:
        raise DataError(f"{name}: it has no scores for the classes {name_some(other)} of the labels")
    ids = list(labels)
    rows = match_ids(ids, [str(one) for one in scores.ids])
    if (rows < 0).all():
        raise DataError(
            f"{name}: none of its photos ({name_some([str(one) for one in scores.ids], 2)}) is among the "
            f"labelled ones ({name_some(ids, 2)})"
        )
    found = np.array([labels[ids[row]] if row >= 0 else None for row in rows], dtype=object)
    renamed = np.array([ids[row] if row >= 0 else str(scores.ids[place]) for place, row in enumerate(rows)])
    return replace(scores, ids=renamed.astype(object), labels=found)


def _names(paths: Sequence[Path]) -> list[str]:
    """A short name for each path: its own, with the folders above it where they alone tell it apart."""
    found = []
    for path in paths:
        parts = list(path.resolve().parts)
        parts[-1] = path.name if path.is_dir() else path.stem
        while len(parts) > 2 and parts[-1] in _PLAIN:
            parts.pop()
        found.append(parts)
    for length in range(1, 4):
        names = ["/".join(parts[-length:]) for parts in found]
        if len(set(names)) == len(names):
            return names
    return [f"{name} {number}" for number, name in enumerate(names, 1)]
