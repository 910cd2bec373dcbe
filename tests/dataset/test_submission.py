import csv

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.submission import find_sample, write_submission
from thresher.errors import DataError
from thresher.predictions import Predictions
from thresher.recipe.schema import DataSection


@pytest.fixture
def predictions():
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.9, 0.05, 0.05]])
    return Predictions(["t1.jpg", "sub/t2.jpg", "t,3.jpg", "t4.jpg"], scores, ("cat", "dog", "1"), "test")


def sample(tmp_path, text):
    (tmp_path / "sample_submission.csv").write_text(text)
    return tmp_path / "sample_submission.csv"


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_without_a_sample(predictions, tmp_path):
    assert write_submission(predictions, None, tmp_path / "s.csv") == ()
    expected = [
        ["image_id", "label"],
        ["t1.jpg", "cat"],
        ["sub/t2.jpg", "1"],
        ["t,3.jpg", "dog"],
        ["t4.jpg", "cat"],
    ]
    assert rows(tmp_path / "s.csv") == expected


def test_columns_and_order_of_the_sample(predictions, tmp_path):
    like = sample(tmp_path, 'file,kind\nt4.jpg,x\n"t,3.jpg",x\nt1.jpg,x\n')
    assert write_submission(predictions, like, tmp_path / "s.csv") == ("sub/t2.jpg",)
    assert rows(tmp_path / "s.csv") == [
        ["file", "kind"],
        ["t4.jpg", "cat"],
        ["t,3.jpg", "dog"],
        ["t1.jpg", "cat"],
    ]


def test_a_sample_with_one_column_per_class(predictions, tmp_path):
    like = sample(tmp_path, "id,1,cat,dog\nt1.jpg,0,0,0\nsub/t2.jpg,0,0,0\n")
    assert write_submission(predictions, like, tmp_path / "s.csv") == ("t,3.jpg", "t4.jpg")
    written = pd.read_csv(tmp_path / "s.csv")
    assert list(written) == ["id", "1", "cat", "dog"]
    np.testing.assert_allclose(written[["cat", "dog", "1"]], predictions.scores[:2])


@pytest.mark.parametrize(("first", "second"), [("t1", "t,3"), ("t1.jpg", "t,3.jpg"), ("t1", "nothing")])
def test_ids_of_a_sample_may_lack_extensions(predictions, tmp_path, first, second):
    like = sample(tmp_path, f'id,label\n"{second}",?\n{first},?\n')
    if second == "nothing":
        with pytest.raises(DataError, match=r"not among the test photos: 'nothing' in row 2"):
            write_submission(predictions, like, tmp_path / "s.csv")
    else:
        write_submission(predictions, like, tmp_path / "s.csv")
        assert rows(tmp_path / "s.csv")[1:] == [[second, "dog"], [first, "cat"]]


def test_ids_of_a_sample_may_lack_folders(predictions, tmp_path):
    nested = predictions.take([1])
    write_submission(nested, sample(tmp_path, "id,label\nt2.jpg,?\n"), tmp_path / "s.csv")
    assert rows(tmp_path / "s.csv")[1:] == [["t2.jpg", "1"]]


def test_ids_without_scores(predictions, tmp_path):
    like = sample(tmp_path, "id,label\nt1.jpg,?\ngone.jpg,?\n")
    with pytest.raises(DataError, match=r"'gone\.jpg' in row 3"):
        write_submission(predictions, like, tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()
    write_submission(predictions, like, tmp_path / "s.csv", partial=True)
    assert rows(tmp_path / "s.csv")[1:] == [["t1.jpg", "cat"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,label\nq.jpg,?\nr.jpg,?\n", r"none of its ids is a test photo \(it has 'q\.jpg', 'r\.jpg'"),
        ("id,cat,dog,wolf\nt1.jpg,0,0,0\n", "one per class; 'wolf'"),
        ("id\nt1.jpg\n", "it has none"),
        ("id,label\n", "no rows"),
        ("id,label\n,x\n", "rows without an id"),
    ],
)
def test_samples_that_mean_nothing_here(predictions, tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        write_submission(predictions, sample(tmp_path, text), tmp_path / "s.csv")


def test_where_the_sample_is_found(tmp_path):
    for folder in ("data/train", "data/test", "other"):
        (tmp_path / folder).mkdir(parents=True)
    table = tmp_path / "data" / "train.csv"
    table.touch()
    assert find_sample(table, tmp_path / "data" / "test", DataSection()) is None
    inside = sample(tmp_path / "data" / "test", "id,label\n")
    assert find_sample(table, tmp_path / "data" / "test") == inside
    beside = sample(tmp_path / "data", "id,label\n")
    assert find_sample(table, None) == beside
    assert find_sample(pd.DataFrame(), tmp_path / "data" / "test") == inside
    assert find_sample(tmp_path / "data" / "train", None) == beside
    (tmp_path / "data" / "form.csv").touch()
    named = DataSection(sample_submission="form.csv")
    assert find_sample(table, None, named) == tmp_path / "data" / "form.csv"
    assert find_sample(tmp_path / "other", None, DataSection(sample_submission=str(beside))) == beside
    with pytest.raises(DataError, match=r"data\.sample_submission = 'nope\.csv'"):
        find_sample(table, None, DataSection(sample_submission="nope.csv"))
