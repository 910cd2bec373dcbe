"""Comparisons: what is opened, where each stands, and the page."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_run import make_dataset, make_run, simulate

from thresher.errors import DataError, RunError
from thresher.metrics.comparison import compare
from thresher.predictions import Predictions
from thresher.report.comparison import sentences, write_comparison
from thresher.report.forest import forest
from thresher.report.sides import open_sides, read_labels
from thresher.report.standing import stand


@pytest.fixture(scope="module")
def grouped(tmp_path_factory):
    """A run whose photos come in threes."""
    root = tmp_path_factory.mktemp("grouped")
    return make_run(root / "base", make_dataset(root / "photos", group=True), resamples=100).root


@pytest.fixture(scope="module")
def other(grouped):
    """The same photos in another run, with better scores."""
    from thresher.dataset.store import load_dataset
    from thresher.run_folder import RunFolder

    dataset, _ = load_dataset(grouped / "dataset.parquet")
    run = RunFolder(grouped.parent / "better")
    base = Predictions.load(grouped / "predictions/oof.parquet")
    rows = np.flatnonzero(dataset.labelled & dataset.usable)
    scores = simulate(dataset, rows, 77, skill=6)
    Predictions(dataset.ids[rows], scores, dataset.classes, "oof", base.labels, base.folds).save(
        run.predictions("oof")
    )
    run.recipe.write_text("name: better\n")
    run.dataset.write_bytes((grouped / "dataset.parquet").read_bytes())
    return run.root


@pytest.fixture
def tables(tmp_path):
    """Scores of another program: numbered columns, no labels, ids without extension; and the labels."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 90)
    for name, skill in (("one", 1.0), ("two", 2.5)):
        raw = np.exp(rng.normal(size=(90, 3)) + skill * np.eye(3)[targets])
        frame = pd.DataFrame(raw / raw.sum(1, keepdims=True), columns=["c0", "c1", "c2"])
        frame.insert(0, "image_id", [f"p{i:02d}" for i in range(90)])
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    labels = pd.DataFrame({"image_id": [f"p{i:02d}.jpg" for i in range(90)], "label": targets.astype(str)})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def test_runs_bring_their_labels_groups_and_photos(grouped, other):
    a, b = open_sides([grouped, other])
    assert (a.name, b.name) == ("base", "better")
    assert a.groups["photo 0006, é.jpg"] == a.groups["photo 0008, é.jpg"] == "p2"
    assert a.paths["photo 0006, é.jpg"].endswith("photo 0006, é.jpg")
    standing = stand([a, b], 500)
    groups = np.array([a.groups[one] for one in a.scores.ids], dtype=object)
    straight = compare(a.scores, b.scores, 500, groups=groups, names=("base", "better"))
    assert standing.comparisons == (straight,)
    assert straight.groups == len(set(groups))
    assert standing.best == 1
    # Grouped intervals are those of the run itself.
    from thresher.metrics.intervals import intervals

    assert standing.metrics[0] == intervals(a.scores, 500, 0, groups)


def test_a_file_takes_the_groups_of_the_run_beside_it(grouped, other):
    sides = open_sides([other / "predictions/oof.parquet", grouped])
    assert not sides[0].groups
    assert (
        stand(sides, 200).comparisons[0].groups
        == stand(open_sides([other, grouped]), 200).comparisons[0].groups
    )


def test_tables_of_other_programs(tables):
    sides = open_sides([tables / "one.csv", tables / "two.csv"], tables / "labels.csv")
    assert [side.name for side in sides] == ["one", "two"]
    frame, labels = pd.read_csv(tables / "two.csv"), pd.read_csv(tables / "labels.csv")
    right = frame[["c0", "c1", "c2"]].to_numpy().argmax(1) == labels["label"].to_numpy()
    standing = stand(sides, 300)
    assert standing.metrics[1]["accuracy"]["value"] == right.mean()
    assert standing.comparisons[0].n == 90
    assert standing.comparisons[0].groups is None
    # Fewer labels, fewer photos.
    labels.head(30).to_csv(tables / "few.csv", index=False)
    assert (
        stand(open_sides([tables / "one.csv", tables / "two.csv"], tables / "few.csv"), 100).comparisons[0].n
        == 30
    )


def test_classes_in_another_order(grouped, other):
    a, b = open_sides([grouped, other])
    order = list(range(len(b.scores.classes)))[::-1]
    turned = Predictions(
        b.scores.ids,
        b.scores.scores[:, order],
        b.scores.classes[::-1],
        "oof",
        b.scores.labels,
        b.scores.folds,
    )
    assert stand([a, replace(b, scores=turned)], 200).metrics == stand([a, b], 200).metrics


def test_the_names_tell_them_apart(grouped, tmp_path):
    oof = Predictions.load(grouped / "predictions/oof.parquet")
    paths = [
        tmp_path / name / "oof.csv"
        for name in ("x/run/predictions/m", "y/run/predictions/m", "y/run/predictions")
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        oof.save(path)
    x, y, whole = paths

    def names(*given):
        return [side.name for side in open_sides(given)]

    assert names(y, whole) == ["m", "run"]
    assert names(x, x) == ["run/predictions/m 1", "run/predictions/m 2"]
    (tmp_path / "a.csv").write_bytes(x.read_bytes())
    assert names(tmp_path / "a.csv", y) == ["a", "m"]
    deep = tmp_path / "other" / "a.csv"
    deep.parent.mkdir()
    oof.save(deep)
    assert names(tmp_path / "a.csv", deep)[1] == "other/a"


def test_what_cannot_be_opened(grouped, tables, tmp_path):
    with pytest.raises(DataError, match="no such run folder or file of scores"):
        open_sides([grouped, tmp_path / "nothing"])
    with pytest.raises(DataError, match="Give a table of them: --labels"):
        open_sides([tables / "one.csv", tables / "two.csv"])
    with pytest.raises(RunError, match="not a run folder"):
        open_sides([grouped, tmp_path])
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun/recipe.yaml").write_text("name: x\n")
    with pytest.raises(RunError, match="no out-of-fold scores yet"):
        open_sides([grouped, tmp_path / "begun"])
    labels = pd.read_csv(tables / "labels.csv", dtype=str)
    labels["label"] = labels["label"].replace("1", "cow")
    labels.to_csv(tables / "cows.csv", index=False)
    with pytest.raises(DataError, match="no scores for the classes '0', '2', 'cow' of"):
        open_sides([grouped, tables / "one.csv"], tables / "cows.csv")
    pd.concat([labels, labels.head(1)]).to_csv(tables / "twice.csv", index=False)
    with pytest.raises(DataError, match=r"more than once: 'p00\.jpg'"):
        read_labels(tables / "twice.csv")
    labels.rename(columns={"label": "labels"}).to_csv(tables / "typo.csv", index=False)
    with pytest.raises(DataError, match="no column 'label'; did you mean 'labels'"):
        read_labels(tables / "typo.csv")


def test_the_page(grouped, other, tmp_path):
    sides = open_sides([grouped, other])
    standing = stand(sides, 300)
    one = standing.comparisons[0]
    page = write_comparison(tmp_path / "compare.html", standing, sides[0].paths).read_text(encoding="utf-8")
    assert one.seen
    assert f"{one.sentence}." in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert len(re.findall("data:image/jpeg", page)) == min(12, one.only_a) + min(12, one.only_b)
    for name in ("answer", "scores", "classes", "photos"):
        assert f'<section id="{name}"' in page
        assert f'href="#{name}"' in page
    value = 100 * one.differences["accuracy"]["value"]
    assert f'<span class="change better">{value:+.1f}</span>' in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert (
        write_comparison(tmp_path / "again.html", standing, sides[0].paths).read_text(encoding="utf-8")
        == page
    )


def test_of_several_each_answer_says_of_what(tables):
    good, bad = open_sides([tables / "one.csv", tables / "two.csv"], tables / "labels.csv")
    better = [side.name for side in (good, bad)]
    standing = stand([good, bad, replace(good, name="third")], 200)
    if not standing.comparisons[0].seen:
        pytest.fail("the first two are to differ")
    worse = standing.comparisons[0].differences["accuracy"]["value"] < 0
    words = f"{better[1]}: {better[0]} is better by " if worse else f"{better[1]} is better by "
    assert sentences(standing)[0].startswith(words)
    turned = stand([bad, good, replace(bad, name="third")], 200)
    other = f"{better[0]} is better by " if worse else f"{better[0]}: {better[1]} is better by "
    assert sentences(turned)[0].startswith(other)


def test_the_page_of_several_without_photos(tables, tmp_path):
    sides = open_sides([tables / "one.csv", tables / "two.csv"], tables / "labels.csv")
    standing = stand([*sides, replace(sides[0], name="third")], 200)
    assert len(sentences(standing)) == 2
    assert sentences(standing)[1].startswith("third: no difference can be seen with 90 photos")
    page = write_comparison(tmp_path / "c.html", standing, {}, settings=["", "lr=1", "lr=2"]).read_text(
        "utf-8"
    )
    assert "corrected for 2 comparisons" in page
    assert "lr=2" in page
    assert "data:image" not in page
    assert "two is right, one is wrong" in page


def test_a_forest_draws_each_interval_where_it_is():
    rows = [
        ("a", {"value": 1.0, "low": -1.0, "high": 3.0}, False),
        ("b", {"value": -2.0, "low": -3.0, "high": -1.0}, True),
    ]
    drawn = forest("f", rows, "points")
    assert "var(--muted)" in drawn
    assert "var(--second)" in drawn  # b is seen to be worse
    assert "var(--accent)" not in drawn
    assert "var(--accent)" in forest("f", rows, "log-loss", lower=True)
    assert drawn == forest("f", rows, "points")
