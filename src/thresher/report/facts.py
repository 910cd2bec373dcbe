"""All that a run folder holds, read once. Everything but the recipe and the data set may be absent."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.store import load_dataset
from thresher.dataset.table import Dataset
from thresher.errors import RunError
from thresher.files import read_json
from thresher.inspect.drift import Drift
from thresher.predictions import Predictions
from thresher.run_folder import RunFolder


@dataclass(frozen=True)
class History:
    """The learning curve of one job: columns as in history.parquet."""

    model: str
    seed: str
    fold: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Facts:
    """What the page is made from.

    Attributes:
        name: the run folder's name. dataset: the table, with whatever more columns were saved with it
            (``content``, ``width``, ``height``).
        extra: what was saved beside the table (fingerprint).
        fold: fold of each row of the data set (N,), -1 where it has none; None without folds.
        oof: the ensemble's out-of-fold scores, of the rows that may be scored; None where there are none.
        test: scores of the test photos.
        metrics: metrics.json, ``{}`` where it is absent.
        histories: learning curves by model, seed, fold.
        environment: environment.json.
        recipe_text: recipe.yaml as it stands.
        recipe: the same, parsed.
        events: the lines of log.jsonl.
        issues: the table of doubtful labels; None where there is none of these scores.
        copies: duplicates.parquet; None where copies were not looked for.
        photo_facts: brightness and so on, indexed by row of the data set; None where they were not measured.
        drifts: how well sources can be told apart.
    """

    name: str
    dataset: Dataset
    extra: dict[str, Any]
    fold: np.ndarray | None
    oof: Predictions | None
    test: Predictions | None
    metrics: dict[str, Any]
    histories: tuple[History, ...]
    environment: dict[str, Any]
    recipe_text: str
    recipe: dict[str, Any]
    events: tuple[str, ...]
    issues: pd.DataFrame | None = None
    copies: pd.DataFrame | None = None
    photo_facts: pd.DataFrame | None = None
    drifts: tuple[Drift, ...] = ()

    @property
    def paths(self) -> dict[str, str]:
        """Image id -> path of the photo."""
        return dict(zip(self.dataset.frame["image_id"], self.dataset.frame["path"], strict=True))

    @property
    def has_groups(self) -> bool:
        """Whether the data says which photos belong together."""
        return bool(self.dataset.frame["group"].notna().any())


def read_facts(run: RunFolder) -> Facts:
    """Reads a run folder.

    Raises:
        RunError: the run stopped before the data set was read.
    """
    if not run.dataset.is_file():
        raise RunError(
            f"{run.root}: no dataset.parquet yet, so there is nothing to report. Run it again to continue."
        )
    import yaml

    dataset, extra = load_dataset(run.dataset)
    text = run.recipe.read_text(encoding="utf-8") if run.recipe.is_file() else ""
    recipe = yaml.safe_load(text) or {}
    fold = _folds(run.folds, dataset)
    metrics = read_json(run.metrics) if run.metrics.is_file() else {}
    oof = _scores(run.predictions("oof"))
    oof = None if oof is None else oof.known
    return Facts(
        name=run.root.resolve().name,
        dataset=dataset,
        extra=extra,
        fold=fold,
        oof=oof if oof is not None and len(oof) else None,
        test=_scores(run.predictions("test")),
        metrics=metrics,
        histories=_histories(run.root / "jobs", recipe.get("models") or {}, fold),
        environment=read_json(run.environment) if run.environment.is_file() else {},
        recipe_text=text,
        recipe=recipe,
        events=_events(run.log),
        issues=_issues(run.issues, oof),
        copies=pd.read_parquet(run.duplicates) if run.duplicates.is_file() else None,
        photo_facts=_photo_facts(run.photo_facts, dataset),
        drifts=_drifts(run.drift, metrics, dataset),
    )


def _scores(path: Path) -> Predictions | None:
    return Predictions.load(path) if path.is_file() else None


def _issues(path: Path, oof: Predictions | None) -> pd.DataFrame | None:
    """The doubtful labels, unless they were judged by the scores of an earlier run, or by other labels."""
    if oof is None or not path.is_file():
        return None
    frame = pd.read_parquet(path)
    if list(frame["image_id"]) != list(oof.ids) or "self_confidence" not in frame:
        return None
    now = 1 - oof.scores[np.arange(len(oof)), oof.targets]
    then = frame["self_confidence"].fillna(pd.Series(now)).to_numpy()
    same = list(frame["given"]) == list(np.asarray(oof.classes, dtype=object)[oof.targets])
    return frame if same and np.allclose(then, now, atol=1e-9) else None


def _folds(path: Path, dataset: Dataset) -> np.ndarray | None:
    """Fold of each row of the data set (N,)."""
    if not path.is_file():
        return None
    frame = pd.read_parquet(path).drop_duplicates("image_id").set_index("image_id")
    return frame["fold"].reindex(dataset.ids).fillna(-1).to_numpy(dtype=np.int64)


def _photo_facts(path: Path, dataset: Dataset) -> pd.DataFrame | None:
    """The facts of photos that are in the data set, indexed by row."""
    if not path.is_file():
        return None
    table = pd.read_parquet(path)
    table.index = pd.Index(dataset.ids).get_indexer(table.pop("image_id"))
    return table[table.index >= 0]


def _drifts(path: Path, metrics: dict[str, Any], dataset: Dataset) -> tuple[Drift, ...]:
    """One for each pair of sources in metrics.json, with its photos from drift.parquet."""
    if not path.is_file():
        return ()
    table = pd.read_parquet(path)
    table["row"] = pd.Index(dataset.ids).get_indexer(table["image_id"])
    found = []
    for one in metrics.get("drift", []):
        names, auc = (one["first"], one["second"]), one["auc"]
        part = table[(table["first"] == names[0]) & (table["second"] == names[1]) & (table["row"] >= 0)]
        columns = (part["row"].to_numpy(), part["is_second"].to_numpy(dtype=bool), part["score"].to_numpy())
        found.append(Drift(names, *columns, auc["value"], auc["low"], auc["high"]))
    return tuple(found)


def _histories(jobs: Path, models: dict[str, Any], folds: np.ndarray | None) -> tuple[History, ...]:
    """The learning curve of every job that the recipe has, by model, seed and fold."""
    found = []
    for path in sorted(jobs.glob("*/*/fold*/history.parquet"), key=_job_order):
        fold, seed, model = (path.parents[level].name for level in range(3))
        fold = fold.removeprefix("fold")
        known = model in models and seed in map(str, models[model].get("seeds", [seed]))
        if not known or (folds is not None and fold not in map(str, np.unique(folds))):
            continue
        frame = pd.read_parquet(path)
        if len(frame):
            found.append(History(model, seed, fold, frame))
    return tuple(found)


def _job_order(path: Path) -> tuple[str, list[str | int], list[str | int]]:
    """fold2 comes before fold10."""
    fold, seed, model = (path.parents[level].name for level in range(3))
    keys = [(f"{int(word):09d}" if word.isdigit() else word) for word in (seed, fold.removeprefix("fold"))]
    return model, [keys[0]], [keys[1]]


def _events(path: Path) -> tuple[str, ...]:
    """The log's lines; a line that a killed process left half written is left out."""
    if not path.is_file():
        return ()
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            json.loads(line)
        except ValueError:
            continue
        lines.append(line)
    return tuple(lines)
