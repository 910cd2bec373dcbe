"""What was decided, as arrays over the photos of a run."""

import numpy as np

from thresher.web.decision import JUDGED, Decision
from thresher.web.journal import Journal
from thresher.web.suspects import Suspects

CODES = {"todo": 0, "keep": 1, "relabel": 2, "drop": 3, "skip": 4}


class Verdicts:
    """Follows a journal.

    Attributes:
        rows: row by image id.
        codes: class index by name.
        states: of N photos, int8, see `CODES`.
        labels: class index that each photo has after what was decided (N,), int64; -1: it is dropped.
    """

    def __init__(self, suspects: Suspects) -> None:
        """Nothing is decided yet."""
        self.rows = {str(image_id): row for row, image_id in enumerate(suspects.ids)}
        self.codes = {name: code for code, name in enumerate(suspects.classes)}
        self._given = suspects.given
        self._begun = self._seen = 0
        self._reset()

    def _reset(self) -> None:
        self.states = np.zeros(len(self._given), np.int8)
        self.labels = self._given.copy()
        self._seen = 0

    def follow(self, journal: Journal) -> None:
        """Works in what is new in the journal."""
        if self._begun != journal.begun:  # another file has taken its place
            self._reset()
            self._begun = journal.begun
        for one in journal.decisions[self._seen :]:
            row = self.rows.get(one.image_id)
            if row is not None:  # else a photo of another round
                stands = journal.standing.of(one.image_id)
                self.states[row] = CODES["todo" if stands is None else stands.action]
                self.labels[row] = self._label(row, stands)
        self._seen = len(journal.decisions)

    def changes(self, most: int = 6) -> list[tuple[int, int, int]]:
        """The commonest changes of a label: class index before, after, and how many photos."""
        rows = np.flatnonzero(self.states == CODES["relabel"])
        pairs, counts = np.unique(
            np.stack([self._given[rows], self.labels[rows]], 1), axis=0, return_counts=True
        )
        first = np.argsort(-counts, kind="stable")[:most]
        return [(int(pairs[one, 0]), int(pairs[one, 1]), int(counts[one])) for one in first]

    def _label(self, row: int, stands: Decision | None) -> int:
        given = int(self._given[row])
        if stands is None or stands.action not in JUDGED:
            return given
        return -1 if stands.action == "drop" else self.codes.get(stands.new or "", given)
