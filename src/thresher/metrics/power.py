"""How many photos would be needed to see a difference in accuracy."""

import math

POWER = 0.8
"""The chance of seeing a difference that is there."""


def needed_photos(
    discordant: float, difference: float, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Photos with which McNemar's test sees a difference, if it is as large as given.

    Connor, Sample size for testing differences in proportions for the paired-sample design (1987):
    ``n = (z(1 - alpha/2) sqrt(d) + z(power) sqrt(d - delta^2))^2 / delta^2``.

    Args:
        discordant: share d of the photos that only one of the two answers right, 0 .. 1.
        difference: delta, accuracy of B minus accuracy of A; at most d in size.
        alpha: chance of seeing a difference that is not there.
        power: chance of seeing the one that is there.

    Returns:
        None where there is no difference to see.
    """
    from scipy.stats import norm

    if not difference:
        return None
    alike, differ = float(norm.ppf(1 - alpha / 2)), float(norm.ppf(power))
    root = alike * math.sqrt(discordant) + differ * math.sqrt(max(discordant - difference**2, 0.0))
    return (root / difference) ** 2


def rounded(number: float) -> int:
    """One significant digit, two where the first is 1 or 2: 8,730 -> 9,000; 14,210 -> 14,000."""
    if number < 10:
        return math.ceil(number)
    size: int = 10 ** math.floor(math.log10(number))
    step = size // 10 if number < 3 * size else size
    return round(number / step) * step
