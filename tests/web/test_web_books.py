"""corrections.csv and history.parquet against the journal."""

import csv
import io
import threading

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.corrections import read_corrections
from thresher.dataset.frame import build_frame
from thresher.dataset.table import Dataset
from thresher.errors import RunError
from thresher.pipeline.proposals import decide as propose
from thresher.pipeline.proposals import take_back
from thresher.repair.history import read_history, record, standing, undo
from thresher.run_folder import RunFolder
from thresher.web.books import Books
from thresher.web.decision import Draft
from thresher.web.journal import Journal

NAMES = ('a,"b"\n.jpg', "=1+1", "../../etc/passwd", "<script>.jpg", "é 马.jpg", "'", "plain.jpg")


@pytest.fixture
def book(tmp_path):
    """A run folder and a function that decides in it."""
    run = RunFolder(tmp_path)
    journal = Journal(run.decisions)
    books = Books(run)

    def decide(photo, action, old="cat", new="dog", who="ann", note="", undoes=None):
        with journal.locked():
            number = f"id-{journal.seq + 1:06d}"
            done = journal.append(Draft(number, who, photo, action, old, new, 0.5, note, undoes))
            books.write(journal)
            return done

    return run, decide


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


def test_corrections_are_what_stands(book):
    run, decide = book
    for name in NAMES:
        decide(name, "relabel", note='so "it" is,\nsays ann')
    decide("kept", "keep", new="cat")
    decide("dropped", "drop", new=None)
    decide("skipped", "skip", new="cat")
    decide(NAMES[0], "keep", new="cat", who="bob")
    gone = decide("taken back", "drop", new=None)
    decide("taken back", "undo", undoes=gone.id)
    header, *rows = rows_of(run.corrections)
    assert header == ["image_id", "old", "new", "action", "note"]
    assert rows == [
        *[[name, "cat", "dog", "relabel", 'so "it" is,\nsays ann'] for name in NAMES[1:]],
        ["kept", "cat", "cat", "keep", ""],
        ["dropped", "cat", "", "drop", ""],
        [NAMES[0], "cat", "cat", "keep", ""],
    ]
    frame = pd.read_csv(run.corrections, dtype=str, keep_default_na=False)
    assert frame.to_numpy().tolist() == rows


def test_the_history_tells_both_opinions_and_the_undo(book):
    run, decide = book
    decide("p", "relabel")
    mine = decide("p", "keep", new="cat", who="bob")
    decide("p", "undo", old="cat", new="dog", who="bob", undoes=mine.id)
    decide("q", "skip", new="cat", who="recipe")
    frame = pd.read_parquet(run.history)
    columns = ["image_id", "round", "from", "to", "who", "action"]
    assert frame[columns].astype(object).where(frame[columns].notna(), None).to_numpy().tolist() == [
        ["p", 1, "cat", "dog", "ann", "relabel"],
        ["p", 2, "cat", "cat", "bob", "keep"],
        ["p", 2, "cat", "dog", "bob", "undo"],
        ["q", 3, "cat", None, "recipe, a person", "review"],
    ]
    assert set(frame["method"]) == {"review"}
    assert set(frame["probability"]) == {0.5}
    assert frame["time"].is_monotonic_increasing
    assert len(set(frame["job"])) == 4


def test_decisions_and_jobs_of_others_stay_and_count(book):
    """A program changed labels before, a run repaired some, and another program goes on meanwhile."""
    run, decide = book
    run.labels.mkdir()
    decide("p", "keep", new="cat")
    others = [
        {
            "image_id": "x",
            "round": 9,
            "from": "cat",
            "to": "dog",
            "action": "relabel",
            "who": "auto",
            "job": None,
        },
        {"image_id": "y", "round": 9, "from": "cat", "to": "dog:0.7", "action": "soften", "who": "auto"},
        {
            "image_id": "p",
            "round": 1,
            "from": "cat",
            "to": "dog",
            "action": "relabel",
            "who": "recipe",
            "job": "k",
        },
    ]
    frame = pd.read_parquet(run.history)
    more = pd.DataFrame(others).reindex(columns=frame.columns)
    pd.concat([frame, more.assign(more=1.5)], ignore_index=True).to_parquet(run.history)
    done = decide("x", "keep", new="cat")
    assert {row[0]: row[2:4] for row in rows_of(run.corrections)[1:]} == {
        "p": ["cat", "keep"],
        "y": ["dog:0.7", "soften"],
        "x": ["cat", "keep"],
    }
    decide("x", "undo", old="cat", new="dog", undoes=done.id)
    assert ["x", "cat", "dog", "relabel", ""] in rows_of(run.corrections)
    frame = pd.read_parquet(run.history)
    assert list(frame["image_id"]) == ["p", "x", "y", "p", "x", "x"]
    assert list(frame["round"]) == [1, 9, 9, 1, 10, 10]
    assert list(frame["more"][1:4]) == [1.5] * 3


def test_corrections_by_hand_are_taken_over(book):
    run, decide = book
    run.labels.mkdir()
    run.corrections.write_text("image_id,old,new,action\nmine.jpg,cat,dog,relabel\np,cat,,drop\n")
    done = decide("p", "keep", new="cat")
    assert rows_of(run.corrections)[1:] == [
        ["mine.jpg", "cat", "dog", "relabel", ""],
        ["p", "cat", "cat", "keep", ""],
    ]
    decide("p", "undo", old="cat", new="cat", undoes=done.id)
    assert rows_of(run.corrections)[2] == ["p", "cat", "", "drop", ""]
    with run.corrections.open("a") as file:
        file.write("late.jpg,cat,dog,relabel,by hand\n")
    decide("q", "skip", new="cat")
    assert rows_of(run.corrections)[3] == ["late.jpg", "cat", "dog", "relabel", "by hand"]


@pytest.mark.parametrize("text", ["image_id,old\na,b\n", "image_id,old,new,action\na,b\n", "\x00", "a\xff"])
def test_corrections_that_cannot_be_read_are_not_written_over(book, text):
    run, decide = book
    run.labels.mkdir()
    run.corrections.write_bytes(text.encode("latin-1"))
    if text == "\x00":
        decide("p", "keep")  # a header that nobody knows, and no row: nothing is lost
        return
    with pytest.raises(RunError, match=r"corrections.csv: "):
        decide("p", "keep")
    assert run.corrections.read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize("kind", ["text", "table"])
def test_a_history_that_is_none_is_not_written_over(book, kind):
    run, decide = book
    run.labels.mkdir()
    if kind == "text":
        run.history.write_bytes(b"something of mine")
    else:
        pd.DataFrame({"image_id": ["a"]}).to_parquet(run.history)
    before = run.history.read_bytes()
    with pytest.raises(RunError, match="move it away"):
        decide("p", "keep")
    assert run.history.read_bytes() == before
    run.history.unlink()
    decide("q", "keep", new="cat")  # what could not be written then is written now
    assert [row[0] for row in rows_of(run.corrections)[1:]] == ["p", "q"]


def test_the_repair_room_reads_the_trail(book):
    run, decide = book
    decide("a", "relabel", note="sure")
    gone = decide("b", "drop", new=None)
    decide("b", "undo", old=None, new="cat", undoes=gone.id)
    decide("c", "keep", new="cat")
    decide("a", "keep", new="cat", who="bob")
    found = standing(read_history(run.history))
    assert sorted(found.to_numpy().tolist()) == sorted(rows_of(run.corrections)[1:])
    # And writes to it, round by round; the page goes on after it.
    proposed = pd.DataFrame(
        {"image_id": ["a", "x"], "old": "cat", "new": ["", "dog:0.7"], "action": ["drop", "soften"]}
    )
    number = record(run.history, proposed, who="auto", method="knn")
    decide("y", "keep", new="cat")
    assert {row[0]: row[2:4] for row in rows_of(run.corrections)[1:]} == {
        "a": ["", "drop"],
        "x": ["dog:0.7", "soften"],
        "c": ["cat", "keep"],
        "y": ["cat", "keep"],
    }
    assert undo(run.history, number=number, who="auto") == 2
    decide("x", "keep", new="cat")
    found = standing(read_history(run.history))
    assert sorted(found.to_numpy().tolist()) == sorted(rows_of(run.corrections)[1:])
    assert {row[0] for row in rows_of(run.corrections)[1:]} == {"a", "c", "x", "y"}


def test_the_next_run_can_read_the_corrections(book, tmp_path):
    run, decide = book
    ids = [f"p{number}" for number in range(5)]
    frame = pd.DataFrame({"image_id": ids, "label": ["cat", "dog", "cat", "dog", "cat"]})
    data = Dataset(
        build_frame(np.array(ids, object), np.array(ids, object), label=list(frame["label"])), ("cat", "dog")
    )
    decide("p0", "keep", new="cat")
    decide("p1", "relabel", old="dog", new="cat", note='a "note",\nof two lines')
    decide("p2", "drop", new=None)
    decide("p3", "skip", old="dog", new="dog")
    found, notes = read_corrections(run.corrections, data)
    assert notes == ()
    assert found.counts == {"keep": 1, "relabel": 1, "drop": 1}
    assert list(found.corrected(data).frame["label"]) == ["cat", "cat", None, "dog", "cat"]


def test_a_person_and_a_program_write_at_once_and_lose_nothing(book):
    run, decide = book
    issues = pd.DataFrame(
        {
            "image_id": [f"p{number}" for number in range(60)],
            "given": "cat",
            "suggested": "dog",
            "probability": np.linspace(0.9, 0.3, 60),
        }
    )
    rounds, failed = [], []

    def program():
        try:
            for _ in range(20):
                rounds.append(propose(run, issues, "relabel", top=3)[0])
                if len(rounds) % 4 == 0:
                    take_back(run, rounds[-1])
        except Exception as error:
            failed.append(error)

    other = threading.Thread(target=program)
    other.start()
    for number in range(60):
        decide(f"q{number}", "relabel")
    other.join()
    assert failed == []
    history = read_history(run.history)
    assert (history["method"] == "review").sum() == 60
    assert (history["who"] == "thresher labels").sum() == 20 * 3 + 5 * 3
    assert history.loc[history["action"] != "undo"].groupby("round")["who"].nunique().max() == 1
    stands = {row[0] for row in rows_of(run.corrections)[1:]}
    assert stands == set(standing(history)["image_id"])
    assert {f"q{number}" for number in range(60)} <= stands
    assert len(stands) == 60 + 15 * 3
