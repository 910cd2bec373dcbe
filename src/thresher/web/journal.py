"""The journal of decisions: appended to under a lock, synced before anybody is told, read by many."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from thresher.errors import RunError
from thresher.files import explained
from thresher.repair.history import alone_with
from thresher.web.decision import Decision, Draft, parse
from thresher.web.standing import Standing


class Gone(RunError):
    """What an undo would take back is not there any more."""


class Journal:
    """One file of decisions. Several processes may hold one each; every line stays where it is for ever.

    Attributes:
        path: the file; made with the first decision.
        decisions: all that were read, in the order of the file.
        standing: what holds after them.
        unreadable: lines that are no decisions: a kill in mid-write leaves one.
        begun: how often the file was read from its start.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = 0
        self._mutex = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self.begun += 1
        self.decisions: list[Decision] = []
        self.standing = Standing()
        self.unreadable = 0
        self._ids: dict[str, Decision] = {}
        self._photos: dict[str, list[Decision]] = {}
        self._file: tuple[int, int] | None = None
        self._read = 0
        self._ends_open = False

    @property
    def seq(self) -> int:
        """Number of the last decision, 0 before the first."""
        return self.decisions[-1].seq if self.decisions else 0

    def known(self, decision_id: str) -> Decision | None:
        """The decision with an id."""
        return self._ids.get(decision_id)

    def of(self, image_id: str) -> list[Decision]:
        """Everything that was decided of a photo, undone or not."""
        return list(self._photos.get(image_id, ()))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes; everything that others wrote is known.

        Raises:
            RunError: the folder cannot be written.
        """
        with self._mutex, alone_with(self.path):
            self._read_new()
            yield

    def refresh(self) -> None:
        """Learns what other processes wrote; costs one look at the file where that is nothing."""
        with self._mutex:
            size = self.path.stat().st_size if self.path.is_file() else 0
            if size != self._read:
                with self.locked():
                    pass

    def append(self, draft: Draft) -> Decision:
        """Puts a decision on disk; only inside `locked`.

        Returns:
            the decision as it stands in the file; the first one where the same id comes twice.

        Raises:
            Gone: what an undo would take back is not there any more.
            RunError: the disk is full.
        """
        known = self._ids.get(draft.id)
        if known is not None:
            return known
        if draft.action == "undo" and self.standing.live(draft.undoes or "") is None:
            raise Gone("that decision was taken back already")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        decision = Decision(**asdict(draft), seq=self.seq + 1, time=now)
        # What a kill left of a line gets a line of its own, so that it spoils no other.
        with explained(self.path):
            _write_synced(self.path, (b"\n" if self._ends_open else b"") + decision.line())
            if self._read == 0:  # the file's name must last, too
                _sync_folder(self.path.parent)
        self._read_new()
        return self._ids[draft.id]

    def _read_new(self) -> None:
        """Reads what is new; nobody writes meanwhile, so that an open end is what a kill left."""
        if not self.path.is_file():
            if self._file is not None:
                self._forget()
            return
        with self.path.open("rb") as file:
            found = os.fstat(file.fileno())
            if self._file != (found.st_dev, found.st_ino) or found.st_size < self._read:
                self._forget()  # the first time, or another file has taken its place
                self._file = (found.st_dev, found.st_ino)
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        for line in data.split(b"\n"):
            if line.strip():
                self._take(parse(line))
        if data:
            self._ends_open = not data.endswith(b"\n")

    def _take(self, decision: Decision | None) -> None:
        if decision is None:
            self.unreadable += 1
        elif decision.id not in self._ids:
            self._ids[decision.id] = decision
            self._photos.setdefault(decision.image_id, []).append(decision)
            self.decisions.append(decision)
            self.standing.apply(decision)


def _write_synced(path: Path, data: bytes) -> None:
    """Appends and waits for the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
