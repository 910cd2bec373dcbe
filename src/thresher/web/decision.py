"""One decision of a person, as a line of the journal."""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

Action = Literal["keep", "relabel", "drop", "skip", "undo"]
ACTIONS: tuple[str, ...] = get_args(Action)
JUDGED = ("keep", "relabel", "drop")
"""Actions that say what is to become of a label; a skipped photo waits, an undo takes back."""
CHANGED = ("relabel", "drop")
"""Actions that say that the given label is wrong."""


@dataclass(frozen=True)
class Draft:
    """A decision that is not on disk yet.

    Attributes:
        id: chosen by the page, so that sending it again after a lost answer does not make two of it.
        who: the person.
        image_id: the photo.
        action: see `Action`.
        old, new: the label before and after; None where there is none.
        probability: that the given label is wrong, as it was shown; None where there is none.
        note: free text.
        undoes: the id of the decision that an undo takes back.
        seconds: how long the photo was looked at.
    """

    id: str
    who: str
    image_id: str
    action: Action
    old: str | None
    new: str | None
    probability: float | None = None
    note: str = ""
    undoes: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Decision(Draft):
    """A decision on disk.

    Attributes:
        seq: 1, 2, 3 ... in the order of the journal.
        time: UTC in the form of ISO 8601.
    """

    seq: int = 0
    time: str = ""

    def line(self) -> bytes:
        """The decision as one line of ASCII, the line's end included."""
        value: dict[str, Any] = {
            "seq": self.seq,
            "id": self.id,
            "time": self.time,
            "who": self.who,
            "image_id": self.image_id,
            "action": self.action,
            "from": self.old,
            "to": self.new,
            "probability": self.probability,
            "note": self.note,
        }
        if self.undoes is not None:
            value["undoes"] = self.undoes
        if self.seconds is not None:
            value["seconds"] = self.seconds
        return json.dumps(value).encode() + b"\n"


def parse(line: bytes) -> Decision | None:
    """A line of the journal; None for what a kill left of one, or for anything else that is no decision."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("action") not in ACTIONS:
        return None
    if not all(isinstance(value.get(key), str) for key in ("id", "image_id")):
        return None
    number = value.get("seq")
    return Decision(
        id=value["id"],
        who=_text(value.get("who")) or "",
        image_id=value["image_id"],
        action=value["action"],
        old=_text(value.get("from")),
        new=_text(value.get("to")),
        probability=_number(value.get("probability")),
        note=_text(value.get("note")) or "",
        undoes=_text(value.get("undoes")),
        seconds=_number(value.get("seconds")),
        seq=number if isinstance(number, int) else 0,
        time=_text(value.get("time")) or "",
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
