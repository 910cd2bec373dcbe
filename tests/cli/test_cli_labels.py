"""`thresher labels`: what it hands over, what it prints, which words do not go together."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from thresher.cli import main
from thresher.labels.amounts import amounts
from thresher.run_folder import RunFolder

CLASSES = [f"class [{number}]" for number in range(24)]


@pytest.fixture
def flow(monkeypatch, tmp_path):
    """Stands in for the pipeline; records what it was given."""
    seen = SimpleNamespace()
    rng = np.random.default_rng(0)
    given = [CLASSES[number % 24] for number in range(1200)]
    probability = rng.random(1200) ** 6
    rank = np.argsort(np.argsort(-probability)) + 1
    columns = {"image_id": [f"p{n}.jpg" for n in range(1200)], "given": given, "suggested": given[::-1]}
    frame = pd.DataFrame({**columns, "probability": probability, "rank": rank})

    def answer(kind):
        def judge(first, *given, progress, **more):
            seen.kind, seen.given = kind, (first, *given, more)
            table = amounts(frame["given"].to_numpy(), probability, CLASSES)
            sheet = None if kind == "scores" else Path("x/labels/sheet.html")
            folder = RunFolder(Path("x"))
            return SimpleNamespace(
                folder=folder, issues=frame, amounts=table, total=(171.4, 150, 1093), sheet=sheet
            )

        return judge

    fake = SimpleNamespace(judge_run=answer("run"), judge_scores=answer("scores"))
    monkeypatch.setitem(sys.modules, "thresher.pipeline.label_issues", fake)
    monkeypatch.chdir(tmp_path)
    seen.frame = frame
    return seen


def call(capsys, *words):
    """Exit code, stdout and stderr of one command."""
    with pytest.raises(SystemExit) as left:
        main(["labels", *map(str, words)])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def test_a_run_and_the_settings_of_the_finder(flow, capsys):
    words = "runs/mine --method knn_vote --set k=20 --set smoothing=0.5 --out there"
    code, _, err = call(capsys, *words.split())
    assert (code, err) == (0, "")
    assert flow.kind == "run"
    assert flow.given == (Path("runs/mine"), "knn_vote", {"k": 20, "smoothing": 0.5}, Path("there"), {})


def test_scores_and_what_goes_with_them(flow, capsys):
    words = "--scores a.csv --scores b.csv --data d/train.csv --images d/train --embeddings e.npy"
    words += " --method oof_threshold --set copies=3 --set data.image_id=file --set data.classes=[b,a]"
    code, _, err = call(capsys, *words.split())
    assert (code, err) == (0, "")
    files, out, method, settings, more = flow.given
    assert files == [Path("a.csv"), Path("b.csv")]
    assert (out, method, settings) == (
        Path("runs/labels-d"),
        "oof_threshold",
        {"copies": 3, "threshold": 1.6},
    )
    assert (more["data"], more["images"], more["embeddings"]) == (
        Path("d/train.csv"),
        Path("d/train"),
        Path("e.npy"),
    )
    assert (more["section"].image_id, more["section"].classes) == ("file", ("b", "a"))
    call(capsys, "--scores", "some/oof.csv", "--method", "agreement")
    assert flow.given[1] == Path("runs/labels-oof")


def test_what_it_prints(flow, capsys):
    _, out, _ = call(capsys, "r", "--method", "knn_vote")
    lines = out.splitlines()
    first = flow.frame.sort_values("rank").head(15)
    for line, row in zip(lines[1:16], first.to_dict("records"), strict=True):
        assert line.split("  ")[0] == row["image_id"]
        assert row["given"] in line
        assert line.rstrip().endswith(f"{row['probability']:.0%}")
    assert lines[17].split() == ["class", "photos", "wrong", "95", "%"]
    shown = [line for line in lines[18:38] if line.startswith("class [")]
    assert len(shown) == 20
    estimates = [float(line.split()[3]) for line in shown]
    assert estimates == sorted(estimates, reverse=True)
    assert lines[38].strip() == "and 4 more in amounts.csv"
    facts = dict(line.strip().split("  ", 1) for line in lines[40:])
    assert facts["wrong labels"].strip() == "about 171 of 1,200  (95 %: 150 to 1,093)"
    assert [facts[name].strip() for name in ("sheet", "issues", "amounts")] == [
        "x/labels/sheet.html",
        "x/labels/issues.parquet",
        "x/labels/amounts.csv",
    ]
    _, out, _ = call(capsys, "--scores", "a.csv", "--method", "agreement")
    assert "sheet" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "either the folder of a run or --scores"),
        ("r --scores a.csv", "either the folder of a run or --scores"),
        ("r --data d.csv --embeddings e.npy", "--data, --embeddings: for --scores only"),
        ("r --set data.label=x", "--set data: for --scores only"),
        ("r --method knn_votes", "did you mean 'knn_vote'?"),
        ("r --method knn_vote --set k=0", "k = 0"),
        ("r --method knn_vote --set neighbours=3", "no setting 'neighbours'"),
        ("r --method knn_vote --set k", "--set k: write key=value"),
        ("r --method knn_vote --set k=[", "--set k=["),
        ("--scores a.csv --method agreement --set data.labels=x", "did you mean 'label'?"),
    ],
)
def test_what_does_not_go_together_is_told(flow, capsys, words, message):
    code, out, err = call(capsys, *words.split())
    assert (code, out) == (2, "")
    assert message in err.replace("\n", " ")
    assert err.startswith("error: ")
    assert not hasattr(flow, "kind")
