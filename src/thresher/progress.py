"""What a long piece of work says while it goes on. The base class is silent; the command line shows it."""

import logging

log = logging.getLogger("thresher")


class Progress:
    """Told of stages, their size and their advance. Subclass it to show them.

    Attributes:
        begun: when the command began that this tells of, by `time.perf_counter`; None where nobody said.
    """

    begun: float | None = None

    def start(self, stage: str, total: int | None = None, unit: str = "photos") -> None:
        """A stage begins; ``total`` counts ``unit`` where it is known."""

    def advance(self, count: int = 1, **facts: float | str) -> None:
        """``count`` more units of the stage are done; ``facts`` (loss, accuracy) are worth a glance."""

    def finish(self) -> None:
        """The stage is done."""

    def say(self, text: str) -> None:
        """One line that a person should read."""
        log.info(text)


SILENT = Progress()
