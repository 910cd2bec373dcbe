"""Gradient-boosted trees on the scores of all models (S24)."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.ensemble.extra import require
from thresher.ensemble.stacker import Correction, Rows, Stacker, wide
from thresher.seeds import derive


class LightGBM(Stacker):
    """Small trees that begin at the models' mean and stop where the log-loss of an inner fold does.

    Needs the extra ``ensemble``.

    Args:
        rounds: trees per class at most.
        rate: what each tree counts.
        leaves: of a tree.
        patience: rounds without a better loss after which it stops.
    """

    def __init__(
        self,
        *,
        rounds: Annotated[int, Field(ge=1)] = 300,
        rate: Annotated[float, Field(gt=0, le=1)] = 0.05,
        leaves: Annotated[int, Field(ge=2)] = 8,
        patience: Annotated[int, Field(ge=1)] = 20,
    ) -> None:
        require("lightgbm")
        self.rounds, self.rate, self.leaves, self.patience = rounds, rate, leaves, patience

    def correct(self, train: Rows, held: Rows, seed: int, number: int) -> Correction:
        """See `Stacker.correct`."""
        import lightgbm

        classes = train.base.shape[1]
        settings = {
            "objective": "multiclass",
            "num_class": classes,
            "learning_rate": self.rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": 20,
            "lambda_l2": 1.0,
            "feature_fraction": 0.8,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "boost_from_average": False,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": derive(seed, "lightgbm", number) % 2**31,
            "verbosity": -1,
        }
        rows, valid = (
            lightgbm.Dataset(wide(one.logits), one.targets, init_score=one.base) for one in (train, held)
        )
        stop = lightgbm.early_stopping(self.patience, verbose=False)
        trees = lightgbm.train(settings, rows, self.rounds, valid_sets=[valid], callbacks=[stop])
        rounds = trees.best_iteration
        trees.free_dataset()  # the photos are not needed any more

        def added(logits: np.ndarray) -> np.ndarray:
            return np.asarray(
                trees.predict(wide(logits), raw_score=True, num_iteration=rounds, num_threads=1)
            )

        # The first round may do harm already.
        if held.loss(added(held.logits)) >= held.loss(np.zeros_like(held.base)):
            return lambda logits: np.zeros(logits.shape[1:])
        return lambda logits: added(logits) if logits.shape[1] else np.zeros(logits.shape[1:])
