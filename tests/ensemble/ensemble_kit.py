"""Made scores: models of known merit for the same photos."""

import numpy as np

from thresher.ensemble import Stack

CLASSES = 3


def made(seed=0, rows=300, merits=(2.0, 1.6, 1.6, 1.0), folds=4, classes=CLASSES):
    """A stack of models whose logits are ``merit`` higher for the right class, plus noise of their own."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(classes, rows, p=np.arange(classes, 0, -1) / np.arange(classes + 1).sum())
    hard = rng.normal(0, 1, (rows, classes))  # what all models find hard
    scores = np.stack([noisy(rng, merit * np.eye(classes)[targets] + 0.5 * hard) for merit in merits])
    names = tuple(f"model{place}" for place in range(len(merits)))
    return Stack(scores, targets, rng.permutation(np.arange(rows) % folds), names)


def noisy(rng, logits):
    powers = np.exp(logits + rng.normal(0, 1, logits.shape))
    return powers / powers.sum(1, keepdims=True)


def useless(stack, seed=0):
    """Sure answers (N, K) that have nothing to do with the labels."""
    rng = np.random.default_rng([seed, 7])
    return rng.dirichlet(np.full(stack.scores.shape[2], 0.5), len(stack))


def joined(stack, *more):
    """The stack with more models."""
    scores = np.concatenate([stack.scores, np.stack(more)])
    names = (*stack.names, *(f"more{place}" for place in range(len(more))))
    return Stack(scores, stack.targets, stack.folds, names, stack.groups)


def right(scores, targets):
    return float((scores.argmax(1) == targets).mean())
