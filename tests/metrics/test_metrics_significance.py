"""p values: against coins counted out, SciPy's permutation test, Holm's steps by hand, with luck alone."""

from math import comb

import numpy as np
import pytest
from scipy.stats import permutation_test

from thresher.metrics.significance import bootstrap_p, holm, mcnemar, sign_flips


@pytest.mark.parametrize(("only_a", "only_b"), [(2, 9), (9, 2), (0, 5), (5, 5), (0, 0), (130, 171)])
def test_mcnemar_counts_coins(only_a, only_b):
    coins = only_a + only_b
    few = min(only_a, only_b)
    expected = min(1.0, 2 * sum(comb(coins, k) for k in range(few + 1)) / 2**coins)
    assert mcnemar(only_a, only_b) == pytest.approx(expected)


def test_sign_flips_equal_scipys_permutation_test():
    gains = np.array([3, -1, 2, 2, -1, 1, 4, 0, -2, 3, 1, 0], dtype=float)
    exact = permutation_test((gains,), np.sum, permutation_type="samples", n_resamples=np.inf).pvalue
    assert sign_flips(gains, 40_000, 0) == pytest.approx(exact, abs=0.006)
    assert sign_flips(np.zeros(7), 100, 0) == 1.0


def test_bootstrap_p_counts_the_other_side_and_is_never_zero():
    draws = np.array([[1.0, -1.0, 0.0, np.nan], [2, 1, 0, np.nan], [3, 2, 0, np.nan], [np.nan, 3, 0, np.nan]])
    # Of three known draws none is at or below zero: 2 (0 + 1) / (3 + 1). Of four one is: 2 (1 + 1) / (4 + 1).
    np.testing.assert_allclose(bootstrap_p(draws), [0.5, 0.8, 1.0, 1.0])
    np.testing.assert_allclose(bootstrap_p(-draws), bootstrap_p(draws))
    assert bootstrap_p(np.ones((9_999, 1)))[0] == pytest.approx(2 / 10_000)


def test_bootstrap_p_agrees_with_the_t_test_and_with_luck():
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(0)
    losses = rng.normal(0.06, 1, 800)
    draws = losses[rng.integers(0, 800, (20_000, 800))].mean(1)
    assert bootstrap_p(draws[:, None])[0] == pytest.approx(ttest_1samp(losses, 0).pvalue, abs=0.015)
    lucky = np.empty(1000)
    for trial in range(1000):
        one = rng.exponential(size=150) - 1
        lucky[trial] = bootstrap_p(one[rng.integers(0, 150, (400, 150))].mean(1)[:, None])[0]
    assert 0.03 < (lucky < 0.05).mean() < 0.08


def test_holm_by_hand():
    # 4 x .010, 3 x .013, 2 x .030, 1 x .040, none smaller than the one before it.
    np.testing.assert_allclose(holm([0.013, 0.040, 0.010, 0.030]), [0.04, 0.06, 0.04, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])
    assert len(holm([])) == 0


def test_holm_keeps_the_promise_where_bare_p_values_do_not():
    """Ten comparisons in which nothing differs: any at all seen in at most 5 % of the cases."""
    p = np.random.default_rng(1).uniform(size=(4000, 10))
    assert (p < 0.05).any(1).mean() > 0.35
    assert np.mean([(holm(row) < 0.05).any() for row in p]) < 0.06
