"""Kernel ridge regression whose held-out answers, for any targets, cost one matrix product.

Every photo is described by its likeness to some of the others (Nystroem's approximation of a Gaussian kernel,
Williams and Seeger 2001). What the solution without a fold says of that fold follows from the solution of
all rows, without solving again: ``y_f - (I - H_ff)^-1 (y_f - (H y)_f)`` with the hat matrix H (the
leave-one-out formula of Allen 1974, for blocks).
"""

import numpy as np

from thresher.seeds import generator


def likeness(features: np.ndarray, landmarks: int, seed: int) -> np.ndarray:
    """Features (N, m), float32, whose products are about a Gaussian kernel of the photos.

    Args:
        features: (N, D).
        landmarks: how many photos the others are compared with, m = min(landmarks, N).
        seed: of their choice.
    """
    from scipy.linalg import cholesky, solve_triangular

    rows = np.asarray(features, dtype=np.float32)
    chosen = generator(seed, "landmarks").choice(len(rows), min(landmarks, len(rows)), replace=False)
    marks = rows[np.sort(chosen)]
    among = _distances(marks, marks)
    width = max(float(np.median(among)), 1e-12)
    kernel = np.exp(-among.astype(np.float64) / width) + 1e-4 * np.eye(len(marks))
    factor = cholesky(kernel, lower=True).astype(np.float32)
    likenesses = np.exp(-_distances(marks, rows) / width)
    found: np.ndarray = solve_triangular(factor, likenesses, lower=True).T
    return found


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (A, B)."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None]
    return np.asarray(np.maximum(squares - 2 * a @ b.T, 0))


class HeldOutRidge:
    """Ridge regression on fixed rows and folds; only the targets change.

    Args:
        features: (N, m).
        folds: fold of each row (N,).
        penalty: added to the diagonal of the m x m products.
    """

    def __init__(self, features: np.ndarray, folds: np.ndarray, penalty: float = 1.0) -> None:
        from scipy.linalg import cholesky, solve_triangular

        products = (features.T @ features).astype(np.float64) + penalty * np.eye(features.shape[1])
        factor = cholesky(products, lower=True).astype(np.float32)
        self._half = solve_triangular(factor, features.T, lower=True)  # (m, N): H = half' half
        self._blocks = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
        self._inverses = []
        for rows in self._blocks:
            part = self._half[:, rows]
            self._inverses.append(np.linalg.inv(np.eye(len(rows)) - (part.T @ part).astype(np.float64)))

    def held_out(self, targets: np.ndarray) -> np.ndarray:
        """What the rows outside its fold say of each row (N, K), for targets (N, K)."""
        mean = targets.mean(axis=0)
        centred = (targets - mean).astype(np.float32)
        residual = centred - self._half.T @ (self._half @ centred)
        answers = np.empty(targets.shape)
        for rows, inverse in zip(self._blocks, self._inverses, strict=True):
            answers[rows] = centred[rows] - inverse @ residual[rows]
        answers += mean
        return answers
