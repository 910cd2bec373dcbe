"""Corrections: read, refused where they do not fit, and turned into what photos teach."""

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.corrections import read_corrections, write_corrections
from thresher.dataset.frame import build_frame
from thresher.dataset.table import Dataset
from thresher.errors import DataError

CLASSES = ("cat", "dog", "cow", "a:b")
LABELS = {"a": "cat", "b": "dog", "c": "cow", "d": "cat", "e": "a:b", "f": None, "g": "cat", "h": "dog"}
IDS = np.array(list(LABELS), dtype=object)
SPLIT = np.array(["train"] * 6 + ["test", "valid"], dtype=object)
DATA = Dataset(
    build_frame(IDS, IDS, label=np.array(list(LABELS.values()), dtype=object), split=SPLIT), CLASSES
)
HEAD = "image_id,old,new,action,note\n"
ALL = """\
c,cow,dog,relabel,seen
a,cat,,drop,
b,dog,cow:0.7,soften,
d,cat,0.25,weigh,
e,a:b,,keep,looked twice
h,dog,cat,relabel,
"""


def read(tmp_path, text, **options):
    path = tmp_path / "c.csv"
    path.write_text(HEAD + text)
    return read_corrections(path, DATA, **options)[0]


def error_of(tmp_path, text):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_every_action_says_what_photos_teach(tmp_path):
    found = read(tmp_path, ALL)
    rows = np.array([4, 2, 3, 1, 0])
    teaching = found.teaching(DATA, rows)
    np.testing.assert_array_equal(teaching.given, [3, 2, 0, 1, 0])
    wanted = np.eye(4)[[3, 1, 0, 1, 0]]
    wanted[3] = [0, 0.3, 0.7, 0]
    np.testing.assert_allclose(teaching.rows(4), wanted, atol=1e-6)
    np.testing.assert_array_equal(teaching.weights, [1, 1, 0.25, 1, 1])
    np.testing.assert_array_equal(teaching.dropped, [False] * 4 + [True])
    assert teaching.fixed.all()
    assert found.counts == {"keep": 1, "relabel": 2, "drop": 1, "soften": 1, "weigh": 1}


def test_what_is_not_corrected_stays_and_may_be_repaired(tmp_path):
    found = read(tmp_path, "b,dog,cow,review,\nd,cat,,keep,\n")
    teaching = found.teaching(DATA, np.arange(5))
    assert teaching.plain
    assert teaching.fixed.tolist() == [False, False, False, True, False]
    empty = read(tmp_path, "")
    assert empty.teaching(DATA, np.arange(5)).plain
    assert empty.counts == {}


def test_relabelled_photos_alone_are_still_taught_by_index(tmp_path):
    teaching = read(tmp_path, "c,cow,dog,relabel,\n").teaching(DATA, np.arange(5))
    assert teaching.targets.tolist() == [0, 1, 1, 0, 3]


def test_a_soft_label_without_a_share_is_half_and_half(tmp_path):
    rows = read(tmp_path, "a,cat,a:b,soften,\nb,dog,a:b:0.2,soften,\n").teaching(DATA, np.arange(2)).rows(4)
    np.testing.assert_allclose(rows, [[0.5, 0, 0, 0.5], [0, 0.8, 0, 0.2]], atol=1e-6)


def test_the_corrected_data_set_has_new_labels_and_lacks_dropped_ones(tmp_path):
    labels = read(tmp_path, ALL).corrected(DATA).frame["label"].tolist()
    assert labels == [None, "dog", "dog", "cat", "a:b", None, "cat", "cat"]
    assert DATA.frame["label"].tolist() == list(LABELS.values())


def test_the_mark_names_what_has_an_effect(tmp_path):
    first = read(tmp_path, ALL).mark
    lines = ALL.splitlines()
    assert read(tmp_path, "\n".join(lines[::-1])).mark == first
    assert read(tmp_path, ALL.replace("seen", "another note")).mark == first
    assert read(tmp_path, "\n".join(lines[:-1]) + "\nh,dog,,review,\n").mark != first
    assert read(tmp_path, ALL.replace("0.7", "0.6")).mark != first
    assert read(tmp_path, ALL.replace("c,cow,dog", "c,cow,cat")).mark != first


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,dog,,drop,", "c.csv: row 2: the label of 'a' is now 'cat', the correction was made for 'dog'"),
        ("b,dog,cow,relabel,\na,,cow,relabel,", "c.csv: row 3: the label of 'a' is now 'cat'"),
        ("aa,cat,,drop,", "c.csv: row 2: no photo is named 'aa'"),
        ("g,cat,dog,relabel,", "c.csv: row 2: 'g' is a test photo"),
        ("f,,dog,relabel,", "c.csv: row 2: 'f' has no label to correct"),
        (",cat,dog,relabel,", "c.csv: no image_id in row 2"),
        ("a,cat,dgo,relabel,", "c.csv: row 2: no class is named 'dgo'; did you mean 'dog'?"),
        ("a,cat,,relabel,", "c.csv: row 2: relabel needs a new class"),
        ("a,cat,cat,relabel,", "c.csv: row 2: new is the label that it has, 'cat': say keep"),
        ("a,cat,dog,relable,", "c.csv: row 2: no action is named 'relable'; did you mean 'relabel'?"),
        ("a,cat,dog,,", "c.csv: row 2: no action; there are: "),
        ("a,cat,dog,drop,", "c.csv: row 2: new = 'dog' has no effect with drop"),
        ("a,cat,dog,keep,", "c.csv: row 2: new = 'dog' has no effect with keep"),
        ("a,cat,dog:1.5,soften,", "c.csv: row 2: new = '1.5': a share is a number above 0 and at most 1"),
        ("a,cat,dgo:0.5,soften,", "c.csv: row 2: no class is named 'dgo'; did you mean 'dog'?"),
        ("a,cat,1,weigh,", "c.csv: row 2: new = '1': a weight is a number above 0 and below 1"),
        ("a,cat,half,weigh,", "c.csv: row 2: new = 'half': a weight"),
        ("a,cat,nan,weigh,", "c.csv: row 2: new = 'nan': a weight"),
        ("a,cat,,drop,\nb,dog,,drop,\na,cat,,keep,", "is corrected more than once: keep one of rows 2, 4"),
        ("a,dog,,drop,\nd,dog,,drop,", "(1 more rows like it)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_with_its_row(tmp_path, text, says):
    assert says in error_of(tmp_path, text)


def test_a_keep_may_repeat_the_label(tmp_path):
    assert read(tmp_path, "a,cat,cat,keep,\n").teaching(DATA, np.arange(1)).fixed[0]


def test_missing_columns_and_files(tmp_path):
    (tmp_path / "c.csv").write_text("image_id,old,new,actoin\na,cat,,drop\n")
    with pytest.raises(DataError, match="no column 'action'; did you mean 'actoin'"):
        read_corrections(tmp_path / "c.csv", DATA)
    with pytest.raises(DataError, match="no such file"):
        read_corrections(tmp_path / "no.csv", DATA)
    frame = pd.DataFrame({"image_id": ["a"], "old": ["cat"], "new": [None], "action": ["drop"]})
    assert read_corrections(frame, DATA)[0].counts == {"drop": 1}


def test_of_a_part_of_the_data_the_rest_is_left_out(tmp_path):
    part = DATA.take([0, 1])
    (tmp_path / "c.csv").write_text(HEAD + ALL)
    found, notes = read_corrections(tmp_path / "c.csv", part, partial=True)
    assert found.rows.tolist() == [0, 1]
    assert notes == ("4 corrections are of photos that this part of the data lacks",)
    with pytest.raises(DataError, match="no photo is named 'c'"):
        read_corrections(tmp_path / "c.csv", part)


def test_what_is_written_is_read(tmp_path):
    found = read(tmp_path, ALL)
    write_corrections(found.table, tmp_path / "sub" / "again.csv")
    again, _ = read_corrections(tmp_path / "sub" / "again.csv", DATA)
    pd.testing.assert_frame_equal(again.table, found.table)
    assert again.mark == found.mark
    write_corrections(pd.DataFrame({"image_id": ["a"], "probability": [0.5]}), tmp_path / "few.csv")
    assert (tmp_path / "few.csv").read_text() == HEAD + "a,,,,\n"
