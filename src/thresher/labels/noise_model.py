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
HOLD = 1.0
"""L2 penalty that holds the weights to those at which the opinions meet the given labels, in photos: what is
fitted to its own beliefs grows too sure where photos are few."""


@dataclass(frozen=True)
class NoiseModel:
    """What was fitted.

    Attributes:
        posterior: probability of the true class (N, K), the given label included in the evidence.
        prior: the same by the opinions alone (N, K).
        as_given: probability of each *given* label (N, K) by the opinions, without a table of mistakes.
        weights: of the opinions (S,), >= 0.
        mistakes: T (K, K): row k says how a photo of the true class k is labelled.
    """

    posterior: np.ndarray
    prior: np.ndarray
    as_given: np.ndarray
    weights: np.ndarray
    mistakes: np.ndarray


def fit_noise(opinions: np.ndarray, targets: np.ndarray) -> NoiseModel:
    """Fits the model.

    Args:
        opinions: log-scores (S, N, K), up to a constant per photo.
        targets: given class index (N,).
    """
    classes = opinions.shape[2]
    given = np.eye(classes)[targets]
    loudness = _loudness(opinions)
    even = opinions / loudness[:, None, None]
    start = np.full((classes, classes), MISTAKES / max(classes - 1, 1))
    np.fill_diagonal(start, 1 - MISTAKES if classes > 1 else 1.0)
    # The maximisation would believe whatever it starts from.
    mistakes, solution = start, _as_given(even, given)
    usual, hold = mixed(even, solution), solution[: len(even)]
    for _ in range(STEPS):
        posterior = _posterior(mixed(even, solution), mistakes, targets)
        mistakes = posterior.T @ given + KEEP * start
        mistakes /= mistakes.sum(axis=1, keepdims=True)
        solution = weigh(even, posterior, solution, INNER, hold)
    prior = mixed(even, solution)
    posterior = _posterior(prior, mistakes, targets)
    return NoiseModel(posterior, prior, usual, solution[: len(even)] / loudness, mistakes)


def _as_given(opinions: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Weights and offsets (S + K,) at which opinions (S, N, K) meet labels (N, K) as they are given here."""
    sources, _, classes = opinions.shape
    return weigh(opinions, given, np.concatenate([np.full(sources, 1 / sources), np.zeros(classes)]), 200)


def weigh(
    opinions: np.ndarray, wanted: np.ndarray, start: np.ndarray, steps: int, hold: np.ndarray | None = None
) -> np.ndarray:
    """Weights of the opinions and offsets of the classes (S + K,) that come nearest to ``wanted`` (N, K).

    Args:
        opinions: (S, N, K).
        wanted: probabilities (N, K).
        start: where to begin (S + K,).
        steps: the most L-BFGS steps.
        hold: weights (S,) that the found ones are held to, as `HOLD` says.
    """
    from scipy.optimize import minimize

    sources, photos, classes = opinions.shape
    pull = 0.0 if hold is None else HOLD / photos
    home = np.zeros(sources) if hold is None else hold

    def loss_and_gradient(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, offsets = values[:sources], values[sources:]
        log = log_softmax(np.tensordot(weights, opinions, 1) + offsets)
        residual = (np.exp(log) - wanted) / photos
        slope = np.array([np.vdot(residual, opinion) for opinion in opinions]) + 2 * pull * (weights - home)
        rise = residual.sum(axis=0) + 2 * CALM * offsets
        loss = CALM * float((offsets**2).sum()) + pull * float(((weights - home) ** 2).sum())
        return loss - float(np.vdot(wanted, log)) / photos, np.concatenate([slope, rise])

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


def _loudness(opinions: np.ndarray) -> np.ndarray:
    """How far the classes of an opinion (S, N, K) lie apart (S,): discriminants of wide features speak in
    hundreds, votes in units."""
    apart = opinions - opinions.mean(axis=2, keepdims=True)
    found: np.ndarray = np.maximum(np.sqrt((apart**2).mean(axis=(1, 2))), 1e-12)
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
