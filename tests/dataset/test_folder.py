import os

import numpy as np
import pytest

from thresher.dataset.folder import read_folder
from thresher.dataset.table import Dataset
from thresher.errors import DataError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_class_folders(class_folder):
    dataset = read_folder(class_folder)
    assert dataset.classes == ("blue", "green", "red")
    assert len(dataset) == 36
    assert dataset.ids[0] == "blue/blue00.jpg"
    assert np.bincount(dataset.targets).tolist() == [12, 12, 12]
    assert all(os.path.isabs(path) and os.path.isfile(path) for path in dataset.frame["path"])
    assert set(dataset.frame["split"]) == {"train"}
    assert (dataset.frame["weight"] == 1).all()
    assert dataset.usable.all()
    assert dataset.notes == ()
    assert Dataset.from_folder(str(class_folder)).frame.equals(dataset.frame)


def test_what_is_skipped_and_what_is_counted(tmp_path):
    touch(tmp_path, "cat/1.jpg", "cat/deep/2.PNG", "dog/1.webp", "loose.jpg", "empty/notes.txt")
    touch(tmp_path, "cat/.hidden.jpg", ".git/x.jpg", "__MACOSX/cat/1.jpg", "cat/Thumbs.db", "dog/v.mp4")
    dataset = read_folder(tmp_path)
    assert dataset.ids.tolist() == ["cat/1.jpg", "cat/deep/2.PNG", "dog/1.webp", "loose.jpg"]
    assert dataset.frame["label"].tolist() == ["cat", "cat", "dog", None]
    assert dataset.labelled.tolist() == [True, True, True, False]
    notes = " | ".join(dataset.notes)
    assert "3 files or folders that are hidden" in notes
    assert "3 files or folders that are not photos" in notes
    assert "folders without photos are no classes: empty" in notes


def test_names_with_spaces_commas_unicode_and_newlines(tmp_path):
    names = ["a b/c d.jpg", "a,b/c,d.jpg", "ä/北京.jpg", "new\nline/x\ny.jpg", '"q"/\'.jpg']
    touch(tmp_path, *names)
    dataset = read_folder(tmp_path)
    assert sorted(dataset.ids) == sorted(names)
    assert set(dataset.classes) == {name.split("/")[0] for name in names}


def test_a_name_that_is_not_unicode_is_left_out_and_counted(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/1.jpg")
    (tmp_path / "a" / os.fsdecode(b"\xff\xfe.jpg")).touch()
    dataset = read_folder(tmp_path)
    assert len(dataset) == 2
    assert "1 files whose names are not valid UTF-8" in dataset.notes[0]


def test_class_names_sort_as_people_do(tmp_path):
    touch(tmp_path, *(f"{name}/1.jpg" for name in ("10", "9", "b10", "b9", "a", "1")))
    assert read_folder(tmp_path).classes == ("1", "9", "10", "a", "b9", "b10")


def test_links_are_followed_once(tmp_path):
    touch(tmp_path, "data/cat/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "data" / "dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "cat" / "loop").symlink_to(tmp_path / "data")
    assert sorted(read_folder(tmp_path / "data").ids) == ["cat/1.jpg", "dog/2.jpg"]


def test_test_photos_have_no_labels(tmp_path):
    touch(tmp_path, "1.jpg", "deep/er/2.png", "sample_submission.csv")
    dataset = read_folder(tmp_path, test=True)
    assert dataset.ids.tolist() == ["1.jpg", "deep/er/2.png"]
    assert dataset.classes == ()
    assert dataset.is_test.all()
    assert not dataset.labelled.any()


def test_an_empty_folder_is_an_error(tmp_path):
    touch(tmp_path, "cat/readme.txt")
    for test in (False, True):
        with pytest.raises(DataError, match="no photos in it"):
            read_folder(tmp_path, test=test)
    with pytest.raises(DataError, match="no such folder"):
        read_folder(tmp_path / "nope")
    with pytest.raises(DataError, match="not a folder"):
        read_folder(tmp_path / "cat" / "readme.txt")


def test_parts_are_not_taken_for_classes(tmp_path):
    touch(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "Test/2.jpg", "train.csv")
    with pytest.raises(DataError, match=r"no classes.*train.*--test.*train\.csv"):
        read_folder(tmp_path)
