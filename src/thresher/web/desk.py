"""All that the page can ask for and do, without the web around it."""

import threading
from typing import Any, Literal

import numpy as np

from thresher.errors import RunError
from thresher.files import digest
from thresher.run_folder import RunFolder
from thresher.web.books import Books
from thresher.web.decision import JUDGED, Draft
from thresher.web.facts import decision_facts, number, photo_facts
from thresher.web.journal import Gone, Journal
from thresher.web.leases import Leases
from thresher.web.neighbours import Neighbours
from thresher.web.pace import summary
from thresher.web.photos import Photos
from thresher.web.queue import Filter, Queue
from thresher.web.suspects import NotHere, Suspects, read_suspects
from thresher.web.verdicts import Verdicts

_CHANGES = 200
"""Decisions that one answer tells at most."""


class Desk:
    """A run whose labels are being judged; many threads may use it at once.

    Attributes:
        run: the run folder.
        suspects: the photos.
        journal: the decisions.
        verdicts: what they mean for each photo.
        photos: the pixels.
        key: tells this run from others, so that no decision lands in the wrong one.
    """

    def __init__(self, run: RunFolder) -> None:
        """Reads the run.

        Raises:
            RunError: the run has no suspicious labels yet, or its files do not belong together.
            DataError: the data set or the scores cannot be read.
        """
        self.run = run
        self.suspects: Suspects = read_suspects(run)
        self.journal = Journal(run.decisions)
        self._books = Books(run)
        self.verdicts = Verdicts(self.suspects)
        self.photos = Photos([str(path) for path in self.suspects.paths])
        self.key = digest([str(run.root.resolve()), self.suspects.fingerprint])[:12]
        self._queue = Queue(self.suspects)
        self._leases = Leases()
        self._neighbours = Neighbours.read(run.embeddings, len(self.suspects))
        self._lock = threading.RLock()
        self.refresh()

    def settle(self) -> None:
        """Brings the other files level with the journal: a kill may have left them behind.

        Raises:
            RunError: the folder cannot be written, or a file there is not what it should be.
        """
        files = (self.run.decisions, self.run.history, self.run.corrections)
        if any(path.is_file() for path in files):
            with self.journal.locked():
                self._books.write(self.journal)

    def refresh(self) -> None:
        """Learns what other processes decided."""
        with self._lock:
            self.journal.refresh()
            self.verdicts.follow(self.journal)

    def classes(self) -> list[dict[str, Any]]:
        """Every class with its number of photos."""
        counts = np.bincount(self.suspects.given, minlength=len(self.suspects.classes))
        pairs = zip(self.suspects.classes, counts, strict=True)
        return [{"name": name, "photos": int(count)} for name, count in pairs]

    def ahead(self, wanted: Filter, page: str, row: int, most: int, back: bool = False) -> dict[str, Any]:
        """The next photos for a page, which has them at hand from now on, and how many there are by state.

        Args:
            wanted: the filter.
            page: which page asks.
            row: what it shows now, -1 for nothing.
            most: how many photos.
            back: those before instead, of which nothing is taken.
        """
        with self._lock:
            self.refresh()
            found = self._queue.among(wanted, self.verdicts.states)
        rows = self._queue.around(found[wanted.state], row, wanted.order, back)
        if wanted.state == "todo" and not back:
            others = self._leases.of_others(page)
            free = np.array([one for one in rows[: most + len(others)] if int(one) not in others], np.int64)
            rows = free if len(free) else rows
            self._leases.take(page, [row, *(int(one) for one in rows[:most])])
        return {
            "rows": [int(one) for one in rows[:most]],
            "counts": {name: len(some) for name, some in found.items()},
        }

    def photo(self, row: int) -> dict[str, Any]:
        """All that is known of one photo, and what was decided of it.

        Raises:
            NotHere: no such row.
        """
        image_id = self._id(row)
        similarity = None if self._neighbours is None else self._neighbours.similarity(row)
        with self._lock:
            decided = [decision_facts(self.verdicts, one) for one in self.journal.of(image_id)]
            stands = decision_facts(self.verdicts, self.journal.standing.of(image_id))
            facts = photo_facts(self.suspects, self.verdicts, row, similarity)
        return {**facts, "finders": self.suspects.finders, "stands": stands, "decided": decided}

    def news(self, since: int, page: str, who: str) -> dict[str, Any]:
        """What anybody decided after decision number ``since``, and how far things are."""
        self._leases.renew(page)
        with self._lock:
            self.refresh()
            later = [one for one in self.journal.decisions[-_CHANGES:] if one.seq > since]
            return {
                "seq": self.journal.seq,
                "changes": [decision_facts(self.verdicts, one) for one in later],
                "summary": self.summary(who),
            }

    def summary(self, who: str) -> dict[str, Any]:
        """How far things are, see `thresher.web.pace.summary`; and the commonest ``changes`` of a label."""
        with self._lock:
            told = summary(self.journal, self.verdicts.states, self.suspects.probability, who)
            changes = self.verdicts.changes()
        names = self.suspects.classes
        told["changes"] = [
            {"from": names[old], "to": names[new], "count": count} for old, new, count in changes
        ]
        return told

    def decide(
        self,
        decision_id: str,
        who: str,
        row: int,
        action: Literal["keep", "relabel", "drop", "skip"],
        *,
        label: str | None = None,
        note: str = "",
        seconds: float | None = None,
        seen: int = 0,
    ) -> dict[str, Any]:
        """Puts one decision on disk.

        Args:
            decision_id: new for every decision; the same again when an answer was lost.
            who: the person.
            row: the photo.
            action: what is to become of the label.
            label: the new one of a relabel.
            note: free text.
            seconds: how long the photo was looked at.
            seen: number of the last decision that the person knew of.

        Returns:
            ``decision``; ``over``: somebody else's decision on the photo that the person did not know of;
            ``stands``; ``trouble``: what else could not be written; ``seq`` and ``summary`` as of now.

        Raises:
            NotHere: no such photo or class.
            RunError: it could not be written.
        """
        image_id = self._id(row)
        given = self.suspects.classes[self.suspects.given[row]]
        if action == "relabel" and label not in self.verdicts.codes:
            raise NotHere(f"no class is named {label!r}")
        if label == given:
            action = "keep"
        new = {"relabel": label, "drop": None}.get(action, given)
        chance = number(self.suspects.probability[row])
        draft = Draft(decision_id, who, image_id, action, given, new, chance, note, seconds=seconds)
        with self._lock:
            return self._write(draft, seen)

    def undo(self, decision_id: str, who: str, undoes: str | None = None, seen: int = 0) -> dict[str, Any]:
        """Takes a decision back: the named one, or the person's last; the rest is as in `decide`.

        Raises:
            Gone: there is none, or somebody took it back already.
            RunError: it could not be written.
        """
        with self._lock:
            self.refresh()
            draft: Draft | None = self.journal.known(decision_id)
            if draft is None:
                standing = self.journal.standing
                target = standing.live(undoes) if undoes else standing.last(who)
                if target is None:
                    raise Gone("that decision was taken back already" if undoes else "nothing to take back")
                under = standing.under(target)
                label = under.new if under is not None and under.action in JUDGED else target.old
                draft = Draft(
                    decision_id,
                    who,
                    target.image_id,
                    "undo",
                    target.new,
                    label,
                    target.probability,
                    undoes=target.id,
                )
            return self._write(draft, seen)

    def _write(self, draft: Draft, seen: int) -> dict[str, Any]:
        trouble = None
        with self.journal.locked():
            before = self.journal.standing.of(draft.image_id)
            decision = self.journal.append(draft)
            try:
                self._books.write(self.journal)
            except RunError as error:  # the decision itself is safe
                trouble = str(error)
        self.verdicts.follow(self.journal)
        ours = before is None or before.seq <= seen or before.id in (draft.id, draft.undoes)
        return {
            "decision": decision_facts(self.verdicts, decision),
            "over": None if ours else decision_facts(self.verdicts, before),
            "stands": decision_facts(self.verdicts, self.journal.standing.of(draft.image_id)),
            "trouble": trouble,
            "seq": self.journal.seq,
            "summary": self.summary(draft.who),
        }

    def _id(self, row: int) -> str:
        if not 0 <= row < len(self.suspects):
            raise NotHere(f"no photo {row}")
        return str(self.suspects.ids[row])
