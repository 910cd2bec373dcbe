"""What a run did about labels: its corrections, its jobs' repairs, and the score on corrected labels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thresher.dataset.corrections import Corrections, read_corrections, write_corrections
from thresher.dataset.table import Dataset
from thresher.errors import RecipeError
from thresher.files import read_json
from thresher.metrics.intervals import intervals
from thresher.pipeline.bench import Bench, jobs_of
from thresher.pipeline.collect import groups_of
from thresher.predictions import Predictions
from thresher.recipe.part import build
from thresher.recipe.schema import Recipe
from thresher.repair.history import alone_with, append_jobs


def open_corrections(
    table: str | Path | pd.DataFrame, dataset: Dataset, recipe: Recipe
) -> tuple[Corrections, tuple[str, ...]]:
    """Reads corrections, and makes sure that every stage can learn what they say.

    Raises:
        DataError: they do not fit the data set.
        RecipeError: they make soft labels, and a loss needs one class per photo.
    """
    found, notes = read_corrections(table, dataset, partial=recipe.data.limit is not None)
    soft = found.table["image_id"][found.actions == "soften"]
    for name, section in recipe.models.items() if len(soft) else ():
        for stage in section.stages:
            if stage.kind == "train" and build("losses", stage.loss).index_only:
                raise RecipeError(
                    f"models.{name}: the loss {stage.loss['name']!r} needs one class per photo, and the "
                    f"corrections soften {len(soft):,} labels, such as that of {soft.iloc[0]!r}"
                )
    return found, notes


def keep_corrections(bench: Bench) -> None:
    """Writes what this run was given beside its results, so that it can be repeated."""
    if bench.corrections is None:
        bench.run.corrections_used.unlink(missing_ok=True)
        return
    write_corrections(bench.corrections.table, bench.run.corrections_used)
    broken = (~bench.dataset.usable[bench.corrections.rows]).sum()
    if broken:
        bench.progress.say(f"{broken:,} corrections are of photos that cannot be read: nobody learns them")


def keep_trail(bench: Bench) -> dict[str, Any]:
    """Appends what the jobs repaired to labels/history.parquet.

    Returns:
        ``repaired``: mean number and share of a job's training photos, for each model with a repair stage;
        nothing where there is none.
    """
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    counts: dict[str, list[tuple[int, int]]] = {}
    for job in jobs_of(bench.recipe, bench.fold_numbers):
        folder = bench.run.job(job.model, job.seed, job.fold)
        if not (folder / "labels.parquet").is_file():
            continue
        facts = read_json(folder / "job.json")
        where = {"model": job.model, "seed": job.seed, "fold": max(job.fold, -1), "job": facts["fit_key"]}
        parts.append((where, pd.read_parquet(folder / "labels.parquet")))
        counts.setdefault(job.model, []).append((facts["repaired"], facts["train_photos"]))
    if parts:
        with alone_with(bench.run.history):
            append_jobs(bench.run.history, parts)
    means = {name: np.mean(pairs, axis=0) for name, pairs in counts.items()}
    found = {name: {"photos": float(one[0]), "share": float(one[0] / one[1])} for name, one in means.items()}
    return {"repaired": found} if found else {}


def corrected_scores(bench: Bench, oof: Predictions) -> dict[str, Any]:
    """The scores of ``oof`` on corrected labels: relabelled photos have their new ones, dropped ones none.

    Never in place of those on the given labels: whoever corrected may have looked at the scores.
    """
    assert bench.corrections is not None
    fixed = bench.corrections.corrected(bench.dataset)
    labels = fixed.frame["label"].to_numpy(dtype=object)[pd.Index(fixed.ids).get_indexer(pd.Index(oof.ids))]
    seen = replace(oof, labels=labels)
    resamples, seed = bench.recipe.metrics.resamples, bench.recipe.seed
    return dict(intervals(seen, resamples, seed, groups_of(bench, seen)))
