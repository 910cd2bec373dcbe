"""The linear solution: logistic regression on frozen features, its strength chosen on inner folds."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from thresher.dataset.teaching import Teaching
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
    *,
    corrected: Teaching | None = None,
    teaching: Teaching | None = None,
) -> LinearHead:
    """Fits the head; the penalty with the lowest log-loss on the inner folds is used for the final fit.

    The penalty is chosen by what labels were before any was repaired. Repaired ones come from models that saw
    the labels of all inner folds: heads that learn them have seen what they are judged by (with distilled
    labels the weakest penalty won, at five points of accuracy), and given labels that are wrong blame a head
    for knowing better.

    Args:
        features: (V, N, D) power-normalised features of N photos in V views; every view is a training row of
            the final fit, and the inner folds see the views' mean.
        targets: given class index (N,).
        classes: K; a class without a row keeps low scores and raises nothing.
        penalties: L2 penalties of the mean loss to choose from; one alone is used as it is.
        inner_folds: inner fold of each photo (N,).
        weights: weight of each photo (N,), or None; weight 2 equals the photo twice.
        corrected: what the photos taught before labels were repaired; None: their given labels.
        teaching: what they teach in the final fit; None: what they taught before.
    """
    views = len(features)
    before = _lesson(targets, weights, corrected)
    lesson = before if teaching is None else _lesson(targets, weights, teaching)
    best, path = _choose(features, before, classes, penalties, inner_folds)
    scaled, centre, scale = _standard(features, lesson)
    rows = lesson.of(scaled).reshape(-1, features.shape[2])
    taught, counts = lesson.of(lesson.targets), lesson.of(lesson.weights)
    again = np.tile(taught, (views, *[1] * (taught.ndim - 1)))
    solution = _minimise(rows, again, np.tile(counts, views), classes, best, None)
    weight = solution[:-1] * scale
    bias = solution[-1] - centre @ weight
    return LinearHead(weight.T.astype(np.float32).copy(), bias.astype(np.float32), best, path)


def held_out_scores(
    features: np.ndarray,
    targets: np.ndarray,
    classes: int,
    penalties: tuple[float, ...],
    inner_folds: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    corrected: Teaching | None = None,
    teaching: Teaching | None = None,
) -> np.ndarray:
    """Probabilities (N, K) of every photo by a head that was fitted on the other inner folds.

    The penalty is one for all and chosen as in `fit_linear`, whose arguments these are. Dropped photos are
    scored too.
    """
    before = _lesson(targets, weights, corrected)
    lesson = before if teaching is None else _lesson(targets, weights, teaching)
    best, _ = _choose(features, before, classes, penalties, inner_folds)
    scaled = _standard(features, lesson)[0].mean(axis=0)
    scores = np.zeros((len(targets), classes))
    for fold in np.unique(inner_folds):
        train, held = lesson.places(inner_folds != fold), np.flatnonzero(inner_folds == fold)
        solution = _minimise(scaled[train], lesson.targets[train], lesson.weights[train], classes, best, None)
        scores[held] = _softmax(scaled[held] @ solution[:-1] + solution[-1])
    return scores


@dataclass(frozen=True)
class _Lesson:
    """What N photos teach: class index (N,) or soft (N, K); weights (N,); which do, (N,) or None for all."""

    targets: np.ndarray
    weights: np.ndarray
    kept: np.ndarray | None

    def of(self, array: np.ndarray) -> np.ndarray:
        """The photos that teach, of an array (N, ...) or of views (V, N, D)."""
        if self.kept is None:
            return array
        return array[:, self.kept] if array.ndim == 3 else array[self.kept]

    def places(self, chosen: np.ndarray) -> np.ndarray:
        """Places of the chosen photos (N,) that teach."""
        return np.flatnonzero(chosen if self.kept is None else chosen & self.kept)


def _lesson(targets: np.ndarray, weights: np.ndarray | None, teaching: Teaching | None) -> _Lesson:
    weights = np.ones(len(targets)) if weights is None else weights
    if teaching is None or teaching.plain:
        return _Lesson(targets, weights, None)
    kept = teaching.kept
    return _Lesson(teaching.targets, weights * teaching.weights, None if kept.all() else kept)


def _standard(features: np.ndarray, lesson: _Lesson) -> tuple[np.ndarray, np.ndarray, float]:
    """Features (V, N, D) centred and scaled by what the photos that teach say, the centre, the scale."""
    known, weights = lesson.of(features), lesson.of(lesson.weights)
    centre = np.average(known.mean(axis=0), axis=0, weights=weights).astype(np.float32)
    # One number for all features: the spread between features carries information, so it is kept.
    variance = np.average(((known - centre.mean()) ** 2).mean(axis=(0, 2)), weights=weights)
    scale = float(SCALE / (np.sqrt(variance * features.shape[2]) + 1e-12))
    return ((features - centre) * scale).astype(np.float32), centre, scale


def _choose(
    features: np.ndarray,
    lesson: _Lesson,
    classes: int,
    penalties: tuple[float, ...],
    inner_folds: np.ndarray,
) -> tuple[float, dict[float, float]]:
    """The best penalty, and the held-out log-loss of every one, on means over views (V, N, D)."""
    ordered = sorted(penalties, reverse=True)
    if len(ordered) == 1:
        return ordered[0], {}
    scaled = _standard(features, lesson)[0].mean(axis=0)
    path = _inner_losses(scaled, lesson, classes, ordered, inner_folds)
    return min(path, key=lambda penalty: path[penalty]), path


def _inner_losses(
    features: np.ndarray, lesson: _Lesson, classes: int, penalties: list[float], inner_folds: np.ndarray
) -> dict[float, float]:
    """Held-out log-loss of every penalty, from strong to weak, each fit starting at the one before.

    The features (N, D) are means over views: that is a fraction of the work, and the best penalty is as good.
    """
    targets, soft = lesson.targets, lesson.targets.ndim == 2
    losses = np.zeros((len(penalties), len(targets)))
    for fold in np.unique(inner_folds):
        train, held = lesson.places(inner_folds != fold), lesson.places(inner_folds == fold)
        solution = None
        for index, penalty in enumerate(penalties):
            given = features[train], targets[train], lesson.weights[train], classes
            solution = _minimise(*given, penalty, solution)
            probabilities = _softmax(features[held] @ solution[:-1] + solution[-1])
            if soft:
                logs = np.log(np.maximum(probabilities, 1e-12))
                losses[index, held] = -(targets[held] * logs).sum(axis=1)
            else:
                right = probabilities[np.arange(len(held)), targets[held]]
                losses[index, held] = -np.log(np.maximum(right, 1e-12))
    judged = losses if lesson.kept is None else losses[:, lesson.kept]
    means = np.average(judged, axis=1, weights=lesson.of(lesson.weights))
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

    Targets are class indices (N,), or soft (N, K); rows of 0 and 1 give the same bits as indices. In NumPy:
    its matrix products are four times as fast as PyTorch's when one side is as thin as a few classes.
    """
    shape = (features.shape[1] + 1, classes)
    rows, soft = np.arange(len(targets)), targets.ndim == 2
    share = (weights / weights.sum()).astype(np.float32)[:, None]

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        theta = flat.reshape(shape).astype(np.float32)
        logits = features @ theta[:-1] + theta[-1]
        logits -= logits.max(axis=1, keepdims=True)
        residual = np.exp(logits)
        total = residual.sum(axis=1, keepdims=True)
        right = (logits * targets).sum(axis=1) if soft else logits[rows, targets]
        losses = np.log(total) - right[:, None]
        residual /= total
        if soft:
            residual -= targets
        else:
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
