"""The default finder: everything that scores and embeddings say, weighed by a model of the mistakes."""

from typing import Annotated

import numpy as np
from pydantic import Field

from thresher.labels.base import Evidence, Finder, Suspicion, best_other
from thresher.labels.discriminant import discriminant, turned
from thresher.labels.neighbours import nearest
from thresher.labels.noise_model import NoiseModel, fit_noise, mixed, weigh
from thresher.labels.ridge import HeldOutRidge, likeness
from thresher.seeds import generator

FLOOR = 1e-6
NEIGHBOURS = (10, 40)
SHRINKAGE = (0.25, 0.5)
LANDMARKS, FOLDS, SHARP = 1500, 20, 8.0
TRUST = 0.7
"""Share of the model of mistakes in the probability: then it comes true on mistakes of people (CIFAR-10N)."""


class Combined(Finder):
    """Opinions that did not see the photo, and a table of how labels are mistaken for each other.

    The opinions: the given out-of-fold scores; on embeddings also a kernel ridge regression and two
    discriminants, held out, and the votes of 10 and of 40 neighbours. `fit_noise` weighs them. Opinions
    that learn are fitted anew on what the model then believes, ``rounds`` times.

    How wrong a label is, in log-odds, is the mean of two answers: by the model of mistakes (which says that
    mistakes are made alike in all photos of a class, and so is too sure of the hard ones) and by the
    probability of the label among labels as they are given (which doubts every hard photo). The first finds
    too few wrong labels, the second too many: the probability lies between, at `TRUST`.

    Args:
        rounds: how often opinions are fitted, >= 1; without embeddings there is nothing to fit again.
    """

    wants = ("embeddings",)
    draws = True

    def __init__(self, *, rounds: Annotated[int, Field(ge=1, le=10)] = 3) -> None:
        self.rounds = rounds

    def find(self, evidence: Evidence, seed: int = 0) -> Suspicion:
        """See `Finder.find`; the score is the probability that the given label is wrong."""
        targets, photos, classes = evidence.targets, len(evidence.targets), evidence.classes
        rows = np.arange(photos)
        if classes < 2 or photos < 2:
            posterior = np.eye(classes)[targets]
            return Suspicion(np.zeros(photos), best_other(evidence.scores, targets), posterior)
        given = np.eye(classes)[targets]
        learners = None if evidence.embeddings is None else _Learners(evidence, seed)
        beliefs = given
        for _ in range(self.rounds if learners else 1):
            opinions = [np.log(np.maximum(evidence.scores, FLOOR))]
            if learners:
                opinions += learners.opinions(beliefs)
            stack = np.stack(opinions)
            model = fit_noise(stack, targets)
            beliefs = model.posterior
        odds = [-_odds(probability[rows, targets]) for probability in (model.posterior, model.as_given)]
        wrong = _probability((odds[0] + odds[1]) / 2, TRUST * odds[0] + (1 - TRUST) * odds[1])
        posterior = _with_doubt(model, targets, wrong)
        return Suspicion(wrong, best_other(model.posterior, targets), posterior)


class _Learners:
    """The opinions that learn from embeddings, of everything but a photo's own fold."""

    def __init__(self, evidence: Evidence, seed: int) -> None:
        assert evidence.embeddings is not None
        features = np.asarray(evidence.embeddings, dtype=np.float32)
        features = features - features.mean(axis=0)
        length = np.sqrt((features**2).sum(axis=1).mean())
        self.features = features * (10 / max(float(length), 1e-12))
        self.turned = turned(self.features)
        groups = evidence.groups
        codes = np.arange(len(features)) if groups is None else np.unique(groups, return_inverse=True)[1]
        order = generator(seed, "label folds").permutation(int(codes.max()) + 1)
        self.folds = (order % min(FOLDS, len(order)))[codes]
        self.ridge = HeldOutRidge(likeness(self.features, LANDMARKS, seed), self.folds)
        self.neighbours = nearest(features, max(NEIGHBOURS), groups)[0]
        self.known = (self.neighbours >= 0)[:, :, None]

    def opinions(self, beliefs: np.ndarray) -> list[np.ndarray]:
        """Log-scores (N, K) of each learner, fitted to beliefs (N, K)."""
        found = [SHARP * self.ridge.held_out(beliefs)]
        for number, shrinkage in enumerate(SHRINKAGE):
            some = self.folds % (5 + 5 * number)  # fewer, larger folds: a solution for each takes time
            found.append(discriminant(self.turned, beliefs, some, shrinkage, self.features.shape[1]))
        for count in NEIGHBOURS:
            votes = (beliefs[self.neighbours[:, :count]] * self.known[:, :count]).sum(axis=1)
            found.append(np.log((votes + 0.5) / (votes.sum(axis=1, keepdims=True) + 0.5 * votes.shape[1])))
        return found


def _odds(probability: np.ndarray) -> np.ndarray:
    inside = np.clip(probability, 1e-12, 1 - 1e-12)
    found: np.ndarray = np.log(inside / (1 - inside))
    return found


def _probability(score: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Probabilities (N,) that rise with the score (N,) and come nearest to those of ``odds`` (N,).

    A line from score to log-odds, fitted by log-loss (Platt 1999).
    """
    both = np.zeros((1, len(score), 2))
    both[0, :, 1] = score
    wanted = 1 / (1 + np.exp(-odds))
    solution = weigh(both, np.stack([1 - wanted, wanted], axis=1), np.array([1.0, 0.0, 0.0]), 200)
    found: np.ndarray = mixed(both, solution)[:, 1]
    return found


def _with_doubt(model: NoiseModel, targets: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """The model's posterior (N, K), with the probability ``wrong`` (N,) that it is not the given class."""
    rows = np.arange(len(targets))
    others = np.array(model.posterior)
    others[rows, targets] = 0
    rest = others.sum(axis=1)
    flat = rest < 1e-300
    others[flat] = 1.0
    others[rows[flat], targets[flat]] = 0
    others *= (wrong / others.sum(axis=1))[:, None]
    others[rows, targets] = 1 - wrong
    return others
