"""The repair stage of a job: the labels of its training photos are judged by models that did not see them."""

import numpy as np
import pandas as pd

from thresher.dataset.teaching import Teaching
from thresher.errors import RecipeError
from thresher.inference.views.expand import expand_views
from thresher.labels.base import Evidence, Finder, best_other
from thresher.models.linear import held_out_scores, inner_split
from thresher.pipeline.bench import Bench, Job, scored_by
from thresher.pipeline.collect import seed_scores
from thresher.predictions import mean
from thresher.recipe.part import build
from thresher.recipe.repairs import needs_features
from thresher.recipe.schema import RepairStage
from thresher.repair.base import Action, Doubt
from thresher.repair.changes import changes
from thresher.seeds import derive


def repair(
    bench: Bench, job: Job, stage: RepairStage, number: int, train: np.ndarray, given: Teaching, seed: int
) -> tuple[Teaching, pd.DataFrame]:
    """Judges the labels of a job's training photos and acts on those that are doubtful.

    Nothing outside these photos is looked at, unless the scores of another model are asked for. Every round
    fits heads on what the round before made of the labels, but judges the labels that came in, so that what
    was repaired wrongly comes back. In one process or several the answer is the same.

    Args:
        bench: of the run.
        job: whose stage it is.
        stage: what the recipe says.
        number: of the stage, from 0.
        train: the rows that the job learns from (N,).
        given: what those N photos teach until now; what it dropped is not judged.
        seed: the job's seed.

    Returns:
        what they teach from now on, and one row for each change of each round (`repair.changes`).
    """
    dataset = bench.dataset
    finder: Finder | None = None if stage.find is None else build("labels", stage.find)
    action: Action = build("repair", stage.action)
    views = _features(bench, job, stage, train) if needs_features(stage) else None
    groups = None if bench.groups is None else bench.groups[train]
    weights = dataset.frame["weight"].to_numpy(dtype=np.float64)[train]
    names = {"action": stage.action["name"], "method": "scores" if stage.find is None else stage.find["name"]}
    corrected = bench.teaching(train)
    taught, found, members = given, [], None
    for turn in range(1, stage.rounds + 1):
        own = derive(seed, "repair", number, turn)
        if stage.scores is None:
            assert views is not None
            inner = inner_split(given.given, groups, stage.inner_folds, own)
            heads = given.given, len(dataset.classes), stage.penalties, inner, weights
            scores = held_out_scores(views, *heads, corrected=corrected, teaching=taught)
        else:
            members = _scores_of(bench, stage.scores, train)
            scores = members.mean(0)
        seen = None if views is None else views.mean(axis=0)
        doubt = _judge(finder, given, scores, members, seen, groups, own)
        taught = action(given, doubt)
        found.append(changes(given, taught, doubt, dataset.ids[train], dataset.classes, number=turn, **names))
    return taught, pd.concat(found, ignore_index=True)


def check_scores(bench: Bench) -> None:
    """Every training photo has out-of-fold scores where a repair stage asks for those of another model.

    Raises:
        RecipeError: the folds leave photos out.
    """
    missing = int((bench.dataset.labelled & bench.dataset.usable & (bench.folds < 0).all(axis=1)).sum())
    for name, section in bench.recipe.models.items():
        for source in scored_by(section) if missing else ():
            raise RecipeError(
                f"models.{name}: {missing:,} training photos are in no fold, so that {source} has no "
                "out-of-fold scores of them: leave scores out of the repair stage, or take k folds"
            )


def _features(bench: Bench, job: Job, stage: RepairStage, train: np.ndarray) -> np.ndarray:
    """Features (V, N, D) of the frozen backbone in the stage's views."""
    section = bench.recipe.as_loaded(job.model)
    places = np.searchsorted(bench.features.rows, train)
    return np.stack([bench.features.view(section, view)[places] for view in expand_views(stage.views)])


def _scores_of(bench: Bench, model: str, train: np.ndarray) -> np.ndarray:
    """Out-of-fold scores (M, N, K) of each seed of another model."""
    seeds = bench.recipe.models[model].seeds
    ids = bench.dataset.ids[train]
    parts = [mean(seed_scores(bench.run, bench.folds, model, seed)) for seed in seeds]
    return np.stack([part.align(ids).scores for part in parts])


def _judge(
    finder: Finder | None,
    given: Teaching,
    scores: np.ndarray,
    members: np.ndarray | None,
    seen: np.ndarray | None,
    groups: np.ndarray | None,
    seed: int,
) -> Doubt:
    """What the finder says of the photos that teach something; of the others, nothing."""
    labels, places = given.lead, np.flatnonzero(given.kept)
    suggested = best_other(scores, labels)
    if finder is None:
        return Doubt(1 - scores[np.arange(len(labels)), labels], suggested, scores)
    evidence = Evidence(
        labels[places],
        scores[places],
        None if members is None or len(members) < 2 else members[:, places],
        None if seen is None else seen[places],
        None if groups is None else groups[places],
    )
    says = finder.find(evidence, seed)
    doubted = np.full(len(labels), np.nan)
    doubted[places], suggested[places] = says.score, says.suggested
    posterior = None
    if says.posterior is not None:
        posterior = scores.copy()
        posterior[places] = says.posterior
    return Doubt(doubted, suggested, scores, posterior)
