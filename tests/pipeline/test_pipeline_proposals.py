"""Repairs that a program decides on: rounds that join, leave people's decisions alone, and can be undone."""

import pandas as pd
import pytest

from thresher.errors import DataError
from thresher.pipeline.proposals import decide, take_back
from thresher.repair.history import read_history, record
from thresher.run_folder import RunFolder

ISSUES = pd.DataFrame(
    {
        "image_id": ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"],
        "given": ["cat", "cat", "dog", "dog", "cat", "dog"],
        "suggested": ["dog", "dog", "cat", "cat", "dog", "cat"],
        "probability": [0.95, 0.1, 0.85, 0.6, 0.3, 0.05],
    }
)


def written(folder):
    return pd.read_csv(folder.corrections, keep_default_na=False)


def test_the_doubtful_are_decided_on_and_a_second_round_adds_the_next(tmp_path):
    folder = RunFolder(tmp_path)
    assert decide(folder, ISSUES, "relabel", above=0.8) == (1, 2)
    assert written(folder)[["image_id", "old", "new", "action"]].to_numpy().tolist() == [
        ["a.jpg", "cat", "dog", "relabel"],
        ["c.jpg", "dog", "cat", "relabel"],
    ]
    assert decide(folder, ISSUES, "drop", above=0.5) == (2, 1)
    assert written(folder)["action"].tolist() == ["relabel", "relabel", "drop"]
    history = read_history(folder.history)
    assert history["round"].tolist() == [1, 1, 2]
    assert history["probability"].tolist() == [0.95, 0.85, 0.6]
    assert decide(folder, ISSUES, "drop", above=0.99) == (0, 0)


def test_what_a_person_decided_is_left_alone(tmp_path):
    folder = RunFolder(tmp_path)
    kept = pd.DataFrame(
        {"image_id": ["a.jpg"], "old": ["cat"], "new": ["cat"], "action": ["keep"], "note": [""]}
    )
    record(folder.history, kept, who="ann")
    assert decide(folder, ISSUES, "drop", top=1) == (2, 1)
    assert written(folder)[["image_id", "action"]].to_numpy().tolist() == [
        ["a.jpg", "keep"],
        ["c.jpg", "drop"],
    ]


def test_a_round_is_taken_back_and_nothing_is_deleted(tmp_path):
    folder = RunFolder(tmp_path)
    decide(folder, ISSUES, "relabel", above=0.8)
    decide(folder, ISSUES, "drop", above=0.5)
    assert take_back(folder, 1) == 2
    assert written(folder)["image_id"].tolist() == ["d.jpg"]
    assert len(read_history(folder.history)) == 5
    with pytest.raises(DataError):
        take_back(folder, 1)


def test_photos_for_a_person_are_no_corrections(tmp_path):
    folder = RunFolder(tmp_path)
    assert decide(folder, ISSUES, "review", top=3) == (1, 3)
    assert len(written(folder)) == 0
    with pytest.raises(DataError, match="no action"):
        decide(folder, ISSUES, "burn", top=3)
