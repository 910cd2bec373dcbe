"""What is known of labelled photos, from a run or from files of scores that were made elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from thresher.dataset.columns import read_columns
from thresher.dataset.folder import read_folder
from thresher.dataset.store import load_dataset
from thresher.dataset.table import Dataset
from thresher.dataset.tabular import read_table
from thresher.errors import DataError
from thresher.foreign import read_embeddings, read_scores
from thresher.labels import Evidence
from thresher.pipeline.collect import seed_scores
from thresher.pipeline.copies import run_clusters
from thresher.pipeline.embeddings import embed
from thresher.pipeline.folds import group_codes, read_folds
from thresher.pipeline.workspace import finished_run
from thresher.predictions import Predictions, mean
from thresher.progress import SILENT, Progress
from thresher.recipe.loader import load
from thresher.recipe.schema import DataSection, Recipe
from thresher.run_folder import RunFolder


@dataclass(frozen=True)
class Labelled:
    """N labelled photos and the evidence on their labels.

    Attributes:
        dataset: their rows, in the order of the data set.
        classes: K class names, in the order of the scores.
        evidence: of all of them.
        unread: which of them no model could see (N,), bool: their scores are the class shares.
        cluster: name of the cluster of copies of each (N,), None for a photo without; None where copies were
            not looked for.
    """

    dataset: Dataset
    classes: tuple[str, ...]
    evidence: Evidence
    unread: np.ndarray
    cluster: np.ndarray | None = None


def of_run(path: str | Path, progress: Progress = SILENT) -> tuple[RunFolder, Recipe, Labelled]:
    """The photos of a finished run that have an out-of-fold score.

    Members are the models and seeds of the run.

    Raises:
        RunError: it is not a finished run.
        DataError: a file of the run is missing.
    """
    run = finished_run(path)
    recipe = load(str(run.recipe))
    dataset, _ = load_dataset(run.dataset)
    oof = Predictions.load(run.predictions("oof")).known
    rows = pd.Index(dataset.ids).get_indexer(pd.Index(oof.ids))
    unscored = int(dataset.labelled.sum()) - len(rows)
    if unscored:
        progress.say(f"{unscored:,} labelled photos have no out-of-fold score: their labels are not judged")
    clusters = run_clusters(run, dataset.ids)
    groups, embeddings = group_codes(dataset, clusters), embed(run, recipe, dataset, progress)
    evidence = Evidence(
        targets=oof.targets,
        scores=oof.scores,
        members=_members(run, recipe, oof.ids),
        embeddings=None if embeddings is None else embeddings[rows],
        groups=None if groups is None else groups[rows],
    )
    named = None
    if clusters is not None:
        named = np.array([str(one) if one >= 0 else None for one in clusters[rows]], dtype=object)
    return run, recipe, Labelled(dataset.take(rows), oof.classes, evidence, ~dataset.usable[rows], named)


def _members(run: RunFolder, recipe: Recipe, ids: np.ndarray) -> np.ndarray:
    """Scores (M, N, K) of every seed of every model; of every model where the jobs' files are gone."""
    pairs = [(name, seed) for name, section in recipe.models.items() for seed in section.seeds]
    if all((run.root / "jobs" / name / str(seed)).is_dir() for name, seed in pairs):
        folds = read_folds(run)
        parts = [mean(seed_scores(run, folds, name, seed)) for name, seed in pairs]
    else:
        parts = [Predictions.load(run.predictions("oof", name)) for name in recipe.models]
    return np.stack([part.align(ids).scores for part in parts])


def of_scores(
    scores: Sequence[str | Path],
    data: str | Path | None = None,
    images: str | Path | None = None,
    embeddings: str | Path | None = None,
    section: DataSection | None = None,
    progress: Progress = SILENT,
) -> Labelled:
    """The labelled photos of a table, with scores from files of another program.

    Args:
        scores: files, see `thresher.foreign.read_scores`; several count as members, and their mean is judged.
        data: a table of image ids and labels, or a folder of class folders; default: the labels stand in the
            first file of scores.
        images: the image folder; without it photos are looked for and may be absent.
        embeddings: a .npy file whose rows are those of the first file of scores.
        section: which column of the table is which.
        progress: told what the numbers were taken for.

    Raises:
        DataError: the files do not fit each other; says where.
    """
    section = section or DataSection()
    dataset = _labels(scores[0], data, images, section)
    dataset = dataset.take(np.flatnonzero(dataset.labelled))
    labels = dict(zip(dataset.ids, dataset.frame["label"], strict=True))
    parts = []
    for path in scores:
        column = _id_column(path, section)
        parts.append(read_scores(path, section.classes, labels, image_id=column))
        for note in parts[-1].origin["notes"]:
            progress.say(f"{path}: {note}")
    together = mean(parts)
    groups = dataset.frame["group"]
    evidence = Evidence(
        targets=together.targets,
        scores=together.scores,
        members=np.stack([part.scores for part in parts]),
        embeddings=None
        if embeddings is None
        else read_embeddings(embeddings, scores[0], dataset.ids, _id_column(scores[0], section)),
        groups=_codes(groups) if groups.notna().any() else None,
    )
    return Labelled(dataset, together.classes, evidence, np.zeros(len(dataset), dtype=bool))


def _labels(
    scores: str | Path, data: str | Path | None, images: str | Path | None, section: DataSection
) -> Dataset:
    if data is None:
        own = read_scores(scores, section.classes, image_id=_id_column(scores, section), label=section.label)
        if own.labels is None:
            raise DataError(
                f"{scores}: no column {section.label!r}: give the labels with --data TABLE "
                "(image_id,label), or --set data.label=NAME"
            )
        frame = pd.DataFrame({section.image_id: own.ids, section.label: own.labels})
        alone = DataSection(image_id=section.image_id, label=section.label, classes=section.classes)
        dataset = read_table(frame, images, alone, absent=True)
    elif Path(data).is_dir():
        dataset = read_folder(data)
    else:
        dataset = read_table(data, images, section, absent=True)
    if not dataset.labelled.any():
        raise DataError(
            f"{scores if data is None else data}: no photo has a label, so there is none to judge"
        )
    return dataset


def _id_column(path: str | Path, section: DataSection) -> str:
    """The column of image ids in a file of scores: called as in the data, or image_id."""
    return section.image_id if section.image_id in read_columns(path, []).header else "image_id"


def _codes(groups: pd.Series) -> np.ndarray:
    """A code for each group (N,); a photo without a group is one of its own."""
    codes = pd.factorize(groups)[0]
    alone = codes < 0
    codes[alone] = len(codes) + np.arange(int(alone.sum()))
    return codes.astype(np.int64)
