"""How many photos would be needed: against the published example, and by trying it out."""

import numpy as np
import pytest
from scipy.stats import binom, norm

from thresher.metrics.power import needed_photos, rounded


def exact_p(only_b, discordant):
    """McNemar's exact two-sided p value of many trials at once."""
    return np.minimum(1, 2 * binom.cdf(np.minimum(only_b, discordant - only_b), discordant, 0.5))


@pytest.mark.parametrize(
    ("discordant", "difference"), [(0.05, 0.006), (0.10, 0.02), (0.02, -0.004), (0.20, 0.05)]
)
def test_so_many_photos_show_it_in_80_of_100_cases(discordant, difference):
    photos = round(needed_photos(discordant, difference))
    rng = np.random.default_rng(0)
    for count, low, high in ((photos, 0.76, 0.83), (photos // 2, 0.40, 0.55)):
        differ = rng.binomial(count, discordant, 40_000)
        only_b = rng.binomial(differ, (1 + difference / discordant) / 2)
        assert low < (exact_p(only_b, differ) < 0.05).mean() < high


def test_the_formula_written_out():
    """Connor 1987, with the quantiles as tables print them: 1.95996 and 0.84162."""
    found = needed_photos(0.3, 0.1)
    assert found == pytest.approx((1.95996 * 0.3**0.5 + 0.84162 * 0.29**0.5) ** 2 / 0.01, rel=1e-4)
    stricter = needed_photos(0.3, 0.1, alpha=0.05 / 3, power=0.9)
    alike, differ = norm.ppf(1 - 0.05 / 6), norm.ppf(0.9)
    assert stricter == pytest.approx((alike * 0.3**0.5 + differ * 0.29**0.5) ** 2 / 0.01)
    assert needed_photos(0.3, 0.0) is None
    assert needed_photos(0.0, 0.0) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (8730, 9000),
        (14_210, 14_000),
        (9.2, 10),
        (26.4, 26),
        (34, 30),
        (2.2, 3),
        (96, 100),
        (299_999, 300_000),
    ],
)
def test_rounded_as_a_person_would(number, said):
    assert rounded(number) == said
