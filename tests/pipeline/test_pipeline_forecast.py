"""What is measured before the jobs: the forecast, and what a recipe leaves to the machine."""

import pytest
from pipeline_runs import run_here

from thresher.errors import RecipeError
from thresher.pipeline import forecast as forecasting
from thresher.pipeline import resolve as resolving
from thresher.pipeline.expected import HEAD_SECONDS, Forecast, clock, fits_of
from thresher.pipeline.fit import resolve_jobs
from thresher.pipeline.resolve import recall, resolve
from thresher.progress import SILENT, Progress
from thresher.recipe.loader import load
from thresher.training.harness import Harness


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "1 s"),
        (42.4, "42 s"),
        (59.6, "1 min 0 s"),
        (190, "3 min 10 s"),
        (3599.7, "1 h 0 min"),
        (7505, "2 h 5 min"),
    ],
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


def test_the_sentence_names_what_takes_time():
    found = Forecast({"features": 30, "heads": 0.1, "training": 660, "scoring": 0.6})
    assert found.sentence() == "forecast: about 11 min 31 s (features 30 s, training 11 min 0 s, scoring 1 s)"


class Story(Progress):
    """What was said and begun, in order."""

    def __init__(self):
        self.lines = []

    def start(self, stage, total=None, unit="photos"):
        self.lines.append(stage)

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def story(photos, small, tmp_path, monkeypatch):
    """Runs with rates that are set, not measured: 10 photos a second scored, 2 trained."""
    monkeypatch.setattr(forecasting, "_score_rate", lambda *given: 10.0)
    monkeypatch.setattr(forecasting, "_step_rate", lambda *given: 2.0)
    kept = []
    real = forecasting.forecast
    monkeypatch.setattr(
        "thresher.pipeline.run.forecast", lambda *given: kept.append(real(*given)) or kept[-1]
    )

    def run(*overrides):
        told = Story()
        run_here(photos / "train", small, tmp_path / "run", *overrides, test=photos / "test", progress=told)
        return told.lines, kept.pop() if kept else None

    return run


def test_a_forecast_is_said_before_the_jobs(story):
    lines, found = story()
    assert [line for line in lines if line.startswith(("forecast", "jobs"))] == [found.sentence(), "jobs"]
    # Two views of 36 photos, for both models but computed once.
    assert found.seconds["features"] == pytest.approx(2 * 36 / 10)
    # Two folds, two epochs of 15 photos at 2 a second, and a third of that for a look at the other 15.
    assert found.seconds["training"] == pytest.approx(2 * 2 * (15 + 15 / 3) / 2)
    # 15 photos of the fold and 6 test photos, in two views, twice.
    assert found.seconds["scoring"] == pytest.approx(2 * (15 + 6) * 2 / 10)
    assert found.step_rate == {"tuned": {1: 2.0}}


def test_looks_that_are_not_taken_are_not_forecast(story):
    _, found = story("training.watch=false")
    assert found.seconds["training"] == pytest.approx(2 * 2 * 15 / 2)


def test_only_what_is_left_is_forecast(story):
    story("models.tuned=null")
    _, found = story("models.tuned.stages.1.epochs=1")
    assert found.seconds["features"] == 0
    assert found.seconds["training"] == pytest.approx(2 * (15 + 15 / 3) / 2)
    _, again = story("models.tuned.stages.1.epochs=1", "models.tuned.views=[plain]")
    assert again.seconds["training"] == 0
    assert again.seconds["scoring"] == pytest.approx(2 * (15 + 6) / 10)
    assert story("models.tuned.stages.1.epochs=1", "models.tuned.views=[plain]")[1] is None


def test_labels_that_are_judged_take_features_and_heads(story):
    heads = "views: [plain, vflip], penalties: [0.01, 0.1], inner_folds: 3, rounds: 2"
    stage = f"{{kind: repair, {heads}, action: distil}}"
    train = "{kind: train, epochs: 2, batch_size: 6, precision: fp32}"
    with_repair = f"models.tuned.stages=[{stage}, {train}]"
    _, found = story("models.frozen=null", with_repair)
    assert found.seconds["features"] == pytest.approx(2 * 36 / 10)
    # In both rounds two thirds of the photos three times, for each penalty and the scores; two folds of 15.
    rows, width, classes = 2 * (2 * 2 + 2) * 15 * 2, 256, 3
    wanted = HEAD_SECONDS * rows * width * classes
    assert found.seconds["heads"] == pytest.approx(wanted)


def test_the_time_of_heads_is_about_right():
    """The constant, against a fit: within a factor of 4, on any machine that is not very odd."""
    import time

    import numpy as np

    from thresher.models.linear import fit_linear
    from thresher.recipe.schema import LinearStage

    random = np.random.default_rng(0)
    targets = np.arange(600) % 7
    features = random.normal(0, 1, (2, 600, 640)).astype(np.float32)
    features += random.normal(0, 0.4, (7, 640)).astype(np.float32)[targets]
    stage = LinearStage(penalties=(3e-4, 1e-3, 3e-3, 1e-2))
    begin = time.process_time()
    fit_linear(features, targets, 7, stage.penalties, np.arange(600) % 3, None)
    seconds = time.process_time() - begin
    expected = HEAD_SECONDS * 600 * 640 * 7 * fits_of(stage)
    assert expected / 4 < seconds < expected * 4


class Measured:
    """Stands in for the measurements; counts them."""

    def __init__(self, monkeypatch):
        self.engine, self.precision = [], []
        monkeypatch.setattr(resolving, "choose_engine", self.choose_engine)
        monkeypatch.setattr(resolving, "choose_precision", self.choose_precision)

    def choose_engine(self, module, size, engine, precision, *rest):
        self.engine.append(size)
        return ("onnxruntime" if engine == "auto" else engine), ("fp32" if precision == "auto" else precision)

    def choose_precision(self, *given):
        self.precision.append(given[1])
        return "fp32"


OPEN = ("models.*.engine=auto", "models.*.precision=auto", "models.tuned.stages.1.precision=auto")


def test_what_was_measured_once_is_not_measured_again(small, tmp_path, monkeypatch):
    measured = Measured(monkeypatch)

    def resolved(stored, *overrides):
        return resolve(load(small, [*OPEN, *overrides]), stored, 3, Harness(), tmp_path, SILENT)

    first = resolved(None)
    assert (measured.engine, measured.precision) == ([32, 32], [32])
    tuned = first.models["tuned"]
    assert (tuned.engine, tuned.precision, tuned.stages[1].precision) == ("onnxruntime", "fp32", "fp32")
    # Neither views nor epochs nor another model have to do with it.
    again = resolved(
        first, "models.tuned.views=[plain]", "models.tuned.stages.1.epochs=9", "models.frozen=null"
    )
    assert (len(measured.engine), len(measured.precision)) == (2, 1)
    assert [view["name"] for view in again.models["tuned"].views] == ["plain"]
    assert again.models["tuned"].stages[1].epochs == 9
    # The size has.
    resolved(first, "models.tuned.image_size=48")
    assert (measured.engine[2:], measured.precision[1:]) == ([48], [48])
    resolved(first, "models.tuned.stages.1.batch_size=3")
    assert (len(measured.engine), len(measured.precision)) == (3, 3)
    # What the user asks for is done, whatever was chosen before.
    asked = resolved(first, "models.frozen.engine=torch")
    assert asked.models["frozen"].engine == "torch"


def test_a_choice_of_the_user_is_never_overruled(small):
    wanted = load(small, ["models.*.precision=bf16"]).models["tuned"]
    earlier = load(small).models["tuned"]
    assert recall(wanted, earlier) == wanted


def test_a_linear_stage_needs_weights(small, tmp_path):
    with pytest.raises(RecipeError, match=r"models\.tuned: weights = none"):
        resolve(load(small, ["models.tuned.weights=none"]), None, 3, Harness(), tmp_path, SILENT)
    trained = load(
        small, ["models.tuned.weights=none", "models.tuned.stages=[{kind: train, precision: fp32}]"]
    )
    assert resolve(trained, None, 3, Harness(), tmp_path, SILENT).models == trained.models


def test_jobs_at_a_time(small, monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 4)
    monkeypatch.setattr("thresher.pipeline.fit._memory", lambda: 100.0)
    harness = Harness(cpu=True)
    free = load(small, ["training.jobs=null"])
    assert resolve_jobs(free, None, harness, 5).training.jobs == 4
    assert resolve_jobs(free, None, harness, 2).training.jobs == 2
    assert resolve_jobs(free, load(small, ["training.jobs=3"]), harness, 5).training.jobs == 3
    assert resolve_jobs(load(small, ["training.jobs=1"]), None, harness, 5).training.jobs == 1
    assert (
        resolve_jobs(load(small, ["models.tuned=null", "training.jobs=null"]), None, harness, 5).training.jobs
        is None
    )
    monkeypatch.setattr("thresher.pipeline.fit._memory", lambda: 9.0)
    assert resolve_jobs(free, None, harness, 5).training.jobs == 2
