"""What a budget buys next, what it believes, and what it keeps: against loops written out."""

import itertools
import math

import numpy as np
import pytest

from thresher.pipeline.budget.begin import fold_count
from thresher.pipeline.budget.clock import Clock, OutOfTime, Timed, alarm, undisturbed
from thresher.pipeline.budget.cost import Photos, seconds_of
from thresher.pipeline.budget.judge import judge
from thresher.pipeline.budget.machine import Machine
from thresher.pipeline.budget.menu import Known, Step, best_plan, first_steps, next_steps
from thresher.pipeline.budget.sections import LITE0, LITE1, Frozen, Settled, Tuned
from thresher.predictions import Predictions
from thresher.progress import Progress

ART = Photos(labelled=1200, others=200, classes=7, side=227, folds=4)
TINY = Photos(labelled=6000, others=0, classes=10, side=32, folds=2)
FAST = Machine(train=27.0, frozen=180.0, precision="bf16", overhead=6.0, jobs=2)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_plan_is_that_of_all_plans(seed):
    random = np.random.default_rng(seed)
    model = Frozen(LITE0, (224,))
    steps = [
        Step(str(n), model, "abc"[n % 3], random.uniform(0, 0.4), forecast=random.uniform(1, 60))
        for n in range(9)
    ]
    kinds = [[None, *(step for step in steps if step.kind == kind)] for kind in "abc"]
    for left in (0, 10, 50, 100, 300):
        best = 1.0
        for plan in itertools.product(*kinds):
            bought = [step for step in plan if step]
            if sum(step.forecast + 4 for step in bought) <= left:
                best = min(best, math.prod(1 - step.gain for step in bought))
        found = best_plan(steps, left, 4)
        assert sum(step.forecast + 4 for step in found) <= left
        assert math.prod(1 - step.gain for step in found) == pytest.approx(best)


def test_longer_and_larger_trainings_cost_more_and_promise_more():
    known = Known(frozenset(("lite0",)), 0.0, (224, 288))
    tuned = [step for step in next_steps(ART, known) if step.kind == "tuned"]
    price = {step.model: seconds_of(step.model, ART, FAST, frozenset()) for step in tuned}
    for one, other in itertools.combinations(tuned, 2):
        a, b = one.model, other.model
        if (a.size, a.layers) == (b.size, b.layers):
            assert (price[a] < price[b]) == (a.epochs < b.epochs) == (one.gain < other.gain)


def test_the_seconds_of_a_training_by_hand():
    model = Tuned(LITE0, 224, 160, 224, "all", 3)
    ready = model.features
    heads = 8e-9 * 900 * 4 * 1280 * 7 * model.fits
    training = 2 * 900 * 3 / 27.0  # two rounds of two jobs side by side, each on three quarters
    scoring = 2 * (1200 + 4 * 200) / 180.0 + 4 * 1.5
    assert seconds_of(model, ART, FAST, ready) == pytest.approx(heads + training + scoring + 5.0)
    assert seconds_of(model, ART, FAST, frozenset()) > seconds_of(model, ART, FAST, ready)


def test_what_was_tried_is_not_offered_again_and_tiny_photos_are_not_shown_large():
    known = Known(frozenset(("lite0", "lite1", "lite0_tuned")), 0.0, (128,))
    names = {step.name for step in next_steps(TINY, known)}
    assert not names & known.tried
    assert "lite0_tuned_2" in names
    assert max(max(step.model.sizes) for step in first_steps(TINY)) == 128
    assert max(max(step.model.sizes) for step in first_steps(ART)) == 288


@pytest.mark.parametrize(
    ("noisy", "many", "judged"), [(0.3, 1200, True), (0.1, 1200, False), (0.3, 200, False)]
)
def test_labels_are_judged_where_many_look_wrong(noisy, many, judged):
    photos = Photos(many, 0, 7, 227, 4)
    found = {step.name: step for step in next_steps(photos, Known(frozenset(("lite0",)), noisy, (224,)))}
    assert ("lite0_denoised" in found) == judged
    if judged:
        assert [one.kind for one in found["lite0_denoised"].model.section(Settled()).stages] == [
            "repair",
            "linear",
        ]


@pytest.mark.parametrize(
    "model", [Frozen(LITE0, (224, 288)), Frozen(LITE1, (96,), False), Frozen(LITE0, (64,), denoise=True)]
)
def test_features_are_named_as_the_section_needs_them(model):
    from thresher.inference.views.expand import expand_views

    section = model.section(Settled())
    shown = expand_views(section.stages[-1].views)
    names = {f"{section.backbone}@{view.size(section.image_size)}" for view in shown}
    assert {name.rpartition("@")[0] for name in model.features} == names
    assert len(shown) == len(model.features)


def test_tuned_photos_are_scored_at_their_size():
    from thresher.inference.views.expand import expand_views

    section = Tuned(LITE0, 128, 64, 96, 8, 2, 3).section(Settled("torch", "fp32", "bf16"))
    assert {view.size(section.image_size) for view in expand_views(section.views)} == {96}
    train = section.stages[1]
    assert (train.image_size, train.layers, train.epochs, train.precision) == (64, 8, 2, "bf16")
    assert (section.engine, section.precision, section.seeds) == ("torch", "fp32", (3,))


@pytest.mark.parametrize("jobs", range(1, 9))
@pytest.mark.parametrize("density", [100.0, 3000.0])
def test_no_core_waits_for_the_last_fold(jobs, density):
    count = fold_count(jobs, density)
    assert 2 <= count <= 6
    if jobs > 1:
        idle = -count % jobs
        assert idle == min(-n % jobs for n in (4, 5, 6)) or count == jobs == 2


def scores(right, sure=0.8, units=None):
    """Scores of photos of which some are answered right."""
    right = np.asarray(right, dtype=bool)
    first = np.where(right, sure, 1 - sure)
    ids = np.array([f"{n:04d}" for n in range(len(right))], dtype=object)
    labels = np.full(len(right), "a", dtype=object)
    return Predictions(
        ids, np.stack([first, 1 - first], 1), ("a", "b"), "oof", labels, np.arange(len(right)) % 4, {}
    )


def test_the_rule_by_its_words():
    random = np.random.default_rng(0)
    for _ in range(40):
        base = random.random(300) < 0.7
        changed = base ^ (random.random(300) < random.choice([0.0, 0.02, 0.1]))
        old, new = scores(base), scores(changed, random.choice([0.75, 0.8, 0.85]))
        verdict = judge(old, new)
        losses = -np.log(old.scores[:, 0]) + np.log(new.scores[:, 0])
        hits = changed.astype(float) - base
        gain, error = losses.mean(), losses.std(ddof=1) / np.sqrt(300)
        more, wide = hits.mean(), hits.std(ddof=1) / np.sqrt(300)
        expected = gain > 0 and (more >= -wide if gain > error else more >= 0)
        assert verdict.kept == expected, verdict.why


def test_photos_of_one_group_count_as_one():
    base = np.zeros(200, dtype=bool)
    base[::2] = True
    changed = base.copy()
    changed[1:40] = True  # one person's photos
    alone = judge(scores(base), scores(changed)).why
    groups = np.array(["one"] * 40 + [f"p{n}" for n in range(160)], dtype=object)
    grouped = judge(scores(base), scores(changed), groups).why
    width = [float(text.split("(±")[2].split(")")[0]) for text in (alone, grouped)]
    assert width[1] > 3 * width[0]


@pytest.mark.timeout(60, method="thread")  # the usual one has the alarm clock for itself
def test_work_that_tells_nobody_is_stopped_by_an_alarm():
    def forever():
        with alarm(0.05):
            while True:
                pass

    with pytest.raises(OutOfTime):
        forever()


def test_stages_of_a_stopped_step_are_closed():
    told = []

    class Shown(Progress):
        def start(self, stage, total=None, unit="photos"):
            told.append("start")

        def finish(self):
            told.append("finish")

    clock = Clock(100, now=lambda: 0.0)
    timed = Timed(Shown(), clock, 50, lambda: None)
    timed.start("a")
    timed.start("b")
    clock.spent = 51
    with pytest.raises(OutOfTime):
        timed.advance()
    timed.close()
    assert told == ["start", "start", "finish", "finish"]


def test_ctrl_c_waits_until_files_have_changed_places():
    import os
    import signal

    done = []

    def change():
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        change()
    assert done == ["all"]
