"""A look at two photos: is one a copy of the other, and of which kind?"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from thresher.inspect.agreement import SIDE, Square, agreement
from thresher.inspect.greys import Photos, grey, squeeze
from thresher.inspect.registration import Sight, lay_on, register, see
from thresher.inspect.turns import TURNS

KEPT = 512
"""Photos that are kept ready for comparing."""
DOUBT = 0.4
"""Share of tiles that agree from which photos that look alike as wholes deserve a closer look."""
WHOLE = 0.9
"""Share of the scene from which a photo is no crop of the other."""


class Verdict(NamedTuple):
    """What a look found: ``copy``, ``flipped``, ``crop``, ``altered``, or ``doubtful``; mean agreement."""

    kind: str
    agreement: float


class Look:
    """Looks at pairs of photos, as many at a time as there are cores.

    Args:
        photos: by row.
        rows: the photos in question (R,); pairs name them by their places here.
    """

    def __init__(self, photos: Photos, rows: np.ndarray) -> None:
        def square(place: int) -> Square:
            return Square.of(squeeze(grey(photos, int(rows[place])), SIDE))

        def sight(place: int, mirrored: bool) -> Sight:
            photo = grey(photos, int(rows[place]))
            return see(np.ascontiguousarray(photo[:, ::-1]) if mirrored else photo)

        self._square, self._sight = lru_cache(KEPT)(square), lru_cache(KEPT)(sight)

    def as_wholes(self, one: int, other: int, turns: Iterable[int]) -> Verdict | None:
        """Lays the whole of one photo on the whole of the other, in each of some `TURNS`."""
        doubtful = None
        for turn in turns:
            seen = agreement(self._square(one), self._square(other).turned(TURNS[turn]))
            if seen.clear:
                return Verdict("flipped" if turn else "copy", seen.mean)
            if seen.share >= DOUBT:
                doubtful = Verdict("doubtful", seen.mean)
        return doubtful

    def by_features(self, one: int, other: int) -> Verdict | None:
        """Looks for one photo within the other, or for what both show; mirrored too."""
        here, tried = self._sight(one, False), []
        for mirrored in (False, True):
            there = self._sight(other, mirrored)
            way, followed = register(here, there)
            if way is not None:
                tried.append((followed, mirrored, there, way))
        if not tried:
            return None
        _, mirrored, there, way = max(tried, key=lambda found: found[0])
        laid = lay_on(here, there, way)
        if laid is None:
            return None
        seen = agreement(Square.of(laid.one), Square.of(laid.other), laid.shown)
        if not seen.same:
            return None
        if seen.altered:
            return Verdict("altered", seen.mean)
        if laid.shared < WHOLE:
            return Verdict("crop", seen.mean)
        return Verdict("flipped" if mirrored or laid.turned else "copy", seen.mean)
