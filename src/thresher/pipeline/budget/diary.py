"""What was decided and done, one JSON object a line: a continued budget takes its decisions from here."""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thresher.files import explained

TICK = 5.0
"""Seconds between two notes of how much is spent: what a kill can hide."""


@dataclass
class Entry:
    """One step.

    Attributes:
        number: from 1.
        name: of the step.
        folder: its run folder's name.
        models: names of the models that the step's recipe holds.
        features: names of the features that its own model needs.
        forecast: seconds that it was thought to need; ``work`` of them for its own model.
        state: ``begun``, ``done``, ``cut`` (its time was over, or it was interrupted) or ``failed``.
        seconds: that it took, over all the times it was begun.
        alone, together: accuracy of its own model and of the ensemble with it; None until it is done.
        kept: whether it was published.
        why: the reason, in words.
        resumed: whether it was begun more than once.
    """

    number: int
    name: str
    folder: str
    models: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    forecast: float = 0.0
    work: float = 0.0
    state: str = "begun"
    seconds: float = 0.0
    alone: float | None = None
    together: float | None = None
    kept: bool = False
    why: str = ""
    resumed: bool = False


@dataclass
class Diary:
    """budget.jsonl, and what it says.

    Attributes:
        path: the file.
        steps: all that were begun, by number.
        facts: settings, machine, folds: what was decided before the first step.
        spent: seconds at the last note.
        publishing: number of the step whose files were taking their places when the process died, or 0.
        published: number of the step that is published, or 0.
    """

    path: Path
    steps: dict[int, Entry] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    spent: float = 0.0
    publishing: int = 0
    published: int = 0

    @classmethod
    def read(cls, path: Path) -> "Diary":
        """What an earlier command left; nothing where there is no file."""
        diary = cls(path)
        for line in path.read_bytes().splitlines() if path.is_file() else ():
            with contextlib.suppress(ValueError):  # half a line of a process that was killed
                diary._take(json.loads(line))
        return diary

    def note(self, event: str, elapsed: float, **facts: Any) -> None:
        """Appends one line, and takes it to heart."""
        entry = {"event": event, "elapsed": round(elapsed, 3), **facts}
        with explained(self.path), self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, 2)
                if file.read() != b"\n":  # a process was killed in mid-line
                    file.write(b"\n")
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._take(entry)

    def tick(self, elapsed: float) -> None:
        """Notes how much is spent, every few seconds."""
        if elapsed - self.spent >= TICK:
            self.note("tick", elapsed)

    @property
    def open(self) -> Entry | None:
        """The last step, where it was begun and neither done nor given up."""
        last = self.steps.get(max(self.steps, default=0))
        return last if last is not None and last.state in ("begun", "cut") else None

    @property
    def done(self) -> list[Entry]:
        """The steps that were finished, in order."""
        return [one for _, one in sorted(self.steps.items()) if one.state == "done"]

    @property
    def best(self) -> Entry | None:
        """The step that is published."""
        return self.steps.get(self.published)

    def _take(self, entry: dict[str, Any]) -> None:
        event, number = entry.get("event"), entry.get("number", 0)
        self.spent = max(self.spent, float(entry.get("elapsed", 0.0)))
        if event == "facts":
            self.facts |= entry["facts"]
        elif event == "begin":
            lists = tuple(entry["models"]), tuple(entry["features"])
            seconds = entry["forecast"], entry["work"]
            self.steps[number] = Entry(number, entry["name"], entry["folder"], *lists, *seconds)
        elif event == "resume":
            self.steps[number].resumed, self.steps[number].state = True, "begun"
        elif event in ("done", "cut", "failed"):
            step = self.steps[number]
            step.state = event
            step.seconds += entry["seconds"]
            for key in ("alone", "together", "kept", "why"):
                setattr(step, key, entry.get(key, getattr(step, key)))
        elif event == "publish":
            self.publishing = number
        elif event == "published":
            self.publishing, self.published = 0, number
