"""A deadline that is kept: what still works when it passes is stopped."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

from thresher.progress import Progress


class OutOfTime(BaseException):
    """The time of a step is over. Not an `Exception`: nothing may take it for a failure and go on."""


class TooLong(BaseException):
    """A step says that it will not end in time, before it did anything long."""


class Clock:
    """Counts the seconds of a budget over all the commands that spent it.

    Args:
        budget: seconds in all.
        spent: seconds that earlier commands spent.
        begun: when this command began, as ``now`` tells it.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        budget: float,
        spent: float = 0.0,
        begun: float | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.budget, self.spent, self.now = budget, spent, now
        self.begun = now() if begun is None else begun

    @property
    def elapsed(self) -> float:
        """Seconds spent, those of earlier commands too."""
        return self.spent + self.now() - self.begun

    @property
    def left(self) -> float:
        """Seconds left, negative once the budget is overdrawn."""
        return self.budget - self.elapsed


class Timed(Progress):
    """Passes on what a step says, and stops it when its time is over.

    Args:
        shown: who is told.
        clock: of the budget.
        end: seconds elapsed at which the step must be over.
        watch: called at every stage and advance; may raise `TooLong`.
    """

    def __init__(self, shown: Progress, clock: Clock, end: float, watch: Callable[[], None]) -> None:
        self.shown, self.clock, self.end, self.watch = shown, clock, end, watch
        self.depth = 0

    def check(self) -> None:
        """Raises `OutOfTime` when the time is over."""
        if self.clock.elapsed > self.end:
            raise OutOfTime
        self.watch()

    def start(self, stage: str, total: int | None = None, unit: str = "photos") -> None:
        """See `Progress.start`."""
        self.check()
        self.depth += 1
        self.shown.start(stage, total, unit)

    def advance(self, count: int = 1, **facts: float | str) -> None:
        """See `Progress.advance`."""
        self.check()
        self.shown.advance(count, **facts)

    def finish(self) -> None:
        """See `Progress.finish`."""
        self.depth -= 1
        self.shown.finish()

    def close(self) -> None:
        """Ends the stages that a stopped step left open."""
        while self.depth > 0:
            self.finish()

    def say(self, text: str) -> None:
        """See `Progress.say`."""
        self.shown.say(text)


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises `OutOfTime` after so many seconds, also in work that tells nobody of its advance.

    Where there are no alarms (another thread, another system) only what is told to `Timed` is stopped.
    """
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits until the block is over: for the moments in which files change places."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if asked:
        raise KeyboardInterrupt
