"""What reports say of copies, light, drift and class shares, and the page of `thresher inspect`."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_run import make_dataset, make_run
from test_report_page import Page

from thresher.files import read_json, write_json
from thresher.inspect.drift import Drift
from thresher.inspect.inspection import Inspection
from thresher.inspect.photo_facts import FACTS
from thresher.inspect.survey import Survey
from thresher.report import inspection, write_report
from thresher.report.facts import read_facts
from thresher.report.inspect_page import render_inspection, write_inspection
from thresher.report.thumbnails import Thumbnails


def copies_of(dataset):
    """Two near copies with different labels, three in training and test, two with the same bytes."""
    ids, labels = dataset.ids, dataset.frame["label"].to_numpy(dtype=object)
    other = next(row for row in range(20, 140) if labels[row] != labels[12])
    first, second, third, fourth = [row for row in range(20, 140) if labels[row] == labels[14]][:4]
    rows = [(12, 0, "crop"), (other, 0, "crop"), (first, 1, "copy"), (second, 1, "copy"), (145, 1, "flipped")]
    rows += [(third, 2, "exact"), (fourth, 2, "exact")]
    table = pd.DataFrame(
        [(ids[row], cluster, kind, ids[row], 4, 0.9) for row, cluster, kind in rows],
        columns=["image_id", "cluster", "kind", "of", "distance", "agreement"],
    )
    return table.sort_values("cluster", kind="stable", ignore_index=True)


def facts_of(dataset, rows):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({name: rng.random(len(rows)).astype(np.float32) for name in FACTS})
    table.insert(0, "image_id", dataset.ids[rows])
    return table


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory):
    """A finished run that also left what inspecting leaves."""
    root = tmp_path_factory.mktemp("looked")
    dataset = make_dataset(root / "photos")
    run = make_run(root / "run", dataset, models=("m",), curves=False)
    copies_of(dataset).to_parquet(run.duplicates)
    rows = np.flatnonzero(dataset.usable)
    facts_of(dataset, rows).to_parquet(run.photo_facts)
    second = dataset.is_test[rows]
    scores = np.random.default_rng(1).normal(0, 1, len(rows)) + 3 * second
    table = {"image_id": dataset.ids[rows], "first": "training", "second": "test", "is_second": second}
    pd.DataFrame({**table, "score": scores}).to_parquet(run.drift)
    metrics = read_json(run.metrics)
    auc = {"value": 0.93, "low": 0.88, "high": 0.97}
    metrics["drift"] = [{"first": "training", "second": "test", "photos": [138, 19], "auc": auc}]
    metrics["leak"] = {"clusters": 2, "rows": 4, "rows_apart": 4, "rows_moved": 2}
    write_json(run.metrics, metrics)
    return run


@pytest.fixture(scope="module")
def page(looked_at):
    return Page(write_report(looked_at).read_text(encoding="utf-8"))


def test_copies_are_shown_the_harmful_first(page, looked_at):
    text = " ".join("".join(page.text).split())
    assert "7 photos are copies of each other, in 3 sets:" in text
    assert "1 of them stands in training and in test." in text
    assert "1 of them carries different labels." in text
    assert text.index("labels differ") < text.index("train and test")
    facts = read_facts(looked_at)
    found = inspection.copies(inspection_sets(facts), facts.dataset, Thumbnails(facts.paths))
    assert [one["labels_differ"] for one in found["sets"]] == [True, False, False]
    assert [one["both"] for one in found["sets"]] == [False, True, False]
    assert found["sets"][1]["ways"] == "resized, re-compressed or otherwise lit and mirrored or turned"
    assert [photo["split"] for photo in found["sets"][1]["photos"]] == ["train", "train", "test"]
    assert found["near"] == 2
    assert {"duplicates", "photo-facts", "drift", "ratios"} <= set(page.ids)


def inspection_sets(facts):
    from thresher.inspect.duplicates import copy_sets

    return copy_sets(facts.dataset, facts.copies)


def test_near_copies_in_two_folds_are_told_of(looked_at):
    from thresher.report.summary import honesty

    facts = read_facts(looked_at)
    apart = [one["text"] for one in honesty(facts) if "copies" in one["text"]]
    assert len(apart) == 1
    assert "with copies, exact or near, in more than one fold" in apart[0]
    together = replace(facts, fold=np.where(facts.fold >= 0, 0, -1))
    said = [one for one in honesty(together) if "No copy of a photo, exact or near" in one["text"]]
    assert said[0]["mark"] == "good"
    assert "2 photos had to move for that." in said[0]["text"]


def test_the_leak_is_told_in_words():
    measured = {
        "model": "lite0",
        "accuracy": {"value": 0.92},
        "accuracy_with_leak": {"value": 0.94},
        "accuracy_of_copies": {"value": 0.8},
        "accuracy_of_copies_with_leak": {"value": 1.0},
        "difference": {"value": 0.02, "low": 0.005, "high": 0.04},
    }
    text = inspection.leak(measured).replace("\u202f", " ")
    assert "would have been 94.0 % instead of 92.0 %, of the copies alone 100.0 % instead of 80.0 %" in text
    assert "(a difference of +0.5 to +4.0 points)" in text
    assert inspection.leak({"clusters": 3}) == inspection.leak({}) == ""


def test_facts_have_histograms_and_extreme_photos(page, looked_at):
    facts = read_facts(looked_at)
    found = inspection.photo_facts(facts.photo_facts, facts.dataset, Thumbnails(facts.paths))
    assert [one["name"] for one in found] == list(FACTS)
    bright = found[0]
    table = pd.read_parquet(looked_at.photo_facts).set_index("image_id")["brightness"].sort_values()
    assert [photo["id"] for photo in bright["ends"][0]["photos"]] == list(table.index[:6])
    assert [photo["id"] for photo in bright["ends"][1]["photos"]] == list(table.index[::-1][:6])
    assert max(bright["bars"]) == 1
    assert len(bright["bars"]) == 32
    assert bright["quantiles"][1] == f"{table.median():.3g}"
    assert sum(attributes.get("class") == "hist" for attributes in page.find("svg")) == 5
    equal = facts.photo_facts.assign(contrast=0.5)
    assert inspection.photo_facts(equal, facts.dataset, Thumbnails({}))[1]["range"] == ["0.5", "0.5"]


def test_drift_is_told_with_the_photos_that_give_a_source_away(page, looked_at):
    facts = read_facts(looked_at)
    (one,) = facts.drifts
    assert (one.names, one.auc, one.second.sum()) == (("training", "test"), 0.93, 19)
    text = " ".join("".join(page.text).split())
    assert (
        "Training and test can nearly always be told apart by their photos (AUC 0.93 (0.88 to 0.97)" in text
    )
    shown = inspection.drift(facts.drifts, facts.dataset, Thumbnails(facts.paths))[0]["sides"]
    assert [side["name"] for side in shown] == ["training", "test"]
    table = pd.read_parquet(looked_at.drift)
    best = table[table["is_second"]].sort_values("score", ascending=False)["image_id"]
    assert [photo["id"] for photo in shown[1]["photos"]] == list(best[:6])
    weak = Drift(one.names, one.rows, one.second, one.scores, 0.55, 0.51, 0.6)
    assert inspection.drift([weak], facts.dataset, Thumbnails({}))[0]["sides"] == []


def test_class_shares_of_the_answers(looked_at):
    facts = read_facts(looked_at)
    found = inspection.ratios(facts.test, facts.dataset)
    answers = facts.test.scores.argmax(1)
    names = facts.dataset.classes
    rows = {row["name"]: row["test"]["text"] for row in found["rows"]}
    assert rows == {name: f"{100 * np.mean(answers == place):.1f}\u202f%" for place, name in enumerate(names)}
    assert inspection.ratios(None, facts.dataset) is None
    unlabelled = replace(facts.dataset, frame=facts.dataset.frame.assign(label=None))
    assert inspection.ratios(facts.test, unlabelled) is None


def test_without_what_inspecting_leaves_the_page_is_what_it_was(tmp_path):
    dataset = make_dataset(tmp_path / "photos")
    run = make_run(tmp_path / "run", dataset, models=("m",), curves=False, test=False)
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "Only files with the same bytes: near copies were not looked for." in "".join(page.text)
    assert not {"photo-facts", "drift", "ratios"} & set(page.ids)


def survey_of(dataset):
    counts = pd.DataFrame({"class": list(dataset.classes), "count": 20, "share": 1 / 7})
    sizes = pd.DataFrame({"min": [40.0], "median": [60.0], "max": [90.0]}, index=["width"])
    nothing = dataset.frame.iloc[:0]
    looked = Inspection(
        {"train": 140, "unlabelled": 0, "test": 20}, counts, 1.0, pd.concat([sizes, sizes]), {}, nothing, ()
    )
    rows = np.flatnonzero(dataset.usable)
    table = facts_of(dataset, rows).drop(columns="image_id").set_index(rows)
    drift = Drift(("north", "<b>south</b>"), rows, rows % 2 == 0, np.arange(len(rows)), 0.8, 0.7, 0.9)
    looked.sizes.index = ["width", "height"]
    return Survey(dataset, looked, table, copies_of(dataset), (drift,))


def test_the_page_of_inspect(tmp_path):
    dataset = make_dataset(tmp_path / "photos")
    path = write_inspection(survey_of(dataset), "my <i>photos</i>", tmp_path / "deep/page.html")
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    text = " ".join("".join(page.text).split())
    assert "<i>photos" not in html.split("<title>")[1]
    assert "<b>south" not in html
    assert [attributes["id"] for attributes in page.find("section")] == ["summary", "data"]
    assert {"sample", "broken", "duplicates", "photo-facts", "drift"} <= set(page.ids)
    links = {attributes["href"][1:] for attributes in page.find("a")}
    assert links <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "5 photos are near copies of each other, in 2 sets." in text
    assert "1 photo carries different labels on near copies." in text
    assert "North and <b>south</b> can well be told apart" in text
    assert not [a for tag, a in page.elements if a.get("src", "data:")[:5] != "data:"]
    assert render_inspection(survey_of(dataset), "my <i>photos</i>") == html


def test_the_page_of_hardly_anything(tmp_path):
    dataset = make_dataset(tmp_path / "photos", photos=2, test=0, names=("only",), files=False)
    found = survey_of(make_dataset(tmp_path / "other"))
    empty = replace(
        found,
        dataset=replace(dataset, frame=dataset.frame.assign(label=None)),
        facts=found.facts.iloc[:0],
        copies=found.copies.iloc[:0],
        drifts=(),
    )
    text = "".join(Page(render_inspection(empty, "empty")).text)
    assert "No photo is a copy of another." in text


def test_metrics_of_drift_are_plain_json(looked_at):
    assert json.loads(looked_at.metrics.read_text())["drift"][0]["auc"]["value"] == 0.93
