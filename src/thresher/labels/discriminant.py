"""Linear discriminant analysis, held out, with soft labels."""

import numpy as np


def discriminant(
    features: np.ndarray, beliefs: np.ndarray, folds: np.ndarray, shrinkage: float, width: int
) -> np.ndarray:
    """Log-probability of each class (N, K), up to a constant per row, by the rows outside the row's fold.

    Classes are Gaussians of one covariance (Fisher 1936), shrunk towards a multiple of the identity.
    Means of classes stand up to wrong labels better than a boundary does, for they are means.

    Args:
        features: (N, D), or what `turned` makes of them.
        beliefs: how much each row counts for each class (N, K), rows sum to 1.
        folds: fold of each row (N,).
        shrinkage: share of the identity, in (0, 1].
        width: D, before they were turned.
    """
    rows = np.asarray(features, dtype=np.float32)
    beliefs = np.asarray(beliefs, dtype=np.float32)
    squares, sums, counts = _moments(rows, beliefs)
    answers = np.empty(beliefs.shape)
    for fold in np.unique(folds):
        held = folds == fold
        parts = _moments(rows[held], beliefs[held])
        square, total, count = squares - parts[0], sums - parts[1], counts - parts[2] + 1e-3
        share = count / count.sum()
        means = total / count[:, None]
        centre = share @ means
        # Covariance within the classes: that of all rows less that of the means.
        spread = square / count.sum() - np.outer(centre, centre)
        away = means - centre
        spread -= (away * share[:, None]).T @ away
        level = max(float(np.trace(spread)) / width, 1e-12)
        spread *= 1 - shrinkage
        spread[np.diag_indices(len(spread))] += shrinkage * level
        slopes = np.linalg.solve(spread, means.T)
        offset = np.log(share) - 0.5 * (slopes * means.T).sum(0)
        answers[held] = rows[held] @ slopes.astype(np.float32) + offset
    return answers


def turned(rows: np.ndarray) -> np.ndarray:
    """Rows (N, D) in axes of their own, (N, min(N, D)): nothing but products counts, and N may be small."""
    if len(rows) >= rows.shape[1]:
        return rows
    left, lengths, _ = np.linalg.svd(rows, full_matrices=False)
    found: np.ndarray = left * lengths
    return found


def _moments(rows: np.ndarray, beliefs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Products (D, D), sums by class (K, D) and counts (K,), float64."""
    return (
        (rows.T @ rows).astype(np.float64),
        (beliefs.T @ rows).astype(np.float64),
        beliefs.sum(axis=0, dtype=np.float64),
    )
