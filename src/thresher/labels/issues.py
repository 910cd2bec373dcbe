"""The table of doubtful labels: what every finder says of each photo, one rank and one probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from thresher import labels
from thresher.errors import DataError
from thresher.labels.base import Evidence, Suspicion

REFERENCE = "combined"
"""The finder whose posterior says how likely a label is wrong, for finders that have none."""


@dataclass(frozen=True)
class Issues:
    """What is known of the labels of N photos.

    Attributes:
        frame: a row per photo, in the order of the evidence: ``image_id, given, suggested, probability``
            (that the given label is wrong, 0 .. 1), ``rank`` (1: the most suspicious .. N), one column of
            scores per finder, ``cluster``.
        method: the finder that ranked.
        posterior: probability of every class being the true one (N, K); None where no finder has one.
        notes: which finders could not run and why, and what that does to the probabilities.
    """

    frame: pd.DataFrame
    method: str
    posterior: np.ndarray | None
    notes: tuple[str, ...]


def find_issues(
    evidence: Evidence,
    ids: Sequence[str] | np.ndarray,
    classes: Sequence[str],
    method: str = REFERENCE,
    settings: dict[str, Any] | None = None,
    cluster: np.ndarray | None = None,
    seed: int = 0,
) -> Issues:
    """Runs every finder that the evidence suffices for and ranks the photos by one of them.

    The probability is that of the method's posterior. A method without one gets the nearest probabilities
    that rise with its score (isotonic regression): nearest to those of `REFERENCE`, else to ``1 - p[given]``.

    Args:
        evidence: of N photos.
        ids: their image ids (N,).
        classes: K names.
        method: the finder that ranks.
        settings: of that finder; the others have their defaults.
        cluster: name of the cluster of near-duplicates of each photo (N,), None where it has none.
        seed: of finders that draw.

    Raises:
        RecipeError: no such finder, or a wrong setting.
        DataError: the evidence lacks what the method needs.
    """
    found = {method: labels.REGISTRY.build(method, settings).find(evidence, seed)}
    notes: list[str] = []
    for part in labels.list_finders():
        if part.name in found:
            continue
        try:
            found[part.name] = labels.REGISTRY.build(part.name).find(evidence, seed)
        except DataError as error:
            notes.append(f"left out: {error}")
    chosen = found[method]
    rows = np.arange(len(evidence.targets))
    disbelief = 1.0 - evidence.scores[rows, evidence.targets]
    doubt, posterior = disbelief, chosen.posterior
    if posterior is None and REFERENCE in found:
        posterior = found[REFERENCE].posterior
    if posterior is not None:
        doubt = 1.0 - posterior[rows, evidence.targets]
    else:
        notes.append(
            "no finder with a posterior could run: probabilities are what the scores give to other classes, "
            "which counts too many labels as wrong where the scores are unsure"
        )
    probability = doubt if chosen.posterior is not None else rising(chosen.score, doubt)
    names = np.asarray(classes, dtype=object)
    columns: dict[str, Any] = {
        "image_id": np.asarray(ids, dtype=object),
        "given": names[evidence.targets],
        "suggested": names[chosen.suggested],
        "probability": np.clip(probability, 0.0, 1.0),
        "rank": ranks(chosen, probability, disbelief),
        **{name: found[name].score for name in sorted(found)},
        "cluster": pd.array(np.full(len(rows), None) if cluster is None else cluster, dtype="string"),
    }
    return Issues(pd.DataFrame(columns), method, posterior, tuple(notes))


def ranks(found: Suspicion, probability: np.ndarray, disbelief: np.ndarray) -> np.ndarray:
    """Places 1 .. N (N,), int64: by score, then by probability, then by disbelief, then as the rows stand."""
    order = np.lexsort((-disbelief, -probability, -found.score))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(1, len(order) + 1)
    return places


def rising(score: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """The probabilities (N,) nearest to ``doubt`` (N,) in least squares that rise with ``score`` (N,).

    Isotonic regression (Zadrozny and Elkan 2002); photos of equal score get equal probabilities.
    """
    from scipy.optimize import isotonic_regression

    if not len(score):
        return doubt
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    means = np.bincount(places, weights=doubt) / counts
    fitted: np.ndarray = isotonic_regression(means, weights=counts).x[places]
    return fitted
