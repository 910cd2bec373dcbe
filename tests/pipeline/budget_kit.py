"""A clock that stands still, a machine of known speed, and runs that cost what they are told to."""

from dataclasses import dataclass, field

import numpy as np

from thresher.files import digest, write_json, write_text
from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.spend import spend
from thresher.pipeline.workspace import open_workspace
from thresher.predictions import Predictions
from thresher.recipe.loader import dump, load


class Ticker:
    """Seconds that pass when told."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@dataclass
class World:
    """Runs steps without doing anything.

    Attributes:
        accuracy: of the run with the models of a recipe, by the name of the newest model.
        cost: seconds of a step, by name; else ``usual``.
        other: accuracy of what is not named.
        break_at: what a step raises, by name, after ``share`` of its seconds.
    """

    accuracy: dict = field(default_factory=dict)
    cost: dict = field(default_factory=dict)
    usual: float = 10.0
    other: float = 0.7
    break_at: dict = field(default_factory=dict)
    share: float = 0.5
    clock: Ticker = field(default_factory=Ticker)
    calls: list = field(default_factory=list)

    def run(self, dataset, recipe, out, *, beside, progress, sample, corrections):
        """In the place of `thresher.pipeline.run.run`."""
        name = list(recipe.models)[-1]
        self.calls.append((name, self.clock.seconds - 1000.0))
        with open_workspace(out, False, True) as space:
            with space.stage("fit"):
                progress.start(name, 100)
                seconds = self.cost.get(name, self.usual)
                for number in range(100):
                    if name in self.break_at and number >= 100 * self.share:
                        raise self.break_at.pop(name)
                    self.clock.seconds += seconds / 100
                    progress.advance(1)
                progress.finish()
            self.write(space, dataset, recipe, name)
        return space.run

    def write(self, space, dataset, recipe, name):
        """The files that a run leaves, as far as the budget looks at them."""
        run, accuracy = space.run, self.accuracy.get(name, self.other)
        ids, classes = dataset.ids, dataset.classes
        targets = dataset.targets
        right = np.arange(len(ids)) % 100 < 100 * accuracy
        said = np.where(right, targets, (targets + 1) % len(classes))
        scores = np.full((len(ids), len(classes)), 0.1 / (len(classes) - 1))
        scores[np.arange(len(ids)), said] = 0.9
        labels = dataset.frame["label"].to_numpy(dtype=object)
        oof = Predictions(ids, scores, classes, "oof", labels, np.arange(len(ids)) % 4, {"model": name})
        oof.save(run.predictions("oof"))
        for model in recipe.models:
            oof.save(run.predictions("oof", model))
            write_json(run.job(model, 0, 0) / "job.json", {"model": model})
        value = {"accuracy": {"value": float(right.mean())}}
        write_json(run.metrics, {"oof": value, "models": dict.fromkeys(recipe.models, value)})
        dataset.frame.to_parquet(run.dataset)
        write_text(run.report, f"report of {name}")
        text = dump(recipe)
        write_text(run.recipe, text)
        space.event("finished", mark=name, recipe=digest(text))

    def spend(self, dataset, out, seconds, **more):
        """`spend` in this world."""
        given = {"runner": self.run, "now": self.clock, "machine": machine}
        return spend(dataset, load("quick"), out, seconds, **given | more)


def machine(photos, classes):
    """Always the same."""
    return Machine(train=50.0, frozen=200.0, precision="fp32", overhead=2.0, jobs=2)
