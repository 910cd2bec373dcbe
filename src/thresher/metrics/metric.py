"""What can be made as good as possible: a metric by its name, or a Python function of the user's."""

import importlib
import math
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import AfterValidator

from thresher.errors import RecipeError
from thresher.metrics.ranking import auc, map_at_k
from thresher.metrics.scores import LOWER_IS_BETTER, METRICS
from thresher.registry import nearest

_AT = re.compile(r"map@([1-9][0-9]*)")
Score = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Metric:
    """A number for class indices ``targets`` (N,) and probabilities ``scores`` (N, K).

    Attributes:
        name: as `metric` reads it.
        function: of targets and scores.
        lower_is_better: whether a smaller number is a better one.
        k: how many answers of a photo count, where the metric is MAP@k.
    """

    name: str
    function: Score
    lower_is_better: bool = False
    k: int | None = None

    def __call__(self, targets: np.ndarray, scores: np.ndarray) -> float:
        """The number, as people know it."""
        return float(self.function(targets, scores))

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number that it can be; without end where nobody knows."""
        if ":" in self.name:
            return -math.inf, math.inf
        return 0.0, math.inf if self.name in LOWER_IS_BETTER else 1.0

    def gain(self, targets: np.ndarray, scores: np.ndarray) -> float:
        """The number with its sign turned where lower is better: higher is always better."""
        return -self(targets, scores) if self.lower_is_better else self(targets, scores)


def metric(name: str) -> Metric:
    """A metric by its name.

    Args:
        name: ``accuracy``, ``balanced_accuracy``, ``macro_f1``, ``log_loss``, ``auc`` (one class against the
            rest, mean over classes), ``map@5`` (or any k), or ``module:function``: a function of targets (N,)
            and scores (N, K) that returns a number. Higher is better, unless the function has an attribute
            ``lower_is_better`` that is true. Modules are looked for in the current folder too.

    Raises:
        RecipeError: there is no such metric or function.
    """
    if name in METRICS:
        return Metric(name, METRICS[name], name in LOWER_IS_BETTER)
    if name == "auc":
        return Metric(name, auc)
    at = _AT.fullmatch(name)
    if at:
        k = int(at[1])
        return Metric(name, partial(map_at_k, k=k), k=k)
    if ":" in name:
        function = _imported(name)
        return Metric(name, function, bool(getattr(function, "lower_is_better", False)))
    known = [*METRICS, "auc", "map@5"]
    raise RecipeError(f"no metric is named {name!r}{nearest(name, known)}; or name a module:function")


def _imported(name: str) -> Score:
    module, _, attribute = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(f"metric {name!r}: {error}; it is written module:function") from None
    finally:
        sys.path.remove(os.getcwd())
    if not callable(found):
        raise RecipeError(f"metric {name!r}: {attribute} is no function")
    function: Score = found
    return function


def _known(name: str) -> str:
    try:
        metric(name)
    except RecipeError as error:
        raise ValueError(str(error)) from None
    return name


MetricName = Annotated[str, AfterValidator(_known)]
"""The type of a setting that names a metric; see `metric`."""
