"""Which photo comes next: gain, near copies, turns, filters, leases; and when to stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher.web.decision import Draft
from thresher.web.journal import Journal
from thresher.web.leases import SECONDS, Leases
from thresher.web.pace import pace, summary
from thresher.web.queue import Filter, Queue, by_gain, by_turns
from thresher.web.scores import Scores
from thresher.web.suspects import Suspects
from thresher.web.verdicts import CODES


def make(chance, given=None, cluster=None, suggested=None, ids=None):
    """Suspects in which only what orders them counts; ranked by probability."""
    chance = np.array(chance, dtype=np.float64)
    count = len(chance)
    place = np.empty(count, np.int64)
    place[np.argsort(-chance, kind="stable")] = np.arange(count)
    nothing = np.full(count, np.nan)
    return Suspects(
        ids=np.array(ids or [f"p{row}" for row in range(count)], dtype=object),
        classes=("a", "b", "c"),
        given=np.array(given if given is not None else [0] * count, np.int64),
        suggested=np.array(suggested if suggested is not None else [1] * count, np.int64),
        probability=chance,
        place=place,
        cluster=np.array(cluster if cluster is not None else [-1] * count, np.int64),
        agree=np.zeros(count, np.int64),
        finders=1,
        paths=np.array([""] * count, dtype=object),
        reasons=np.array([None] * count, dtype=object),
        scores=Scores(nothing, nothing, np.full((count, 3), -1), np.full((count, 3), np.nan)),
        fingerprint="x",
    )


def test_the_likeliest_come_first():
    assert list(by_gain(make([0.1, 0.9, 0.5, 0.7]))) == [1, 3, 2, 0]


def test_near_copies_follow_at_once_where_that_pays():
    #        0    1    2    3    4     5
    chance = [0.9, 0.8, 0.7, 0.5, 0.31, 0.29]
    order = by_gain(make(chance, cluster=[4, -1, -1, 4, 4, 4]))
    assert list(order) == [0, 3, 4, 1, 2, 5]  # a third of .9 is .3


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-1, 3)), min_size=1, max_size=14))
def test_gain_is_greedy_gain_per_second(rows):
    """Against a loop: take the best photo left, then its copies that pay at a third of the time."""
    chance = [value / 20 for value, _ in rows]
    cluster = [group for _, group in rows]
    left = sorted(range(len(rows)), key=lambda row: (-chance[row], row))
    expected = []
    while left:
        first = left.pop(0)
        expected.append(first)
        for other in list(left):
            if (
                cluster[first] >= 0
                and cluster[other] == cluster[first]
                and chance[other] / (1 / 3) >= chance[first]
            ):
                left.remove(other)
                expected.append(other)
    assert list(by_gain(make(chance, cluster=cluster))) == expected


def test_classes_take_turns():
    chance = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    order = by_turns(make(chance, given=[0, 0, 0, 1, 1, 2]))
    assert list(order) == [0, 3, 5, 1, 4, 2]


def test_filters_against_a_loop():
    rng = np.random.default_rng(0)
    data = make(
        rng.random(60),
        rng.integers(0, 3, 60),
        None,
        rng.integers(-1, 3, 60),
        [f"Dir{i % 7}/Ä{i}.jpg" for i in range(60)],
    )
    states = rng.integers(0, 5, 60).astype(np.int8)
    queue = Queue(data)
    names = {code: name for name, code in CODES.items()}
    wanted = {
        "todo": ["todo"],
        "judged": ["keep", "relabel", "drop"],
        "changed": ["relabel", "drop"],
        "skipped": ["skip"],
        "all": list(CODES),
    }
    filters = [Filter(), Filter(least=0.5), Filter(given=1), Filter(suggested=2), Filter(text="dIR3/ä")]
    for asked in [*filters, Filter(given=0, least=0.3, order="classes")]:
        found = queue.among(asked, states)
        order = by_gain(data) if asked.order == "gain" else by_turns(data)
        for state, some in found.items():
            expected = [
                row
                for row in order
                if data.probability[row] >= asked.least
                and asked.given in (None, data.given[row])
                and asked.suggested in (None, data.suggested[row])
                and asked.text.lower() in data.ids[row].lower()
                and names[states[row]] in wanted[state]
            ]
            assert list(some) == expected


def test_around_a_photo_the_rest_comes_from_the_start():
    queue = Queue(make([0.9, 0.8, 0.7, 0.6, 0.5]))
    rows = np.array([0, 1, 3, 4])
    assert list(queue.around(rows, -1, "gain")) == [0, 1, 3, 4]
    assert list(queue.around(rows, 1, "gain")) == [3, 4, 0]
    assert list(queue.around(rows, 2, "gain")) == [3, 4, 0, 1]  # it is judged by now
    assert list(queue.around(rows, 1, "gain", back=True)) == [0, 4, 3]
    assert list(queue.around(rows, -1, "gain", back=True)) == [4, 3, 1, 0]


def test_leases_end():
    now = [0.0]
    leases = Leases(lambda: now[0])
    leases.take("ann", [1, 2])
    leases.take("bob", [3])
    assert leases.of_others("ann") == {3}
    assert leases.of_others("bob") == {1, 2}
    now[0] = SECONDS - 1
    leases.renew("ann")
    now[0] = SECONDS + 1
    assert leases.of_others("cat") == {1, 2}
    leases.take("ann", [9])
    assert leases.of_others("cat") == {9}


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "j")

    def decide(action, photo, seconds=None, who="ann", undoes=None):
        with made.locked():
            return made.append(
                Draft(f"id-{made.seq:06d}", who, photo, action, "a", "b", 0.5, "", undoes, seconds)
            )

    made.decide = decide
    return made


def test_pace_is_the_median_of_ones_own_last_looks(journal):
    assert pace(journal.decisions, "ann") is None
    for number in range(30):
        journal.decide("keep", f"p{number}", seconds=100.0 if number < 10 else 1.0 + number % 3)
    journal.decide("keep", "q", seconds=50.0, who="bob")
    journal.decide("keep", "r", seconds=None)
    assert pace(journal.decisions, "ann") == np.median([1.0 + number % 3 for number in range(10, 30)])
    assert pace(journal.decisions, "bob") == 50.0


def test_the_summary_counts_and_says_when_it_is_over(journal):
    chance = np.array([0.9, 0.8, 0.6, 0.04, 0.03, np.nan])
    states = np.array([CODES[name] for name in ("relabel", "keep", "skip", "todo", "todo", "todo")], np.int8)
    journal.decide("relabel", "p0")
    journal.decide("keep", "p1")
    journal.decide("skip", "p2")
    found = summary(journal, states, chance, "ann")
    assert (found["kept"], found["relabelled"], found["dropped"], found["skipped"]) == (1, 1, 0, 1)
    assert found["expected"] == pytest.approx(0.67)
    assert found["promised"] == pytest.approx(1.7)
    assert (found["worth"], found["next"]) == (0, pytest.approx(0.07 / 3))
    assert found["hits"] == {"of": 2, "wrong": 1}
    assert found["over"]
    states[0] = CODES["todo"]
    assert not summary(journal, states, chance, "ann")["over"]


def test_hits_are_of_the_last_twenty_judgements_that_stand(journal):
    for number in range(25):
        journal.decide("drop" if number < 12 else "keep", f"p{number}")
    journal.decide("skip", "q")
    gone = journal.decide("relabel", "r")
    journal.decide("undo", "r", undoes=gone.id)
    states, chance = np.zeros(3, np.int8), np.array([0.01, 0.01, 0.01])
    found = summary(journal, states, chance, "ann")
    assert found["hits"] == {"of": 20, "wrong": 7}
    assert not found["over"]  # the finders are surer than they should be: one in three was wrong
