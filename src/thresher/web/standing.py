"""Which decision stands for each photo, once the undos are worked in."""

from collections.abc import Iterator

from thresher.web.decision import Decision


class Standing:
    """Folds decisions, one after the other, into what holds now.

    The latest decision of a photo that nobody took back stands. An undo takes back one decision, wherever it
    lies; what stood before stands again. An undo is not taken back: one decides anew.
    """

    def __init__(self) -> None:
        self._live: dict[str, Decision] = {}  # by id, in the order of the journal
        self._photos: dict[str, dict[str, Decision]] = {}  # the same by photo

    def __iter__(self) -> Iterator[Decision]:
        """The standing decision of every photo that has one, in the order of the journal."""
        return iter(list(self.latest())[::-1])

    def latest(self) -> Iterator[Decision]:
        """The same, the latest decision first."""
        return (one for one in reversed(self._live.values()) if self.of(one.image_id) is one)

    def apply(self, decision: Decision) -> None:
        """Takes in one more decision."""
        if decision.action != "undo":
            self._live[decision.id] = decision
            self._photos.setdefault(decision.image_id, {})[decision.id] = decision
        elif (target := self._live.pop(decision.undoes or "", None)) is not None:  # else somebody was faster
            del self._photos[target.image_id][target.id]

    def live(self, decision_id: str) -> Decision | None:
        """A decision that nobody took back; it need not stand."""
        return self._live.get(decision_id)

    def of(self, image_id: str) -> Decision | None:
        """What stands for a photo."""
        return next(reversed(self._photos.get(image_id, {}).values()), None)

    def under(self, decision: Decision) -> Decision | None:
        """What would stand for a photo if a decision were taken back."""
        photo = reversed(self._photos.get(decision.image_id, {}).values())
        return next((one for one in photo if one is not decision), None)

    def last(self, who: str) -> Decision | None:
        """The latest decision of a person that nobody took back."""
        return next((one for one in reversed(self._live.values()) if one.who == who), None)
