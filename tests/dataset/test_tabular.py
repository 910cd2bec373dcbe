import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from thresher.dataset.table import Dataset
from thresher.dataset.tabular import read_table
from thresher.errors import DataError
from thresher.recipe.schema import DataSection

PAIRS = [("a.jpg", "cat"), ("b.jpg", "dog"), ("c.jpg", "")]


def test_a_plain_table(table, tmp_path):
    dataset = read_table(table(PAIRS))
    assert dataset.ids.tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert dataset.frame["label"].tolist() == ["cat", "dog", None]
    assert dataset.frame["path"].tolist() == [str(tmp_path / name) for name, _ in PAIRS]
    assert dataset.classes == ("cat", "dog")
    assert dataset.usable.all()
    assert dataset.notes == ()


@pytest.mark.parametrize("folder", ["", "images", "train", "train_images"])
def test_where_photos_are_looked_for(table, tmp_path, folder):
    path = table(PAIRS, folder=folder)
    assert read_table(path).frame["path"][0] == str(tmp_path / folder / "a.jpg")


def test_the_table_names_its_folder(table, tmp_path):
    path = table(PAIRS, folder="val", name="val.csv")
    assert read_table(path).frame["path"][1] == str(tmp_path / "val" / "b.jpg")


def test_given_images_win(table, tmp_path):
    path = table(PAIRS)
    table(PAIRS, folder="other")
    assert read_table(path, tmp_path / "other").frame["path"][0] == str(tmp_path / "other" / "a.jpg")
    with pytest.raises(DataError, match="no such image folder"):
        read_table(path, tmp_path / "nope")


def test_labels_and_ids_stay_text(table, tmp_path):
    rows = [("007", "1"), ("008", ""), ("1e5", "01"), ("NA", "NA")]
    dataset = read_table(table(rows, files=["007.jpg", "008.PNG", "1e5.jpg", "NA.jpg"]))
    assert dataset.ids.tolist() == ["007", "008", "1e5", "NA"]
    assert dataset.frame["label"].tolist() == ["1", None, "01", "NA"]
    assert dataset.frame["path"][1] == str(tmp_path / "008.PNG")
    assert "4 image ids have no extension" in dataset.notes[0]


@pytest.mark.parametrize("kind", ["frame", "parquet"])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 2, 10, None], ["1", "2", "10", None]),
        ([True, False, True, None], ["True", "False", "True", None]),
        (["x", " ", "y", float("nan")], ["x", None, "y", None]),
        ([0.5, 1.0, 2.0, None], ["0.5", "1", "2", None]),
        (pd.Categorical([3, 4, 3, None]), ["3", "4", "3", None]),
        (pd.array([7, 8, 9, None], dtype="Int64"), ["7", "8", "9", None]),
    ],
)
def test_labels_of_any_type_become_text(table, tmp_path, monkeypatch, kind, labels, expected):
    table(PAIRS, files=["1.jpg", "2.jpg", "3.jpg", "4.jpg"])
    frame = pd.DataFrame({"image_id": [1, 2, 3, 4], "label": labels, "rest": 0})
    monkeypatch.chdir(tmp_path)
    if kind == "parquet":
        if frame["label"].dtype == object and expected[0] in ("True", "0.5"):
            frame["label"] = pd.array(labels, dtype="boolean" if expected[0] == "True" else "Float64")
        frame.to_parquet("t.parquet")
    dataset = read_table(frame if kind == "frame" else tmp_path / "t.parquet")
    assert dataset.frame["label"].tolist() == expected
    assert dataset.ids.tolist() == ["1", "2", "3", "4"]
    assert "10" not in expected or dataset.classes == ("1", "2", "10")


def test_odd_names_survive(table):
    rows = [
        ("a b.jpg", "x"),
        ("c,d.jpg", "y"),
        ("北ä.jpg", "x y"),
        ('new\nline".jpg', "y,z"),
        (" lead.jpg", "x"),
    ]
    dataset = read_table(table(rows))
    assert dataset.ids.tolist() == [row[0] for row in rows]
    assert dataset.frame["label"].tolist() == [row[1] for row in rows]
    assert dataset.usable.all()


def test_accents_written_apart_are_the_same_name(table):
    dataset = read_table(
        table([("e\u0301.jpg", "x"), ("b\u00e9", "y")], files=["\u00e9.jpg", "be\u0301.png"])
    )
    assert dataset.usable.all()


def test_byte_order_mark_and_spaces_after_commas(table):
    dataset = read_table(
        table([("a.jpg", " cat "), ("b.jpg", "dog")], header="image_id, label", encoding="utf-8-sig")
    )
    assert dataset.classes == ("cat", "dog")


def test_all_columns(table):
    rows = [
        ("a.jpg", "cat", "g1", "web", "TRAIN", "0.5"),
        ("b.jpg", "dog", "", "", "val", ""),
        ("c.jpg", "", "7", "own", "Test", "2"),
        ("d.jpg", "dog", "g1", "own", "", "1e-3"),
    ]
    data = DataSection(group="person", source="from", split="part", weight="w", image_id="file", label="kind")
    dataset = read_table(table(rows, header="file,kind,person,from,part,w"), data=data)
    assert dataset.frame["group"].tolist() == ["g1", None, "7", "g1"]
    assert dataset.frame["source"].tolist() == ["web", None, "own", "own"]
    assert dataset.frame["split"].tolist() == ["train", "valid", "test", "train"]
    assert dataset.frame["weight"].tolist() == [0.5, 1.0, 2.0, 0.001]


def test_a_column_that_is_named_has_to_be_there(table):
    path = table(PAIRS, header="image_id,lable")
    dataset = read_table(path)  # the default name may be absent: nothing is labelled
    assert not dataset.labelled.any()
    assert "no column 'label'" in dataset.notes[0]
    test = read_table(path, data=DataSection(group="person", label="kind", weight="w"), split="test")
    assert test.is_test.all()
    for key in ("group", "source", "split", "weight"):
        with pytest.raises(
            DataError, match=rf"train\.csv: no column 'labl'; did you mean 'lable'\?.*data\.{key}"
        ):
            read_table(path, data=DataSection(**{key: "labl"}))
    with pytest.raises(DataError, match=r"no column 'kind'; there are: image_id, lable.*data\.label"):
        read_table(path, data=DataSection(label="kind"))
    with pytest.raises(DataError, match=r"no column 'image_id'.*did you mean 'image'"):
        read_table(table(PAIRS, header="image,label"))
    with pytest.raises(DataError, match="separated by commas"):
        read_table(table([("a.jpg;cat",)], header="image_id;label", files=[]))


def test_data_frames(table, tmp_path):
    table(PAIRS)
    frame = pd.DataFrame(PAIRS, columns=["image_id", "label"], index=[9, 9, 9])
    dataset = Dataset.from_table(frame, tmp_path)
    assert dataset.frame.equals(read_table(tmp_path / "train.csv").frame)
    with pytest.raises(DataError, match=r"the data frame: image ids that stand.*rows 0, 1"):
        read_table(pd.DataFrame({"image_id": ["a.jpg", "a.jpg"]}), tmp_path)


MILLION = """
import resource, sys, time
from pathlib import Path
from thresher.dataset.tabular import read_table
before = time.process_time()
dataset = read_table(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
# There the peak of this program alone: not of the process that it was forked from.
status = Path("/proc/self/status")
if status.is_file():
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
print(len(dataset), int(dataset.usable.sum()), time.process_time() - before, peak / 2**20)
"""


def test_a_million_rows_with_missing_photos(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(0, 1000, 10):
        (tmp_path / "images" / f"photo_{number:07d}.jpg").touch()
    ids = np.char.add(np.char.add("photo_", np.char.zfill(np.arange(1_000_000).astype(str), 7)), ".jpg")
    pd.DataFrame({"image_id": ids, "label": np.arange(1_000_000) % 100}).to_csv(
        tmp_path / "t.csv", index=False
    )
    answer = subprocess.run(
        [sys.executable, "-c", MILLION, str(tmp_path / "t.csv")], capture_output=True, text=True, check=True
    )
    rows, found, seconds, gib = (float(word) for word in answer.stdout.split())
    assert (rows, found) == (1_000_000, 100)
    assert seconds < 20  # 4 s here; seconds, not minutes, on any machine
    assert gib < 2
