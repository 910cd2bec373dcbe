"""What is said of a data set beside its scores: facts of photos, and drift between sources."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.table import Dataset
from thresher.errors import WeightsError
from thresher.files import write_atomic
from thresher.folds.groups import join_groups
from thresher.images.cache import PhotoCache
from thresher.inference.views.expand import expand_views
from thresher.inspect import summarise
from thresher.inspect.clusters import cluster_numbers, cluster_table
from thresher.inspect.drift import FEWEST, Drift, measure_drift
from thresher.inspect.near_duplicates import find_links
from thresher.inspect.photo_facts import photo_facts
from thresher.inspect.survey import Survey
from thresher.pipeline.bench import Bench
from thresher.pipeline.copies import embedding_source
from thresher.pipeline.features import Features
from thresher.pipeline.photos import open_photos
from thresher.pipeline.resolve import resolve
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import LinearStage, Recipe
from thresher.training.harness import Harness

SOURCES = 5
"""Sources that are compared with the largest one, at most."""
FEW = 500
"""Photos below which measuring which engine is the fastest takes longer than the slowest."""


def survey(
    dataset: Dataset, recipe: Recipe, *, embeddings: bool = True, progress: Progress = SILENT
) -> Survey:
    """Looks at a data set; nothing is written but the photo cache.

    Args:
        dataset: N photos.
        recipe: how photos are kept; its first model with pretrained weights gives the embeddings.
        embeddings: also look for crops, and measure drift, which needs features of a frozen network; where
            its weights cannot be had this is said and left out.
        progress: told of photos.
    """
    checked, cache = open_photos(dataset, recipe, progress)
    rows = np.flatnonzero(checked.usable)
    points = _embeddings(checked, cache, recipe, progress) if embeddings and len(rows) else None
    content = checked.frame["content"].to_numpy(dtype=object)
    copies = cluster_table(checked.ids, find_links(cache, rows, content, points, progress))
    clusters = cluster_numbers(checked.ids, copies)
    drifts = () if points is None else find_drifts(checked, rows, points, clusters, recipe.seed)
    return Survey(checked, summarise(checked, cache), photo_facts(cache, rows, progress), copies, drifts)


def survey_run(bench: Bench) -> dict[str, Any]:
    """Writes photo_facts.parquet, and drift.parquet where features of a frozen backbone are there.

    Returns:
        what metrics.json is to say of drift, under ``drift``; nothing where it was not measured.
    """
    rows, ids = bench.features.rows, bench.dataset.ids
    facts = photo_facts(bench.cache, rows, bench.progress)
    facts.insert(0, "image_id", ids[rows])
    write_atomic(bench.run.photo_facts, lambda file: facts.to_parquet(file, index=False))
    source = embedding_source(bench.recipe)
    drifts: tuple[Drift, ...] = ()
    if source is not None:
        points = bench.features.view(*source)
        drifts = find_drifts(bench.dataset, rows, points, bench.clusters, bench.recipe.seed)
    if not drifts:
        bench.run.drift.unlink(missing_ok=True)
        return {}
    tables = [
        pd.DataFrame(
            {
                "image_id": ids[one.rows],
                "first": one.names[0],
                "second": one.names[1],
                "is_second": one.second,
                "score": one.scores,
            }
        )
        for one in drifts
    ]
    table = pd.concat(tables, ignore_index=True)
    write_atomic(bench.run.drift, lambda file: table.to_parquet(file, index=False))
    return {
        "drift": [
            {
                "first": one.names[0],
                "second": one.names[1],
                "photos": [int((~one.second).sum()), int(one.second.sum())],
                "auc": {"value": one.auc, "low": one.low, "high": one.high},
            }
            for one in drifts
        ]
    }


def find_drifts(
    dataset: Dataset, rows: np.ndarray, embeddings: np.ndarray, clusters: np.ndarray | None, seed: int
) -> tuple[Drift, ...]:
    """Drift between the largest source and each other one, and between training and test photos.

    Args:
        dataset: N photos.
        rows: readable rows (R,).
        embeddings: of these rows, float (R, D).
        clusters: cluster of copies of each row (N,), -1 for none: copies are no evidence of drift.
        seed: of drawing photos, folds and resamples.
    """
    frame = dataset.frame
    named = frame["group"] if frame["group"].notna().any() else None
    joined = join_groups(named, frame["content"].to_numpy(dtype=object), clusters)
    groups = np.arange(len(dataset))
    if joined is not None:
        own = pd.Series([f"\0{row}" for row in range(len(dataset))], dtype=object)
        groups = pd.factorize(joined.where(joined.notna(), own))[0]
    found = []
    for names, part, second in _pairs(dataset, rows):
        places = np.flatnonzero(part)
        one = measure_drift(embeddings[places], second[places], names, groups[rows[places]], seed)
        if one is not None:
            found.append(one.at(rows[places]))
    return tuple(found)


def _pairs(dataset: Dataset, rows: np.ndarray) -> Iterator[tuple[tuple[str, str], np.ndarray, np.ndarray]]:
    """Names of two sources, and which of ``rows`` (R,) are of either one, and of the second."""
    sources = dataset.frame["source"].to_numpy(dtype=object)[rows]
    counts = pd.Series(sources, dtype=object).value_counts()
    names = [str(name) for name, count in counts.items() if count >= FEWEST]
    for other in names[1 : SOURCES + 1]:
        second = sources == other
        yield (names[0], other), second | (sources == names[0]), second
    test = dataset.is_test[rows]
    yield ("training", "test"), np.ones(len(rows), dtype=bool), test


def _embeddings(dataset: Dataset, cache: PhotoCache, recipe: Recipe, progress: Progress) -> np.ndarray | None:
    """Features (R, D) of the readable photos in one view; None where no model has weights for them."""
    plain = LinearStage(views=("plain",))
    for name, section in recipe.models.items():
        if section.weights == "none" or section.starts_from is not None:
            continue
        changes: dict[str, Any] = {"stages": (plain,), "tiles": None, "normalise": "model"}
        rows = np.flatnonzero(dataset.usable)
        if len(rows) < FEW and section.engine == section.precision == "auto":
            changes |= {"engine": "torch", "precision": "fp32"}
        asked = recipe.model_copy(update={"models": {name: section.model_copy(update=changes)}})
        harness = Harness()
        with tempfile.TemporaryDirectory(prefix="thresher-") as folder:
            try:
                classes = max(2, len(dataset.classes))
                made = resolve(asked, None, classes, harness, Path(folder), progress).models[name]
                features = Features(cache, rows, Path(folder), recipe.images.fit, harness.device, progress)
                return np.array(features.view(made, expand_views(plain.views)[0]))
            except WeightsError as error:
                progress.say(f"without embeddings, so neither crops nor drift are looked for: {error}")
                return None
    return None
