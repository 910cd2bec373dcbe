"""Ensembles over any out-of-fold scores: fitted, scored nested, compared with the plain mean."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thresher.ensemble.auto import Auto
from thresher.ensemble.base import Ensemble
from thresher.ensemble.nested import Combined, combined, fits
from thresher.ensemble.per_view import MARK, by_model
from thresher.ensemble.refits import Refits
from thresher.files import write_atomic, write_json
from thresher.metrics.bootstrap import unit_index
from thresher.metrics.comparison import compare
from thresher.metrics.intervals import Interval, bounds, chance_of, intervals, loosened
from thresher.metrics.metric import Metric, metric
from thresher.metrics.resampling import interval, redraw
from thresher.pipeline.outer import named
from thresher.pipeline.scores import Gathered
from thresher.predictions import Predictions
from thresher.progress import SILENT, Progress
from thresher.recipe.part import build
from thresher.report.ensemble import write_page
from thresher.run_folder import EnsembleFolder

MEAN = "mean"


@dataclass(frozen=True)
class Method:
    """One ensemble, fitted and scored.

    Attributes:
        name: as the table calls it.
        learns: whether it is fitted; if not, nested and naive are one.
        found: its scores.
        nested: metric -> interval, of photos that it did not see.
        naive: the same of photos that it was fitted on.
        weights: by model name; None where it is no weighted mean.
    """

    name: str
    learns: bool
    found: Combined
    nested: dict[str, Interval]
    naive: dict[str, Interval]
    weights: dict[str, float] | None

    def told(self) -> dict[str, Any]:
        """As metrics.json has it."""
        return {
            "nested": self.nested,
            "naive": self.naive,
            "weights": self.weights,
            "seconds": self.found.seconds,
        } | ({"facts": dict(self.found.fitted.facts)} if self.found.fitted.facts else {})


@dataclass(frozen=True)
class Result:
    """What `thresher ensemble` found.

    Attributes:
        chosen: the ensemble that was asked for.
        others: the plain mean, and what ``auto`` chose from.
        models: model -> metric -> interval.
        against_mean: the asked ensemble minus the plain mean, metric by metric; None where it is the mean.
        sentence: the same in words, of the metric that was made good.
        metric: what was made good.
        spec: the ensemble as a recipe writes it.
    """

    chosen: Method
    others: tuple[Method, ...]
    models: dict[str, dict[str, Interval]]
    against_mean: dict[str, Interval] | None
    sentence: str
    metric: Metric
    spec: dict[str, Any]


def ensemble(
    given: Gathered,
    spec: dict[str, Any],
    wanted: str = "accuracy",
    *,
    seed: int = 0,
    resamples: int = 2000,
    progress: Progress = SILENT,
) -> Result:
    """Fits an ensemble, and the plain mean beside it; with ``auto`` also what it chooses from.

    Args:
        given: scores, labels, folds.
        spec: the ensemble as a recipe writes it: name and settings, validated.
        wanted: the metric that is shown first.
        seed: of whatever is drawn.
        resamples: bootstrap draws behind every interval.
        progress: told of every fit.

    Raises:
        DataError: there is nothing to learn from.
    """
    first = next(iter(given.models.values()))
    scored = replace(first, folds=given.folds)
    measured = metric(wanted)

    def method(name: str, part: Ensemble) -> Method:
        found = combined(
            part,
            list(given.models.values()),
            list(given.tests.values()),
            names=list(given.models),
            folds=given.folds,
            groups=given.groups,
            origin={"ensemble": spec, "models": list(given.models)},
            seed=seed,
            refit=True,
            progress=progress,
        )
        nested, naive = (
            measure(replace(scored, scores=one.scores), measured, given.groups, seed, resamples)
            for one in (found.oof, found.naive)
        )
        if found.refits is not None:
            nested = found.refits.loosened(nested)
        weights = named(found.fitted.weights, list(given.models))
        return Method(name, part.learns, found, nested, naive, weights)

    part: Ensemble = build("ensemble", spec)
    others: dict[str, Ensemble] = {} if spec["name"] == MEAN else {MEAN: build("ensemble", {"name": MEAN})}
    if isinstance(part, Auto):
        others |= part.candidates
    progress.start("ensembles", sum(fits(one, given.folds) for one in (part, *others.values())), "fits")
    tried = tuple(method(name, one) for name, one in others.items())
    chosen = method(spec["name"], part)
    progress.finish()
    models = {
        name: measure(replace(scored, scores=one.scores), measured, given.groups, seed, resamples)
        for name, one in given.models.items()
    }
    against, sentence = None, ""
    if tried:
        mean, asked = (replace(scored, scores=one.found.oof.scores) for one in (tried[0], chosen))
        refits = chosen.found.refits
        against, sentence = _against(mean, asked, spec["name"], measured, given.groups, seed, refits)
    return Result(chosen, tried, models, against, sentence, measured, spec)


def _against(
    mean: Predictions,
    asked: Predictions,
    name: str,
    wanted: Metric,
    groups: np.ndarray | None,
    seed: int,
    refits: Refits | None,
) -> tuple[dict[str, Interval], str]:
    """Differences of the metrics, and what they say of the wanted one."""

    compared = compare(mean, asked, seed=seed, groups=groups, names=("the mean", name))
    measured = {key: metric(key) for key in compared.differences} | {wanted.name: wanted}
    added = {} if refits is None else refits.variances(measured, minus=mean.scores)
    found = {key: loosened(one, added.get(key, 0.0)) for key, one in compared.differences.items()}
    if wanted.name == "accuracy":
        one = found["accuracy"]
        # The exact test knows photos alone: with a wider interval its p can be no lower than that tells.
        chances = compared.p_values
        if one != compared.differences["accuracy"]:
            chances = chances | {"accuracy": max(compared.p, chance_of(one))}
        return found, replace(compared, differences=found, p_values=chances, adjusted={}).sentence
    if wanted.name not in found:
        units = unit_index(groups, len(mean))
        pair = [mean.scores, asked.scores]
        before, after = redraw(wanted, mean.targets, pair, units, seed=seed)
        low, high = bounds((after - before)[:, None])
        value = wanted(mean.targets, asked.scores) - wanted(mean.targets, mean.scores)
        own = Interval(value=value, low=float(low[0]), high=float(high[0]))
        found[wanted.name] = loosened(own, added.get(wanted.name, 0.0))
    one = found[wanted.name]
    words = f"{one['value']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f})"
    seen = (one["low"] or 0.0) > 0 or (one["high"] or 0.0) < 0
    return found, f"{wanted.name} of {name} minus that of the mean: {words}" + (
        "" if seen else "; no difference can be seen"
    )


def measure(
    scores: Predictions, wanted: Metric, groups: np.ndarray | None, seed: int, resamples: int
) -> dict[str, Interval]:
    """The four metrics of a run, and the wanted one, with intervals over photos or groups."""
    found = intervals(scores, resamples, seed, groups)
    if wanted.name not in found:
        units = unit_index(groups, len(scores))
        found[wanted.name] = interval(wanted, scores.targets, scores.scores, units, resamples, seed)
    return {wanted.name: found.pop(wanted.name), **found}


def write(result: Result, given: Gathered, folder: EnsembleFolder) -> tuple[str, ...]:
    """Writes scores, metrics.json, weights.csv, ensemble.html and submission.csv.

    Returns:
        test ids that the sample submission does not ask for.

    Raises:
        RunError: the folder cannot be written.
    """
    from thresher.dataset.submission import write_submission

    chosen = result.chosen
    replace(chosen.found.oof, folds=given.folds).save(folder.scores("oof"))
    write_json(
        folder.metrics,
        {
            "method": result.spec,
            "metric": result.metric.name,
            "lower_is_better": result.metric.lower_is_better,
            **chosen.told(),
            "against_mean": result.against_mean and {"sentence": result.sentence, **result.against_mean},
            "models": result.models,
            "methods": {one.name: one.told() for one in result.others},
            "photos": len(given.folds),
            "folds": len(np.unique(given.folds)),
            "notes": list(given.notes),
        },
    )
    _write_weights(chosen.weights, folder)
    write_page(folder)
    if chosen.found.test is None:
        folder.scores("test").unlink(missing_ok=True)
        folder.submission.unlink(missing_ok=True)
        return ()
    chosen.found.test.save(folder.scores("test"))
    return write_submission(chosen.found.test, given.sample, folder.submission)


def _write_weights(weights: Mapping[str, float] | None, folder: EnsembleFolder) -> None:
    """One row per model, or per model and view."""
    import pandas as pd

    if weights is None:
        folder.weights.unlink(missing_ok=True)
        return
    rows: list[dict[str, Any]] = [{"model": name, "weight": weight} for name, weight in weights.items()]
    if any(MARK in name for name in weights):
        rows = [
            {"model": name, "view": view, "weight": weight}
            for name, views in by_model(dict(weights)).items()
            for view, weight in views.items()
        ]
    table = pd.DataFrame(rows)
    write_atomic(folder.weights, lambda file: table.to_csv(file, index=False, lineterminator="\n"))
