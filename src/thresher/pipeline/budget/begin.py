"""What is settled before the first step: the photos' facts, the machine's speed, folds, settings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.dataset.table import Dataset
from thresher.errors import RunError
from thresher.files import digest
from thresher.pipeline.budget.clock import Clock
from thresher.pipeline.budget.cost import Photos
from thresher.pipeline.budget.diary import Diary, Entry
from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.purse import Purse, with_settings
from thresher.pipeline.expected import clock as words
from thresher.pipeline.workspace import Workspace
from thresher.predictions import Predictions
from thresher.recipe.loader import dump
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder

DENSE = 1000
"""Labelled photos per minute of the budget from which on half as many folds are dealt."""
LOOKED_AT = 50


def open_purse(
    dataset: Dataset,
    base: Recipe,
    space: Workspace,
    diary: Diary,
    clock: Clock,
    deal: bool,
    corrections: str | Path | pd.DataFrame | None,
    machine: Callable[[int, int], Machine],
    noise: Callable[[RunFolder], float],
) -> Purse:
    """Measures and decides, or takes over what an earlier command decided.

    Raises:
        RunError: the folder holds a run that was made otherwise, or of other data or settings.
    """
    if not diary.facts and space.run.recipe.is_file():
        raise RunError(
            f"{space.run.root}: holds a run that was not made with --budget. Choose another folder with "
            "--out, or start anew with --fresh."
        )
    mark = _mark(dataset, base, corrections)
    if diary.facts and diary.facts["mark"] != mark:
        raise RunError(
            f"{space.run.root}: was made of other photos, labels or settings. Give them as before, choose "
            "another folder with --out, or start anew with --fresh."
        )
    if not diary.facts:
        labelled = int((dataset.labelled & dataset.usable).sum())
        folds = None
        speed = machine(len(dataset), len(dataset.classes))
        if deal and "n" in base.folds:
            folds = fold_count(speed.jobs, labelled / (clock.budget / 60))
        facts = {
            "mark": mark,
            "folds": folds,
            "photos": [labelled, len(dataset) - labelled, len(dataset.classes), median_side(dataset)],
            "machine": [speed.train, speed.frozen, speed.precision, speed.overhead, speed.jobs],
        }
        diary.note("facts", clock.elapsed, facts=facts)
    known = diary.facts
    recipe = with_settings(base, known["folds"])
    number = int(recipe.folds.get("n", 1))
    labelled, others, classes, side = known["photos"]
    photos = Photos(labelled, others, classes, side, number)
    return Purse(recipe, space, diary, clock, photos, Machine(*known["machine"]), noise)


def fold_count(jobs: int, density: float) -> int:
    """How many folds there are: about five, but so that no core waits for the last of them.

    Two cores train four folds in two rounds, each job on three quarters of the photos; five folds would take
    three rounds. Where photos are many for the time, half as many: a model learns nearly as much from half of
    many photos, and can look at them more often.

    Args:
        jobs: training jobs at a time.
        density: labelled photos per minute of the budget.
    """
    if jobs == 1:
        return 3 if density > DENSE else 5
    if density > DENSE and jobs == 2:
        return 2
    return min((4, 5, 6), key=lambda folds: (-folds % jobs, folds))


def too_little(purse: Purse, entry: Entry) -> RunError:
    """The error of a budget in which nothing can be finished."""
    return RunError(
        f"nothing could be finished in {words(purse.clock.budget)}: the smallest step was thought to need "
        f"about {words(entry.forecast)} on this machine. Give the same command with more time; it goes on."
    )


def median_side(dataset: Dataset) -> int:
    """The median of the shorter sides of some photos in pixels, by their files; 224 if unknown."""
    from PIL import Image

    paths = dataset.frame["path"][dataset.usable]
    sides = []
    for path in paths.iloc[:: max(1, len(paths) // LOOKED_AT)]:
        try:
            with Image.open(path) as photo:
                sides.append(min(photo.size))
        except (OSError, ValueError):  # what cannot be read is named by the first step
            continue
    return int(np.median(sides)) if sides else 224


def groups_of(run: RunFolder, scores: Predictions) -> np.ndarray | None:
    """The group of each row of some scores (N,), None for a row without; None where there are no groups."""
    frame = pd.read_parquet(run.dataset, columns=["image_id", "group"])
    if frame["group"].isna().all():
        return None
    group = frame.set_index("image_id")["group"].reindex(scores.ids)
    found: np.ndarray = group.astype(object).where(group.notna(), None).to_numpy(dtype=object)
    return found


def _mark(dataset: Dataset, base: Recipe, corrections: str | Path | pd.DataFrame | None) -> str:
    """Names photos, labels and settings."""
    columns = ("image_id", "path", "label", "group", "split", "weight")
    frame = dataset.frame
    table = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in columns]
    changed = corrections.to_csv() if isinstance(corrections, pd.DataFrame) else corrections
    if isinstance(changed, str | Path) and Path(changed).is_file():
        changed = Path(changed).read_text(encoding="utf-8")
    return digest([table, list(dataset.classes), dump(base), str(changed)])
