"""Scores of other programs: every honest way to write them gives the same, every wrong one a message."""

import numpy as np
import pandas as pd
import pytest

from thresher.errors import DataError
from thresher.foreign import read_scores

CLASSES = ("cat", "cow", "dog")
IDS = [f"p{row}.jpg" for row in range(40)]
RNG = np.random.default_rng(0)
LABELS = {name: CLASSES[row % 3] for row, name in enumerate(IDS)}
LOGITS = RNG.normal(size=(40, 3)) + 4 * np.eye(3)[np.arange(40) % 3]
SCORES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)


def table(scores=SCORES, columns=CLASSES, ids=IDS, **more):
    return pd.DataFrame({"image_id": ids, **dict(zip(columns, scores.T, strict=True)), **more})


def written(folder, frame, name="scores.csv"):
    path = folder / name
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def renamed(prefix):
    return [prefix + name for name in CLASSES]


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet"])
@pytest.mark.parametrize(
    "frame",
    [
        table(),
        table(columns=renamed("p_")),
        table(columns=renamed("prob of ")),
        table(columns=["c0", "c1", "c2"]),
        table(columns=["0", "1", "2"]),
        table()[["dog", "image_id", "cat", "cow"]],
        table(width=range(40), label="dog").sample(frac=1, random_state=1),
        table(LOGITS),
        table(np.log(SCORES)),
        table(100 * SCORES),
        table(SCORES.round(3)),
        table(ids=[name.removesuffix(".jpg") for name in IDS]),
        table(ids=[f"train/{name}" for name in IDS]),
        pd.concat([table(ids=[f"q{row}.jpg" for row in range(40)]), table()]),
    ],
    ids=[
        "plain",
        "p_",
        "any prefix",
        "c0",
        "numbers",
        "other order",
        "shuffled, with more columns",
        "logits",
        "log-probabilities",
        "percent",
        "rounded",
        "no extension",
        "folder",
        "more photos",
    ],
)
def test_every_way_to_write_scores_gives_the_same(tmp_path, frame, name):
    read = read_scores(written(tmp_path, frame, name), None, LABELS)
    assert read.ids.tolist() == IDS
    assert read.classes == CLASSES
    assert list(read.labels) == list(LABELS.values())
    np.testing.assert_allclose(read.scores, SCORES, atol=0.002)
    np.testing.assert_allclose(read.scores.sum(1), 1, atol=1e-12)


def test_what_a_person_should_know_is_said(tmp_path):
    def notes(frame, **options):
        return read_scores(written(tmp_path, frame), None, LABELS, **options).origin["notes"]

    assert notes(table()) == []
    assert notes(table(LOGITS)) == ["scores taken for logits: probabilities are their softmax"]
    assert notes(table(100 * SCORES)) == ["scores whose rows sum to 100: they were divided by it"]
    sigmoids = 1 / (1 + np.exp(-LOGITS))
    assert "rows were divided by their sum" in notes(table(sigmoids))[0]
    more = pd.concat([table(ids=[f"q{row}.jpg" for row in range(40)]), table()])
    assert notes(more) == [
        "40 rows are of no labelled photo and were left out: 'q0.jpg', 'q1.jpg', 'q2.jpg' and 37 more"
    ]
    assert "softmax" in notes(table(), logits=True)[0]


def test_whole_numbers_are_classes_in_the_order_of_numbers(tmp_path):
    wide = np.full((40, 12), 0.01) + 0.88 * np.eye(12)[np.arange(40) % 12]
    labels = {name: str(row % 12) for row, name in enumerate(IDS)}
    path = written(tmp_path, table(wide, [f"c{place}" for place in range(12)]))
    assert read_scores(path, None, labels).classes == tuple(map(str, range(12)))
    shifted = {name: str(5 + row % 12) for row, name in enumerate(IDS)}
    read = read_scores(path, None, shifted)
    assert read.classes == tuple(map(str, range(5, 17)))
    np.testing.assert_allclose(read.scores, wide, atol=1e-9)


def test_numbered_columns_stand_for_sorted_names_and_come_in_our_order(tmp_path):
    names = ("b1", "b10", "b2")  # as others sort them; we put b2 before b10
    labels = {name: names[row % 3] for row, name in enumerate(IDS)}
    read = read_scores(written(tmp_path, table(columns=["c0", "c1", "c2"])), None, labels)
    assert read.classes == ("b1", "b2", "b10")
    np.testing.assert_allclose(read.scores, SCORES[:, [0, 2, 1]], atol=1e-9)
    alone = read_scores(written(tmp_path, table()[["image_id", "dog", "cat", "cow"]]))
    assert alone.classes == CLASSES
    np.testing.assert_allclose(alone.scores, SCORES, atol=1e-9)


def test_a_class_that_no_label_has_keeps_its_column(tmp_path):
    labels = {name: LABELS[name] for name in IDS if LABELS[name] != "cow"}
    read = read_scores(written(tmp_path, table(columns=renamed("p_"))), None, labels)
    assert read.classes == CLASSES
    assert len(read) == len(labels)
    numbers = {name: str((0, 2)[row % 2]) for row, name in enumerate(IDS)}
    assert read_scores(written(tmp_path, table(columns=["c0", "c1", "c2"])), None, numbers).classes == (
        "0",
        "1",
        "2",
    )


def test_other_columns_are_no_classes(tmp_path):
    numbers = {name: str(row % 3) for row, name in enumerate(IDS)}
    frame = table(columns=["c0", "c1", "c2"], comment="none", certain=1.0, c=2.0)
    assert read_scores(written(tmp_path, frame), None, numbers).classes == ("0", "1", "2")
    frame = table(columns=renamed("x"), xylem=1.0)
    assert read_scores(written(tmp_path, frame), None, LABELS).classes == CLASSES


def test_given_classes_say_the_order(tmp_path):
    order = ("dog", "cat", "cow")
    path = written(tmp_path, table(SCORES[:, [2, 0, 1]], ["c0", "c1", "c2"]))
    read = read_scores(path, order, LABELS)
    assert read.classes == order
    np.testing.assert_allclose(read.scores, SCORES[:, [2, 0, 1]], atol=1e-9)


def test_labels_and_folds_of_the_file(tmp_path):
    frame = table(columns=renamed("p_"), label=list(LABELS.values()), fold=np.arange(40) % 5)
    read = read_scores(written(tmp_path, frame))
    assert read.targets.tolist() == [row % 3 for row in range(40)]
    assert read.folds.tolist() == [row % 5 for row in range(40)]
    alone = read_scores(written(tmp_path, table()))
    assert alone.classes == CLASSES
    assert alone.labels is None
    other = read_scores(written(tmp_path, table().rename(columns={"image_id": "file"})), image_id="file")
    assert other.ids.tolist() == IDS


def test_scores_that_we_wrote_ourselves(tmp_path):
    ours = read_scores(written(tmp_path, table()), None, LABELS)
    again = read_scores(ours.save(tmp_path / "ours.parquet"))
    assert np.array_equal(again.scores, ours.scores)
    assert again.classes == ours.classes


NAN, WORD, MINUS = SCORES.copy(), SCORES.astype(object), SCORES.copy()
NAN[[3, 5], 1] = np.nan
WORD[7, 2] = "much"
MINUS[4] = [0.0, 0.0, 0.0]
ROTATED = SCORES[:, [1, 2, 0]]
WRONG = {
    "no id column": (
        table().rename(columns={"image_id": "image"}),
        "no column 'image_id'.*did you mean 'image'",
    ),
    "an id twice": (table(ids=[*IDS[:-1], "p3.jpg"]), r"more than once: 'p3.jpg' in rows 5, 41"),
    "a blank id": (table(ids=[*IDS[:-1], ""]), "no image_id in row 41"),
    "other ids": (
        table(ids=[f"x{row}" for row in range(40)]),
        r"no scores for 40 of 40 .*'p0.jpg'.*has 'x0'",
    ),
    "a missing id": (table()[1:], r"no scores for 1 of 40 labelled photos: 'p0.jpg'"),
    "nan": (table(NAN), r"column 'cow' has a blank cell in rows 5, 7"),
    "infinite": (table(np.where(NAN != NAN, np.inf, NAN)), r"column 'cow' has 'inf', which is no finite"),
    "a word": (table(WORD), r"column 'dog' has 'much', which is no finite number, in row 9"),
    "no column of a class": (table()[["image_id", "cat", "dog"]], r"classes 'cow': cow is missing"),
    "a class misspelt": (
        table(columns=["p_cat", "p_cows", "p_dog"]),
        r"p_cow is missing; did you mean 'p_cows'\?",
    ),
    "too few numbered columns": (
        table(SCORES[:, :2], ["c0", "c1"]),
        r"c0 to c1 are 2 classes, and the labels have 3",
    ),
    "no scores": (table()[["image_id"]], "no column of scores for the classes 'cat'"),
    "a row of zeros": (table(MINUS), r"no probabilities .*'p4.jpg' in row 6"),
    "numbered in another order": (table(ROTATED, ["c0", "c1", "c2"]), r"in another order with"),
    "no rows": (table()[:0], "no rows"),
    "columns twice": (table().assign(more=1).rename(columns={"more": "cat"}), "'cat' stands more than once"),
}


@pytest.mark.parametrize(("frame", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told(tmp_path, frame, message):
    path = written(tmp_path, frame)
    with pytest.raises(DataError, match=message) as error:
        read_scores(path, None, LABELS)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_what_is_wrong_with_the_words_given_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "none.csv")
    with pytest.raises(DataError, match="no probabilities"):
        read_scores(written(tmp_path, table(LOGITS)), None, LABELS, logits=False)
    with pytest.raises(DataError, match="not among the classes: 'p_dog'"):
        read_scores(written(tmp_path, table(columns=renamed("p_"))), ("cat", "cow"), {"p0.jpg": "cat"})
    with pytest.raises(DataError, match="no columns of scores"):
        read_scores(written(tmp_path, table()[["image_id"]]))
