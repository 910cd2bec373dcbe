"""The ledger: finished, stopped and running runs, what differs, and the table."""

import json
import multiprocessing

import pandas as pd
import pytest
import yaml

from thresher.cli import main
from thresher.errors import DataError
from thresher.pipeline.ledger import differences, ledger_frame, read_ledger
from thresher.pipeline.workspace import Workspace, open_workspace
from thresher.run_folder import RunFolder


def make(folder, recipe, accuracy=0.9, loss=0.3, started="2026-03-01T10:00:00.000+00:00", seconds=40.0):
    """What a finished run leaves, as far as the ledger looks."""
    from thresher.files import digest

    run = RunFolder(folder)
    folder.mkdir(parents=True)
    run.recipe.write_text(yaml.safe_dump(recipe))
    interval = {"value": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
    oof = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1"), interval)
    oof["log_loss"] = {"value": loss, "low": loss - 0.02, "high": loss + 0.02}
    run.metrics.write_text(json.dumps({"oof": oof, "photos": {"train": 120}, "seconds": {"fit": 1.0}}))
    events = [{"time": started, "event": "start"}]
    events += [
        {"event": "stage", "name": name, "seconds": seconds / 4}
        for name in ("photos", "fit", "fit", "scores")
    ]
    events.append({"event": "finished", "mark": "x", "recipe": digest(run.recipe.read_text())})
    run.log.write_text("".join(json.dumps(event) + "\n" for event in events))
    return run


RECIPE = {
    "name": "mine",
    "seed": 0,
    "training": {"jobs": 2},
    "models": {
        "a": {
            "image_size": 64,
            "engine": "torch",
            "stages": [{"kind": "train", "epochs": 3, "precision": "fp32"}],
        }
    },
}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "runs"
    make(root / "first", RECIPE, 0.90, 0.31)
    other = yaml.safe_load(yaml.safe_dump(RECIPE)) | {"name": "other", "training": {"jobs": 1}}
    other["models"]["a"]["stages"][0] |= {"epochs": 5, "precision": "bf16"}
    other["models"]["a"]["engine"] = "openvino"
    other["models"]["b"] = {"image_size": 32}
    make(root / "deep/er/second", other, 0.95, 0.35, "2026-03-02T10:00:00.000+00:00", 200.0)
    return root


def test_what_when_how_long_how_good(folder):
    first, second = read_ledger(folder)
    assert (first.name, second.name) == ("first", "deep/er/second")
    assert (first.status, first.photos, first.seconds) == ("finished", 120, 40.0)
    assert second.scores["accuracy"] == {"value": 0.95, "low": 0.94, "high": 0.96}
    frame = ledger_frame([first, second])
    assert list(frame["run"]) == ["first", "deep/er/second"]
    assert list(frame["log_loss"]) == [0.31, 0.35]
    assert frame["accuracy_low"].iloc[1] == pytest.approx(0.94)
    assert frame["started"].iloc[1] == pd.Timestamp("2026-03-02T10:00:00Z")
    assert list(frame["differs"]) == ["", "+b a.stages.0.epochs=5"]


def test_best_first_and_runs_without_a_score_last(folder):
    make(folder / "zero", RECIPE)
    RunFolder(folder / "zero").metrics.unlink()
    assert [entry.name for entry in read_ledger(folder, "accuracy")] == ["deep/er/second", "first", "zero"]
    assert [entry.name for entry in read_ledger(folder, "log_loss")] == ["first", "deep/er/second", "zero"]
    assert [entry.name for entry in read_ledger(folder, "seconds")][-1] == "deep/er/second"
    assert [entry.name for entry in read_ledger(folder, "name")] == ["deep/er/second", "first", "zero"]


def test_a_real_run(finished):
    (entry,) = read_ledger(finished)
    metrics = json.loads((finished / "metrics.json").read_text())
    assert (entry.name, entry.status) == ("run", "finished")
    assert (entry.photos, entry.classes) == (30, 3)
    assert entry.scores == metrics["oof"]
    assert entry.fingerprint
    assert entry.seconds > 0
    assert entry.started.startswith("20")
    assert [one.name for one in read_ledger(finished.parent)] == ["run"]


@pytest.mark.parametrize(
    ("stages", "status"),
    [
        ((), "stopped at photos"),
        (("photos", "folds"), "stopped at measure"),
        (("photos", "folds", "measure", "measure"), "stopped at fit"),
        (("photos", "folds", "measure", "fit", "fit"), "stopped at fit"),
        (("photos", "folds", "measure", "fit", "scores"), "stopped at report"),
    ],
)
def test_where_a_run_stopped(tmp_path, stages, status):
    with open_workspace(tmp_path / "run", fresh=False, writes=True) as space:
        for name in stages:
            with space.stage(name):
                pass
    with (tmp_path / "run/log.jsonl").open("a") as log:
        log.write('{"half')
    (entry,) = read_ledger(tmp_path)
    assert entry.status == status
    assert entry.scores == {}


def test_a_finished_run_whose_recipe_was_changed_is_not_finished(folder):
    run = RunFolder(folder / "first")
    run.recipe.write_text("name: new\n")
    assert read_ledger(run.root)[0].status.startswith("stopped at")


def _work(folder, begun, end):
    with open_workspace(folder, fresh=False, writes=True):
        begun.set()
        end.wait(60)


def test_a_run_that_is_being_worked_on(tmp_path):
    context = multiprocessing.get_context("fork")
    begun, end = context.Event(), context.Event()
    worker = context.Process(target=_work, args=(tmp_path / "run", begun, end))
    worker.start()
    try:
        assert begun.wait(60)
        assert read_ledger(tmp_path)[0].status == "running"
    finally:
        end.set()
        worker.join(60)
    assert read_ledger(tmp_path)[0].status == "stopped at photos"
    assert Workspace(RunFolder(tmp_path / "run"), writes=False).events("start")  # and nothing was written
    assert len((tmp_path / "run/log.jsonl").read_text().splitlines()) == 1


def test_broken_files_do_not_hide_the_others(folder):
    run = RunFolder(folder / "first")
    run.recipe.write_bytes(b"\xff: [")
    run.metrics.write_text("{")
    run.dataset.write_bytes(b"not parquet")
    first, second = read_ledger(folder)
    assert (first.recipe, first.scores, first.photos) == ({}, {}, None)
    assert second.status == "finished"
    assert list(ledger_frame([first, second])["differs"]) == ["", ""]


def test_differences_by_hand():
    a = {"models": {"x": {"views": ["plain"], "lr": 0.1}, "gone": {}}, "seed": 0, "name": "a"}
    b = {"models": {"x": {"views": ["plain", "hflip"]}, "new": {}}, "seed": 1, "name": "b"}
    assert differences(a, b) == ["+new", "-gone", "x.views=plain, hflip", "seed=1", "x.lr=null"]
    assert differences(a, a) == []
    assert differences({}, a) == []


def call(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["runs", *map(str, words)])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_the_command(folder, capsys, tmp_path):
    code, out, _ = call(capsys, folder, "--out", tmp_path / "table.parquet")
    assert code == 0
    lines = out.splitlines()
    assert lines[1].startswith("first ")
    assert "90.0\u202f%" in lines[1]
    assert "a.stages.0.epochs=5" in out
    assert "jobs" not in out
    assert list(pd.read_parquet(tmp_path / "table.parquet")["run"]) == ["first", "deep/er/second"]
    assert call(capsys, folder, "--out", tmp_path / "table.csv")[0] == 0
    assert list(pd.read_csv(tmp_path / "table.csv")["accuracy"]) == [0.9, 0.95]


def test_what_a_user_can_put_right(folder, tmp_path, capsys):
    with pytest.raises(DataError, match="no such folder"):
        read_ledger(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no run in this folder"):
        read_ledger(tmp_path / "empty")
    assert "there are: started, name" in call(capsys, folder, "--sort", "acuracy")[2]
    assert "name a .csv or a .parquet file" in call(capsys, folder, "--out", "x.txt")[2]
