"""corrections.csv and history.parquet against the journal."""

import csv
import io

import pandas as pd
import pytest

from thresher.errors import RunError
from thresher.run_folder import RunFolder
from thresher.web.books import write_books
from thresher.web.decision import Draft
from thresher.web.journal import Journal

NAMES = ('a,"b"\n.jpg', "=1+1", "../../etc/passwd", "<script>.jpg", "é 马.jpg", "'", "plain.jpg")


@pytest.fixture
def book(tmp_path):
    """A run folder and a function that decides in it."""
    run = RunFolder(tmp_path)
    journal = Journal(run.decisions)

    def decide(photo, action, old="cat", new="dog", who="ann", note="", undoes=None):
        with journal.locked():
            number = f"id-{journal.seq + 1:06d}"
            done = journal.append(Draft(number, who, photo, action, old, new, 0.5, note, undoes))
            write_books(run, journal)
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
    decide("q", "skip", new="cat")
    frame = pd.read_parquet(run.history)
    assert list(frame.columns[:8]) == [
        "image_id",
        "round",
        "from",
        "to",
        "method",
        "probability",
        "who",
        "time",
    ]
    assert frame[["image_id", "from", "to", "who", "action"]].to_numpy().tolist() == [
        ["p", "cat", "dog", "ann", "relabel"],
        ["p", "cat", "cat", "bob", "keep"],
        ["p", "cat", "dog", "bob", "undo"],
    ]
    assert set(frame["method"]) == {"review"}
    assert frame["time"].is_monotonic_increasing


def test_rows_of_other_methods_stay(book):
    run, decide = book
    run.labels.mkdir()
    others = pd.DataFrame(
        {
            "image_id": ["x", "y"],
            "round": [1, 2],
            "from": ["a", "b"],
            "to": ["b", None],
            "method": ["knn", "knn"],
            "probability": [0.9, 0.8],
            "who": ["thresher", None],
            "time": ["t1", "t2"],
            "more": [1.5, 2.5],
        }
    )
    others.to_parquet(run.history)
    for name in ("p", "q"):
        decide(name, "relabel")
    frame = pd.read_parquet(run.history)
    assert list(frame["image_id"]) == ["x", "y", "p", "q"]
    assert list(frame["more"][:2]) == [1.5, 2.5]
    assert list(frame["round"]) == [1, 2, 0, 0]


def test_a_history_that_cannot_be_read_is_not_written_over(book):
    run, decide = book
    run.labels.mkdir()
    run.history.write_bytes(b"something of mine")
    with pytest.raises(RunError, match="move it away"):
        decide("p", "keep")
    assert run.history.read_bytes() == b"something of mine"
