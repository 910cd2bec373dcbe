"""`thresher run --budget`: what the option takes and refuses, what is shown."""

from types import SimpleNamespace

import pytest

from thresher.cli import main
from thresher.cli.budget import begun_at, seconds_of, show
from thresher.errors import RecipeError
from thresher.files import write_json
from thresher.pipeline.budget.diary import Entry
from thresher.run_folder import RunFolder


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h", 3600), ("10", 600), ("1.5h", 5400), (" 2M ", 120), ("3 min", 180)],
)
def test_a_time(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0", "-5m", "10d", "1h30", "nan", "ten"])
def test_no_time(text):
    with pytest.raises(RecipeError, match="write a time such as 90s, 10m or 1h"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--recipe", "standard"], "Give --recipe or --budget, not both"),
        (["--smoke"], "--smoke: shrinks a recipe"),
        (["--fit-here", "5"], "--fit-here: shrinks a recipe"),
        (["--set", "models.lite0.image_size=160"], "models and their ensemble are chosen by the program"),
        (["--set", "ensemble=mean"], "models and their ensemble are chosen by the program"),
        (["--set", "data.grup=person"], "did you mean 'group'"),
    ],
)
def test_what_does_not_go_with_a_budget(class_folder, capsys, monkeypatch, tmp_path, more, says):
    monkeypatch.chdir(tmp_path)
    assert code_of(["run", str(class_folder), "--budget", "2m", *more]) == 2
    assert says in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "runs").exists()


def test_the_budget_is_handed_on(class_folder, capsys, monkeypatch, tmp_path):
    import thresher.pipeline.budget.spend as spending

    seen = {}

    def spend(dataset, base, out, seconds, **more):
        seen.update(more, photos=len(dataset), base=base, out=out, seconds=seconds)
        return spent(tmp_path, interrupted=False)

    monkeypatch.setattr(spending, "spend", spend)
    monkeypatch.chdir(tmp_path)
    given = ["--budget", "90s", "--seed", "3", "--set", "folds.n=4", "--set", "metrics.resamples=200"]
    assert code_of(["run", str(class_folder), *given]) == 0
    assert (seen["photos"], seen["seconds"], seen["deal"]) == (36, 90.0, False)
    assert (seen["base"].seed, seen["base"].folds["n"], seen["base"].metrics.resamples) == (3, 4, 200)
    assert str(seen["out"]).startswith("runs/budget-")
    shown = capsys.readouterr().out
    assert "more than 1 min 30 s goes on from here" in shown


def test_the_end_says_what_was_bought_and_how_to_go_on(capsys, tmp_path):
    show(spent(tmp_path, interrupted=True), 600, 40.0)
    shown = capsys.readouterr().out
    lines = [line.split() for line in shown.splitlines()]
    assert ["lite0", "22", "20", "0.910", "0.910", "yes", "the", "first"] in lines
    assert ["lite0_tuned", "70", "12", "no", "interrupted"] in lines
    assert "the same command goes on (8 min 20 s are left)" in shown


def test_the_process_began_a_little_before_the_command(monkeypatch):
    assert begun_at(1e9) == 1e9  # this process is older than any start of an interpreter
    monkeypatch.setattr("thresher.cli.budget.STARTING", float("inf"))
    import time

    now = time.perf_counter()
    assert begun_at(now) < now


def code_of(words):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as left:
        main(words)
    return left.value.code


def spent(tmp_path, interrupted):
    run = RunFolder(tmp_path / "run")
    score = {"value": 0.91, "low": 0.9, "high": 0.92}
    write_json(run.metrics, {"oof": {"accuracy": score}, "photos": {"broken": 0}})
    first = Entry(
        1, "lite0", "01-lite0", forecast=22.0, state="done", seconds=20.0, kept=True, why="the first"
    )
    first.alone = first.together = 0.91
    second = Entry(2, "lite0_tuned", "02-x", forecast=70.0, state="cut", seconds=12.0, why="interrupted")
    return SimpleNamespace(run=run, steps=[first, second], seconds=100.0, interrupted=interrupted)
