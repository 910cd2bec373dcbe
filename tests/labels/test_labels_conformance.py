"""Laws that every registered finder obeys; one that joins the registry is tested without another line."""

from dataclasses import replace

import numpy as np
import pytest
from labels_kit import odd_evidence, planted, reorder, take
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from thresher import labels
from thresher.errors import DataError
from thresher.labels.base import Evidence, Finder, Suspicion, best_other, margin
from thresher.registry import Part

VARIANTS = {
    "confident_learning": [{"rank": "self_confidence"}],
    "knn_vote": [{"k": 1}, {"k": 500, "smoothing": 0.1}],
    "loss_over_seeds": [{"spread": 1.0}],
    "oof_threshold": [{"copies": 1, "threshold": 0.9}, {"threshold": 0}],
}
"""Settings to try besides the defaults."""
WEAK = {("knn_vote", 1), ("knn_vote", 500)}
"""Settings that no one would choose to find wrong labels with."""
CASES = [
    pytest.param(part.name, settings, id="-".join([part.name, *(f"{k}={v}" for k, v in settings.items())]))
    for part in labels.list_finders()
    for settings in [{}, *VARIANTS.get(part.name, [])]
]


def agree(one, two):
    np.testing.assert_allclose(one.score, two.score, rtol=1e-4, atol=1e-6)
    assert np.array_equal(one.suggested, two.suggested)
    assert (one.posterior is None) == (two.posterior is None)
    if one.posterior is not None:
        np.testing.assert_allclose(one.posterior, two.posterior, atol=1e-4)


def check_shape(evidence, found):
    photos, classes = evidence.scores.shape
    assert found.score.shape == found.suggested.shape == (photos,)
    assert found.score.dtype == np.float64
    assert np.isfinite(found.score).all()
    assert found.suggested.dtype == np.int64
    assert ((found.suggested >= 0) & (found.suggested < classes)).all()
    if classes > 1:
        assert (found.suggested != evidence.targets).all()
    if found.posterior is not None:
        assert found.posterior.shape == (photos, classes)
        assert (found.posterior >= 0).all()
        np.testing.assert_allclose(found.posterior.sum(1), 1, atol=1e-6)


def law_answers_have_their_shape(finder):
    evidence, _ = planted(grouped=True)
    check_shape(evidence, finder.find(evidence))


def law_nothing_odd_makes_it_fail(finder):
    for name, evidence in odd_evidence().items():
        try:
            check_shape(evidence, finder.find(evidence))
        except Exception as error:
            raise AssertionError(f"{name}: {error!r}") from error


def law_the_seed_is_all_the_randomness(finder):
    evidence, _ = planted(3)
    found = []
    for other in (1, 2):
        np.random.seed(other)  # noqa: NPY002
        found.append(finder.find(evidence, 7))
    assert np.array_equal(found[0].score, found[1].score)
    assert np.array_equal(found[0].suggested, found[1].suggested)


def law_the_order_of_photos_does_not_matter(finder):
    evidence, _ = planted(4, grouped=True)
    order = np.random.default_rng(0).permutation(len(evidence.targets))
    found, moved = finder.find(evidence), finder.find(take(evidence, order))
    posterior = None if found.posterior is None else found.posterior[order]
    expected = Suspicion(found.score[order], found.suggested[order], posterior)
    if not finder.draws:
        agree(moved, expected)
        return
    other = finder.find(evidence, 1)  # where folds are dealt, another order is other luck, and no more
    luck, change = np.abs(found.score - other.score).mean(), np.abs(moved.score - expected.score).mean()
    assert change < 3 * luck
    assert spearmanr(moved.score, expected.score).statistic > 0.99
    assert (moved.suggested == expected.suggested).mean() > 0.97


def law_only_finders_that_draw_mind_the_seed(finder):
    evidence, _ = planted(4)
    found = [finder.find(evidence, seed).score for seed in range(2)]
    assert finder.draws != np.array_equal(*found)


def law_the_order_of_classes_does_not_matter(finder):
    evidence, _ = planted(5)
    order = np.array([3, 0, 4, 1, 2])
    found, moved = finder.find(evidence), finder.find(reorder(evidence, order))
    posterior = None if moved.posterior is None else moved.posterior[:, np.argsort(order)]
    agree(found, Suspicion(moved.score, order[moved.suggested], posterior))


def law_wrong_labels_come_first(finder):
    for seed in range(3):
        evidence, wrong = planted(seed, 400)
        found = finder.find(evidence)
        assert average_precision_score(wrong, found.score) > 0.9
        chance = np.random.default_rng(seed).random(len(wrong))
        assert average_precision_score(wrong, chance) < 0.5
        true = np.where(wrong, -1, evidence.targets)
        assert (found.suggested[wrong] != true[wrong]).all()


def law_of_wrong_labels_the_right_class_is_suggested(finder):
    evidence, wrong = planted(0, 400)
    right = evidence.scores.argmax(1)  # the data is separable
    assert (finder.find(evidence).suggested == right)[wrong].mean() > 0.9


def law_what_it_needs_is_named(finder):
    evidence, _ = planted()
    for name in ("members", "embeddings"):
        without = replace(evidence, **{name: None})
        if name in finder.needs:
            with pytest.raises(DataError, match=name):
                finder.find(without)
        else:
            check_shape(without, finder.find(without))
    with_least = replace(evidence, **dict.fromkeys({"members", "embeddings", "groups"} - {*finder.needs}))
    check_shape(evidence, finder.find(with_least))


def law_a_posterior_goes_with_the_score(finder):
    evidence, _ = planted(6)
    found = finder.find(evidence)
    if found.posterior is not None:
        doubt = 1 - found.posterior[np.arange(len(evidence.targets)), evidence.targets]
        order = np.argsort(found.score, kind="stable")
        assert (np.diff(doubt[order]) >= -1e-9).all()


LAWS = [law for name, law in sorted(globals().items()) if name.startswith("law_")]
OF_SKILL = {law_wrong_labels_come_first, law_of_wrong_labels_the_right_class_is_suggested}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__.removeprefix("law_"))
@pytest.mark.parametrize(("name", "settings"), CASES)
def test_law(name, settings, law):
    if law in OF_SKILL and (name, settings.get("k")) in WEAK:
        pytest.skip("settings that find little")
    law(labels.REGISTRY.build(name, settings))


@pytest.mark.parametrize("part", labels.list_finders(), ids=lambda part: part.name)
def test_every_part_has_a_source_and_a_file_of_its_own(part):
    assert part.paper
    assert part.where.split(":")[0] == f"thresher.labels.{part.name}"
    assert part.load().__module__ == f"thresher.labels.{part.name}"


class Lead(Finder):
    """A right finder."""

    def find(self, evidence, seed=0):
        lead = margin(evidence.scores, evidence.targets)
        return Suspicion(lead, best_other(evidence.scores, evidence.targets))


class Backwards(Lead):
    """Ranks the best labels first."""

    def find(self, evidence, seed=0):
        found = super().find(evidence)
        return replace(found, score=-found.score)


class Given(Lead):
    """Suggests the given label, in the wrong type, and one score too few."""

    def find(self, evidence, seed=0):
        found = super().find(evidence)
        return Suspicion(found.score[1:].astype(np.float32), evidence.targets.astype(np.int32))


class Writer(Lead):
    """Writes into the scores."""

    def find(self, evidence, seed=0):
        evidence.scores[np.arange(len(evidence.targets)), evidence.targets] -= 1e-3
        return super().find(evidence)


class Moody(Lead):
    """Draws from the global generator, and minds the order of photos."""

    def find(self, evidence, seed=0):
        found = super().find(evidence)
        noise = np.random.rand() + np.linspace(0, 1, len(found.score))  # noqa: NPY002
        return replace(found, score=found.score + 1e-3 * noise)


class Restless(Moody):
    """Says that it draws, and then minds the order of photos far more than the seed."""

    draws = True

    def find(self, evidence, seed=0):
        found = Lead().find(evidence)
        return replace(found, score=found.score + np.linspace(0, 1 + 1e-6 * seed, len(found.score)))


class Favourite(Lead):
    """Suggests the first class where it can."""

    def find(self, evidence, seed=0):
        return replace(super().find(evidence), suggested=np.where(evidence.targets == 0, 1, 0))


class Fragile(Lead):
    """Divides by the number of photos in each class."""

    def find(self, evidence, seed=0):
        with np.errstate(all="ignore"):
            usual = [evidence.scores[evidence.targets == k, k].mean() for k in range(evidence.classes)]
            lead = (evidence.scores / usual).max(1) - 1
        return replace(super().find(evidence), score=lead)


class Hungry(Lead):
    """Says that it needs embeddings and then does without, and uses members without saying so."""

    needs = ("embeddings",)

    def find(self, evidence, seed=0):
        return super().find(replace(evidence, scores=evidence.members.mean(0)))


class Boastful(Lead):
    """Its posterior is no probability and has nothing to do with its score."""

    def find(self, evidence, seed=0):
        return replace(super().find(evidence), posterior=2 * evidence.scores[::-1])


FAULTS = {
    Backwards: {law_wrong_labels_come_first},
    Given: {law_answers_have_their_shape, law_of_wrong_labels_the_right_class_is_suggested},
    Writer: {law_answers_have_their_shape, law_nothing_odd_makes_it_fail},
    Moody: {
        law_the_seed_is_all_the_randomness,
        law_the_order_of_photos_does_not_matter,
        law_only_finders_that_draw_mind_the_seed,
    },
    Restless: {law_the_order_of_photos_does_not_matter},
    Favourite: {
        law_the_order_of_classes_does_not_matter,
        law_nothing_odd_makes_it_fail,
        law_of_wrong_labels_the_right_class_is_suggested,
    },
    Fragile: {law_nothing_odd_makes_it_fail},
    Hungry: {law_what_it_needs_is_named},
    Boastful: {law_answers_have_their_shape, law_a_posterior_goes_with_the_score},
}


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_a_new_part_is_held_to_the_laws_and_a_wrong_one_is_caught(monkeypatch):
    monkeypatch.setattr(labels.REGISTRY, "parts", dict(labels.REGISTRY.parts))
    for kind in (Lead, *FAULTS):
        monkeypatch.setattr(labels, kind.__name__, kind, raising=False)
        labels.REGISTRY.add(Part(kind.__name__, f"thresher.labels:{kind.__name__}", "of a test"))
    for law in LAWS:
        law(labels.REGISTRY.build("Lead"))
    for kind, expected in FAULTS.items():
        broken = set()
        for law in LAWS:
            try:
                law(labels.REGISTRY.build(kind.__name__))
            except Exception:
                broken.add(law)
        assert broken >= expected, kind.__name__


def test_evidence_knows_its_classes():
    assert Evidence(np.zeros(2, np.int64), np.full((2, 7), 1 / 7)).classes == 7
