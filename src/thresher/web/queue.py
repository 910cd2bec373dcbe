"""The order in which photos are judged: what gains most per second of a person comes first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from thresher.web.suspects import Suspects
from thresher.web.verdicts import CODES

Order = Literal["gain", "classes"]
State = Literal["todo", "judged", "changed", "skipped", "all"]
ORDERS: tuple[str, ...] = get_args(Order)
STATES: tuple[str, ...] = get_args(State)
REPEAT = 1 / 3
"""Time that a near copy takes right after its sibling, as a share of what a new photo takes."""
_WANTED = {
    "todo": ("todo",),
    "judged": ("keep", "relabel", "drop"),
    "changed": ("relabel", "drop"),
    "skipped": ("skip",),
    "all": tuple(CODES),
}


@dataclass(frozen=True)
class Filter:
    """Which photos a person wants to see.

    Attributes:
        state: judged or not.
        least: least probability that the label is wrong.
        given, suggested: a class index each, or None for all.
        text: part of the image id, in any case.
        order: ``gain``: the surest gain first; ``classes``: the given classes take turns.
    """

    state: State = "todo"
    least: float = 0.0
    given: int | None = None
    suggested: int | None = None
    text: str = ""
    order: Order = "gain"


class Queue:
    """Orders and filters the rows of `Suspects`."""

    def __init__(self, suspects: Suspects) -> None:
        self.suspects = suspects
        self.orders: Mapping[str, np.ndarray] = {"gain": by_gain(suspects), "classes": by_turns(suspects)}
        self._positions = {name: np.argsort(order) for name, order in self.orders.items()}
        self._lower = [str(image_id).casefold() for image_id in suspects.ids]

    def among(self, wanted: Filter, states: np.ndarray) -> dict[str, np.ndarray]:
        """The rows that pass a filter, in its order, for every state that it could name.

        Args:
            wanted: its ``state`` does not count here.
            states: of every row (N,), see `CODES`.
        """
        mask = np.ones(len(self.suspects), dtype=bool)
        if wanted.least > 0:
            mask &= self.suspects.probability >= wanted.least
        if wanted.given is not None:
            mask &= self.suspects.given == wanted.given
        if wanted.suggested is not None:
            mask &= self.suspects.suggested == wanted.suggested
        if wanted.text:
            part = wanted.text.casefold()
            mask &= np.array([part in name for name in self._lower], dtype=bool)
        order = self.orders[wanted.order]
        order = order[mask[order]]
        return {
            name: order[np.isin(states[order], [CODES[code] for code in codes])]
            for name, codes in _WANTED.items()
        }

    def around(self, rows: np.ndarray, row: int, order: Order, back: bool = False) -> np.ndarray:
        """The rows after ``row`` in an order, then those from the start; ``row`` itself is left out.

        Args:
            rows: some rows in that order; ``row`` need not be among them.
            row: where to begin; -1: at the start.
            order: of the rows.
            back: towards the start instead, then from the end.
        """
        if row < 0:
            return rows[::-1] if back else rows
        positions = self._positions[order]
        others = rows[rows != row]
        split = int(np.searchsorted(positions[others], positions[row]))
        if back:
            return np.concatenate([others[:split][::-1], others[split:][::-1]])
        return np.concatenate([others[split:], others[:split]])


def by_gain(suspects: Suspects) -> np.ndarray:
    """Rows (N,) in the order of expected gain per second.

    The gain of a look is the probability that it finds a wrong label, so the finders' rank orders photos.
    A near copy of the photo just judged takes a third of the time: it follows at once where its probability
    is more than a third of its sibling's.
    """
    order = np.argsort(suspects.place, kind="stable")
    if not (suspects.cluster >= 0).any():
        return order
    chance = np.nan_to_num(suspects.probability, nan=0.0)
    members: dict[int, list[int]] = {}
    for row in order[suspects.cluster[order] >= 0]:
        members.setdefault(int(suspects.cluster[row]), []).append(int(row))
    taken = np.zeros(len(order), dtype=bool)
    found: list[int] = []
    for row in order:
        if taken[row]:
            continue
        copies = members.get(int(suspects.cluster[row]), [])
        worth = [one for one in copies if not taken[one] and chance[one] >= REPEAT * chance[row]]
        for one in [int(row), *(one for one in worth if one != row)]:
            taken[one] = True
            found.append(one)
    return np.array(found, dtype=np.int64)


def by_turns(suspects: Suspects) -> np.ndarray:
    """Rows (N,): the most suspicious photo of each given class, then the second of each, and so on."""
    order = np.argsort(suspects.place, kind="stable")
    seen: dict[int, int] = {}
    turn = np.zeros(len(order), dtype=np.int64)
    for row in order:
        code = int(suspects.given[row])
        turn[row] = seen[code] = seen.get(code, -1) + 1
    return order[np.argsort(turn[order], kind="stable")]
