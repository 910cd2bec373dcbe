"""The linear solution: logistic regression on frozen features, its strength chosen on inner folds."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from thresher.seeds import generator

SCALE = 10.0


@dataclass(frozen=True)
class LinearHead:
    """A fitted head on power-normalised features.

    Attributes:
        weight: (K, D) float32; standardisation is folded in.
        bias: (K,) float32.
        penalty: the chosen L2 penalty.
        path: log-loss on inner folds for every penalty tried.
    """

    weight: np.ndarray
    bias: np.ndarray
    penalty: float
    path: dict[float, float]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits (N, K) of power-normalised features (N, D)."""
        logits: np.ndarray = features @ self.weight.T + self.bias
        return logits


def fit_linear(
    features: np.ndarray,
    targets: np.ndarray,
    classes: int,
    penalties: tuple[float, ...],
    inner_folds: np.ndarray,
    weights: np.ndarray | None = None,
) -> LinearHead:
    """Fits the head; the penalty with the lowest log-loss on the inner folds is used for the final fit.

    Args:
        features: (V, N, D) power-normalised features of N photos in V views; every view is a training row of
            the final fit, and the inner folds see the views' mean.
        targets: class index (N,).
        classes: K; a class without a row keeps low scores and raises nothing.
        penalties: L2 penalties of the mean loss to choose from; one alone is used as it is.
        inner_folds: inner fold of each photo (N,).
        weights: weight of each photo (N,), or None; weight 2 equals the photo twice.
    """
    views, photos, _ = features.shape
    weights = np.ones(photos) if weights is None else weights
    centre = np.average(features.mean(axis=0), axis=0, weights=weights).astype(np.float32)
    # One number for all features: the spread between features carries information, so it is kept.
    variance = np.average(((features - centre.mean()) ** 2).mean(axis=(0, 2)), weights=weights)
    scale = float(SCALE / (np.sqrt(variance * features.shape[2]) + 1e-12))
    scaled = ((features - centre) * scale).astype(np.float32)
    ordered = sorted(penalties, reverse=True)
    path: dict[float, float] = {}
    if len(ordered) > 1:
        path = _inner_losses(scaled.mean(axis=0), targets, weights, classes, ordered, inner_folds)
    best = min(path, key=lambda penalty: path[penalty]) if path else ordered[0]
    rows = scaled.reshape(views * photos, -1)
    solution = _minimise(rows, np.tile(targets, views), np.tile(weights, views), classes, best, None)
    weight = solution[:-1] * scale
    bias = solution[-1] - centre @ weight
    return LinearHead(weight.T.astype(np.float32).copy(), bias.astype(np.float32), best, path)


def _inner_losses(
    features: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    classes: int,
    penalties: list[float],
    inner_folds: np.ndarray,
) -> dict[float, float]:
    """Held-out log-loss of every penalty, from strong to weak, each fit starting at the one before.

    The features (N, D) are means over views: that is a fraction of the work, and the best penalty is as good.
    """
    losses = np.zeros((len(penalties), len(targets)))
    for fold in np.unique(inner_folds):
        train, held = np.flatnonzero(inner_folds != fold), np.flatnonzero(inner_folds == fold)
        solution = None
        for index, penalty in enumerate(penalties):
            solution = _minimise(features[train], targets[train], weights[train], classes, penalty, solution)
            probabilities = _softmax(features[held] @ solution[:-1] + solution[-1])
            right = probabilities[np.arange(len(held)), targets[held]]
            losses[index, held] = -np.log(np.maximum(right, 1e-12))
    means = np.average(losses, axis=1, weights=weights)
    return {penalty: float(loss) for penalty, loss in zip(penalties, means, strict=True)}


def inner_split(targets: np.ndarray, groups: np.ndarray | None, folds: int, seed: int) -> np.ndarray:
    """Inner folds (N,) of one fold's training rows: whole groups, dealt at random within the classes.

    Args:
        targets: class index (N,).
        groups: group code of each photo (N,), or None; a group takes the class of its first photo.
        folds: how many.
        seed: the job's seed.
    """
    codes = np.arange(len(targets)) if groups is None else np.unique(groups, return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    order = generator(seed, "inner").permutation(len(first))
    order = order[np.argsort(targets[first][order], kind="stable")]
    dealt = np.empty(len(first), dtype=np.int64)
    dealt[order] = np.arange(len(first)) % folds
    return dealt[codes]


def _minimise(
    features: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray,
    classes: int,
    penalty: float,
    start: np.ndarray | None,
) -> np.ndarray:
    """The minimum of the weighted mean cross-entropy plus ``penalty / 2 |W|^2``; (D + 1, K), the bias last.

    In NumPy: its matrix products are four times as fast as PyTorch's when one side is as thin as a few
    classes.
    """
    shape = (features.shape[1] + 1, classes)
    rows = np.arange(len(targets))
    share = (weights / weights.sum()).astype(np.float32)[:, None]

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        theta = flat.reshape(shape).astype(np.float32)
        logits = features @ theta[:-1] + theta[-1]
        logits -= logits.max(axis=1, keepdims=True)
        residual = np.exp(logits)
        total = residual.sum(axis=1, keepdims=True)
        losses = np.log(total) - logits[rows, targets][:, None]
        residual /= total
        residual[rows, targets] -= 1
        residual *= share
        gradient = np.empty(shape)
        gradient[:-1] = features.T @ residual + penalty * theta[:-1]
        gradient[-1] = residual.sum(axis=0)
        loss = float((losses * share).sum(dtype=np.float64))
        return loss + penalty / 2 * float((flat[:-classes] ** 2).sum()), gradient.ravel()

    first = np.zeros(shape) if start is None else start
    # One BLAS thread: products this thin gain nothing from two, which wait for each other in a busy loop
    # (seven times as slow on a loaded machine). So the bits do not depend on the number of cores either.
    options = {"maxiter": 300, "gtol": 1e-5, "ftol": 1e-9}
    with threadpool_limits(1, "blas"):
        found = minimize(loss_and_gradient, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x).reshape(shape)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis, in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
