"""Do the intervals hold what they promise? Worlds whose truth is known, drawn again and again.

    python benchmarks/experiments/honest_scores.py [--trials 1000] [--out docs/experiments/honest_scores.md]

Coverage of the 95 % intervals of one run and of the difference of two; how often p < .05 where nothing
differs; how often a difference is seen with as many photos as `compare` says would be needed; coverage of
the nested and of the naive score of ensembles that learn, of two truths: how good the ensembles are that were
scored, each fitted on all folds but one, and how good the one is that was fitted on all.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thresher.ensemble.base import Ensemble, Fitted, Stack
from thresher.ensemble.nested import combined, stacked
from thresher.files import write_text
from thresher.metrics.comparison import Comparison, compare
from thresher.metrics.intervals import intervals
from thresher.metrics.power import needed_photos
from thresher.metrics.scores import METRICS
from thresher.metrics.significance import mcnemar
from thresher.predictions import Predictions
from thresher.recipe.part import build
from thresher.registry import family

DRAWS = 1000
TRUTH = 400_000
"""Photos of a world that stand for all of it."""
SHARES = np.array([0.05, 0.10, 0.11, 0.12, 0.62])
"""Of the classes: about those of cassava 2020."""
NAMES = tuple(f"c{number}" for number in range(len(SHARES)))
SKILLS = np.linspace(2.4, 3.2, 9)
"""How sure nine models of an ensemble are of the right class."""
LEARNED = ((200, "subsets"), (200, "greedy"), (200, "logistic"), (1228, "subsets"))
"""Photos, and an ensemble that is fitted to them; of many photos the one that owes most to luck."""
FOLDS = 5


@dataclass(frozen=True)
class World:
    """Photos, two models that look at them, and perhaps groups of photos that are alike.

    Attributes:
        photos: in one sample.
        better: how much surer B is of the right class than A; 0: they are equally good.
        group: photos in a group, whose difficulty they share.
    """

    photos: int
    better: float
    group: int = 1

    def sample(
        self, rng: np.random.Generator, photos: int
    ) -> tuple[Predictions, Predictions, np.ndarray | None]:
        """Scores of A and of B on the same photos, and the groups."""
        targets = rng.choice(len(SHARES), photos, p=SHARES)
        units = np.arange(photos) // self.group
        hard = rng.normal(0, 1.2, units.max() + 1)[units] if self.group > 1 else rng.normal(0, 1.2, photos)
        common = rng.normal(size=(photos, len(SHARES)))
        found = []
        for skill in (3.0, 3.0 + self.better):
            logits = common + 0.5 * rng.normal(size=common.shape)
            logits[np.arange(photos), targets] += skill - hard
            raw = np.exp(logits - logits.max(1, keepdims=True))
            labels = np.array(NAMES, dtype=object)[targets]
            found.append(
                Predictions(np.arange(photos), raw / raw.sum(1, keepdims=True), NAMES, "test", labels)
            )
        return found[0], found[1], units if self.group > 1 else None


def coverage(world: World, trials: int) -> Iterator[tuple[str, float, float]]:
    """Metric, share of intervals of A that hold the truth, and of intervals of the difference."""
    rng = np.random.default_rng(0)
    a, b, _ = world.sample(rng, TRUTH)
    truth = {name: [metric(one.targets, one.scores) for one in (a, b)] for name, metric in METRICS.items()}
    inside = {name: np.zeros(2) for name in METRICS}
    for trial in range(trials):
        a, b, groups = world.sample(rng, world.photos)
        one = intervals(a, DRAWS, trial, groups)
        both = compare(a, b, DRAWS, trial, groups).differences
        for name, (first, second) in truth.items():
            inside[name][0] += one[name]["low"] <= first <= one[name]["high"]
            inside[name][1] += both[name]["low"] <= second - first <= both[name]["high"]
    for name, counts in inside.items():
        yield name, *(counts / trials)


def luck(world: World, trials: int) -> dict[str, float]:
    """How often each metric has p < .05 although A and B are equally good."""
    rng = np.random.default_rng(1)
    found: list[Comparison] = []
    for trial in range(trials):
        a, b, groups = world.sample(rng, world.photos)
        found.append(compare(a, b, DRAWS, trial, groups))
    return {name: float(np.mean([one.p_values[name] < 0.05 for one in found])) for name in METRICS}


def power(discordant: float, difference: float, trials: int) -> tuple[int, float]:
    """The photos that would be needed, and how often McNemar's test then sees the difference."""
    photos = round(needed_photos(discordant, difference) or 0)
    rng = np.random.default_rng(2)
    differ = rng.binomial(photos, discordant, trials)
    only_b = rng.binomial(differ, (1 + difference / discordant) / 2)
    seen = [mcnemar(int(d - b), int(b)) < 0.05 for d, b in zip(differ, only_b, strict=True)]
    return photos, float(np.mean(seen))


def nine(rng: np.random.Generator, photos: int) -> list[Predictions]:
    """Scores of nine models that err partly alike, with folds."""
    targets = rng.choice(len(SHARES), photos, p=SHARES)
    hard, common = rng.normal(0, 1.2, photos), rng.normal(size=(photos, len(SHARES)))
    labels, folds = np.array(NAMES, dtype=object)[targets], np.arange(photos) % FOLDS
    found = []
    for skill in SKILLS:
        logits = common + rng.normal(size=common.shape)
        logits[np.arange(photos), targets] += skill - hard
        raw = np.exp(logits - logits.max(1, keepdims=True))
        scores = raw / raw.sum(1, keepdims=True)
        found.append(Predictions(np.arange(photos), scores, NAMES, "oof", labels, folds))
    return found


class Watched(Ensemble):
    """An ensemble whose fits are kept: first that on all photos, then one for each fold."""

    def __init__(self, part: Ensemble) -> None:
        self.part = part
        self.fits: list[Fitted] = []

    def fit(self, stack: Stack, seed: int = 0) -> Fitted:
        """See `Ensemble.fit`."""
        self.fits.append(self.part.fit(stack, seed))
        return self.fits[-1]


def ensembles(method: str, photos: int, trials: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Metric, shares of intervals that hold a truth (4,), and how far the values are off on average (4,).

    The four: the nested score, and the mean truth of the ensembles that it scores, each fitted on all folds
    but one; the nested score, and the truth of the ensemble that was fitted on all; the same with an interval
    over photos alone, as if the ensemble could have been no other; the naive score, and that truth.
    """
    rng = np.random.default_rng(3)
    others = nine(rng, TRUTH // 10)
    seen, targets = stacked(others).scores, others[0].targets
    names = ("accuracy", "log_loss")
    inside, off = np.zeros((4, len(names))), np.zeros((4, len(names)))
    part = build("ensemble", {"name": method, **family("ensemble").check(method, {})})
    for trial in range(trials):
        watched = Watched(part)
        found = combined(watched, nine(rng, photos), seed=trial, refit=True)
        assert found.refits is not None
        answers = [fit.apply(seen) for fit in watched.fits[: 1 + FOLDS]]
        plain, naive = (intervals(own, DRAWS, trial) for own in (found.oof, found.naive))
        wide = found.refits.loosened({name: plain[name] for name in names})
        for place, name in enumerate(names):
            truths = [METRICS[name](targets, one) for one in answers]
            of_all, of_folds = truths[0], np.mean(truths[1:])
            pairs = ((wide, of_folds), (wide, of_all), (plain, of_all), (naive, of_all))
            for row, (own, truth) in enumerate(pairs):
                one = own[name]
                inside[row, place] += one["low"] <= truth <= one["high"]
                off[row, place] += one["value"] - truth
    for place, name in enumerate(names):
        yield name, inside[:, place] / trials, off[:, place] / trials


def page(trials: int) -> str:
    """The tables as Markdown."""
    error = 100 * 1.96 * np.sqrt(0.95 * 0.05 / trials)
    lines = ["# Honest scores", "", f"`python benchmarks/experiments/honest_scores.py --trials {trials}`", ""]
    lines += [
        f"Made worlds of five unbalanced classes whose truth is known; {trials:,} samples of each, {DRAWS:,} "
        f"bootstrap draws. 95 % is asked; {trials:,} samples tell it to ± {error:.1f} points.",
        "",
        "| photos | groups of | metric | interval of a run holds the truth | of a difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    worlds = [World(200, 0.3), World(1228, 0.3), World(1228, 0.3, 6)]
    for world in worlds:
        for name, one, both in coverage(world, trials):
            lines.append(f"| {world.photos:,} | {world.group} | {name} | {one:.1%} | {both:.1%} |")
    lines += ["", "Two equally good models: how often is p < .05? At most 5 % is asked.", ""]
    lines += [f"| photos | groups of | {' | '.join(METRICS)} |", "| --- | --- |" + " --- |" * len(METRICS)]
    for world in (World(200, 0.0), World(1228, 0.0), World(1228, 0.0, 6)):
        shares = " | ".join(f"{share:.1%}" for share in luck(world, trials).values())
        lines.append(f"| {world.photos:,} | {world.group} | {shares} |")
    lines += ["", "With as many photos as would be needed, 80 % is promised:", ""]
    lines += ["| one alone is right in | difference | photos needed | seen |", "| --- | --- | --- | --- |"]
    for discordant, difference in ((0.033, 0.0098), (0.05, 0.003), (0.10, 0.02), (0.20, 0.05)):
        photos, seen = power(discordant, difference, 10 * trials)
        lines.append(f"| {discordant:.1%} | {100 * difference:.2f} points | {photos:,} | {seen:.1%} |")
    few = trials // 2
    lines += [
        "",
        f"Ensembles of nine models that are fitted on their own out-of-fold scores, {few:,} samples (they "
        f"tell 95 % to ± {error * np.sqrt(2):.1f} points). A nested score is that of {FOLDS} ensembles, each "
        "fitted on all folds but one. How often its interval holds how good these are, on average; and how "
        "often it holds how good the one ensemble is that was fitted on all; as it is given, and as it would "
        "be over photos alone, as if they could have made no other ensemble. Then the naive score, of the "
        "one on its own photos. In brackets how far the score is off, on average.",
        "",
    ]
    titles = "nested: those scored | the one of all | photos alone | naive"
    lines += [f"| photos | ensemble | metric | {titles} |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for photos, method in LEARNED:
        for name, shares, off in ensembles(method, photos, few):
            cells = [f"{share:.1%} ({more:+.4f})" for share, more in zip(shares, off, strict=True)]
            lines.append(f"| {photos:,} | `{method}` | {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--trials", type=int, default=1000)
    words.add_argument("--out", type=Path, help="also write the page here")
    given = words.parse_args()
    text = page(given.trials)
    print(text)
    if given.out:
        write_text(given.out, text)


if __name__ == "__main__":
    main()
