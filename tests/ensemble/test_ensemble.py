"""The plain mean of models' scores; every registered ensemble keeps rows, classes and probabilities."""

import numpy as np
import pytest

from thresher.ensemble import REGISTRY, list_ensembles
from thresher.errors import DataError
from thresher.predictions import Predictions

CLASSES = ("cat", "dog", "eel")


def scores(seed, rows=12):
    rng = np.random.default_rng(seed)
    ids = np.array([f"photo{row}" for row in range(rows)], dtype=object)
    labels = np.array(rng.choice(CLASSES, rows), dtype=object)
    return Predictions(
        ids, rng.dirichlet(np.ones(3), rows), CLASSES, "oof", labels, np.arange(rows) % 3, {"seed": seed}
    )


@pytest.mark.parametrize("name", [part.name for part in list_ensembles()])
def test_every_ensemble_gives_probabilities_of_the_same_rows(name):
    models = [scores(seed) for seed in range(3)]
    together = REGISTRY.build(name).combine(models, {"models": ["a", "b", "c"]})
    assert together.ids.tolist() == models[0].ids.tolist()
    assert together.classes == CLASSES
    assert together.labels.tolist() == models[0].labels.tolist()
    assert dict(together.origin) == {"models": ["a", "b", "c"]}
    np.testing.assert_allclose(together.scores.sum(1), 1)


def test_mean_is_the_mean_by_id():
    first, second = scores(0), scores(1)
    shuffled = second.take(np.random.default_rng(0).permutation(len(second)))
    together = REGISTRY.build("mean").combine([first, shuffled], {})
    np.testing.assert_allclose(together.scores, (first.scores + second.scores) / 2, atol=1e-15)
    alone = REGISTRY.build("mean").combine([first], {})
    assert np.array_equal(alone.scores, first.scores)


def test_models_that_do_not_match_are_refused():
    mean = REGISTRY.build("mean")
    with pytest.raises(DataError, match="no scores"):
        mean.combine([], {})
    other = Predictions(scores(1).ids, scores(1).scores, ("cat", "dog", "fox"), "oof")
    with pytest.raises(DataError, match="other classes"):
        mean.combine([scores(0), other], {})
    with pytest.raises(DataError, match="11 and 12 photos"):
        mean.combine([scores(0), scores(1).take(range(11))], {})
    with pytest.raises(DataError, match="12 and 11 photos"):
        mean.combine([scores(0).take(range(11)), scores(1)], {})
    renamed = Predictions(
        np.array([f"p{row}" for row in range(12)], dtype=object), scores(1).scores, CLASSES, "oof"
    )
    with pytest.raises(DataError, match="no scores for the ids 'photo0'"):
        mean.combine([scores(0), renamed], {})
