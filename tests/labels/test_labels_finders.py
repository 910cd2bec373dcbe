"""Finders against other implementations: cleanlab, scikit-learn, and loops written out."""

import math
from dataclasses import replace

import numpy as np
import pytest
from labels_kit import frozen, planted, softmax

from thresher import labels
from thresher.errors import DataError
from thresher.labels import Evidence
from thresher.labels.confident_learning import confident_class, contradicted


def noisy(seed, photos=800, classes=6, skill=1.5):
    """Scores of a weak model: many labels are in doubt, and some classes are rare."""
    rng = np.random.default_rng(seed)
    true = rng.choice(classes, photos, p=2.0 ** -np.arange(classes) / (2 - 2.0 ** (1 - classes)))
    targets = np.where(rng.random(photos) < 0.3, rng.integers(0, classes, photos), true)
    scores = softmax(skill * np.eye(classes)[true] + rng.normal(size=(photos, classes)))
    return frozen(Evidence(targets, scores))


def find(name, evidence, **settings):
    return labels.REGISTRY.build(name, settings).find(evidence)


@pytest.mark.parametrize("rank", ["normalized_margin", "self_confidence"])
@pytest.mark.parametrize("seed", range(4))
def test_confident_learning_flags_and_orders_as_cleanlab_does(seed, rank):
    from cleanlab.filter import find_label_issues

    evidence = noisy(seed, skill=(1.5, 0.5, 3.0, 1.0)[seed])
    issues = find_label_issues(
        np.array(evidence.targets),
        np.array(evidence.scores),
        filter_by="confident_learning",
        return_indices_ranked_by=rank,
        n_jobs=1,
    )
    found = find("confident_learning", evidence, rank=rank.replace("ized", "ised"))
    order = np.argsort(-found.score, kind="stable")
    assert len(issues) > 20
    assert order[: len(issues)].tolist() == issues.tolist()
    assert (found.score >= 1).sum() == len(issues)
    assert contradicted(evidence.targets, evidence.scores).sum() == len(issues)


def test_the_confident_class_is_that_of_the_confident_joint():
    from cleanlab.count import compute_confident_joint

    evidence = noisy(9)
    joint = compute_confident_joint(np.array(evidence.targets), np.array(evidence.scores), calibrate=False)
    guess = confident_class(evidence.targets, evidence.scores)
    counts = np.zeros_like(joint)
    for given, sure in zip(evidence.targets, guess, strict=True):
        if sure >= 0:
            counts[given, sure] += 1
    assert np.array_equal(counts, joint)
    # Many rows go block by block.
    many = [np.tile(array, (12, *[1] * (array.ndim - 1))) for array in (evidence.targets, evidence.scores)]
    many[0] = many[0].ravel()
    assert np.array_equal(confident_class(*many), np.tile(guess, 12))


def test_a_class_without_a_photo_takes_part_in_nothing():
    """Even where it is the likeliest: as if its column were not there."""
    evidence = noisy(2)
    wider = np.concatenate([evidence.scores * 0.5, np.full((800, 1), 0.5)], axis=1)
    guess = confident_class(evidence.targets, wider)
    assert (guess != 6).all()
    assert np.array_equal(guess, confident_class(evidence.targets, evidence.scores))


@pytest.mark.parametrize(
    ("name", "method"), [("normalised_margin", "normalized_margin"), ("self_confidence", "self_confidence")]
)
def test_rankings_are_those_of_cleanlab(name, method):
    from cleanlab.rank import get_label_quality_scores

    evidence = noisy(1)
    quality = get_label_quality_scores(np.array(evidence.targets), np.array(evidence.scores), method=method)
    np.testing.assert_allclose(find(name, evidence).score, 1 - quality, atol=1e-12)


def test_the_threshold_of_the_sum():
    """As the source does it: two copies of each photo, their probabilities summed."""
    copies = np.array(
        [
            [[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]],  # sure of class 0: sum 1.7
            [[0.9, 0.1, 0.0], [0.7, 0.3, 0.0]],  # sum 1.6, just so
            [[0.9, 0.1, 0.0], [0.6, 0.4, 0.0]],  # sum 1.5: not enough
            [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]],  # the given label
            [[0.3, 0.3, 0.4], [0.3, 0.3, 0.4]],
        ]
    )
    targets = np.array([1, 1, 1, 1, 1])
    summed = copies.sum(1)
    said = (summed.argmax(1) != targets) & (summed.max(1) >= 2 * 0.8)
    found = find("oof_threshold", Evidence(targets, copies.mean(1)))
    assert said.tolist() == [True, True, False, False, False]
    assert ((found.score > 1) == said).all()
    assert np.argsort(-found.score).tolist() == [0, 1, 2, 4, 3]
    np.testing.assert_allclose(found.score, [2.7, 2.6, 0.5, -1.0, 0.1])
    assert found.suggested.tolist() == [0, 0, 0, 0, 2]
    strict = find("oof_threshold", Evidence(targets, copies.mean(1)), copies=3, threshold=2.5)
    assert (strict.score > 1).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize("k", [7, 118])  # of 118 neighbours many look away: they do not vote
def test_votes_of_neighbours_by_a_loop(k):
    from sklearn.metrics.pairwise import cosine_similarity

    evidence, _ = planted(0, 120, grouped=True)
    smoothing, classes = 0.5, 5
    similar = cosine_similarity(evidence.embeddings)
    expected = []
    for row in range(120):
        others = [one for one in range(120) if evidence.groups[one] != evidence.groups[row]]
        votes = np.zeros(classes)
        for one in sorted(others, key=lambda one: -similar[row, one])[:k]:
            votes[evidence.targets[one]] += max(similar[row, one], 0)
        share = (votes + smoothing / classes) / (votes.sum() + smoothing)
        own = share[evidence.targets[row]]
        share[evidence.targets[row]] = -1
        expected.append((1 - own, int(share.argmax()), share.max()))
    found = find("knn_vote", evidence, k=k, smoothing=smoothing)
    score, suggested, most = map(np.array, zip(*expected, strict=True))
    np.testing.assert_allclose(found.score, score, atol=1e-5)
    clear = most > 0.12  # else no neighbour has another label, and the scores choose
    assert clear.sum() > 20
    assert np.array_equal(found.suggested[clear], suggested[clear])


def test_a_photo_that_is_like_nothing_says_nothing():
    evidence, _ = planted(0, 50)
    embeddings = np.array(evidence.embeddings)
    embeddings[4] = 0
    found = find("knn_vote", replace(evidence, embeddings=embeddings))
    assert found.score[4] == pytest.approx(1 - 1 / 5)


def test_losses_over_members_by_hand():
    members = np.array([[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [1.0, 0.0]]])
    evidence = Evidence(np.array([0, 1]), members.mean(0), members)
    two = [math.log(2), math.log(4)]
    assert find("loss_over_seeds", evidence).score[0] == pytest.approx(sum(two) / 2)
    spread = find("loss_over_seeds", evidence, spread=2.0).score[0]
    assert spread == pytest.approx(sum(two) / 2 + abs(two[0] - two[1]))
    assert find("loss_over_seeds", evidence).score[1] == pytest.approx(-math.log(1e-15))
    alone = replace(evidence, members=members[:1])
    assert find("loss_over_seeds", alone, spread=2.0).score[0] == pytest.approx(two[0])


def test_members_that_agree_by_hand():
    rows = [
        ([[0, 0.2, 0.8], [0, 0.3, 0.7], [0, 0.6, 0.4]], 2, 2 / 3 + (0.8 + 0.7 + 0.4) / 9),
        ([[0, 0.2, 0.8], [0, 0.7, 0.3], [1, 0, 0]], 2, 1 / 3 + 1.1 / 9),  # a tie: the higher mean
        ([[1, 0, 0], [1, 0, 0], [0.9, 0.1, 0]], 1, 0.1 / 9),
    ]
    members = np.array([row[0] for row in rows]).transpose(1, 0, 2)
    found = find("agreement", Evidence(np.zeros(3, np.int64), members.mean(0), members))
    assert found.suggested.tolist() == [row[1] for row in rows]
    np.testing.assert_allclose(found.score, [row[2] for row in rows])


def test_one_member_cannot_agree():
    evidence, _ = planted(members=1)
    with pytest.raises(DataError, match="two members"):
        find("agreement", evidence)
    assert np.isfinite(find("loss_over_seeds", evidence).score).all()


def test_settings_have_ranges():
    from thresher.errors import RecipeError

    for name, key, value in [
        ("knn_vote", "k", 0),
        ("knn_vote", "smoothing", 0),
        ("oof_threshold", "copies", 0),
        ("oof_threshold", "threshold", -1),
        ("loss_over_seeds", "spread", -0.1),
        ("confident_learning", "rank", "entropy"),
    ]:
        with pytest.raises(RecipeError, match=key):
            labels.REGISTRY.build(name, {key: value})
