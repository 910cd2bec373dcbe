"""`thresher run`: what it hands to the pipeline, what it says at the end, how it stops."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from thresher.cli import main
from thresher.cli.run import default_folder
from thresher.errors import DataError
from thresher.files import write_json, write_text
from thresher.run_folder import RunFolder

SCORE = {"value": 0.9234, "low": 0.9071, "high": 0.9386}


@pytest.fixture
def pipeline(monkeypatch, tmp_path):
    """Stands in for the pipeline and the readers; records what it was given."""
    import thresher.dataset.open
    import thresher.dataset.submission

    seen = SimpleNamespace(error=None)

    def run(dataset, recipe, out, *, sample=None, corrections=None, fresh=False, progress=None):
        seen.given, seen.corrections = (dataset, recipe, Path(out), sample, fresh), corrections
        if seen.error:
            raise seen.error
        folder = RunFolder(tmp_path / "run")
        more = {"oof_corrected": {"accuracy": {**SCORE, "value": 0.95}}} if corrections else {}
        scores = {"accuracy": SCORE, "log_loss": SCORE}
        write_json(folder.metrics, {"oof": scores, "photos": {"broken": 2}, **more})
        write_text(folder.report, "report")
        return folder

    monkeypatch.setattr(thresher.dataset.open, "open_dataset", lambda *given: ("dataset", *given[:3]))
    monkeypatch.setattr(thresher.dataset.submission, "find_sample", lambda *given: "sample")
    monkeypatch.setitem(sys.modules, "thresher.pipeline.run", SimpleNamespace(run=run))
    monkeypatch.chdir(tmp_path)
    return seen


def call(*words):
    with pytest.raises(SystemExit) as left:
        main(["run", *map(str, words)])
    return left.value.code or 0


def test_everything_is_handed_over(pipeline, tmp_path):
    given = "d/train.csv --images d/train --test d/test --set data.limit=50 --set folds.n=3"
    assert call(*given.split(), "--seed", 7, "--fresh", "--smoke") == 0
    dataset, recipe, out, sample, fresh = pipeline.given
    assert dataset == ("dataset", Path("d/train.csv"), Path("d/train"), Path("d/test"))
    assert (recipe.seed, recipe.data.limit, recipe.folds["n"], recipe.name) == (7, 50, 2, "quick-smoke")
    assert (out, sample, fresh) == (Path("runs/quick-smoke-d"), "sample", True)


def test_the_summary(pipeline, capsys):
    assert call("d", "--out", "here") == 0
    assert pipeline.given[2] == Path("here")
    lines = [line.split("  ", 2)[1:] for line in capsys.readouterr().out.splitlines()]
    found = {line[0].strip(): line[1].strip() for line in lines}
    assert found["accuracy"] == "0.923  (95 %: 0.907 to 0.939)"
    assert found["broken photos"].startswith("2 ")
    assert found["report"] == "run/report.html"
    assert "submission" not in found
    assert found["time"].endswith(" s")


def test_corrections_are_handed_over_and_have_a_line_of_their_own(pipeline, capsys):
    assert call("d", "--corrections", "c.csv") == 0
    assert pipeline.corrections == Path("c.csv")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "accuracy 0.923 (95 %: 0.907 to 0.939)"
    assert "accuracy on corrected labels 0.950 (95 %: 0.907 to 0.939)" in lines
    assert call("d") == 0
    assert pipeline.corrections is None
    assert "corrected" not in capsys.readouterr().out


def test_an_error_of_the_data_is_code_2_without_traceback(pipeline, capsys):
    pipeline.error = DataError("train.csv:7: no such photo 'x[1].jpg'")
    assert call("d") == 2
    assert capsys.readouterr().err == "error: train.csv:7: no such photo 'x[1].jpg'\n"


def test_control_c(pipeline, capsys):
    pipeline.error = KeyboardInterrupt()
    assert call("d") == 130
    assert capsys.readouterr().err == "stopped; give the same command again to continue\n"


def test_a_fault_of_the_program_keeps_its_traceback(pipeline):
    pipeline.error = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        main(["run", "d"])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("art7/train.csv", "quick-art7"),
        ("art7/Labels.parquet", "quick-art7"),
        ("art7/leaves.csv", "quick-leaves"),
        ("art7/train", "quick-art7"),
        ("art7", "quick-art7"),
        ("art7/", "quick-art7"),
    ],
)
def test_the_default_run_folder(data, name, tmp_path, monkeypatch):
    (tmp_path / "art7" / "train").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert default_folder("quick", Path(data)) == Path("runs") / name


def test_a_folder_called_dot_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "leaves").mkdir()
    monkeypatch.chdir(tmp_path / "leaves")
    assert default_folder("quick", Path()) == Path("runs/quick-leaves")


def test_minutes_that_mean_nothing_are_refused(pipeline, capsys):
    assert call("d", "--fit-here", 0) == 2
    assert "above 0" in capsys.readouterr().err
    assert call("d", "--fit-here", 5, "--smoke") == 2
    assert "give one of them" in " ".join(capsys.readouterr().err.split())
    assert not hasattr(pipeline, "given")


def test_a_fitted_recipe_is_shown_and_run(pipeline, monkeypatch, capsys):
    """The table names every key, in 80 columns, before the run starts; --fresh is done by then."""
    from thresher.pipeline.expected import Forecast
    from thresher.pipeline.fitting import command
    from thresher.pipeline.fitting.changes import Change
    from thresher.pipeline.fitting.fit import Fitted
    from thresher.recipe.loader import load

    asked = []
    small = load("quick", ["folds.n=3"])
    changes = (
        Change(("models", "lite0", "image_size"), 512, 160, "smaller photos"),
        Change(("n",), 1, 2, "x"),
    )

    def fit(recipe, dataset, minutes, out, fresh, progress):
        asked.append((recipe.folds["n"], minutes, str(out), fresh, progress.begun is not None))
        return Fitted(small, changes, Forecast({"training": 400.0}), minutes), False

    monkeypatch.setattr(command, "fit_in_folder", fit)
    monkeypatch.setenv("COLUMNS", "80")
    assert call("d", "--fit-here", 5, "--fresh") == 0
    assert asked == [(5, 5.0, "runs/quick-here-d", True, True)]
    assert pipeline.given[1] == small
    assert pipeline.given[4] is False
    lines = capsys.readouterr().err.splitlines()
    assert any(line.split() == ["lite0.image_size", "512", "160", "smaller", "photos"] for line in lines)
    assert all(len(line) <= 80 for line in lines[1:4])
    assert "warning: even the smallest form" in "\n".join(lines)
    assert "little is left" not in "\n".join(lines)  # quick trains nothing
    small = load("standard", ["models.lite0.stages.1.epochs=1"])
    assert call("d", "--fit-here", 5) == 0
    assert "little is left" in capsys.readouterr().err
