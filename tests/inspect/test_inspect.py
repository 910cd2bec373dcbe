"""What is said of a small made data set in which everything that can be flagged occurs."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.table import Dataset
from thresher.inspect import summarise


def table(rows, classes=("cat", "dog", "owl"), group=None):
    """A data set from ``(id, label, split)`` rows."""
    frame = pd.DataFrame(rows, columns=["image_id", "label", "split"])
    return Dataset(
        frame.assign(
            path="/photos/" + frame["image_id"],
            group=group,
            source=None,
            weight=1.0,
            status="ok",
            reason=None,
        ),
        tuple(classes),
        notes=("a note of the reader",),
    )


def decoded(content, status=None, width=None, height=None, reason=None):
    """What a photo cache knows of its rows."""
    n = len(content)
    return SimpleNamespace(
        status=np.array(status or ["ok"] * n, dtype=object),
        reason=np.array(reason or [None] * n, dtype=object),
        width=np.array(width if width is not None else [100] * n),
        height=np.array(height if height is not None else [50] * n),
        content=np.array(content, dtype=object),
    )


ROWS = [
    ("1", "cat", "train"),
    ("2", "cat", "train"),
    ("3", "dog", "train"),
    ("4", None, "train"),
    ("5", None, "test"),
    ("6", "cat", "train"),
]


def test_counts_sizes_and_broken_photos():
    cache = decoded(
        ["a", "b", "c", "d", "e", None],
        status=["ok"] * 5 + ["broken"],
        width=[100, 200, 300, 100, 100, 0],
        height=[50, 50, 50, 100, 200, 0],
        reason=[None] * 5 + ["an empty file"],
    )
    found = summarise(table(ROWS), cache)
    assert found.photos == {"train": 4, "unlabelled": 1, "test": 1}
    assert found.classes["class"].tolist() == ["cat", "dog", "owl"]
    assert found.classes["count"].tolist() == [3, 1, 0]
    assert found.classes["share"].sum() == pytest.approx(1)
    assert "groups" not in found.classes
    assert found.imbalance == 3
    assert found.sizes.loc["width"].tolist() == [100, 100, 300]
    assert found.sizes.loc["aspect"].tolist() == [0.5, 2, 6]
    assert found.status == {"ok": 5, "broken": 1, "missing": 0}
    assert found.broken[["image_id", "reason"]].to_numpy().tolist() == [["6", "an empty file"]]
    assert found.duplicates == ()
    text = "\n".join(found.lines())
    assert "4 labelled photos in 3 classes, 1 without a label, 1 to be predicted." in text
    assert "3 classes have fewer than 5 labelled photos." in text
    assert "1 photo cannot be read." in text
    assert "a note of the reader" in text


def test_duplicates_are_flagged_for_what_they_break():
    found = summarise(table(ROWS), decoded(["x", "y", "x", None, "y", None]))
    one, two = found.duplicates
    assert (one.ids, one.labels, one.splits) == (("1", "3"), ("cat", "dog"), ("train",))
    assert one.labels_differ
    assert not one.in_train_and_test
    assert (two.ids, two.labels, two.splits) == (("2", "5"), ("cat",), ("train", "test"))
    assert two.in_train_and_test
    assert not two.labels_differ
    lines = found.lines()
    assert "1 photo stands in the training part and in the test part." in lines
    assert "1 photo carries different labels in different files." in lines
    assert "2 files are exact copies of another." in lines


def test_groups_per_class():
    data = table(ROWS, group=["p", "p", "q", "q", None, "r"])
    assert summarise(data, decoded(list("abcdef"))).classes["groups"].tolist() == [2, 1, 0]


def test_nothing_at_all():
    found = summarise(table([], classes=("a",)), decoded([]))
    assert found.photos == {"train": 0, "unlabelled": 0, "test": 0}
    assert np.isnan(found.imbalance)
    assert len(found.sizes) == 0
    assert found.lines()[0].startswith("0 labelled photos")
