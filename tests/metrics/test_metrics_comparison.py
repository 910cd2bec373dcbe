"""Comparisons: against scikit-learn draw by draw, coins by hand, luck alone; with groups; in plain words."""

from math import comb

import numpy as np
import pytest

from thresher.errors import DataError
from thresher.metrics.comparison import compare, compare_all
from thresher.predictions import Predictions

NAMES = np.array(["a", "b"], dtype=object)


def answers(right, targets, ids=None, classes=("a", "b")):
    """Scores that are right where told."""
    scores = np.where(np.eye(2, dtype=bool)[np.where(right, targets, 1 - targets)], 0.8, 0.2)
    order = [("a", "b").index(name) for name in classes]
    ids = np.array([f"{i}" for i in range(len(targets))], dtype=object) if ids is None else ids
    return Predictions(ids, scores[:, order], classes, "test", NAMES[targets])


def test_mcnemar_by_hand():
    targets = np.arange(40) % 2
    a, b = np.ones(40, bool), np.ones(40, bool)
    a[:9], b[9:11] = False, False
    found = compare(answers(a, targets), answers(b, targets), resamples=2000)
    assert (found.n, found.only_a, found.only_b, found.left_out) == (40, 2, 9, 0)
    assert found.p == pytest.approx(2 * sum(comb(11, k) for k in range(3)) / 2**11)
    assert found.differences["accuracy"]["value"] == pytest.approx(7 / 40)
    assert found.a["accuracy"] == pytest.approx(31 / 40)


def test_a_real_difference_is_said_and_signed():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 2000)
    a, b = rng.uniform(size=2000) < 0.80, rng.uniform(size=2000) < 0.86
    found = compare(answers(a, targets), answers(b, targets), resamples=1000)
    assert found.seen
    assert found.sentence.startswith("B is better by ")
    other = compare(answers(b, targets), answers(a, targets), resamples=1000, names=("new", "old"))
    assert other.sentence.startswith("new is better by ")
    low, high = (found.differences["accuracy"][key] for key in ("low", "high"))
    shown = f"({100 * low:.1f} to {100 * high:.1f})"
    assert shown in found.sentence


def test_the_paired_interval_is_that_of_the_differences():
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 2, 1500)
    a = rng.uniform(size=1500) < 0.8
    b = np.where(rng.uniform(size=1500) < 0.1, ~a, a)
    found = compare(answers(a, targets), answers(b, targets), resamples=4000).differences["accuracy"]
    error = 1.96 * np.std(b.astype(float) - a) / np.sqrt(1500)
    assert found["high"] - found["low"] == pytest.approx(2 * error, rel=0.08)


def test_the_same_scores_differ_in_nothing():
    same = answers(np.ones(1228, bool), np.arange(1228) % 2)
    found = compare(same, same, resamples=200)
    assert found.p == 1.0
    assert found.differences["log_loss"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found.sentence.startswith("no difference can be seen with 1,228 photos")
    assert compare(same, same, resamples=200, groups=np.arange(1228) // 3).p == 1.0


def test_luck_is_called_a_difference_in_at_most_about_5_percent():
    rng, seen = np.random.default_rng(2), 0
    targets = np.arange(150) % 2
    for trial in range(200):
        a, b = (rng.uniform(size=150) < 0.75 for _ in "ab")
        seen += compare(answers(a, targets), answers(b, targets), resamples=200, seed=trial).seen
    assert seen / 200 < 0.08


def test_groups_count_once():
    """Ten photos that change together are one piece of evidence."""
    rng = np.random.default_rng(3)
    targets = rng.integers(0, 2, 200)
    a = np.ones(200, bool)
    b = a.copy()
    b[:40] = False
    alone = compare(answers(a, targets), answers(b, targets), resamples=2000)
    together = compare(answers(a, targets), answers(b, targets), resamples=2000, groups=np.arange(200) // 10)
    assert alone.p < 1e-9
    assert together.p == pytest.approx(2 / 2**4, abs=0.03)  # four groups, all the same way
    assert not together.seen


def test_aligned_by_id_and_by_class_name():
    rng = np.random.default_rng(4)
    targets = rng.integers(0, 2, 300)
    a, b = rng.uniform(size=300) < 0.7, rng.uniform(size=300) < 0.8
    straight = compare(answers(a, targets), answers(b, targets), resamples=300)
    shuffled = answers(b, targets, classes=("b", "a")).take(rng.permutation(300))
    assert compare(answers(a, targets), shuffled, resamples=300) == straight
    fewer = compare(answers(a, targets), shuffled.take(np.arange(200)), resamples=300)
    assert (fewer.n, fewer.left_out) == (200, 100)


def test_what_cannot_be_compared():
    targets = np.arange(10) % 2
    a = answers(np.ones(10, bool), targets)
    with pytest.raises(DataError, match="'c' stand in one only"):
        compare(a, Predictions(a.ids, np.full((10, 3), 1 / 3), ("a", "b", "c"), "test", a.labels))
    with pytest.raises(DataError, match="labels differ for '0'"):
        compare(a, answers(np.ones(10, bool), 1 - targets))
    with pytest.raises(DataError, match="no photo was scored by both"):
        compare(a, answers(np.ones(10, bool), targets, ids=np.array([f"x{i}" for i in range(10)])))
    with pytest.raises(DataError, match="3 groups for 10 rows"):
        compare(a, a, groups=[1, 2, 3])


def chances(targets, skill, seed, classes=("a", "b", "c")):
    """Scores of a plausible model, as sure as it is able."""
    rng = np.random.default_rng(seed)
    raw = np.exp(rng.normal(size=(len(targets), len(classes))) + skill * np.eye(len(classes))[targets])
    ids = np.array([f"{i}.jpg" for i in range(len(targets))], dtype=object)
    labels = np.array(classes, dtype=object)[targets]
    return Predictions(ids, raw / raw.sum(1, keepdims=True), classes, "test", labels)


def test_every_metric_equals_a_plain_loop_over_scikit_learn():
    from sklearn import metrics as sk

    targets = np.random.default_rng(5).choice(3, 300, p=[0.6, 0.3, 0.1])
    a, b = chances(targets, 1.5, 6), chances(targets, 1.9, 7)
    found = compare(a, b, resamples=4000)

    def measured(scores, rows):
        given, said = targets[rows], scores[rows].argmax(1)
        loss = -np.log(scores[rows, given]).mean()
        precision, recall, f1, _ = sk.precision_recall_fscore_support(given, said, labels=[0, 1, 2])
        whole = [(given == said).mean(), recall.mean(), f1.mean(), loss]
        return np.concatenate([whole, recall, precision, f1])

    once = np.arange(300)
    before, after = measured(a.scores, once), measured(b.scores, once)
    assert after[3] == pytest.approx(sk.log_loss(targets, b.scores))
    rng = np.random.default_rng(8)
    drawn = np.empty((800, 13))
    for row in drawn:
        rows = rng.integers(0, 300, 300)
        row[:] = measured(b.scores, rows) - measured(a.scores, rows)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    cells = [found.differences[name] for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")]
    cells += [
        found.per_class[name][metric] for metric in ("recall", "precision", "f1") for name in ("a", "b", "c")
    ]
    for place, cell in enumerate(cells):
        scatter = drawn[:, place].std()
        assert cell["value"] == pytest.approx(after[place] - before[place])
        assert cell["low"] == pytest.approx(low[place], abs=0.45 * scatter)
        assert cell["high"] == pytest.approx(high[place], abs=0.45 * scatter)
    assert [found.per_class[name]["count"] for name in ("a", "b", "c")] == list(np.bincount(targets))
    assert found.per_class["b"]["f1"]["a"] == pytest.approx(before[4 + 7])
    assert found.per_class["b"]["f1"]["b"] == pytest.approx(after[4 + 7])
    share = (drawn[:, 3] >= 0).mean()  # the log-loss falls
    assert found.p_values["log_loss"] == pytest.approx(2 * share, abs=0.03)
    assert found.seen_in("log_loss")


def test_the_photos_that_changed_sides():
    targets = np.arange(6) % 2
    a = answers(np.array([1, 1, 0, 0, 1, 0], bool), targets)
    b = answers(np.array([1, 0, 1, 1, 1, 0], bool), targets)
    found = compare(a, b, resamples=100)
    assert (found.lost, found.gained) == (("1",), ("2", "3"))
    assert (found.only_a, found.only_b) == (1, 2)


def test_how_many_photos_would_be_needed():
    targets = np.arange(1228) % 2
    a, b = np.ones(1228, bool), np.ones(1228, bool)
    a[:35], b[35:61] = False, False  # 61 of 1,228 differ, by 9
    found = compare(answers(a, targets), answers(b, targets), resamples=300)
    # (1.95996 sqrt(d) + .84162 sqrt(d - delta^2))^2 / delta^2 with d = 61/1228, delta = 9/1228: 7,259.
    assert found.needed == 7000
    assert found.sentence.startswith(
        "no difference can be seen with 1,228 photos; about 7,000 would be needed: B minus A is +0.7 points"
    )
    pairs = compare(answers(a, targets), answers(b, targets), resamples=300, groups=np.arange(1228) // 2)
    # The 35 photos are 17 pairs and a half one, the 26 are 13: a pair counts 4, its photos 2.
    assert pairs.spread == pytest.approx((17 * 4 + 0 + 12 * 4 + 1) / 61)
    assert pairs.needed == 14_000
    assert "with 1,228 photos in 614 groups; about 14,000 would be needed" in pairs.sentence


def test_a_difference_that_is_seen_or_is_none_needs_no_photos():
    targets = np.arange(400) % 2
    a, b = np.ones(400, bool), np.ones(400, bool)
    a[:40] = False
    found = compare(answers(a, targets), answers(b, targets), resamples=300)
    assert found.needed is None
    assert "needed" not in found.sentence
    same = compare(answers(a, targets), answers(a, targets), resamples=300)
    assert same.needed is None
    assert "needed" not in same.sentence


def test_several_are_compared_with_the_first_and_corrected():
    rng = np.random.default_rng(9)
    targets = rng.integers(0, 3, 600)
    scores = [chances(targets, skill, seed) for seed, skill in enumerate((1.5, 1.5, 1.75, 2.5))]
    names = ("base", "same", "better", "best")
    found = compare_all(scores, names, resamples=500)
    assert [one.names for one in found] == [("base", name) for name in names[1:]]
    alone = [compare(scores[0], other, resamples=500) for other in scores[1:]]
    for metric in ("accuracy", "log_loss"):
        bare = np.array([one.p_values[metric] for one in alone])
        assert [one.p_values[metric] for one in found] == list(bare)
        order = np.argsort(bare)
        expected = np.maximum.accumulate(bare[order] * [3, 2, 1]).clip(max=1)
        assert [found[place].adjusted[metric] for place in order] == pytest.approx(list(expected))
    assert "corrected for 3 comparisons" in found[0].sentence
    assert "corrected" not in alone[0].sentence
    worst = min(cell["f1"]["adjusted"] for one in found for cell in one.per_class.values())
    assert worst == pytest.approx(9 * min(c["f1"]["p"] for one in found for c in one.per_class.values()))
    assert found[0].needed is None or found[0].needed > alone[0].needed  # a stricter test needs more


def test_several_are_compared_on_the_photos_that_all_scored():
    targets = np.random.default_rng(10).integers(0, 3, 90)
    a, b, c = (chances(targets, 1.5, seed) for seed in range(3))
    groups = np.array([f"g{i // 3}" for i in range(90)], dtype=object)
    found = compare_all(
        [a, b.take(np.arange(60)), c.take(np.arange(30, 90))], "abc", resamples=200, groups=groups
    )
    assert [(one.n, one.left_out, one.groups) for one in found] == [(30, 60, 10)] * 2
    with pytest.raises(DataError, match="two sets of scores or more"):
        compare_all([a], ["a"])


def test_a_class_that_one_never_answers_is_undefined():
    targets = np.array([0, 0, 1, 1, 1, 0, 1, 0])
    a = answers(targets == 0, targets)  # always "a"
    found = compare(a, answers(np.ones(8, bool), targets), resamples=200)
    precision = found.per_class["b"]["precision"]
    assert precision["a"] is None
    assert precision["b"] == 1.0
    assert precision["value"] is precision["p"] is precision["adjusted"] is None
    assert found.per_class["b"]["recall"]["value"] == 1.0
    import json

    json.dumps(found.per_class, allow_nan=False)


def test_thousands_of_classes_fit_into_memory():
    import tracemalloc

    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2000, 1500)
    names = tuple(f"c{k:04d}" for k in range(2000))
    one = np.full((1500, 2000), 1e-4)
    one[np.arange(1500), np.where(rng.uniform(size=1500) < 0.6, targets, 0)] = 1 - 1e-4 * 1999
    two = np.roll(one, 1, axis=0)
    labels = np.array(names, dtype=object)[targets]
    a, b = (Predictions(np.arange(1500), scores, names, "test", labels) for scores in (one, two))
    tracemalloc.start()
    found = compare(a, b, resamples=400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.per_class) == 2000
    assert peak < 400e6
