"""What the page says of corrected and repaired labels."""

from dataclasses import replace

import pytest

from thresher.report.facts import read_facts
from thresher.report.page import render
from thresher.report.repairs import corrected, honesty, repaired

SCORE = {"value": 0.912, "low": 0.887, "high": 0.934}


@pytest.fixture
def facts(finished_run):
    return read_facts(finished_run)


def with_stage(facts, **stage):
    models = {"mended": {"stages": [{"kind": "repair", **stage}, {"kind": "linear"}]}}
    return replace(facts, recipe={"models": models})


def test_nothing_is_said_where_nothing_was_done(facts):
    assert corrected(facts) is None
    assert repaired(facts) == ""
    assert honesty(facts) == []
    assert "On corrected labels" not in render(facts)


def test_the_score_on_corrected_labels_stands_beside_the_other(facts):
    counts = {"keep": 2, "relabel": 1200, "drop": 1}
    metrics = {**facts.metrics, "oof_corrected": {"accuracy": SCORE}, "corrections": counts}
    page = render(replace(facts, metrics=metrics))
    assert "On corrected labels (2 confirmed, 1,200 relabelled and 1 dropped) the accuracy is 91.2" in page
    first = facts.metrics["oof"]["accuracy"]["value"]
    assert page.index(f"{100 * first:.1f}\u202f%") < page.index("On corrected labels")
    (said,) = honesty(replace(facts, metrics=metrics))
    assert said["mark"] == "warn"
    assert said["text"].startswith("1,203 labels of training photos came with a correction")


def test_how_much_was_repaired_and_how(facts):
    metrics = {**facts.metrics, "repaired": {"mended": {"photos": 12.5, "share": 0.0314}}}
    told = repaired(replace(with_stage(facts, action={"name": "weigh"}), metrics=metrics))
    assert told == (
        "Before mended learned, 3.1\u202f% of its training photos got another lesson than their given label "
        "(weigh). "
    )


def test_scores_of_models_that_know_the_fold_are_confessed(facts):
    (own,) = honesty(with_stage(facts, scores=None))
    assert own == {
        "mark": "good",
        "text": "The labels of mended were repaired among the training photos of a fold alone.",
    }
    (leaking,) = honesty(with_stage(facts, scores="first"))
    assert leaking["mark"] == "warn"
    assert "The labels of mended were judged by scores of first" in leaking["text"]
