"""The command line from photos to a report, with nothing replaced; and bad input, told in one message."""

# ruff: noqa: E501  (tables are written out)

import json
import subprocess
import sys

import pandas as pd
import pytest

from thresher.cli import main

FAST = ["--smoke"]
for _key in ("engine=torch", "precision=fp32", "image_size=32"):
    FAST += ["--set", f"models.*.{_key}"]


def call(capsys, *words):
    """Exit code, stdout and stderr of one command."""
    with pytest.raises(SystemExit) as left:
        main(list(map(str, words)))
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def test_the_default_recipe_as_a_user_calls_it(class_folder, tmp_path):
    words = ["run", class_folder, "--test", class_folder / "red", *FAST, "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-m", "thresher", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = dict(line.strip().split("  ", 1) for line in done.stdout.splitlines())
    assert float(shown["accuracy"].split()[0]) > 0.9
    assert shown["report"].strip() == str(tmp_path / "run/report.html")
    assert "forecast: about " in done.stderr
    assert "warning" not in done.stderr.lower()
    assert "\x1b" not in done.stderr
    assert set(pd.read_csv(tmp_path / "run/submission.csv")["label"]) == {"red"}


def test_the_recipe_that_trains_and_then_report_and_predict(class_folder, tmp_path, capsys):
    run = tmp_path / "run"
    code, _, err = call(
        capsys, "run", class_folder, "--recipe", "standard", *FAST, "--set", "training.jobs=1", "--out", run
    )
    assert code == 0, err
    (run / "report.html").unlink()
    code, out, _ = call(capsys, "report", run)
    assert (code, out.split()) == (0, ["report", str(run / "report.html")])
    assert (run / "report.html").is_file()
    code, out, _ = call(capsys, "predict", run, class_folder / "blue", "--out", tmp_path / "scores.csv")
    assert code == 0
    assert ["blue", "12"] in [line.split() for line in out.splitlines()]


def bad_table(tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    return tmp_path / "bad.csv"


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("", [], "bad.csv"),
        ("image_id,label\n", [], "no rows"),
        ("image_id,label\nred/red00.jpg,red\nred/red01.jpg,red\n", [], "two classes"),
        ("image_id,label\nred/red00.jpg,\nblue/blue01.jpg,\n", [], "nothing to learn"),
        ("image_id,label\nred/red00.jpg,red\nblue/blue01.jpg,blu\n", ["--set", "data.classes=[red, blue]"], "did you mean 'blue'"),
        ("image_id,label\nred/red00.jpg,red\nblue/blue01.jpg,blue\nred/red00.jpg,red\n", [], "stand more than once"),
        ("image_id,label\nred/red00.jpg,red\n../../up.jpg,blue\n", [], "allow_outside"),
        ("image_id,label\nred/red00.jpg,red\nblue/blue01.jpg,blue\n", ["--set", "data.group=person"], "no column 'person'"),
        ("image_id,label\nred/red00.jpg,red\nblue/blue01.jpg,blue\n", ["--set", "folds={name: given, file: no.csv}"], "no such file of folds"),
        ("image_id,label\nred/nowhere.jpg,red\nblue/nowhere.jpg,blue\n", [], "nowhere.jpg"),
        ("image_id,label\nred/red00.jpg,red\nblue/blue01.jpg,blue\n", ["--test", "nowhere"], "nowhere"),
    ],
)  # fmt: skip
def test_bad_data_is_code_2_and_one_message(text, more, says, class_folder, tmp_path, capsys):
    table = bad_table(tmp_path, text)
    code, out, err = call(
        capsys, "run", table, "--images", class_folder, *FAST, *more, "--out", tmp_path / "run"
    )
    assert (code, out) == (2, "")
    assert err.count("error: ") == 1
    assert says in err
    assert "Traceback" not in err


def test_no_photo_at_all(tmp_path, capsys):
    (tmp_path / "photos/red").mkdir(parents=True)
    for where in ("photos", "nowhere"):
        code, _, err = call(capsys, "run", tmp_path / where, "--out", tmp_path / "run")
        assert code == 2
        assert err.startswith("error: ")
    assert not (tmp_path / "run").exists()


def test_a_leak_is_code_2(class_folder, tmp_path, capsys):
    ids = sorted(path.relative_to(class_folder).as_posix() for path in class_folder.glob("*/*.jpg"))
    table = pd.DataFrame({"image_id": ids, "label": [name.split("/")[0] for name in ids]})
    table["person"] = [f"p{number // 2}" for number in range(len(ids))]
    table["fold"] = [number % 2 for number in range(len(ids))]
    table.to_csv(tmp_path / "table.csv", index=False)
    code, _, err = call(
        capsys, "run", tmp_path / "table.csv", "--images", class_folder, "--out", tmp_path / "run",
        "--set", "data.group=person", "--set", f"folds={{name: given, file: {tmp_path / 'table.csv'}}}",
    )  # fmt: skip
    assert code == 2
    assert "18 groups stand in more than one fold" in err
    assert "'p0', 'p1'" in err


def test_weights_that_cannot_be_had(class_folder, tmp_path, capsys, monkeypatch):
    code, _, err = call(
        capsys, "run", class_folder, "--out", tmp_path / "run", "--set", f"models.lite0.weights={tmp_path / 'none.pt'}"
    )  # fmt: skip
    assert code == 2
    assert "none.pt" in err
    assert "Traceback" not in err


def test_predict_and_report_of_nothing(tmp_path, capsys):
    for words in (("predict", tmp_path, tmp_path), ("report", tmp_path)):
        code, _, err = call(capsys, *words)
        assert code == 2
        assert "not a run folder" in err


def test_a_run_that_was_stopped_early_has_a_log(class_folder, tmp_path, capsys, monkeypatch):
    import thresher.pipeline.run

    def stop(*given, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(thresher.pipeline.run, "deal_folds", stop)
    code, _, err = call(capsys, "run", class_folder, *FAST, "--out", tmp_path / "run")
    assert code == 130
    assert err.endswith("stopped; give the same command again to continue\n")
    events = [json.loads(line)["event"] for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert events == ["start", "stage", "stop"]
