"""Tables that cannot be used, or not all of them."""

import pandas as pd
import pytest

from thresher.dataset.tabular import read_table
from thresher.errors import DataError
from thresher.recipe.schema import DataSection

PAIRS = [("a.jpg", "cat"), ("b.jpg", "dog"), ("c.jpg", "")]


def test_ids_without_a_file(table, tmp_path):
    dataset = read_table(
        table([*PAIRS, ("gone.jpg", "cat"), ("b.jpeg", "cat")], files=["a.jpg", "b.jpg", "c.jpg"])
    )
    assert dataset.frame["status"].tolist() == ["ok", "ok", "ok", "missing", "missing"]
    assert dataset.frame["reason"].tolist()[:3] == [None] * 3
    assert dataset.frame["reason"][3] == f"no such file: {tmp_path / 'gone.jpg'}"
    assert dataset.frame["path"][3] == str(tmp_path / "gone.jpg")
    assert "2 rows" in dataset.notes[0]
    assert dataset.labelled.tolist() == [True, True, False, True, True]


def test_the_first_photos_may_be_missing(table, tmp_path):
    rows = [(f"{number}.jpg", "x") for number in range(50)]
    dataset = read_table(table(rows, files=["49.jpg"], folder="images"))
    assert dataset.frame["path"][49] == str(tmp_path / "images" / "49.jpg")


def test_the_labels_alone_may_be_enough(table, tmp_path):
    path = table(PAIRS, files=[])
    dataset = read_table(path, absent=True)
    assert dataset.frame["status"].tolist() == ["missing"] * 3
    assert dataset.frame["label"].tolist() == ["cat", "dog", None]
    with pytest.raises(DataError, match="not one of the 3 photos"):
        read_table(path, tmp_path, absent=True)


def test_all_files_missing_says_where_was_looked(table, tmp_path):
    path = table(PAIRS, files=[])
    (tmp_path / "images").mkdir()
    with pytest.raises(
        DataError, match=rf"not one of the 3 photos.*'a\.jpg'.*{tmp_path}, .*/images. .*--images"
    ):
        read_table(path)
    with pytest.raises(DataError, match="not one of the 3 photos"):
        read_table(path, tmp_path)


def test_files_without_a_row_are_counted(table):
    dataset = read_table(
        table(PAIRS, files=["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.png", "readme.txt"], folder="images")
    )
    assert "2 photos in" in dataset.notes[0]
    assert "have no row in" in dataset.notes[0]


def test_duplicated_ids_are_named_with_their_rows(table):
    rows = [("a.jpg", "x"), ("b.jpg", "y"), ("a.jpg", "y"), ("c.jpg", "x"), ("b.jpg", "y"), ("a.jpg", "x")]
    with pytest.raises(
        DataError, match=r"stand more than once: 'a\.jpg' \(rows 2, 4, 7\), 'b\.jpg' \(rows 3, 6\)"
    ):
        read_table(table(rows))
    with pytest.raises(DataError, match=r"name the same file: 'a' \(rows 2, 3\)"):
        read_table(table([("a", "x"), ("./a.jpg", "y")], files=["a.jpg"]))


@pytest.mark.parametrize(
    "name", ["../out/x.jpg", "{tmp}/out/x.jpg", "a/../../out/x.jpg", "..", "/etc/hostname"]
)
def test_paths_that_lead_outside_are_refused_unless_allowed(table, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.jpg").touch()
    name = name.format(tmp=tmp_path)
    path = table([("a.jpg", "x"), (name, "y")], files=["a.jpg"], folder="images")
    with pytest.raises(DataError, match=r"lead out of the image folder.*row 3.*allow_outside"):
        read_table(path, tmp_path / "images")
    dataset = read_table(path, tmp_path / "images", DataSection(allow_outside=True))
    if name.endswith("x.jpg"):
        assert dataset.frame["path"][1] == str(tmp_path / "out" / "x.jpg")
        assert dataset.usable.all()


def test_absolute_and_dotted_paths_that_stay_inside_are_fine(table, tmp_path):
    rows = [
        (str(tmp_path / "images" / "a.jpg"), "x"),
        ("sub/../b.jpg", "y"),
        ("./c.jpg", "x"),
        ("sub//d.jpg", "x"),
    ]
    path = table(rows, files=["a.jpg", "b.jpg", "c.jpg", "sub/d.jpg"], folder="images")
    dataset = read_table(path, tmp_path / "images")
    assert dataset.usable.all()
    assert dataset.ids.tolist() == [row[0] for row in rows]
    assert dataset.frame["path"][1] == str(tmp_path / "images" / "b.jpg")


def test_unknown_labels(table):
    path = table([("a.jpg", "cat"), ("b.jpg", "dgo"), ("c.jpg", "dog"), ("d.jpg", "dgo")])
    with pytest.raises(DataError, match=r"2 labels.*'dgo'.*rows 3, 5: 'dgo'; did you mean 'dog'\?"):
        read_table(path, data=DataSection(classes=("cat", "dog")))
    given = read_table(path, data=DataSection(classes=("wolf", "dog", "dgo", "cat")))
    assert given.classes == ("wolf", "dog", "dgo", "cat")
    assert given.targets.tolist() == [3, 2, 1, 2]
    with pytest.raises(DataError, match=r"data\.classes: 'cat' stands twice"):
        read_table(path, data=DataSection(classes=("cat", "dog", "cat")))


def test_labels_that_only_test_rows_have_are_no_classes(table):
    path = table(
        [("a.jpg", "x", "train"), ("b.jpg", "y", "train"), ("c.jpg", "?", "test")],
        header="image_id,label,split",
    )
    dataset = read_table(path, data=DataSection(split="split"))
    assert dataset.classes == ("x", "y")
    assert dataset.frame["label"].tolist() == ["x", "y", None]
    assert "1 test labels that are no classes" in dataset.notes[0]


@pytest.mark.parametrize("value", ["0", "-1", "heavy", "nan", "inf"])
def test_bad_weights(table, value):
    path = table([("a.jpg", "x", "1"), ("b.jpg", "y", value)], header="image_id,label,w")
    with pytest.raises(DataError, match=rf"w = '{value}' in row 3: a weight is a number > 0"):
        read_table(path, data=DataSection(weight="w"))


def test_bad_split(table):
    path = table([("a.jpg", "x", "train"), ("b.jpg", "y", "dev")], header="image_id,label,part")
    with pytest.raises(DataError, match=r"part = 'dev' in row 3: give train, valid or test"):
        read_table(path, data=DataSection(split="part"))


def test_blank_ids(table):
    with pytest.raises(DataError, match=r"no image_id in rows 3, 4"):
        read_table(table([("a.jpg", "x"), ("", "y"), ("  ", "y")], files=["a.jpg"]))


def test_empty_tables(table, tmp_path):
    with pytest.raises(DataError, match="no rows"):
        read_table(table([]))
    with pytest.raises(DataError, match="no rows"):
        read_table(pd.DataFrame({"image_id": [], "label": []}))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match="the file is empty"):
        read_table(tmp_path / "empty.csv")
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / "nope.csv")
    with pytest.raises(DataError, match="not a file"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"image_id,label\na.jpg,cat,extra\n", r"row 2 \(line 2\) has 3 values and the header 2"),
        (b"image_id,label\na.jpg\n", "has 1 values"),
        (b'image_id,label\n"a.jpg,cat\n', "not valid CSV"),
        ("image_id,label\nä.jpg,cat\n".encode("latin-1"), "not UTF-8"),
        ("image_id,label\na.jpg,cat\n".encode("utf-16"), "not UTF-8|not a CSV"),
        (b"PK\x03\x04\0\0\0\0 a spreadsheet", "not a CSV or parquet file"),
        (b"PAR1 but nothing more", "not a whole parquet file"),
        (b"image_id,label,label\na.jpg,cat,dog\n", "'label' stands more than once"),
        (b"\n\n \n", "the file is empty"),
    ],
)
def test_files_that_are_no_tables(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / "t.csv")
