"""Photos that an open page has at hand: two people at once are given different ones."""

import threading
import time
from collections.abc import Callable, Iterable

SECONDS = 30.0
"""How long a page that says nothing keeps its photos."""


class Leases:
    """Rows by page. They live in one process only: where two are run, both may show the same photo."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, frozenset[int]]] = {}

    def take(self, page: str, rows: Iterable[int]) -> None:
        """The page has these rows at hand from now on, and no others."""
        with self._lock:
            self._held[page] = (self._clock() + SECONDS, frozenset(rows))

    def renew(self, page: str) -> None:
        """The page is still open."""
        with self._lock:
            if page in self._held:
                self._held[page] = (self._clock() + SECONDS, self._held[page][1])

    def of_others(self, page: str) -> set[int]:
        """Rows that other open pages have at hand."""
        with self._lock:
            now = self._clock()
            self._held = {name: held for name, held in self._held.items() if held[0] > now}
            return {row for name, (_, rows) in self._held.items() if name != page for row in rows}
