"""Progress for people: bars in a terminal, two plain lines per stage elsewhere."""

import time
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from thresher import progress
from thresher.cli.console import duration, errors

REFRESH = 4  # a second; drawing takes time from the work on a small machine


@dataclass
class _Stage:
    """A stage under way."""

    name: str
    total: int | None
    unit: str
    begin: float = field(default_factory=time.monotonic)
    done: int = 0
    facts: dict[str, float | str] = field(default_factory=dict)
    task: TaskID | None = None

    def words(self) -> str:
        """Amount, time and speed at the end of the stage."""
        seconds = time.monotonic() - self.begin
        words = [f"{self.done:,} {self.unit}"] if self.done else []
        words.append(duration(seconds))
        if self.done and seconds > 0:
            words.append(rate(self.done / seconds, self.unit))
        return "  ".join([*words, *shown(self.facts)])


class Display(progress.Progress):
    """Shows stages on stderr; stages may nest. Use it as a context, so that the bars go away on errors."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or errors()
        self.stages: list[_Stage] = []
        self.bars: Progress | None = None

    def __enter__(self) -> "Display":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stages.clear()
        self._stop()

    def start(self, stage: str, total: int | None = None, unit: str = "photos") -> None:
        """A bar, or one line."""
        begun = _Stage(stage, total, unit)
        self.stages.append(begun)
        if self.console.is_terminal:
            if self.bars is None:
                self.bars = _bars(self.console)
                self.bars.start()
            begun.task = self.bars.add_task(stage, total=total, unit=unit, facts="")
        else:
            size = f": {total:,} {unit}" if total is not None else ""
            self._line(Text(f"{self._indent()}{stage}{size}"))

    def advance(self, count: int = 1, **facts: float | str) -> None:
        """Moves the innermost stage's bar."""
        if not self.stages:
            return
        stage = self.stages[-1]
        stage.done += count
        stage.facts.update(facts)
        if self.bars is not None and stage.task is not None:
            self.bars.update(stage.task, advance=count, facts="  ".join(shown(stage.facts)))

    def finish(self) -> None:
        """The innermost stage's bar becomes one line that stays."""
        if not self.stages:
            return
        stage = self.stages.pop()
        indent = self._indent(1)
        if self.bars is not None and stage.task is not None:
            self.bars.remove_task(stage.task)
            self._line(Text.assemble(indent, ("✓ ", "green"), f"{stage.name}  ", (stage.words(), "dim")))
        else:
            self._line(Text(f"{indent}{stage.name}: done  {stage.words()}"))
        if not self.stages:
            self._stop()

    def say(self, text: str) -> None:
        """One line above the bars."""
        self._line(Text(text))

    def _indent(self, extra: int = 0) -> str:
        return "  " * (len(self.stages) - 1 + extra)

    def _line(self, text: Text) -> None:
        self.console.print(text, soft_wrap=not self.console.is_terminal)

    def _stop(self) -> None:
        if self.bars is not None:
            self.bars.stop()
            self.bars = None


class _Rate(ProgressColumn):
    """Units per second."""

    def render(self, task: Task) -> Text:
        return Text(rate(task.speed, task.fields["unit"]) if task.speed else "", style="dim")


def _bars(console: Console) -> Progress:
    """Name, bar, amount, speed, time left, last facts."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        _Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=False),
        TextColumn("{task.fields[facts]}", style="dim", markup=False),
        console=console,
        refresh_per_second=REFRESH,
        transient=True,
    )


def rate(speed: float, unit: str) -> str:
    """``412 photos/s``, ``0.8 epochs/s``."""
    return f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:.1f} {unit}/s"


def shown(facts: dict[str, float | str]) -> list[str]:
    """``loss 0.412``."""
    return [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in facts.items()
    ]
