"""From judged labels to corrections that a run takes."""

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.corrections import read_corrections
from thresher.dataset.frame import build_frame
from thresher.dataset.table import Dataset
from thresher.errors import DataError
from thresher.repair.propose import propose

GIVEN = ["cat", "cat", "dog", "dog", "cow"]
ISSUES = pd.DataFrame(
    {
        "image_id": list("abcde"),
        "given": GIVEN,
        "suggested": ["dog", "cow", "cat", "cow", "cat"],
        "probability": [0.2, 0.91, 0.85, np.nan, 0.99],
    }
)
IDS = np.array(list("abcde"), dtype=object)
DATA = Dataset(build_frame(IDS, IDS, label=np.array(GIVEN, dtype=object)), ("cat", "dog", "cow"))


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("drop", {"b": "", "c": ""}),  # the only cow stays
        ("relabel", {"b": "cow", "c": "cat"}),
        ("soften", {"e": "cat:0.99", "b": "cow:0.91", "c": "cat:0.85"}),
        ("weigh", {"e": "0.01", "b": "0.09", "c": "0.15"}),
        ("review", {"e": "cat", "b": "cow", "c": "cat"}),
    ],
)
def test_every_action(action, wanted):
    found = propose(ISSUES, action, above=0.8)
    assert dict(zip(found["image_id"], found["new"], strict=True)) == wanted
    assert list(found["image_id"]) == list(wanted)  # the most doubtful first
    assert set(found["action"]) == {action}
    assert [GIVEN["abcde".index(name)] for name in found["image_id"]] == found["old"].tolist()
    read, notes = read_corrections(found, DATA)
    assert (len(read.rows), notes) == (len(wanted), ())


def test_limits():
    assert propose(ISSUES, "review", above=0.85)["image_id"].tolist() == ["e", "b", "c"]
    assert propose(ISSUES, "review", top=1)["image_id"].tolist() == ["e"]
    assert propose(ISSUES, "review", top=99)["image_id"].tolist() == ["e", "b", "c", "a"]
    assert propose(ISSUES, "review", above=0.9, top=1)["image_id"].tolist() == ["e"]
    assert propose(ISSUES, "review", above=1.0)["image_id"].tolist() == []


def test_a_class_keeps_its_last_photo():
    many = pd.concat([ISSUES.assign(image_id=ISSUES["image_id"] + str(turn)) for turn in range(3)])
    sure = many.assign(probability=0.9).assign(probability=lambda table: 0.9 + np.arange(len(table)) / 1000)
    left = sure[~sure["image_id"].isin(propose(sure, "drop", above=0.5)["image_id"])]
    assert left["given"].tolist() == ["cat", "dog", "cow"]
    assert left["image_id"].tolist() == ["a0", "c0", "e0"]  # the least doubtful of each


def test_the_note_says_why():
    assert propose(ISSUES, "review", top=1, method="knn")["note"].tolist() == ["knn 0.990"]
    assert propose(ISSUES, "review", top=1)["probability"].tolist() == [0.99]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(DataError, match=r"above .* or top"):
        propose(ISSUES, "drop")
    for action in ("dorp", "distil"):
        with pytest.raises(DataError, match=f"no action is named '{action}'"):
            propose(ISSUES, action, above=0.5)
    with pytest.raises(DataError, match="'probability'"):
        propose(ISSUES.drop(columns="probability"), "drop", above=0.5)
