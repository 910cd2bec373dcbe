"""Laws that every registered action obeys; one that joins the registry is tested without another line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher import repair
from thresher.dataset.teaching import Teaching
from thresher.registry import Part
from thresher.repair import Action, Doubt

CLASSES = 4
MORE = {
    "distil": [{"share": 1.0}],
    "drop": [{"above": None, "most": 0.25}, {"above": -9.0}],
    "relabel": [{"above": None, "most": 0.5}, {"above": -9.0}],
    "soften": [{"share": 0.4, "above": 0.2, "most": 0.3}],
    "weigh": [{"factor": 0.25}, {"above": None, "most": 0.1}],
}
CASES = [
    pytest.param(one.name, chosen, id="-".join([one.name, *(f"{k}={v}" for k, v in chosen.items())]))
    for one in repair.list_actions()
    for chosen in [{}, *MORE.get(one.name, [])]
]
every = pytest.mark.parametrize(("name", "chosen"), CASES)


def made(seed, count=40, posterior=True, untouched=True):
    """Teaching and doubt of made photos, some of them dropped or decided already, some of unknown doubt."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, CLASSES, count)
    teaching = Teaching.of(targets)
    if untouched and count > 8:
        soft = rng.dirichlet(np.ones(CLASSES), count)
        teaching = teaching.retarget(rng.random(count) < 0.2, soft)
        teaching = teaching.without(rng.random(count) < 0.1).decided(rng.random(count) < 0.2)
        teaching = teaching.reweigh(rng.random(count) < 0.2, np.full(count, 0.5))
    scores = rng.dirichlet(np.ones(CLASSES), count)
    others = scores.copy()
    others[np.arange(count), teaching.lead] = -1
    found = rng.dirichlet(np.ones(CLASSES), count) if posterior else None
    doubted = rng.permutation(np.linspace(0.01, 0.99, count))
    if untouched:
        doubted[rng.random(count) < 0.1] = np.nan
    return teaching, Doubt(doubted, others.argmax(1), scores, found)


def moved(before, after):
    """Which photos teach something else (N,)."""
    rows = (before.rows(CLASSES) != after.rows(CLASSES)).any(1)
    return rows | (before.dropped != after.dropped) | (before.weights != after.weights)


def take(doubt, places):
    posterior = None if doubt.posterior is None else doubt.posterior[places]
    return Doubt(doubt.score[places], doubt.suggested[places], doubt.scores[places], posterior)


@every
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60), posterior=st.booleans())
def test_what_is_taught_stays_sound(name, chosen, seed, count, posterior):
    teaching, doubt = made(seed, count, posterior)
    after = repair.REGISTRY.build(name, chosen)(teaching, doubt)
    rows = after.rows(CLASSES)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)
    assert (rows >= 0).all()
    assert (after.weights > 0).all()
    assert (after.weights <= teaching.weights).all()
    np.testing.assert_array_equal(after.given, teaching.given)
    np.testing.assert_array_equal(after.fixed, teaching.fixed)
    assert (after.dropped >= teaching.dropped).all()


@every
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), posterior=st.booleans())
def test_only_chosen_photos_change(name, chosen, seed, posterior):
    teaching, doubt = made(seed, 40, posterior)
    action = repair.REGISTRY.build(name, chosen)
    able = action.chosen(teaching, doubt)
    after = action(teaching, doubt)
    assert not (moved(teaching, after) & ~able).any()
    assert not (able & (teaching.fixed | teaching.dropped)).any()
    if action.needs_finder:
        assert not (able & np.isnan(doubt.score)).any()


@every
def test_where_nothing_is_doubtful_nothing_changes(name, chosen):
    teaching, doubt = made(1)
    calm = Doubt(np.full(len(teaching), -10.0), doubt.suggested, doubt.scores, doubt.posterior)
    known = Doubt(np.full(len(teaching), np.nan), doubt.suggested, doubt.scores, doubt.posterior)
    action = repair.REGISTRY.build(name, chosen)
    if not action.needs_finder:  # then what is certain of the label changes nothing
        calm = known = Doubt(calm.score, doubt.suggested, teaching.rows(CLASSES).astype(np.float64))
    for quiet in (calm, known):
        if quiet is calm and chosen.get("above", 0) is None:
            continue  # the most doubtful of all, whatever their score
        after = action(teaching, quiet)
        np.testing.assert_allclose(after.rows(CLASSES), teaching.rows(CLASSES), atol=1e-6)
        np.testing.assert_array_equal(after.dropped, teaching.dropped)
        np.testing.assert_array_equal(after.weights, teaching.weights)


@every
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), posterior=st.booleans())
def test_the_order_of_photos_does_not_matter(name, chosen, seed, posterior):
    teaching, doubt = made(seed, 40, posterior)
    order = np.random.default_rng(seed).permutation(40)
    action = repair.REGISTRY.build(name, chosen)
    one = action(teaching, doubt).take(order)
    other = action(teaching.take(order), take(doubt, order))
    np.testing.assert_array_equal(one.rows(CLASSES), other.rows(CLASSES))
    np.testing.assert_array_equal(one.dropped, other.dropped)
    np.testing.assert_array_equal(one.weights, other.weights)


@every
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 12))
def test_no_class_loses_its_last_photo(name, chosen, seed, count):
    teaching, doubt = made(seed, count, untouched=False)
    sure = Doubt(doubt.score + 10, doubt.suggested, doubt.scores, doubt.posterior)
    after = repair.REGISTRY.build(name, chosen)(teaching, sure)
    for label in np.unique(teaching.given):
        assert after.rows(CLASSES)[after.kept, label].max() > 0, label


@every
def test_what_came_in_is_not_written_to(name, chosen):
    teaching, doubt = made(2)
    arrays = [teaching.soft, teaching.weights, teaching.dropped, teaching.fixed]
    arrays += [doubt.score, doubt.suggested, doubt.scores, doubt.posterior]
    before = [array.copy() for array in arrays]
    repair.REGISTRY.build(name, chosen)(teaching, doubt)
    for one, other in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(one, other)


@every
def test_it_says_whether_it_makes_soft_labels(name, chosen):
    teaching, doubt = made(3, untouched=False)
    sure = Doubt(doubt.score + 10, doubt.suggested, doubt.scores, doubt.posterior)
    action = repair.REGISTRY.build(name, chosen)
    after = action(teaching, sure)
    assert (after.targets.ndim == 2) == action.softens
    assert moved(teaching, after).any() == action.acts


def cell(action, suggested, wrong):
    try:
        return action.written(suggested, wrong)
    except NotImplementedError:
        return None


@every
@pytest.mark.parametrize("wrong", [0.0, 1e-9, 0.3, 0.5, 0.999999, 1.0])
def test_a_person_can_say_the_same(name, chosen, wrong):
    """Or cannot at all: then it is no action of corrections.csv."""
    text = cell(repair.REGISTRY.build(name, chosen), "cat", wrong)
    if name == "distil":
        assert text is None
    elif name == "soften":
        label, _, share = text.rpartition(":")
        assert label == "cat"
        assert 0 < float(share) <= 1
    elif name == "weigh":
        assert 0 < float(text) < 1
    else:
        assert text == ("" if name == "drop" else "cat")


class Loud(Action):
    """A stranger's action: doubted photos count ten times."""

    def change(self, teaching, chosen, doubt):
        return teaching.reweigh(chosen, np.full(len(teaching), 10.0))


def test_the_laws_bite(monkeypatch):
    part = Part("loud", f"{__name__}:Loud", "makes them count more")
    monkeypatch.setitem(repair.REGISTRY.parts, "loud", part)
    with pytest.raises(AssertionError):
        test_what_is_taught_stays_sound.hypothesis.inner_test("loud", {}, seed=0, count=40, posterior=True)
