"""The model of mistakes: what it must not depend on, and a world whose truth is known."""

import numpy as np
import pytest

from thresher.labels.discriminant import discriminant, turned
from thresher.labels.noise_model import fit_noise

PHOTOS, CLASSES = 150, 5


def world(seed: int, wrong: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three opinions (3, N, K) of middling skill, given labels (N,) and the true ones (N,)."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, CLASSES, PHOTOS)
    given = np.where(rng.random(PHOTOS) < wrong, (true + rng.integers(1, CLASSES, PHOTOS)) % CLASSES, true)
    opinions = rng.normal(size=(3, PHOTOS, CLASSES))
    opinions[:, np.arange(PHOTOS), true] += 2.5
    return opinions, given, true


@pytest.mark.parametrize("seed", range(3))
def test_how_loud_an_opinion_is_does_not_matter(seed: int) -> None:
    """Discriminants of wide features speak in hundreds; few photos must not make that believed."""
    opinions, given, _ = world(seed)
    plain = fit_noise(opinions, given)
    loud = fit_noise(opinions * np.array([1, 30, 100])[:, None, None], given)
    assert np.abs(plain.posterior - loud.posterior).mean() < 0.01
    np.testing.assert_allclose(loud.weights * [1, 30, 100], plain.weights, atol=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_the_probability_of_a_loud_opinion_comes_true(seed: int) -> None:
    opinions, given, true = world(seed)
    posterior = fit_noise(100 * opinions, given).posterior
    believed = 1 - posterior[np.arange(PHOTOS), given]
    assert believed.mean() == pytest.approx((given != true).mean(), abs=0.06)
    sure = believed > 0.5
    assert (given != true)[sure].mean() > believed[sure].mean() - 0.12


def test_a_discriminant_of_few_photos_is_that_of_the_whole_space() -> None:
    """Fewer photos than features: the answer is that of Fisher's formula, written out in all axes."""
    rng = np.random.default_rng(0)
    features, beliefs = rng.normal(size=(40, 90)), np.eye(3)[rng.integers(0, 3, 40)]
    folds, shrinkage = np.arange(40) % 4, 0.3
    found = discriminant(turned(features), beliefs, folds, shrinkage, 90)
    for fold in range(4):
        rows, own = features[folds != fold], beliefs[folds != fold]
        share = own.sum(0) / own.sum()
        means = own.T @ rows / own.sum(0)[:, None]
        away = rows - own @ means
        spread = away.T @ away / len(rows)
        mixed = (1 - shrinkage) * spread + shrinkage * np.trace(spread) / 90 * np.eye(90)
        slopes = np.linalg.solve(mixed, means.T)
        wanted = features[folds == fold] @ slopes - 0.5 * (slopes * means.T).sum(0) + np.log(share)
        got = found[folds == fold]
        np.testing.assert_allclose(got - got[:, :1], wanted - wanted[:, :1], rtol=1e-2, atol=1e-2)
