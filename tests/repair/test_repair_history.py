"""The audit trail only grows; what stands follows from it, and can be undone."""

import numpy as np
import pandas as pd
import pytest

from thresher.errors import DataError
from thresher.repair.history import COLUMNS, append_jobs, overlay, read_history, record, standing, undo


def decisions(**labels):
    """``a='dog'`` relabels photo a, which is a cat, ``b=None`` drops b."""
    rows = [
        {
            "image_id": name,
            "old": "cat",
            "new": new or "",
            "action": "relabel" if new else "drop",
            "note": "n",
        }
        for name, new in labels.items()
    ]
    return pd.DataFrame(rows, columns=["image_id", "old", "new", "action", "note"])


def left(path):
    table = standing(read_history(path))
    return {row.image_id: row.new if row.action == "relabel" else row.action for row in table.itertuples()}


def test_rounds_are_numbered_and_the_last_one_stands(tmp_path):
    path = tmp_path / "labels" / "history.parquet"
    assert len(read_history(path)) == 0
    assert record(path, decisions(a="dog", b=None), who="ann", method="combined") == 1
    assert record(path, decisions(b="cow", c="dog"), who="bob") == 2
    assert left(path) == {"a": "dog", "b": "cow", "c": "dog"}
    history = read_history(path)
    assert list(history.columns) == list(COLUMNS)
    assert list(history["who"]) == ["ann", "ann", "bob", "bob"]
    assert list(history["to"]) == ["dog", None, "cow", "dog"]
    assert list(history["method"]) == ["combined", "combined", "", ""]
    assert history["time"].str.match(r"20\d\d-\d\d-\d\dT").all()
    assert history["fold"].isna().all()


def test_a_round_can_be_undone_and_what_stood_before_stands_again(tmp_path):
    path = tmp_path / "history.parquet"
    record(path, decisions(a="dog", b=None), who="ann")
    record(path, decisions(b="cow", c="dog"), who="ann")
    before = read_history(path)
    assert undo(path, number=2, who="bob") == 2
    assert left(path) == {"a": "dog", "b": "drop"}
    grown = read_history(path)
    pd.testing.assert_frame_equal(grown[: len(before)], before)
    assert list(grown["action"][len(before) :]) == ["undo", "undo"]
    assert list(grown["who"][len(before) :]) == ["bob", "bob"]
    with pytest.raises(DataError, match="no decision of round 2 stands"):
        undo(path, number=2, who="bob")
    assert record(path, decisions(a="cow"), who="ann") == 3  # a number is never used again
    assert undo(path, number=1, who="ann") == 2  # an older round, under a later one
    assert left(path) == {"a": "cow"}


def test_the_last_decision_on_a_photo_can_be_undone(tmp_path):
    path = tmp_path / "history.parquet"
    record(path, decisions(a="dog", b="dog"), who="ann")
    record(path, decisions(a="cow"), who="ann")
    assert undo(path, image_id="a", who="ann") == 1
    assert left(path) == {"a": "dog", "b": "dog"}
    assert undo(path, image_id="a", who="ann") == 1
    assert left(path) == {"b": "dog"}
    with pytest.raises(DataError, match="no decision on 'a' stands"):
        undo(path, image_id="a", who="ann")
    record(path, decisions(a="dog"), who="ann")
    record(path, decisions(a="cow"), who="ann")
    assert undo(path, number=3, image_id="a", who="ann") == 1
    assert left(path)["a"] == "cow"


def test_all_that_is_said_of_a_decision_survives(tmp_path):
    path = tmp_path / "history.parquet"
    table = decisions(a="dog").assign(action="soften", new="dog:0.7", probability=0.83)
    record(path, table, who="ann", method="knn")
    record(path, decisions(b="dog").assign(action="weigh", new="0.30"), who="ann")
    found = standing(read_history(path))
    assert found.to_dict("records") == [
        {"image_id": "a", "old": "cat", "new": "dog:0.7", "action": "soften", "note": "n"},
        {"image_id": "b", "old": "cat", "new": "0.30", "action": "weigh", "note": "n"},
    ]
    history = read_history(path)
    assert history["probability"][0] == 0.83
    assert np.isnan(history["probability"][1])


def test_what_makes_no_sense_is_refused(tmp_path):
    path = tmp_path / "history.parquet"
    with pytest.raises(DataError, match="twice"):
        record(path, pd.concat([decisions(a="dog"), decisions(a="cow")]), who="ann")
    for who in ("recipe", ""):
        with pytest.raises(DataError, match="give a name"):
            record(path, decisions(a="dog"), who=who)
    with pytest.raises(DataError, match="a round, or a photo"):
        undo(path, who="ann")
    assert not path.exists()
    path.write_text("no parquet")
    with pytest.raises(DataError, match=r"history\.parquet: not a trail"):
        read_history(path)
    pd.DataFrame({"image_id": ["a"]}).to_parquet(path)
    with pytest.raises(DataError, match="no column 'round'"):
        read_history(path)


def job(fold, key, *ids):
    table = pd.DataFrame({"image_id": list(ids), "round": 1, "from": "cat", "to": None, "action": "drop"})
    table = table.assign(method="made", probability=0.9, score=0.9)
    return {"model": "m", "seed": 0, "fold": fold, "job": key}, table


def test_what_jobs_did_is_kept_once_and_is_no_decision(tmp_path):
    path = tmp_path / "history.parquet"
    append_jobs(path, [job(0, "k0", "a", "b"), job(1, "k1", "b"), job(2, "k2")])
    record(path, decisions(a="dog"), who="ann")
    append_jobs(path, [job(0, "k0", "a", "b"), job(1, "k9", "c")])
    history = read_history(path)
    assert list(history["who"]) == ["recipe"] * 3 + ["ann", "recipe"]
    assert list(history["image_id"]) == ["a", "b", "b", "a", "c"]
    assert history["fold"].tolist() == [0, 0, 1, pd.NA, 1]
    assert left(path) == {"a": "dog"}
    before = path.read_bytes()
    append_jobs(path, [job(1, "k9", "c")])
    assert path.read_bytes() == before


def test_the_journal_of_a_person_is_left_alone(tmp_path):
    """Its rows have round 0 and lack some columns; its undos are worked in already."""
    path = tmp_path / "history.parquet"
    rows = {"image_id": ["a", "a", "b"], "round": 0, "from": "cat", "to": ["dog", "cat", None]}
    rows |= {"method": "review", "probability": [0.5, None, None], "who": "eve", "time": "t"}
    table = pd.DataFrame({**rows, "action": ["relabel", "undo", "drop"], "note": ""})
    table.to_parquet(path)
    assert record(path, decisions(b="dog"), who="ann") == 1
    assert left(path) == {"b": "dog"}
    history = read_history(path)
    assert history["who"].tolist() == ["eve"] * 3 + ["ann"]
    assert history["time"].tolist()[:3] == ["t"] * 3
    assert undo(path, number=1, who="ann") == 1
    with pytest.raises(DataError, match="nothing to undo"):
        undo(path, image_id="a", who="ann")


def test_of_two_layers_the_upper_one_wins():
    both = overlay(decisions(a="dog", b="dog"), decisions(b=None, c="cow"))
    assert both["image_id"].tolist() == ["a", "b", "c"]
    assert both["action"].tolist() == ["relabel", "drop", "relabel"]
