"""Which label was given where another was true: several opinions, one weight each, and a table of mistakes.

A photo's true class k has the probability ``softmax_k(sum_s a_s o_s + b)`` by the opinions o_s (N, K); a true
class k is labelled y with the probability T[k, y]. Weights, offsets and table are fitted by expectation
maximisation (Dawid and Skene 1979; Dempster, Laird and Rubin 1977) to the labels as they were given: the
truth is never needed.
"""

from dataclasses import dataclass

import numpy as np

STEPS, INNER = 30, 15
"""Steps of the maximisation, and L-BFGS steps within each."""
KEEP = 5.0
"""Photos that the table of mistakes is taken to have seen beforehand, in each class."""
MISTAKES = 0.2
"""Share of wrong labels among those."""
CALM = 1e-4
"""L2 penalty on the offsets of the classes."""


@dataclass(frozen=True)
class NoiseModel:
    """What was fitted.

    Attributes:
        posterior: probability of the true class (N, K), the given label included in the evidence.
        prior: the same by the opinions alone (N, K).
        weights: of the opinions (S,), >= 0.
        mistakes: T (K, K): row k says how a photo of the true class k is labelled.
    """

    posterior: np.ndarray
    prior: np.ndarray
    weights: np.ndarray
    mistakes: np.ndarray


def fit_noise(opinions: np.ndarray, targets: np.ndarray) -> NoiseModel:
    """Fits the model.

    Args:
        opinions: log-scores (S, N, K), up to a constant per photo.
        targets: given class index (N,).
    """
    sources, _, classes = opinions.shape
    given = np.eye(classes)[targets]
    start = np.full((classes, classes), MISTAKES / max(classes - 1, 1))
    np.fill_diagonal(start, 1 - MISTAKES if classes > 1 else 1.0)
    mistakes, solution = start, np.concatenate([np.full(sources, 1 / sources), np.zeros(classes)])
    for _ in range(STEPS):
        posterior = _posterior(mixed(opinions, solution), mistakes, targets)
        mistakes = posterior.T @ given + KEEP * start
        mistakes /= mistakes.sum(axis=1, keepdims=True)
        solution = weigh(opinions, posterior, solution, INNER)
    prior = mixed(opinions, solution)
    return NoiseModel(_posterior(prior, mistakes, targets), prior, solution[:sources], mistakes)


def weigh(opinions: np.ndarray, wanted: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Weights of the opinions and offsets of the classes (S + K,) that come nearest to ``wanted`` (N, K).

    Args:
        opinions: (S, N, K).
        wanted: probabilities (N, K).
        start: where to begin (S + K,).
        steps: the most L-BFGS steps.
    """
    from scipy.optimize import minimize

    sources, photos, classes = opinions.shape

    def loss_and_gradient(values: np.ndarray) -> tuple[float, np.ndarray]:
        log = log_softmax(np.tensordot(values[:sources], opinions, 1) + values[sources:])
        residual = (np.exp(log) - wanted) / photos
        slope = [np.vdot(residual, opinion) for opinion in opinions]
        offsets = residual.sum(axis=0) + 2 * CALM * values[sources:]
        loss = -float(np.vdot(wanted, log)) / photos + CALM * float((values[sources:] ** 2).sum())
        return loss, np.concatenate([slope, offsets])

    bounds = [(0, None)] * sources + [(None, None)] * classes
    options = {"maxiter": steps}
    found = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x)


def mixed(opinions: np.ndarray, solution: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) of the opinions (S, N, K) by weights and offsets (S + K,)."""
    sources = len(opinions)
    found: np.ndarray = np.exp(
        log_softmax(np.tensordot(solution[:sources], opinions, 1) + solution[sources:])
    )
    return found


def log_softmax(values: np.ndarray) -> np.ndarray:
    """Log-probabilities along the last axis."""
    shifted = values - values.max(axis=-1, keepdims=True)
    found: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def _posterior(prior: np.ndarray, mistakes: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Bayes' rule: (N, K), rows sum to 1."""
    joint = prior * mistakes[:, targets].T
    found: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return found
