"""What photos teach: the given labels, until they are repaired."""

import numpy as np
import pytest

from thresher.dataset.teaching import Teaching, one_hot
from thresher.errors import DataError

GIVEN = np.array([0, 2, 1, 1])
SOFT = np.array([[0.5, 0.5, 0], [0.2, 0.3, 0.5], [0, 0, 1], [0.7, 0.2, 0.1]])
ALL = np.ones(4, dtype=bool)


def some(*places):
    return np.isin(np.arange(4), places)


def test_at_first_the_given_labels_are_taught():
    teaching = Teaching.of(GIVEN)
    assert teaching.plain
    assert len(teaching) == 4
    np.testing.assert_array_equal(teaching.targets, GIVEN)
    np.testing.assert_array_equal(teaching.lead, GIVEN)
    np.testing.assert_array_equal(teaching.rows(3), np.eye(3)[GIVEN])
    assert teaching.kept.all()
    assert not teaching.fixed.any()


def test_soft_labels_for_some_leave_the_others():
    teaching = Teaching.of(GIVEN).retarget(some(0, 3), SOFT)
    assert not teaching.plain
    assert teaching.targets.dtype == np.float32
    np.testing.assert_allclose(teaching.targets[[0, 3]], SOFT[[0, 3]], rtol=1e-6)
    np.testing.assert_array_equal(teaching.targets[[1, 2]], np.eye(3)[GIVEN[[1, 2]]])
    np.testing.assert_array_equal(teaching.lead, [0, 2, 1, 0])
    np.testing.assert_array_equal(teaching.given, GIVEN)


def test_of_equal_shares_the_given_class_leads():
    tied = np.array([[0.4, 0.4, 0.2], [0.4, 0.2, 0.4], [0.4, 0.4, 0.2], [0.5, 0.0, 0.5]])
    np.testing.assert_array_equal(Teaching.of(GIVEN).retarget(ALL, tied).lead, [0, 2, 1, 0])


def test_rows_of_one_class_are_indices_again():
    teaching = Teaching.of(GIVEN).retarget(some(1), np.eye(3)[[0, 1, 0, 0]])
    np.testing.assert_array_equal(teaching.targets, [0, 1, 1, 1])
    assert teaching.targets.dtype == np.int64
    assert not teaching.plain


def test_rows_are_brought_to_sum_one():
    teaching = Teaching.of(GIVEN).retarget(ALL, 7 * SOFT)
    np.testing.assert_allclose(teaching.soft, SOFT, rtol=1e-6)


def test_weights_drops_and_decisions_add_up():
    teaching = Teaching.of(GIVEN).reweigh(some(0, 1), np.full(4, 0.5)).reweigh(some(1), np.full(4, 0.5))
    np.testing.assert_array_equal(teaching.weights, [0.5, 0.25, 1, 1])
    teaching = teaching.without(some(2)).without(some(3)).decided(some(3)).decided(some(0))
    np.testing.assert_array_equal(teaching.kept, [True, True, False, False])
    np.testing.assert_array_equal(teaching.fixed, [True, False, False, True])
    assert not Teaching.of(GIVEN).without(some(2)).plain
    assert not Teaching.of(GIVEN).reweigh(some(2), np.full(4, 0.5)).plain
    assert Teaching.of(GIVEN).decided(some(2)).plain
    taken = teaching.retarget(some(0), SOFT).take(np.array([3, 0]))
    np.testing.assert_array_equal(taken.given, [1, 0])
    np.testing.assert_array_equal(taken.weights, [1, 0.5])
    np.testing.assert_array_equal(taken.kept, [False, True])
    np.testing.assert_array_equal(taken.fixed, [True, True])
    np.testing.assert_allclose(taken.soft, [[0, 1, 0], [0.5, 0.5, 0]])


def test_nothing_of_what_came_in_is_written_to():
    first = Teaching.of(GIVEN).retarget(some(0), SOFT)
    before = first.soft.copy()
    first.retarget(some(1), SOFT)
    first.rows(3)[:] = 9
    np.testing.assert_array_equal(first.soft, before)
    assert first.retarget(some(), SOFT) is first


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.ones(3)},
        {"weights": -np.ones(4)},
        {"weights": np.full(4, np.nan)},
        {"soft": 2 * SOFT},
        {"soft": SOFT[:3]},
        {"soft": np.array([[1.5, -0.5, 0]] * 4)},
        {"soft": np.full((4, 3), np.nan)},
    ],
)
def test_what_is_no_teaching_is_refused(change):
    none = np.zeros(4, dtype=bool)
    parts = {"given": GIVEN, "soft": None, "weights": np.ones(4), "dropped": none, "fixed": none}
    with pytest.raises(DataError):
        Teaching(**{**parts, **change})


def test_one_hot():
    rows = one_hot(np.array([2, 0]), 3)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, [[0, 0, 1], [1, 0, 0]])
