"""Multinomial logistic regression on the logits of all models, held back towards their mean."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.inner import inner_folds
from thresher.ensemble.mean import plain_mean
from thresher.ensemble.stacker import Rows, corrected, wide

WIDE = 2_000_000
"""Most numbers of a full matrix; beyond that, each model has one number and each class one."""


class Logistic(Ensemble):
    """Adds ``W x + b`` to the logits of the models' mean, x being the logits of all models.

    The penalty ``penalty / 2 |W|^2`` per mean log-loss is chosen on inner folds: the higher, the nearer to
    the mean. Stacking of this kind is Wolpert's (1992) and Ting and Witten's (1999).

    Args:
        penalties: to choose from.
        inner: inner folds.
    """

    def __init__(
        self,
        *,
        penalties: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (
            10.0,
            1.0,
            0.1,
            0.01,
            0.001,
        ),
        inner: Annotated[int, Field(ge=2)] = 3,
    ) -> None:
        self.penalties, self.inner = tuple(sorted(penalties, reverse=True)), inner

    def learn(self, stack: Stack, seed: int) -> Fitted:
        """See `Ensemble.learn`."""
        rows = Rows.of(stack.scores, stack.targets)
        folds = inner_folds(stack, self.inner)
        losses = np.zeros(len(self.penalties))
        if len(self.penalties) > 1:
            for number in np.unique(folds):
                train, held = rows.take(folds != number), rows.take(folds == number)
                if len(train.targets):
                    path = self._path(train, self.penalties)
                    losses += len(held.targets) * np.array([held.loss(one(held.logits)) for one in path])
        best = int(np.argmin(losses))  # the strongest of equal ones
        chosen = self._path(rows, self.penalties[: best + 1])[-1] if len(stack) > 1 else None
        facts = {"penalty": self.penalties[best]}
        if chosen is None:
            return Fitted(plain_mean, facts=facts)
        return Fitted(lambda scores: corrected(scores, [chosen]), facts=facts)

    def _path(self, rows: Rows, penalties: tuple[float, ...]) -> "list[Regression]":
        """From strong to weak, each fit starting at the one before."""
        found: list[Regression] = []
        for penalty in penalties:
            found.append(regress(rows, penalty, found[-1] if found else None))
        return found


@dataclass(frozen=True)
class Regression:
    """A fitted correction.

    Attributes:
        weight: (M K, K), or (M,) where every class takes the same number of a model.
        bias: (K,).
    """

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """What is added (N, K) for logits (M, N, K)."""
        if self.weight.ndim == 1:
            added: np.ndarray = np.tensordot(self.weight, logits, 1) + self.bias
        else:
            added = wide(logits) @ self.weight + self.bias
        return added


def regress(rows: Rows, penalty: float, start: Regression | None = None) -> Regression:
    """The correction of lowest mean log-loss plus penalty."""
    from scipy.optimize import minimize

    models, photos, classes = rows.logits.shape
    full = models * classes * classes <= WIDE
    shape: tuple[int, ...] = (models * classes, classes) if full else (models,)
    inputs = wide(rows.logits) if full else rows.logits
    size = int(np.prod(shape))
    places = np.arange(photos)

    def cost(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[:size].reshape(shape), flat[size:]
        logits = rows.base + bias + (inputs @ weight if full else np.tensordot(weight, inputs, 1))
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1, keepdims=True)
        loss = float(np.log(total).mean() - logits[places, rows.targets].mean())
        shares /= total
        shares[places, rows.targets] -= 1
        shares /= photos
        slope = inputs.T @ shares if full else np.tensordot(inputs, shares, 2)
        slope = slope + penalty * weight
        return loss + penalty / 2 * float((weight**2).sum()), np.concatenate([slope.ravel(), shares.sum(0)])

    first = np.zeros(size + classes)
    if start is not None:
        first = np.concatenate([start.weight.ravel(), start.bias])
    options = {"maxiter": 200, "gtol": 1e-5, "ftol": 1e-8}
    found: Any = minimize(cost, first, jac=True, method="L-BFGS-B", options=options)
    return Regression(found.x[:size].reshape(shape), found.x[size:])
