"""The table of issues, its probabilities, and how many labels of each class are wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from labels_kit import odd_evidence, planted

from thresher import labels
from thresher.errors import DataError, RecipeError
from thresher.labels import Finder, Suspicion
from thresher.labels.amounts import amount, amounts
from thresher.labels.base import best_other
from thresher.labels.issues import REFERENCE, find_issues, rising
from thresher.registry import Part

CLASSES = ("ash", "birch", "cedar", "elm", "fir")
METHOD = "normalised_margin"


class Bayes(Finder):
    """Stands for a finder with a posterior."""

    def find(self, evidence, seed=0):
        rows = np.arange(len(evidence.targets))
        odds = np.array(evidence.scores) ** 2
        odds[rows, evidence.targets] *= 3
        posterior = odds / odds.sum(1, keepdims=True)
        score = 5 - 2 * posterior[rows, evidence.targets]
        return Suspicion(score, best_other(posterior, evidence.targets), posterior)


def with_reference(monkeypatch, kind=Bayes):
    """The registry with ``kind`` as the finder whose posterior counts."""
    parts = {name: part for name, part in labels.REGISTRY.parts.items() if name != REFERENCE}
    monkeypatch.setattr(labels.REGISTRY, "parts", parts)
    if kind is not None:
        monkeypatch.setattr(labels, "Stand", kind, raising=False)
        labels.REGISTRY.add(Part(REFERENCE, "thresher.labels:Stand", "of a test"))


def ids_of(evidence):
    return [f"p{row}" for row in range(len(evidence.targets))]


def test_the_columns_and_what_they_hold(monkeypatch):
    with_reference(monkeypatch)
    evidence, _ = planted()
    cluster = np.array(["c1", *[None] * 299], dtype=object)
    found = find_issues(evidence, ids_of(evidence), CLASSES, METHOD, cluster=cluster)
    frame = found.frame
    names = sorted(part.name for part in labels.list_finders())
    assert list(frame) == ["image_id", "given", "suggested", "probability", "rank", *names, "cluster"]
    assert frame["image_id"].tolist() == ids_of(evidence)
    assert frame["given"].tolist() == [CLASSES[target] for target in evidence.targets]
    assert (frame["given"] != frame["suggested"]).all()
    assert sorted(frame["rank"]) == list(range(1, 301))
    assert frame["probability"].between(0, 1).all()
    assert frame["cluster"].notna().tolist() == [True, *[False] * 299]
    for name in names:
        alone = labels.REGISTRY.build(name).find(evidence)
        assert np.array_equal(frame[name], alone.score)
    by_rank = frame.sort_values("rank")
    assert by_rank[METHOD].is_monotonic_decreasing
    assert by_rank["probability"].is_monotonic_decreasing
    assert found.notes == ()


def test_a_posterior_gives_the_probability(monkeypatch):
    with_reference(monkeypatch)
    evidence, wrong = planted()
    found = find_issues(evidence, ids_of(evidence), CLASSES)
    posterior = Bayes().find(evidence).posterior
    expected = 1 - posterior[np.arange(300), evidence.targets]
    np.testing.assert_allclose(found.frame["probability"], expected)
    assert np.array_equal(found.posterior, posterior)
    assert wrong[np.argsort(found.frame["rank"])][: wrong.sum() // 2].all()


def test_without_one_it_is_the_nearest_that_rises_with_the_score(monkeypatch):
    from sklearn.isotonic import IsotonicRegression

    evidence, _ = planted(2)
    for kind in (Bayes, None):
        with_reference(monkeypatch, kind)
        issues = find_issues(evidence, ids_of(evidence), CLASSES, METHOD)
        found, notes = issues.frame, issues.notes
        scores = Bayes().find(evidence).posterior if kind else evidence.scores
        doubt = 1 - scores[np.arange(300), evidence.targets]
        fitted = IsotonicRegression().fit_transform(found[METHOD], doubt)
        np.testing.assert_allclose(found["probability"], fitted, atol=1e-9)
        assert found["probability"].sum() == pytest.approx(doubt.sum())
        assert (kind is None) == any("counts too many labels as wrong" in note for note in notes)


def test_equal_scores_get_equal_probabilities():
    score = np.array([1.0, 3, 3, 2, 1])
    np.testing.assert_allclose(
        rising(score, np.array([0.1, 0.9, 0.5, 0.8, 0.3])),
        [0.2, 0.7 + 0.2 / 6, 0.7 + 0.2 / 6, 0.7 + 0.2 / 6, 0.2],
    )


def test_a_finder_that_cannot_run_has_no_column_and_is_told():
    evidence, _ = planted()
    alone = replace(evidence, members=None, embeddings=None)
    found = find_issues(alone, ids_of(evidence), CLASSES, METHOD)
    assert not {"knn_vote", "agreement", "loss_over_seeds"} & set(found.frame)
    assert {METHOD, "self_confidence"} <= set(found.frame)
    assert [note for note in found.notes if "knn_vote needs embeddings" in note]
    with pytest.raises(DataError, match="embeddings"):
        find_issues(alone, ids_of(evidence), CLASSES, "knn_vote")


def test_settings_go_to_the_method_alone():
    evidence, _ = planted()
    found = find_issues(evidence, ids_of(evidence), CLASSES, "knn_vote", {"k": 3}).frame
    expected = labels.REGISTRY.build("knn_vote", {"k": 3}).find(evidence).score
    assert np.array_equal(found["knn_vote"], expected)
    with pytest.raises(RecipeError, match="no setting 'l'"):
        find_issues(evidence, ids_of(evidence), CLASSES, "knn_vote", {"l": 3})
    with pytest.raises(RecipeError, match="did you mean 'knn_vote'"):
        find_issues(evidence, ids_of(evidence), CLASSES, "knn_votes")


@pytest.mark.parametrize("name", odd_evidence())
def test_nothing_odd_makes_it_fail(name):
    evidence = odd_evidence()[name]
    classes = [f"class {k}" for k in range(evidence.classes)]
    frame = find_issues(evidence, ids_of(evidence), classes, METHOD).frame
    assert sorted(frame["rank"]) == list(range(1, len(evidence.targets) + 1))
    assert frame["probability"].between(0, 1).all()
    table = amounts(frame["given"], frame["probability"], classes)
    assert (table["low"] <= table["high"]).all()
    assert table["photos"].sum() == len(frame)


def test_amounts_are_those_of_a_bootstrap_with_coins():
    """The interval in closed form, against 20,000 draws: photos with replacement, then a coin for each."""
    rng = np.random.default_rng(0)
    probability = rng.beta(0.3, 2, 150)
    drawn = probability[rng.integers(0, 150, (20_000, 150))]
    wrong = (rng.random(drawn.shape) < drawn).sum(1)
    estimate, low, high = amount(probability)
    assert estimate == pytest.approx(probability.sum())
    assert np.abs(np.quantile(wrong, [0.025, 0.975]) - [low, high]).max() <= 1
    assert abs(wrong.mean() - estimate) < 0.2


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        probability = rng.beta(0.5, 2, 60)
        truth = (rng.random(60) < probability).sum()
        _, low, high = amount(probability)
        hits += low <= truth <= high
    assert hits / 400 >= 0.95  # a little wide for these very photos: it also allows for others


def test_amounts_class_by_class():
    given = np.array(["b", "a", "b", "b"], dtype=object)
    table = amounts(given, np.array([1.0, 0.0, 0.5, 1.0]), ["a", "b", "c"])
    expected = pd.DataFrame({"class": ["a", "b", "c"], "photos": [1, 3, 0], "wrong": [0.0, 2.5, 0.0]})
    pd.testing.assert_frame_equal(table[["class", "photos", "wrong"]], expected)
    assert table["low"].tolist() == [0, 1, 0]
    assert table["high"].tolist() == [0, 3, 0]
    assert amount(np.ones(5)) == (5.0, 5, 5)
