"""The loop that spends a budget: choose a step, run it, keep it if it helps, until no step fits any more."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from thresher.dataset.table import Dataset
from thresher.errors import ThresherError
from thresher.pipeline.budget import begin
from thresher.pipeline.budget.clock import Clock, OutOfTime, Timed, TooLong, alarm, undisturbed
from thresher.pipeline.budget.diary import Diary, Entry
from thresher.pipeline.budget.end import write_end
from thresher.pipeline.budget.judge import Verdict, judge
from thresher.pipeline.budget.machine import Machine, measure
from thresher.pipeline.budget.noise import noisy_share
from thresher.pipeline.budget.publish import publish
from thresher.pipeline.budget.purse import TOO_LONG, Purse, scores_of
from thresher.pipeline.run import run
from thresher.pipeline.workspace import Workspace, open_workspace
from thresher.predictions import Predictions
from thresher.progress import SILENT, Progress
from thresher.recipe.schema import Recipe
from thresher.run_folder import RunFolder

TRIES = 3
"""Steps that may fail or turn out too long before no further one is tried."""
ENOUGH = 3.0
"""Seconds below which nothing is begun."""

Runner = Callable[..., RunFolder]


@dataclass(frozen=True)
class Spent:
    """What is left of a budget.

    Attributes:
        run: the run, as the best step left it.
        steps: all steps, in order.
        seconds: spent in all, by this command and earlier ones.
        interrupted: whether Ctrl-C ended it.
    """

    run: RunFolder
    steps: list[Entry] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False


def spend(
    dataset: Dataset,
    base: Recipe,
    out: str | Path,
    seconds: float,
    *,
    begun: float | None = None,
    deal: bool = True,
    sample: str | Path | None = None,
    corrections: str | Path | pd.DataFrame | None = None,
    fresh: bool = False,
    progress: Progress = SILENT,
    runner: Runner = run,
    now: Callable[[], float] = time.perf_counter,
    machine: Callable[[int, int], Machine] = measure,
) -> Spent:
    """Makes the best run of some photos that a time allows, or goes on with it where more time is given.

    Each step is an ordinary run in ``out/steps``: of the recipe of the run so far and one more model. If it
    is better (see `judge`), its files take their places in ``out``, which is an ordinary run folder whenever
    it is looked at. What was decided stands in ``out/budget.jsonl``.

    Args:
        dataset: photos and labels.
        base: the recipe whose data, images, folds and seed are taken; its models are not.
        out: the run folder.
        seconds: the whole budget; seconds that earlier commands spent on this folder are part of it.
        begun: when the command began, as ``now`` tells it; default: now.
        deal: whether the number of folds may be chosen; else it is that of ``base``.
        sample, corrections: see `thresher.pipeline.run.run`.
        fresh: start anew; an earlier run is kept beside the folder.
        progress: told of steps, stages and photos.
        runner, now, machine: what runs a step, tells the time, measures the machine.

    Raises:
        RunError: nothing could be finished in the time; or the folder holds another run, or one of other data
            or settings.
        ThresherError: the first step failed; see `thresher.pipeline.run.run`.
        KeyboardInterrupt: Ctrl-C before anything was finished.
    """
    start = now() if begun is None else begun
    with open_workspace(out, fresh, writes=True) as space:
        diary = Diary.read(space.run.budget)
        clock = Clock(seconds, diary.spent, start, now)
        purse = begin.open_purse(dataset, base, space, diary, clock, deal, corrections, machine, noisy_share)
        given = {"sample": sample, "corrections": corrections}
        spender = _Spender(dataset, purse, given, progress, runner)
        if diary.publishing:  # a process died in the middle of it
            spender.publish(diary.steps[diary.publishing])
        interrupted = spender.work()
        write_end(purse)
        clocked = clock.elapsed
        diary.note("end", clocked)
    return Spent(space.run, [one for _, one in sorted(diary.steps.items())], clocked, interrupted)


@dataclass
class _Spender:
    """Takes one step after the other."""

    dataset: Dataset
    purse: Purse
    given: Mapping[str, Any]
    progress: Progress
    runner: Runner
    misses: int = 0
    checked: set[int] = field(default_factory=set)

    def work(self) -> bool:
        """All steps that fit; whether Ctrl-C ended it, after something was finished."""
        purse, diary = self.purse, self.purse.diary
        try:
            while self.misses < TRIES and (purse.clock.left - purse.reserve > ENOUGH or diary.best is None):
                chosen = purse.next()
                if chosen is None:
                    break
                entry, recipe = chosen
                self._say(entry)
                if not self._take(entry, recipe):
                    break
        except KeyboardInterrupt:
            if diary.best is None:
                raise
            return True
        return False

    def _take(self, entry: Entry, recipe: Recipe) -> bool:
        """Runs a step and keeps what it made if that is better; whether to go on."""
        purse, diary, clock = self.purse, self.purse.diary, self.purse.clock
        if entry.state == "cut":
            diary.note("resume", clock.elapsed, number=entry.number)
            entry = diary.steps[entry.number]
        first = diary.best is None
        end = clock.budget - (purse.reserve if not first else 0.5)
        timed = Timed(self.progress, clock, end, lambda: self._watch(entry, end))
        begun = clock.elapsed

        def stopped(event: str, why: str) -> None:
            timed.close()
            taken = clock.elapsed - begun
            diary.note(event, clock.elapsed, number=entry.number, seconds=taken, why=why)

        try:
            with purse.space.stage(f"step {entry.name}"), alarm(end - clock.elapsed):
                done = self.runner(
                    self.dataset,
                    recipe,
                    purse.folder(entry).root,
                    beside=self._beside(),
                    progress=timed,
                    **self.given,
                )
        except OutOfTime:
            stopped("cut", "the time was over")
            if first:
                raise begin.too_little(purse, entry) from None
            return False
        except TooLong:
            stopped("failed", TOO_LONG)
            self.misses += 1
            return True
        except KeyboardInterrupt:
            stopped("cut", "interrupted")
            raise
        except ThresherError as error:
            stopped("failed", str(error).splitlines()[0])
            if first:
                raise
            self.misses += 1
            self.progress.say(f"{entry.name} failed: {error}")
            return True
        with undisturbed():
            self._judge(entry, done, clock.elapsed - begun)
        purse.learn(entry)
        return True

    def _judge(self, entry: Entry, done: RunFolder, taken: float) -> None:
        """Decides whether a finished step stays, and publishes it."""
        purse, diary = self.purse, self.purse.diary
        alone, together = scores_of(done, entry.name)
        verdict = Verdict(True, "the first")
        if diary.best is not None:
            old = Predictions.load(purse.folder(diary.best).predictions("oof"))
            new = Predictions.load(done.predictions("oof"))
            verdict = judge(old, new, begin.groups_of(done, old))
        scores = {"alone": alone, "together": together, "kept": verdict.kept, "why": verdict.why}
        diary.note("done", purse.clock.elapsed, number=entry.number, seconds=taken, **scores)
        self.progress.say(f"{entry.name}: {'kept' if verdict.kept else 'not kept'}: {verdict.why}")
        if verdict.kept:
            self.publish(entry)

    def publish(self, entry: Entry) -> None:
        """Puts a finished step in the place of the run."""
        diary, clock = self.purse.diary, self.purse.clock
        with undisturbed():
            diary.note("publish", clock.elapsed, number=entry.number)
            publish(self.purse.folder(entry), self.purse.space)
            diary.note("published", clock.elapsed, number=entry.number)

    def _beside(self) -> list[RunFolder]:
        """The run itself, for its folds, features and engines, and all steps, for their jobs."""
        diary = self.purse.diary
        others = [self.purse.folder(one) for one in diary.done]
        return [self.purse.space.run, *others]

    def _watch(self, entry: Entry, end: float) -> None:
        """Notes the time, and stops a step early that says itself that it will not end in time."""
        diary, clock = self.purse.diary, self.purse.clock
        diary.tick(clock.elapsed)
        if diary.best is None or entry.resumed or "tuned" not in entry.name or entry.number in self.checked:
            return
        told = Workspace(self.purse.folder(entry), writes=False).events("forecast")
        if not told:
            return
        self.checked.add(entry.number)
        expected = self.purse.expected(entry, told[-1])
        if expected > end - clock.elapsed:
            self.purse.correct(entry, expected)
            raise TooLong

    def _say(self, entry: Entry) -> None:
        """What comes, how long it takes, what is left, how good it is so far."""
        from thresher.pipeline.expected import clock as words

        best, left = self.purse.diary.best, self.purse.clock.left
        score = "" if best is None else f"; accuracy so far {best.together:.3f}"
        self.progress.say(
            f"step {entry.number}: {entry.name}, about {words(entry.forecast)}; {words(left)} left{score}"
        )
