"""All runs in a folder: what, when, how long, how good, and what differs from one to the next."""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd

from thresher.errors import DataError
from thresher.files import digest, read_json
from thresher.images.locks import hold
from thresher.metrics.scores import LOWER_IS_BETTER, METRICS
from thresher.pipeline.workspace import Workspace
from thresher.report.words import flat
from thresher.run_folder import RunFolder

DEPTH = 4
"""Folders below the asked one in which runs are looked for."""
PLAIN = (
    "name",
    "description",
    "source",
    "claim",
    "images.cache_*",
    "training.*",
    "metrics.*",
    "models.*.engine",
    "models.*.precision",
    "models.*.score_batch",
)
"""Keys that a run is not told apart by: its name, and what is chosen for a machine."""
SORTS = ("started", "name", "seconds", *METRICS)


@dataclass(frozen=True)
class Entry:
    """One run.

    Attributes:
        name: its folder, as seen from the asked one.
        run: its files.
        status: ``finished``, ``running``, or ``stopped at STAGE``.
        recipe: as resolved; empty where it is not there yet.
        photos, classes, fingerprint: of the data; None where it was not read yet.
        started: time of the first start, ISO 8601, UTC; empty for a run without a log.
        seconds: of all stages, over all the times it was started.
        scores: out of fold, with intervals; empty where there are none yet.
    """

    name: str
    run: RunFolder
    status: str
    recipe: Mapping[str, Any]
    photos: int | None
    classes: int | None
    fingerprint: str | None
    started: str
    seconds: float
    scores: Mapping[str, Mapping[str, float]]


def read_ledger(folder: str | Path, sort: str = "started") -> list[Entry]:
    """Every run in a folder and the folders in it, or the one run that the folder is.

    Args:
        folder: where to look.
        sort: one of `SORTS`; scores come best first, and runs without one last.

    Raises:
        DataError: no such folder, no run in it, or nothing to sort by.
    """
    if sort not in SORTS:
        raise DataError(f"--sort {sort}: there are: {', '.join(SORTS)}")
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    entries = [_read(path, root) for path in _find(root, DEPTH)]
    if not entries:
        raise DataError(
            f"{root}: no run in this folder. Make one with `thresher run DATA --out {root}/NAME`."
        )

    def key(entry: Entry) -> tuple[Any, ...]:
        if sort in METRICS:
            value = entry.scores.get(sort, {}).get("value")
            sign = 1 if sort in LOWER_IS_BETTER else -1
            return (value is None, sign * (value or 0.0), entry.name)
        return (getattr(entry, sort), entry.name)

    return sorted(entries, key=key)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What the second recipe says otherwise, as ``key=value``; models that came or went as ``+name, -name``.

    Keys that `PLAIN` names do not count. Nothing is said where one of them is empty.
    """
    if not before or not after:
        return []
    old, new = (dict(one.get("models") or {}) for one in (before, after))
    found = [f"+{name}" for name in new if name not in old] + [f"-{name}" for name in old if name not in new]
    both = old.keys() & new.keys()
    one, two = (
        dict(flat({**recipe, "models": {name: models[name] for name in models if name in both}}))
        for recipe, models in ((before, old), (after, new))
    )
    for key in [*two, *(key for key in one if key not in two)]:
        if one.get(key) != two.get(key) and not any(fnmatch(key, plain) for plain in PLAIN):
            found.append(f"{key.removeprefix('models.')}={two.get(key, 'null')}")
    return found


def ledger_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per run: what `Entry` holds, every score as ``<metric>, <metric>_low, <metric>_high``, and
    ``differs``: what is said otherwise than in the row above, joined by spaces."""
    rows = []
    for place, entry in enumerate(entries):
        row: dict[str, Any] = {
            "run": entry.name,
            "status": entry.status,
            "recipe": entry.recipe.get("name"),
            "photos": entry.photos,
            "classes": entry.classes,
            "fingerprint": entry.fingerprint,
            "started": pd.Timestamp(entry.started) if entry.started else pd.NaT,
            "seconds": entry.seconds,
        }
        for metric in METRICS:
            interval = entry.scores.get(metric, {})
            row[metric] = interval.get("value")
            row |= {f"{metric}_{end}": interval.get(end) for end in ("low", "high")}
        row["differs"] = " ".join(differences(entries[place - 1].recipe, entry.recipe)) if place else ""
        rows.append(row)
    frame = pd.DataFrame(rows)
    return frame.astype({"photos": "Int64", "classes": "Int64"})


def _find(folder: Path, depth: int) -> list[Path]:
    """Run folders, without those inside of run folders; unreadable and hidden folders are passed over."""
    run = RunFolder(folder)
    if run.log.is_file() or (run.recipe.is_file() and run.dataset.is_file()):
        return [folder]
    found: list[Path] = []
    if depth:
        with contextlib.suppress(OSError):
            for path in sorted(folder.iterdir()):
                if path.is_dir() and not path.name.startswith("."):
                    found += _find(path, depth - 1)
    return found


def _read(path: Path, root: Path) -> Entry:
    run = RunFolder(path)
    space = Workspace(run, writes=False)
    metrics = _json(run.metrics)
    photos, classes, fingerprint = _data(run)
    starts = space.events("start")
    seconds = space.seconds() or metrics.get("seconds", {})
    name = path.relative_to(root).as_posix() if path != root else path.resolve().name
    return Entry(
        name=name,
        run=run,
        status=_status(run, space),
        recipe=_recipe(run),
        photos=metrics.get("photos", {}).get("train", photos),
        classes=classes,
        fingerprint=fingerprint,
        started=starts[0]["time"] if starts else "",
        seconds=float(sum(seconds.values())),
        scores=metrics.get("oof", {}),
    )


def _status(run: RunFolder, space: Workspace) -> str:
    """Whether the run is finished, is being worked on, or where it stopped."""
    if _held(run):
        return "running"
    ended = space.events("finished")
    if ended and run.metrics.is_file() and run.recipe.is_file():
        text = run.recipe.read_text(encoding="utf-8", errors="replace")
        if ended[-1].get("recipe") == digest(text):
            return "finished"
    if not run.log.is_file() and run.metrics.is_file():
        return "finished"
    stages = ["photos", "folds", "measure", "fit", "scores", "report"]
    done = [event.get("name") for event in space.events("stage")]
    last = stages.index(done[-1]) if done and done[-1] in stages else -1
    # Of jobs there are several: the stage is over when the next one is.
    return f"stopped at {stages[min(last if last == 3 else last + 1, len(stages) - 1)]}"


def _held(run: RunFolder) -> bool:
    """Whether a process of this machine works in the folder."""
    try:
        words = run.lock.read_text(encoding="utf-8").split()
        process = int(words[-1])
        os.kill(process, 0)  # asks whether there is such a process; sends it nothing
    except PermissionError:
        pass  # there is one, of another user
    except (OSError, ValueError, IndexError):
        return False
    lock = hold(run.lock, exclusive=False, wait=False)
    if lock is None:
        return True
    lock.release()
    return False


def _data(run: RunFolder) -> tuple[int | None, int | None, str | None]:
    """Rows, classes and fingerprint of the data set, from the end of its file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_metadata(run.dataset)
        meta = json.loads((about.metadata or {}).get(b"thresher_dataset", b"{}"))
    except (OSError, ValueError, pa.ArrowException):
        return None, None, None
    mark = (meta.get("extra") or {}).get("fingerprint")
    return about.num_rows, len(meta.get("classes", ())) or None, mark


def _recipe(run: RunFolder) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
