"""Tries ensembles on inner folds and takes the simplest that no other one beats by more than luck."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.inner import with_folds
from thresher.ensemble.nested import nested
from thresher.metrics.metric import MetricName, metric
from thresher.metrics.resampling import luck
from thresher.recipe.part import build, part
from thresher.registry import family

SIMPLE_FIRST = (
    "mean",
    "logit_mean",
    "vote",
    "rank_mean",
    "weighted",
    "simplex",
    "subsets",
    "greedy",
    "differential_evolution",
    "optuna",
    "logistic",
    "lightgbm",
    "mlp",
    "cnn_1d",
    "cnn_2d",
    "average",
)
"""All that `Auto` can try: the fewer and the smoother the numbers that are fitted, the earlier."""
FAST = ("mean", "logit_mean", "weighted", "simplex", "subsets", "greedy", "logistic")


class Auto(Ensemble):
    """Scores candidates nested, on the folds that it is given, and chooses one.

    Of the candidates the one with the best nested metric is looked at. The simplest of those that it does not
    beat is taken: beating means that luck would do as much with a chance below ``level`` divided by the
    number of the other candidates (Bonferroni). So the plain mean is left only where there is a reason to.

    Its own nested score is honest: the choice is made anew for each fold, without that fold.

    Args:
        metric: what candidates are compared by; those of ``fast`` and ``all`` make the same good.
        among: ``fast``: those that take seconds; ``all``: all of them; or a list, the simplest first.
        level: chance of leaving the simplest candidate though none is better.
    """

    def __init__(
        self,
        *,
        metric: MetricName = "accuracy",
        among: Literal["fast", "all"] | Annotated[tuple[part("ensemble"), ...], Field(min_length=1)] = "fast",  # type: ignore[valid-type]
        level: Annotated[float, Field(gt=0, lt=1)] = 0.05,
    ) -> None:
        self.metric, self.level = metric, level
        specs = _named(among, metric) if isinstance(among, str) else among
        self.candidates: dict[str, Ensemble] = {}
        for spec in specs:
            name = spec["name"]
            while name in self.candidates:  # one part with other settings
                name += "'"
            self.candidates[name] = Once(build("ensemble", spec))

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        names = list(self.candidates)
        stack = with_folds(stack)
        if len(names) == 1 or len(stack.names) == 1 or len(np.unique(stack.folds)) < 2:
            return self._kept(names[0], {}, stack, seed)
        wanted = metric(self.metric)
        scores = {name: nested(one, stack, seed) for name, one in self.candidates.items()}
        gains = {name: wanted.gain(stack.targets, found) for name, found in scores.items()}
        best = max(names, key=lambda name: (np.nan_to_num(gains[name], nan=-np.inf), -names.index(name)))
        tried: dict[str, dict[str, float]] = {}
        chosen = None
        for name in names:
            tried[name] = {"value": wanted(stack.targets, scores[name])}
            if chosen is None:
                chance = 1.0
                if name != best:
                    chance = luck(wanted, stack.targets, scores[name], scores[best], stack.units, seed=seed)
                tried[name]["p"] = chance
                if chance >= self.level / (len(names) - 1):
                    chosen = name
        return self._kept(chosen or best, {"best": best, "tried": tried}, stack, seed)

    def _kept(self, name: str, facts: Mapping[str, Any], stack: Stack, seed: int) -> Fitted:
        fitted = self.candidates[name].fit(stack, seed)
        return replace(fitted, facts={**fitted.facts, "chosen": name, **facts})


class Once(Ensemble):
    """An ensemble that remembers what it was fitted on, for the same folds are asked for again and again."""

    def __init__(self, part: Ensemble) -> None:
        self.part, self.learns = part, part.learns  # type: ignore[misc]
        self._known: dict[bytes, Fitted] = {}

    def fit(self, stack: Stack, seed: int = 0) -> Fitted:
        """See `Ensemble.fit`; equal stacks and seeds are fitted once."""
        mark = hashlib.blake2b(repr((stack.names, seed, stack.scores.shape)).encode(), digest_size=16)
        for array in (stack.scores, stack.targets, stack.folds, stack.groups):
            mark.update(b"-" if array is None else array.tobytes())
        key = mark.digest()
        if key not in self._known:
            self._known[key] = self.part.fit(stack, seed)
        return self._known[key]


def _named(among: str, metric: str) -> list[dict[str, Any]]:
    """The candidates by a word, those that can making the metric good."""
    names = [name for name in SIMPLE_FIRST if among == "all" or name in FAST]
    if metric == "auc" and "rank_mean" not in names:
        names.insert(names.index("weighted"), "rank_mean")
    takes = {name for name in names if "metric" in family("ensemble").parameters(name)}
    return [{"name": name} | ({"metric": metric} if name in takes else {}) for name in names]
