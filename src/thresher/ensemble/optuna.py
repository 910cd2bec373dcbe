"""Weights by Optuna (S21, S23)."""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Stack
from thresher.ensemble.extra import require
from thresher.ensemble.search import MetricSearch
from thresher.metrics.metric import MetricName
from thresher.metrics.mixture import Mixture
from thresher.seeds import derive

if TYPE_CHECKING:
    from optuna import Trial


class Optuna(MetricSearch):
    """A tree-structured Parzen estimator (Bergstra et al. 2011) proposes weights from 0 to 1.

    Equal weights are its first proposal. Needs the extra ``ensemble``.

    Args:
        metric: what is made good.
        trials: proposals.
    """

    def __init__(self, *, metric: MetricName = "accuracy", trials: Annotated[int, Field(ge=1)] = 200) -> None:
        super().__init__(metric=metric)
        require("optuna")
        self.trials = trials

    def climb(self, mixture: Mixture, stack: Stack, seed: int) -> np.ndarray:
        """See `MetricSearch.climb`."""
        import optuna

        names = [f"w{place}" for place in range(mixture.models)]

        def gain(trial: "Trial") -> float:
            return mixture.gain(np.array([trial.suggest_float(name, 0.0, 1.0) for name in names]))

        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            sampler = optuna.samplers.TPESampler(seed=derive(seed, "optuna") % 2**32)
            study = optuna.create_study(direction="maximize", sampler=sampler)
            study.enqueue_trial(dict.fromkeys(names, 1.0))
            study.optimize(gain, n_trials=self.trials)
        finally:
            optuna.logging.set_verbosity(level)
        return np.array([study.best_params[name] for name in names])
