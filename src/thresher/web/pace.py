"""How far a person has come, how long the rest takes, and when it pays no longer to go on."""

import statistics
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from thresher.web.decision import CHANGED, JUDGED, Decision
from thresher.web.journal import Journal
from thresher.web.verdicts import CODES

LAST = 20
"""Decisions that the pace and the hit rate are taken from."""
WORTH = 0.05
"""From this probability on, a look is taken to pay: one wrong label among twenty photos."""


def pace(decisions: Sequence[Decision], who: str) -> float | None:
    """Median seconds of a person's last looks; None before the first."""
    looks = (one.seconds for one in reversed(decisions) if one.who == who and one.action != "undo")
    seconds = list(islice((one for one in looks if one is not None and one > 0), LAST))
    return statistics.median(seconds) if seconds else None


def hits(latest: Iterable[Decision]) -> dict[str, int]:
    """How many of the last judgements that stand, given latest first, found a wrong label."""
    last = list(islice((one for one in latest if one.action in JUDGED), LAST))
    return {"of": len(last), "wrong": sum(one.action in CHANGED for one in last)}


def summary(journal: Journal, states: np.ndarray, probability: np.ndarray, who: str) -> dict[str, Any]:
    """What the page says of the whole.

    Args:
        journal: the decisions.
        states: of every photo (N,), see `CODES`.
        probability: that its label is wrong (N,).
        who: the person who looks at the page.

    Returns:
        counts of photos by what was decided; ``expected`` wrong labels among those not judged, and
        ``promised`` among those judged; photos that are ``worth`` a look; ``next``: the mean probability of
        the twenty likeliest of these; ``hits``; ``pace`` in seconds; ``over``: it pays no longer.
    """
    chance = np.nan_to_num(probability, nan=0.0)
    unjudged = (states == CODES["todo"]) | (states == CODES["skip"])
    waiting = chance[states == CODES["todo"]]
    ahead = np.sort(waiting)[::-1][:LAST]
    found = hits(journal.standing.latest())
    following = float(ahead.mean()) if len(ahead) else 0.0
    return {
        "photos": len(states),
        "kept": int((states == CODES["keep"]).sum()),
        "relabelled": int((states == CODES["relabel"]).sum()),
        "dropped": int((states == CODES["drop"]).sum()),
        "skipped": int((states == CODES["skip"]).sum()),
        "expected": float(chance[unjudged].sum()),
        "promised": float(chance[~unjudged].sum()),
        "worth": int((waiting >= WORTH).sum()),
        "next": following,
        "hits": found,
        "pace": pace(journal.decisions, who),
        "over": following < WORTH and (found["of"] < LAST or found["wrong"] <= WORTH * LAST),
    }
