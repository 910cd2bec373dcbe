"""`thresher compare` as a user calls it."""

import numpy as np
import pandas as pd
import pytest

from thresher.cli import main
from thresher.cli.compare import bar


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 400)
    names = np.array(["cat", "dog"])
    for name, share in (("base", 0.8), ("same", 0.81), ("good", 0.93)):
        right = rng.uniform(size=400) < share
        p = np.where(right, 0.8, 0.2)
        scores = np.where(np.eye(2, dtype=bool)[targets], p[:, None], 1 - p[:, None])
        frame = pd.DataFrame({"image_id": np.arange(400), "cat": scores[:, 0], "dog": scores[:, 1]})
        frame.assign(label=names[targets]).to_csv(f"{name}.csv", index=False)
    return tmp_path


def call(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["compare", *words])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def test_two(tables, capsys):
    code, out, _ = call(capsys, "base.csv", "good.csv", "--out", "page.html", "--resamples", "500")
    assert code == 0
    assert out.startswith("good is better by ")
    assert ", p < 0.001\n" in out
    assert "400 photos of 2 classes that all of them scored" in out
    assert "only good right: " in out
    assert "→" in out
    assert (tables / "page.html").is_file()
    assert "page.html" in out


def test_three_are_corrected_and_the_best_is_marked(tables, capsys):
    code, out, _ = call(capsys, "base.csv", "same.csv", "good.csv", "--resamples", "500")
    assert code == 0
    assert "same: no difference can be seen with 400 photos; about " in out
    assert "good is better by " in out
    assert out.count("corrected for 2 comparisons") == 3  # each sentence, and what was compared
    assert "(best)" in out.split("good  ")[-1]


def test_what_a_user_can_put_right(tables, capsys):
    assert call(capsys, "base.csv")[0] == 2
    assert "name two runs" in call(capsys, "base.csv")[2]
    assert "name an .html file" in call(capsys, "base.csv", "good.csv", "--out", "page.pdf")[2]
    assert "no such run folder" in call(capsys, "base.csv", "god.csv")[2]


@pytest.mark.parametrize(
    ("interval", "drawn"),
    [
        ((-2, -1, 1), "──●─┼──  "),
        ((0.5, 1, 2), "    │─●──"),
        ((0, 0, 0), "    ●    "),
        ((-1, 0.5, 2), "  ──┼●───"),
        ((-9, -1, -0.5), "──●─│    "),
    ],
)
def test_an_interval_as_text(interval, drawn):
    """Nine letters from -2 to 2: each half a unit."""
    assert bar(*interval, reach=2, width=9) == drawn
