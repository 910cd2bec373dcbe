"""What near copies of a photo in two folds would do to the score: counted, and measured when asked."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thresher.metrics.comparison import compare
from thresher.metrics.intervals import intervals
from thresher.pipeline.bench import Bench, fold_numbers
from thresher.pipeline.collect import concatenate, groups_of
from thresher.pipeline.score import is_linear, score_head
from thresher.pipeline.teach import fit_head
from thresher.predictions import Predictions, mean
from thresher.recipe.schema import LinearStage, ModelSection
from thresher.recipe.together import refuse_linear
from thresher.seeds import derive


def count_leak(bench: Bench) -> dict[str, int]:
    """How many labelled photos have copies among each other, and how the folds would part them.

    Returns:
        ``clusters`` of two or more; ``rows`` in them; ``rows_apart``: those of which a copy would stand in
        another fold if the rule were not told of near copies (or does, where the folds were given);
        ``rows_moved``: the fewest that must change their fold so that none does. Of repeated folds the first.
    """
    assert bench.clusters is not None
    rows = _copies(bench)
    clusters = bench.clusters[rows]
    parting = (bench.folds if bench.leaky is None else bench.leaky)[rows, 0]
    by_fold = pd.crosstab(clusters, parting).to_numpy()  # photos of each cluster in each fold
    sizes, largest = by_fold.sum(axis=1), by_fold.max(axis=1, initial=0)
    return {
        "clusters": len(by_fold),
        "rows": len(rows),
        "rows_apart": int(sizes[sizes > largest].sum()),
        "rows_moved": int((sizes - largest).sum()),
    }


def say_leak(bench: Bench) -> str:
    """``12 sets of copies (27 photos) stay together in folds; dealt singly, 19 ...``; "" without."""
    counts = {} if bench.clusters is None else count_leak(bench)
    if not counts.get("clusters"):
        return ""
    sets = "1 set of copies" if counts["clusters"] == 1 else f"{counts['clusters']:,} sets of copies"
    text = f"{sets} ({counts['rows']:,} photos, exact and near)"
    if not counts["rows_apart"]:
        return f"{text}: none stands in two folds"
    if bench.leaky is None:
        return f"{text}: {counts['rows_apart']:,} photos have one in another fold, so the score is too good"
    return (
        f"{text} stay together in folds; dealt singly, {counts['rows_apart']:,} photos would have a copy in "
        f"another fold, and {counts['rows_moved']:,} had to move"
    )


def measure_leak(bench: Bench) -> dict[str, Any]:
    """Scores with folds that keep near copies together, and with folds that part them.

    Both are those of a linear head on frozen features, of the first model that has one or could have.

    Returns:
        ``model``, ``accuracy`` and ``accuracy_with_leak`` with intervals, the same ``_of_copies``, their
        ``difference`` with its ``p`` where the same photos are scored; ``why_not`` alone where nothing can be
        measured.
    """
    if bench.leaky is None:
        return {"why_not": "no near copies would stand in two folds"}
    name = next((name for name, one in bench.recipe.models.items() if _takes_linear(one)), None)
    if name is None:
        return {"why_not": "no model has pretrained features that a linear head could be fitted on"}
    bench.progress.start("folds that part near copies", 2 * len(bench.fold_numbers), "folds")
    clean, leaky = (_linear_scores(replace(bench, folds=folds), name) for folds in (bench.folds, bench.leaky))
    bench.progress.finish()
    copies = set(bench.dataset.ids[_copies(bench)])
    resamples, seed = bench.recipe.metrics.resamples, bench.recipe.seed
    found: dict[str, Any] = {"model": name}
    for suffix, scores in (("", clean), ("_with_leak", leaky)):
        of_copies = scores.take(np.flatnonzero([image_id in copies for image_id in scores.ids]))
        for what, part in (("accuracy", scores), ("accuracy_of_copies", of_copies)):
            if len(part):
                metrics = intervals(part, resamples, seed, groups_of(bench, part))
                found[what + suffix] = metrics["accuracy"]
    if set(clean.ids) & set(leaky.ids):
        both = compare(clean, leaky, resamples, seed, groups_of(bench, clean))
        found |= {"difference": both.differences["accuracy"], "p": both.p}
    return found


def say_measured(found: dict[str, Any]) -> str:
    """``with near copies in other folds the accuracy would be .931 instead of .925 ...``."""
    if "why_not" in found:
        return f"the leak was not measured: {found['why_not']}"
    before, after = (found[f"accuracy{suffix}"]["value"] for suffix in ("", "_with_leak"))
    text = f"with near copies in other folds the accuracy would be {after:.3f} instead of {before:.3f}"
    copies = [found.get(f"accuracy_of_copies{suffix}", {}).get("value") for suffix in ("", "_with_leak")]
    if None not in copies:
        text += f" (of the copies: {copies[1]:.3f} instead of {copies[0]:.3f})"
    if "difference" in found:
        points = [100 * found["difference"][key] for key in ("value", "low", "high")]
        text += ", {:+.1f} points ({:+.1f} to {:+.1f})".format(*points)
    return f"{text}, with a linear head on frozen features of {found['model']}"


def _copies(bench: Bench) -> np.ndarray:
    """The labelled rows (n,) that have a labelled copy."""
    assert bench.clusters is not None
    rows = np.flatnonzero(bench.dataset.labelled & (bench.clusters >= 0))
    _, place, counts = np.unique(bench.clusters[rows], return_inverse=True, return_counts=True)
    return rows[counts[place] > 1]


def _takes_linear(section: ModelSection) -> bool:
    """Whether a linear head can be fitted on the model's backbone as it is loaded."""
    try:
        refuse_linear(section.model_copy(update={"head": {"name": "linear"}, "unknown": False}))
    except ValueError:
        return False
    return section.weights != "none"


def _linear_scores(bench: Bench, name: str) -> Predictions:
    """OOF scores of the readable labelled rows, first seed; means over repeated folds."""
    section, dataset = bench.recipe.models[name], bench.dataset
    first = section.stages[0]
    stage = first if isinstance(first, LinearStage) else LinearStage()
    if not is_linear(section):  # views of its own might be many
        section = section.model_copy(update={"views": stage.views})
    labels = dataset.frame["label"].to_numpy(dtype=object)
    repeats = []
    for column in bench.folds.T:
        parts = []
        for fold in fold_numbers(column):
            seed = derive(bench.recipe.seed, section.seeds[0], fold)
            train = bench.training(fold)
            head = fit_head(bench, section, stage, train, bench.teaching(train), seed)
            rows = bench.held(fold)
            rows = rows[dataset.usable[rows]]
            scores = score_head(head.weight, head.bias, section, bench.features, rows)
            folds = np.full(len(rows), fold)
            parts.append(Predictions(dataset.ids[rows], scores, dataset.classes, "oof", labels[rows], folds))
            bench.progress.advance()
        repeats.append(concatenate(parts))
    return mean(repeats)
