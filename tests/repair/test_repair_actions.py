"""Each action by the formula, on a few photos."""

import numpy as np
import pytest

from thresher.dataset.teaching import Teaching
from thresher.errors import RecipeError
from thresher.repair import REGISTRY, Doubt
from thresher.repair.base import spare_last
from thresher.repair.changes import COLUMNS, changes

GIVEN = np.array([0, 0, 1, 1, 2])
SCORES = np.array(
    [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.05, 0.9, 0.05]], dtype=np.float64
)
POSTERIOR = np.array(
    [[0.98, 0.01, 0.01], [0.1, 0.85, 0.05], [0.75, 0.2, 0.05], [0.0, 1.0, 0.0], [0.02, 0.96, 0.02]]
)
SUGGESTED = np.array([1, 1, 0, 0, 1])
WRONG = 1 - POSTERIOR[np.arange(5), GIVEN]
DOUBT = Doubt(WRONG, SUGGESTED, SCORES, POSTERIOR)
PLAIN = Teaching.of(GIVEN)


def act(name, doubt=DOUBT, teaching=PLAIN, **settings):
    return REGISTRY.build(name, settings)(teaching, doubt)


def test_drop():
    assert np.flatnonzero(act("drop").dropped).tolist() == [1, 2]  # 4 is the last of its class
    assert np.flatnonzero(act("drop", above=0.85).dropped).tolist() == [1]
    assert np.flatnonzero(act("drop", above=None, most=0.4).dropped).tolist() == [1]  # of 4 and 1, 4 stays


def test_a_limit_is_met_by_what_is_equal_to_it():
    assert act("drop", above=float(WRONG[1])).dropped[1]
    assert not act("drop", above=float(np.nextafter(WRONG[1], 2))).dropped[1]


def test_relabel():
    after = act("relabel")
    assert after.targets.tolist() == [0, 1, 0, 1, 2]
    assert after.given.tolist() == GIVEN.tolist()
    more = Teaching.of(np.append(GIVEN, 2))
    grown = Doubt(
        np.append(WRONG, 0.1), np.append(SUGGESTED, 0), np.vstack([SCORES, [0, 0, 1]]), posterior=None
    )
    assert act("relabel", grown, more).targets.tolist() == [0, 1, 0, 1, 1, 2]


def test_soften():
    after = act("soften", share=0.5)
    wanted = np.eye(3)[GIVEN]
    for row in (1, 2, 4):
        wanted[row] = 0.5 * wanted[row] + 0.5 * POSTERIOR[row]
    np.testing.assert_allclose(after.targets, wanted, atol=1e-6)
    np.testing.assert_allclose(act("soften").targets[2], POSTERIOR[2], atol=1e-6)


def test_without_a_posterior_the_scores_stand_for_it():
    bare = Doubt(WRONG, SUGGESTED, SCORES)
    np.testing.assert_allclose(act("soften", bare).targets[2], SCORES[2], atol=1e-6)
    np.testing.assert_allclose(act("weigh", bare).weights, [1, 0.2, 0.3, 1, 0.05])


def test_weigh():
    np.testing.assert_allclose(act("weigh").weights, [1, 0.1, 0.2, 1, 0.02])
    np.testing.assert_allclose(act("weigh", factor=0.4).weights, [1, 0.4, 0.4, 1, 0.4])
    sure = Doubt(WRONG, SUGGESTED, SCORES, np.eye(3)[SUGGESTED])
    assert act("weigh", sure).weights.min() == 0.01


def test_distil_mixes_three_to_seven():
    after = act("distil")
    np.testing.assert_allclose(after.targets, 0.7 * np.eye(3)[GIVEN] + 0.3 * SCORES, atol=1e-6)
    decided = PLAIN.decided(np.arange(5) == 1).without(np.arange(5) == 2)
    after = act("distil", teaching=decided)
    np.testing.assert_array_equal(after.targets[[1, 2]], np.eye(3)[GIVEN[[1, 2]]])


def test_review_leaves_all_to_a_person():
    assert act("review") is PLAIN


def test_what_limits_nothing_is_refused():
    with pytest.raises(RecipeError, match="above or most"):
        REGISTRY.build("drop", {"above": None})
    with pytest.raises(RecipeError, match="most"):
        REGISTRY.build("drop", {"most": 0.0})
    with pytest.raises(RecipeError, match="factor"):
        REGISTRY.build("weigh", {"factor": 1.0})


def test_most_counts_all_photos_and_takes_the_most_doubtful():
    rng = np.random.default_rng(0)
    doubted = rng.permutation(100) / 100
    teaching = Teaching.of(np.arange(100) % 2)
    doubt = Doubt(doubted, 1 - teaching.given, np.full((100, 2), 0.5))
    chosen = REGISTRY.build("weigh", {"above": None, "most": 0.07}).chosen(teaching, doubt)
    assert sorted(doubted[chosen]) == [0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99]


def test_the_least_doubtful_photo_of_a_class_is_spared():
    labels, kept = np.array([0, 0, 0, 1, 1]), np.array([True, True, False, True, True])
    chosen = np.array([True, True, False, True, False])
    spared = spare_last(chosen, labels, kept, np.array([0.9, 0.8, 0.1, 0.9, 0.1]))
    assert spared.tolist() == [True, False, False, True, False]


def table(before, after, **more):
    given = {"number": 2, "action": "drop", "method": "made", **more}
    return changes(before, after, DOUBT, np.array(list("vwxyz"), dtype=object), ("a", "b", "c"), **given)


def test_changes_are_told_photo_by_photo():
    after = PLAIN.retarget(np.arange(5) == 1, SCORES).reweigh(np.arange(5) == 3, np.full(5, 0.5))
    found = table(PLAIN, after.without(np.arange(5) == 4))
    assert list(found.columns) == list(COLUMNS)
    assert found["image_id"].tolist() == ["w", "y", "z"]
    assert found["from"].tolist() == ["a", "b", "c"]
    assert found["to"].tolist() == ["b:0.70", "0.50", None]
    np.testing.assert_allclose(found["probability"], WRONG[[1, 3, 4]])
    assert set(found["round"]) == {2}
    assert set(found["action"]) == {"drop"}
    assert set(found["method"]) == {"made"}


def test_a_label_that_is_whole_has_no_share():
    assert table(PLAIN, PLAIN.retarget(np.arange(5) == 0, np.eye(3)[[2] * 5]))["to"].tolist() == ["c"]
    halved = PLAIN.reweigh(np.ones(5, bool), np.full(5, 0.5))
    again = table(halved, halved.reweigh(np.arange(5) == 0, np.full(5, 0.5)))
    assert again["to"].tolist() == ["0.50"]  # of what it counted before


def test_no_changes_are_an_empty_table_of_the_same_types(tmp_path):
    none, some = table(PLAIN, PLAIN), table(PLAIN, PLAIN.without(np.arange(5) == 4))
    assert len(none) == 0
    assert none.dtypes.to_dict() == some.dtypes.to_dict()
    assert len(table(some_soft := PLAIN.retarget(np.ones(5, bool), SCORES), some_soft)) == 0
