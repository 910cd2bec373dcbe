"""What other tools read: history.parquet and corrections.csv, kept level with the journal."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from thresher.errors import RunError
from thresher.files import write_text
from thresher.repair.history import RECIPE
from thresher.run_folder import RunFolder
from thresher.web.journal import Journal
from thresher.web.trail import Trail, mark_of

METHOD = "review"
FILE = "corrections.csv"
_HEADER = ["image_id", "old", "new", "action", "note"]
_OPEN = "review"
"""The trail's word for a photo that was skipped: nothing is decided yet."""


class Books:
    """Writes both files; others may write to them too, and nothing of theirs is lost."""

    def __init__(self, run: RunFolder) -> None:
        """Nothing is read before the first `write`."""
        self._run = run
        self._trail: Trail | None = None
        self._written: tuple[int, int, int] | None = None

    def write(self, journal: Journal) -> None:
        """Brings both files level; only inside `Journal.locked`: an older state replaces no newer one.

        Raises:
            RunError: a file cannot be written, or is there and not what it should be.
        """
        if self._trail is None or not self._trail.current:
            self._trail = Trail(self._run.history)
        trail = self._trail
        strangers = list(self._strangers(trail))
        rows = [*strangers, *_missing(trail, journal, trail.rounds + bool(strangers))]
        if rows:
            trail.add(rows)
        write_text(self._run.corrections, corrections(trail))
        self._written = mark_of(self._run.corrections)

    def _strangers(self, trail: Trail) -> Iterator[dict[str, Any]]:
        """Corrections of photos that the trail knows nothing of: somebody wrote them by hand."""
        path = self._run.corrections
        if mark_of(path) in (None, self._written):
            return
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                table = list(csv.DictReader(file))
        except (ValueError, csv.Error) as error:
            raise RunError(f"{path}: cannot be read as CSV ({error}); move it away") from error
        for row in table:
            if missing := [name for name in _HEADER[:4] if row.get(name) is None]:
                raise RunError(f"{path}: a row has no {missing[0]!r}; put it right, or move the file away")
            if not trail.knows(row["image_id"]):
                yield {
                    "image_id": row["image_id"],
                    "round": trail.rounds + 1,
                    "from": row["old"],
                    "to": row["new"] or None,
                    "action": row["action"],
                    "who": FILE,
                    "note": row.get("note"),
                }


def corrections(trail: Trail) -> str:
    """``image_id,old,new,action,note`` of all that stands; a dropped photo has no new label."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_HEADER)
    for image_id, one in trail.standing():
        if one.action != _OPEN:
            table.writerow([image_id, one.old, one.new, one.action, one.note])
    return out.getvalue()


def _missing(trail: Trail, journal: Journal, number: int) -> Iterator[dict[str, Any]]:
    """Rows of the decisions that are not in the trail, each with a round of its own after ``number``."""
    rounds: dict[str, int] = {}
    for one in journal.decisions:
        if _job(one.id) in trail.jobs:
            continue
        if one.action == "undo":
            target = one.undoes or ""
            rounds[one.id] = rounds.get(target) or trail.jobs.get(_job(target), 0)
        else:
            rounds[one.id] = number = number + 1
        yield {
            "image_id": one.image_id,
            "round": rounds[one.id],
            "from": one.old,
            "to": None if one.action == "skip" else one.new,
            "action": _OPEN if one.action == "skip" else one.action,
            "method": METHOD,
            "probability": one.probability,
            "who": one.who if one.who != RECIPE else f"{one.who}, a person",
            "job": _job(one.id),
            "note": one.note,
            "time": one.time,
        }


def _job(decision_id: str) -> str:
    return f"{METHOD}:{decision_id}"
