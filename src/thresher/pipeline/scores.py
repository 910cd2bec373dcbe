"""Scores of several runs, and of files that other programs wrote, brought together by image id."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.dataset.classes import class_list
from thresher.dataset.columns import read_columns
from thresher.dataset.matching import match_ids
from thresher.dataset.store import load_dataset
from thresher.dataset.submission import find_sample
from thresher.dataset.table import Dataset
from thresher.errors import DataError, LeakError, RunError, name_some
from thresher.folds.check import check_folds
from thresher.foreign import read_scores
from thresher.pipeline.copies import run_clusters
from thresher.pipeline.folds import joined_groups, read_folds
from thresher.pipeline.outer import FOLDS, outer_folds
from thresher.predictions import Predictions
from thresher.recipe.schema import DataSection
from thresher.registry import nearest
from thresher.run_folder import RunFolder

NAMELESS = {"oof", "scores", "predictions", "preds", "test"}
"""File names that say nothing of a model; the folder's name says more."""


@dataclass(frozen=True)
class Gathered:
    """What an ensemble is made of.

    Attributes:
        models: out-of-fold scores by model, all of the same labelled rows in the same order.
        tests: scores of other photos by the same models, likewise; empty where there are none.
        folds: fold of each row (N,), >= 0.
        groups: group code of each row (N,), or None.
        notes: what a person should know.
        sample: a file whose ids and columns a submission takes, or None.
    """

    models: dict[str, Predictions]
    tests: dict[str, Predictions]
    folds: np.ndarray
    groups: np.ndarray | None
    notes: tuple[str, ...]
    sample: Path | None


def gather(
    places: Sequence[Path],
    labels: Path | None = None,
    tests: Sequence[Path] = (),
    *,
    section: DataSection | None = None,
    common: bool = False,
    folds: int = FOLDS,
    seed: int = 0,
) -> Gathered:
    """Reads runs (folders) and files of scores.

    Args:
        places: run folders, whose models are taken one by one, and files of out-of-fold scores.
        labels: the table of labels for the files; default: those of a run, else of the files themselves.
        tests: files of scores of other photos, one for each file among ``places``, in the same order.
        section: which columns of ``labels`` hold what, and the classes.
        common: take the photos that all models scored, instead of failing where one lacks some.
        folds: folds that are dealt where the scores carry none.
        seed: of that.

    Raises:
        DataError: photos, labels or classes do not match; says which, and where.
        RunError: a run has no scores yet.
    """
    section = section or DataSection()
    runs = [RunFolder.existing(path) for path in places if path.is_dir()]
    files = [path for path in places if not path.is_dir()]
    if tests and len(tests) != len(files):
        raise DataError(
            f"{len(tests)} files of test scores for {len(files)} files of scores: give one for each, in the "
            "same order"
        )
    notes: list[str] = []
    models: dict[str, Predictions] = {}
    others: dict[str, Predictions] = {}
    groups: dict[str, str] = {}
    for run in runs:
        _read_run(run, len(runs) + len(files) > 1, models, others, groups)
    if files:
        first = next(iter(models.values()), None)
        known, classes = _labels(files, labels, first, section, groups)
        read = _read_files(files, known, classes, common, section, notes)
        for path, test in zip(files, tests, strict=False):
            found = read_scores(test, read[_name(path, files)].classes, image_id=section.image_id)
            others[_name(path, files)] = replace(_noted(test, found, notes), kind="test", folds=None)
        models |= read
    models = _agreeing(models, common, notes, labelled=True)
    if set(others) != set(models):
        if others:
            without = [name for name in models if name not in others]
            notes.append(
                f"no scores of test photos by {name_some(without)}: only the known photos are scored"
            )
        others = {}
    others = _agreeing({name: others[name] for name in models if name in others}, False, notes)
    shared = next(iter(models.values()))
    codes = _codes(shared.ids, groups)
    dealt = _folds(models, codes, folds, seed, notes)
    sample = runs[0].submission if runs and runs[0].submission.is_file() else None
    if sample is None and labels is not None and others:
        sample = find_sample(labels, None, section)
    return Gathered(models, others, dealt, codes, tuple(notes), sample)


def _read_run(
    run: RunFolder,
    several: bool,
    models: dict[str, Predictions],
    others: dict[str, Predictions],
    groups: dict[str, str],
) -> None:
    """Adds the scores of a run's models, and what belongs together there."""
    paths = sorted(run.predictions("oof").parent.glob("*/oof.parquet"))
    if not paths:
        raise RunError(
            f"{run.root}: the run has no scores yet. Give its `thresher run` command again to continue it."
        )
    for path in paths:
        model = path.parent.name
        name = f"{run.root.resolve().name}/{model}" if several else model
        if name in models:
            raise DataError(f"{run.root}: a second run folder of this name; rename one of them")
        models[name] = Predictions.load(path).known
        test = run.predictions("test", model)
        if test.is_file():
            others[name] = Predictions.load(test)
    if run.dataset.is_file():
        dataset, _ = load_dataset(run.dataset)
        rows = np.flatnonzero(dataset.labelled)
        found = _groups(run, dataset, rows) if "content" in dataset.frame else None
        if found is not None:
            there = found.notna().to_numpy()
            groups |= dict(zip(dataset.ids[rows][there], found[there], strict=True))


def _groups(run: RunFolder, dataset: Dataset, rows: np.ndarray) -> pd.Series | None:
    """What belongs together in a run, near copies too unless its folds were given and part them."""
    clusters = run_clusters(run, dataset.ids)
    if clusters is not None and run.folds.is_file():
        found = joined_groups(dataset, rows, clusters[rows])
        with contextlib.suppress(LeakError):
            check_folds(read_folds(run)[rows], found)
            return found
    return joined_groups(dataset, rows)


def _labels(
    files: Sequence[Path],
    labels: Path | None,
    first: Predictions | None,
    section: DataSection,
    groups: dict[str, str],
) -> tuple[Mapping[str, str] | None, tuple[str, ...] | None]:
    """Label by image id, and the classes; None where the files must know."""
    if labels is None:
        if first is not None and first.labels is not None:
            return dict(zip(first.ids, first.labels, strict=True)), first.classes
        return None, section.classes
    wanted = [section.image_id, section.label, *([section.group] if section.group else [])]
    table = read_columns(labels, wanted)
    for key, name in (("image_id", section.image_id), ("label", section.label), ("group", section.group)):
        if name and name not in table.values:
            raise DataError(
                f"{labels}: no column {name!r}{nearest(name, table.header)} "
                f"(data.{key} says which column it is: --set data.{key}=NAME)"
            )
    ids, given = table.values[section.image_id], table.values[section.label]
    there = np.array([one is not None and name is not None for one, name in zip(ids, given, strict=True)])
    twice = pd.Series(ids[there]).duplicated(keep=False).to_numpy()
    if twice.any():
        names = name_some(list(dict.fromkeys(ids[there][twice])))
        raise DataError(f"{labels}: image ids that stand more than once: {names}")
    if section.group:
        pairs = zip(ids[there], table.values[section.group][there], strict=True)
        groups |= {one: group for one, group in pairs if group is not None}
    known = {one: name.strip() for one, name in zip(ids[there], given[there], strict=True)}
    classes = class_list(known.values(), section.classes) if first is None else first.classes
    return known, classes


def _read_files(
    files: Sequence[Path],
    known: Mapping[str, str] | None,
    classes: tuple[str, ...] | None,
    common: bool,
    section: DataSection,
    notes: list[str],
) -> dict[str, Predictions]:
    """Scores by model."""
    if common and known is not None:
        asked = list(known)
        for path in files:
            ids = read_columns(path, [section.image_id]).values.get(section.image_id)
            if ids is not None:
                rows = match_ids(ids, asked)
                asked = [one for one, row in zip(asked, rows, strict=True) if row >= 0]
        known = {one: known[one] for one in asked}
    read: dict[str, Predictions] = {}
    for path in files:
        found = read_scores(path, classes, known, image_id=section.image_id, label=section.label)
        if (found.targets < 0).all():
            raise DataError(f"{path}: no labels: name their table with --labels")
        name = _name(path, files)
        if name in read:
            raise DataError(f"{path}: a second file of scores named {name}; rename one of them")
        rows = found.targets >= 0
        read[name] = _noted(path, found.take(np.flatnonzero(rows)), notes)
    return read


def _name(path: Path, files: Sequence[Path]) -> str:
    """What a file's model is called: the file's name, or its folder's where that says nothing or is taken."""
    plain = path.stem.lower() in NAMELESS
    folder = path.resolve().parent.name
    if plain:
        return folder
    return f"{folder}/{path.stem}" if sum(other.stem == path.stem for other in files) > 1 else path.stem


def _noted(path: Path, scores: Predictions, notes: list[str]) -> Predictions:
    notes += [f"{path}: {note}" for note in scores.origin.get("notes", ())]
    return scores


def _agreeing(
    models: dict[str, Predictions], common: bool, notes: list[str], labelled: bool = False
) -> dict[str, Predictions]:
    """The same photos in the same order, the same classes in the same order, the same labels.

    Raises:
        DataError: they differ; names the models and the photos or classes.
    """
    if not models:
        return models
    name, first = next(iter(models.items()))
    if common:
        shared = set(first.ids).intersection(*(one.ids for one in models.values()))
        if not shared:
            raise DataError("no photo was scored by all models")
        if len(shared) < max(map(len, models.values())):
            notes.append(f"{len(shared):,} photos were scored by all models; the others are left out")
        first = first.take([row for row, one in enumerate(first.ids) if one in shared])
    found: dict[str, Predictions] = {}
    for other, scores in models.items():
        if set(scores.classes) != set(first.classes):
            strange = sorted(set(scores.classes) ^ set(first.classes))
            raise DataError(f"{other} and {name} know other classes: {name_some(strange)} stand in one only")
        if scores.classes != first.classes:
            notes.append(f"{other} has its classes in another order than {name}: they were put in order")
            order = [scores.classes.index(one) for one in first.classes]
            scores = replace(scores, scores=scores.scores[:, order], classes=first.classes)
        if not common:
            for what, lacking in (
                (f"{other} has no scores for photos that {name} scored", np.setdiff1d(first.ids, scores.ids)),
                (f"{name} has no scores for photos that {other} scored", np.setdiff1d(scores.ids, first.ids)),
            ):
                if len(lacking):
                    raise DataError(
                        f"{what}: {name_some(list(lacking))}"
                        + (". --common takes those that all have" if labelled else "")
                    )
        scores = scores.align(first.ids)
        if labelled and (scores.targets != first.targets).any():
            differ = scores.ids[scores.targets != first.targets]
            raise DataError(
                f"{other} and {name} were made with other labels of the photos {name_some(list(differ))}: "
                "only scores with the same labels can be combined"
            )
        found[other] = scores
    return found


def _codes(ids: np.ndarray, groups: Mapping[str, str]) -> np.ndarray | None:
    """A number for each group (N,); a photo without one is a group of its own. None where all are."""
    if not any(one in groups for one in ids):
        return None
    codes: np.ndarray = pd.factorize(
        pd.Series([f"g{groups[one]}" if one in groups else f"\0{one}" for one in ids], dtype=object)
    )[0]
    return codes


def _folds(
    models: Mapping[str, Predictions], codes: np.ndarray | None, count: int, seed: int, notes: list[str]
) -> np.ndarray:
    """The first model's folds that are folds; else new ones.

    Raises:
        LeakError: what belongs together stands in two folds.
    """
    having = {
        name: np.asarray(one.folds)
        for name, one in models.items()
        if one.folds is not None and (one.folds >= 0).all() and len(np.unique(one.folds)) > 1
    }
    shared = next(iter(models.values()))
    if not having:
        dealt = outer_folds(replace(shared, folds=None), codes, seed, count)
        notes.append(f"the scores carry no folds: {len(np.unique(dealt))} were dealt, every class spread")
        return dealt
    chosen = next(iter(having))
    folds = having[chosen]
    other = [name for name, one in having.items() if not _same_parts(one, folds)]
    if other:
        notes.append(
            f"{name_some(other)} {'has' if len(other) == 1 else 'have'} other folds than {chosen}; "
            f"the ensemble is scored on those of {chosen}"
        )
    if codes is not None:
        check_folds(folds, pd.Series(codes))
    return folds


def _same_parts(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numberings of folds tear the photos apart in the same places."""
    pairs = np.unique(np.stack([one, other]), axis=1).shape[1]
    return bool(pairs == len(np.unique(one)) == len(np.unique(other)))
