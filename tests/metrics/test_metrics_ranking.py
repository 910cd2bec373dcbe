"""AUC against scikit-learn and by counting pairs, MAP@k by a loop, metrics by name."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, top_k_accuracy_score

from thresher.errors import RecipeError
from thresher.metrics.metric import MetricName, metric
from thresher.metrics.ranking import auc, map_at_k, reciprocal_ranks
from thresher.metrics.scores import METRICS
from thresher.registry import Part, Registry


def made(rows=200, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(classes, 0.5), rows)
    return np.where(rng.random(rows) < 0.5, scores.argmax(1), rng.integers(0, classes, rows)), scores


def test_auc_is_scikit_learns():
    for classes in (3, 6):
        targets, scores = made(classes=classes)
        assert auc(targets, scores) == pytest.approx(roc_auc_score(targets, scores, multi_class="ovr"))
    targets, scores = made(classes=2)
    assert auc(targets, scores) == pytest.approx(roc_auc_score(targets, scores[:, 1]))


def test_auc_counts_equal_scores_half_and_leaves_out_what_cannot_be_asked():
    scores = np.array([[0.2, 0.8], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]])
    targets = np.array([1, 1, 0, 0])
    pairs = [(0.8, 0.5), (0.8, 0.1), (0.5, 0.5), (0.5, 0.1)]
    assert auc(targets, scores) == np.mean([(a > b) + 0.5 * (a == b) for a, b in pairs])
    assert np.isnan(auc(np.zeros(4, int), scores))
    assert np.isnan(auc(np.zeros(0, int), scores[:0]))
    wide = np.concatenate([scores, np.zeros((4, 1))], axis=1)  # a class without a photo
    assert auc(targets, wide) == auc(targets, scores)


def test_map_at_k_by_a_loop():
    targets, scores = made(rows=60, classes=7)
    scores = np.round(scores, 1)  # with equal ones
    for k in (1, 3, 7):
        total = 0.0
        for target, row in zip(targets, scores, strict=True):
            order = sorted(range(7), key=lambda index: (-row[index], index))
            place = order.index(target) + 1
            total += 1 / place if place <= k else 0
        assert map_at_k(targets, scores, k) == pytest.approx(total / 60)
    assert map_at_k(targets, scores, 1) == METRICS["accuracy"](targets, scores)
    found = (reciprocal_ranks(targets, made(60, 7)[1], 3) > 0).mean()
    assert found == top_k_accuracy_score(targets, made(60, 7)[1], k=3)
    assert np.isnan(map_at_k(targets[:0], scores[:0], 3))


def test_metrics_by_name(tmp_path, monkeypatch):
    targets, scores = made()
    for name in METRICS:
        assert metric(name)(targets, scores) == METRICS[name](targets, scores)
    assert metric("auc")(targets, scores) == auc(targets, scores)
    assert metric("map@3")(targets, scores) == map_at_k(targets, scores, 3)
    assert metric("log_loss").gain(targets, scores) == -METRICS["log_loss"](targets, scores)
    (tmp_path / "of_mine.py").write_text(
        "def first(targets, scores): return (scores[:, 0] * (targets == 0)).sum()\n"
        "def cost(targets, scores): return (scores[:, 0] * (targets != 0)).sum()\n"
        "cost.lower_is_better = True\n"
        "number = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    assert metric("of_mine:first").gain(targets, scores) == pytest.approx(scores[targets == 0, 0].sum())
    assert metric("of_mine:cost").gain(targets, scores) == pytest.approx(-scores[targets != 0, 0].sum())
    with pytest.raises(RecipeError, match="number is no function"):
        metric("of_mine:number")
    with pytest.raises(RecipeError, match="has no attribute 'last'"):
        metric("of_mine:last")
    with pytest.raises(RecipeError, match="No module named 'of_yours'"):
        metric("of_yours:first")


class Wanting:
    """A part with a metric."""

    def __init__(self, *, metric: MetricName = "accuracy"):
        self.metric = metric


def test_a_setting_that_names_a_metric_is_checked_when_the_recipe_is_read():
    parts = Registry("of a test", [Part("wanting", f"{__name__}:Wanting", "wants")])
    assert parts.check("wanting", {"metric": "map@5"}) == {"metric": "map@5"}
    with pytest.raises(RecipeError, match="no metric is named 'acuracy'; did you mean 'accuracy'"):
        parts.check("wanting", {"metric": "acuracy"})
    for name in ("map@0", "map@", "map", "AUC "):
        with pytest.raises(RecipeError, match="no metric is named"):
            parts.check("wanting", {"metric": name})
