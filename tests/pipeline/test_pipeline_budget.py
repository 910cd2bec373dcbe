"""`--budget`: what is started, kept, stopped and continued, with runs that only pretend."""

import json

import numpy as np
import pandas as pd
import pytest
from budget_kit import World
from PIL import Image

from thresher.dataset.table import Dataset
from thresher.errors import DataError, RunError
from thresher.pipeline.budget import publish as publishing
from thresher.pipeline.budget.diary import Diary
from thresher.pipeline.budget.sections import MOBILE
from thresher.pipeline.fitting.weights import LITE
from thresher.pipeline.workspace import finished_run
from thresher.predictions import Predictions
from thresher.recipe.loader import load
from thresher.run_folder import RunFolder

BETTER = {"lite0": 0.6, "lite1": 0.7, "lite2": 0.8, "mobile": 0.85, "lite0_tuned": 0.9}


@pytest.fixture
def dataset(tmp_path):
    """A hundred photos of three classes, which nobody decodes."""
    rows = []
    (tmp_path / "photos").mkdir()
    for number in range(100):
        path = tmp_path / "photos" / f"{number:03d}.png"
        Image.new("RGB", (200, 200), (number, 0, 0)).save(path)
        rows.append({"image_id": path.name, "label": "abc"[number % 3]})
    return Dataset.from_table(pd.DataFrame(rows), tmp_path / "photos", load("quick").data)


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch):
    """No report of a run that only pretends, no waiting for the disk; and all backbones are there."""
    monkeypatch.setattr("thresher.pipeline.budget.menu.installed", lambda: [*LITE, MOBILE])
    monkeypatch.setattr("thresher.report.write_report", lambda run: None)
    monkeypatch.setattr("thresher.files.os.fsync", lambda file: None)


def lines(out):
    return [json.loads(line) for line in (out / "budget.jsonl").read_text().splitlines()]


def usable(out):
    """The run is a finished one, and its files are those of one step."""
    run = finished_run(out)
    recipe = load(str(run.recipe))
    assert {path.name for path in (out / "jobs").iterdir()} == set(recipe.models)
    assert {path.parent.name for path in (out / "predictions").glob("*/oof.parquet")} == set(recipe.models)
    newest = Predictions.load(run.predictions("oof")).origin["model"]
    assert newest == list(recipe.models)[-1]
    return set(recipe.models)


def test_the_time_is_spent_and_never_overrun_and_nothing_is_begun_that_does_not_fit(dataset, tmp_path):
    world, out = World(BETTER, usual=20.0), tmp_path / "run"
    spent = world.spend(dataset, out, 75)
    assert spent.seconds <= 120
    assert not spent.interrupted
    begun = [one for one in lines(out) if one["event"] == "begin"]
    assert len(begun) >= 3
    for one in begun:
        assert one["elapsed"] + one["forecast"] <= 120
    assert len(usable(out)) == len([step for step in spent.steps if step.kept])
    metrics = json.loads((out / "metrics.json").read_text())
    assert [step["name"] for step in metrics["budget"]["steps"]] == [one["name"] for one in begun]


@pytest.mark.parametrize("slow", ["lite1", "lite2", "lite0_tuned", "mobile"])
def test_a_step_that_takes_longer_than_forecast_is_stopped(dataset, tmp_path, slow):
    world, out = World(BETTER, cost={slow: 1000.0}, usual=5.0), tmp_path / "run"
    spent = world.spend(dataset, out, 100)
    assert spent.seconds <= 105
    assert spent.steps[-1].name == slow
    assert spent.steps[-1].state == "cut"
    assert slow not in usable(out)


def test_what_is_no_better_stays_out(dataset, tmp_path):
    worse = {"lite0": 0.6, "lite1": 0.5, "lite2": 0.6, "mobile": 0.59, "lite0_tuned": 0.1}
    world, out = World(worse, other=0.58), tmp_path / "run"
    spent = world.spend(dataset, out, 100)
    assert len(spent.steps) >= 4
    assert usable(out) == {"lite0"}
    assert [step.kept for step in spent.steps] == [True] + [False] * (len(spent.steps) - 1)


def test_a_killed_budget_goes_on_with_what_it_decided_and_the_seconds_that_are_left(dataset, tmp_path):
    world, out = World(BETTER, usual=20.0), tmp_path / "run"
    whole = World(BETTER, usual=20.0)
    whole.spend(dataset, tmp_path / "whole", 150)
    second = whole.calls[1][0]
    world.break_at[second] = SystemExit()  # as a kill: nothing is written any more
    with pytest.raises(SystemExit):
        world.spend(dataset, out, 150)
    killed = Diary.read(out / "budget.jsonl")
    assert killed.open.name == second
    assert killed.spent >= 25
    assert usable(out) == {"lite0"}
    world.clock.seconds += 5000  # the night between
    spent = world.spend(dataset, out, 150)
    names = [name for name, _ in world.calls]
    assert names.count("lite0") == 1
    assert names[:3] == ["lite0", second, second]
    assert spent.seconds <= 150
    assert len({step.folder for step in spent.steps}) == len(spent.steps)


def test_the_same_budget_again_does_nothing_and_more_goes_on(dataset, tmp_path):
    world, out = World(BETTER, usual=20.0), tmp_path / "run"
    world.spend(dataset, out, 60)
    before = list(world.calls)
    again = world.spend(dataset, out, 60)
    assert world.calls == before
    assert again.run == RunFolder(out)
    more = world.spend(dataset, out, 120)
    added = [name for name, _ in world.calls[len(before) :]]
    done = {step.name for step in again.steps if step.state == "done"}
    assert added
    assert not set(added) & done
    assert 60 < more.seconds <= 120


def test_ctrl_c_leaves_a_usable_run_wherever_it_comes(dataset, tmp_path):
    whole = World(BETTER)
    whole.spend(dataset, tmp_path / "whole", 50)
    assert len(whole.calls) >= 3
    for place, (name, _) in enumerate(whole.calls):
        out = tmp_path / f"run-{place}"
        world = World(BETTER, break_at={name: KeyboardInterrupt()}, share=0.9 * place / len(whole.calls))
        if place == 0:
            with pytest.raises(KeyboardInterrupt):
                world.spend(dataset, out, 50)
            continue
        spent = world.spend(dataset, out, 50)
        assert spent.interrupted
        assert spent.steps[-1].state == "cut"
        assert usable(out) == {one for one, _ in whole.calls[:place]}
        assert not world.spend(dataset, out, 80).interrupted
        assert usable(out) >= {one for one, _ in whole.calls[: place + 1]}


def test_a_step_that_fails_is_noted_and_others_follow(dataset, tmp_path):
    world, out = World(BETTER, break_at={"lite1": DataError("no such thing")}), tmp_path / "run"
    spent = world.spend(dataset, out, 200)
    failed = [step for step in spent.steps if step.state == "failed"]
    assert [(step.name, step.why) for step in failed] == [("lite1", "no such thing")]
    assert [name for name, _ in world.calls].count("lite1") == 1
    assert "lite1" not in usable(out)
    assert len(usable(out)) >= 3


def test_a_first_step_that_fails_says_why(dataset, tmp_path):
    world = World(break_at={"lite0": DataError("nothing to learn from")})
    with pytest.raises(DataError, match="nothing to learn from"):
        world.spend(dataset, tmp_path / "run", 100)


def test_a_budget_for_nothing_takes_the_smallest_step_and_says_what_it_needs(dataset, tmp_path):
    world, out = World(cost={"lite0": 50.0}), tmp_path / "run"
    with pytest.raises(RunError, match=r"nothing could be finished in 10 s.*about \d+ s.*more time"):
        world.spend(dataset, out, 10)
    (asked,) = (out / "steps").glob("*.yaml")
    assert load(str(asked)).models["lite0"].image_size < 224
    assert world.clock.seconds - 1000 <= 10.5
    world.cost["lite0"] = 15.0
    assert usable(world.spend(dataset, out, 60).run.root) >= {"lite0"}


def test_publishing_that_dies_half_way_is_done_again(dataset, tmp_path, monkeypatch):
    linked = publishing.link_whole
    for most in range(0, 14, 3):
        out, done = tmp_path / f"run-{most}", []

        def link(source, target, most=most, done=done):
            if RunFolder(target.parents[0]).recipe.is_file() and len(done) >= most:
                raise SystemExit
            done.append(target)
            linked(source, target)

        world = World(BETTER)
        world.spend(dataset, out, 22)
        names = usable(out)
        monkeypatch.setattr(publishing, "link_whole", link)
        with pytest.raises(SystemExit):
            world.spend(dataset, out, 75)
        monkeypatch.setattr(publishing, "link_whole", linked)
        assert Diary.read(out / "budget.jsonl").publishing
        world.spend(dataset, out, 60)
        assert usable(out) > names


def test_another_run_or_other_photos_are_refused(dataset, tmp_path):
    world, out = World(BETTER), tmp_path / "run"
    world.spend(dataset, out, 40)
    fewer = Dataset(dataset.frame.iloc[:90].reset_index(drop=True), dataset.classes)
    with pytest.raises(RunError, match="other photos, labels or settings"):
        world.spend(fewer, out, 80)
    assert world.spend(fewer, out, 40, fresh=True).run.root == out
    (out / "budget.jsonl").unlink()
    with pytest.raises(RunError, match="not made with --budget"):
        world.spend(fewer, out, 80)


def test_a_step_keeps_what_a_person_decided_about_labels(dataset, tmp_path):
    world, out = World(BETTER), tmp_path / "run"
    world.spend(dataset, out, 30)
    run = RunFolder(out)
    run.labels.mkdir(exist_ok=True)
    run.decisions.write_text("{}\n")
    before = len(usable(out))
    world.spend(dataset, out, 150)
    assert len(usable(out)) > before
    assert run.decisions.read_text() == "{}\n"


def test_half_a_line_of_the_diary_is_no_obstacle(dataset, tmp_path):
    world, out = World(BETTER), tmp_path / "run"
    world.spend(dataset, out, 40)
    with (out / "budget.jsonl").open("ab") as file:
        file.write(b'{"event": "begin", "num')
    known = Diary.read(out / "budget.jsonl")
    known.note("tick", 41.0)
    assert Diary.read(out / "budget.jsonl").spent == 41.0
    assert np.isfinite(world.spend(dataset, out, 100).seconds)
