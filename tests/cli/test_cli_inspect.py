"""`thresher inspect` on made photos."""

import pytest

from thresher.cli import main


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["inspect", *map(str, words)])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def test_classes_and_broken_photos_are_shown(class_folder, capsys):
    (class_folder / "red" / "red00.jpg").write_bytes(b"")
    (class_folder / "blue" / "copy [1].jpg").write_bytes((class_folder / "blue" / "blue00.jpg").read_bytes())
    code, out, err = call(capsys, class_folder)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["blue", "13", "35.1%"] in rows
    assert ["green", "12", "32.4%"] in rows
    assert any(row[:1] == ["red/red00.jpg"] and len(row) > 1 for row in rows)
    assert "1 photo cannot be read." in out
    assert "1 file is an exact copy of another." in out
    assert "37 photos" in err


def test_no_such_data(tmp_path, capsys):
    code, out, err = call(capsys, tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "nowhere" in err
    assert "Traceback" not in err


def test_even_classes_are_said_to_be_even(class_folder, capsys):
    _, out, _ = call(capsys, class_folder)
    assert "Every class has 12 photos." in out


def test_a_page_is_written_into_a_folder_or_a_file(class_folder, tmp_path, capsys):
    code, out, _ = call(capsys, class_folder, "--no-embeddings", "--out", tmp_path / "pages")
    assert code == 0
    html = (tmp_path / "pages/inspection.html").read_text(encoding="utf-8")
    assert "inspection.html" in out
    assert f"<h1>{tmp_path.name}</h1>" in html  # "photos" says nothing
    assert "36 labelled photos in 3 classes" in html
    call(capsys, class_folder, "--no-embeddings", "--out", tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == html


def test_copies_with_different_labels_are_listed(class_folder, capsys):
    for label in ("red", "green"):
        copy = (class_folder / "blue" / "blue00.jpg").read_bytes()
        (class_folder / label / "copy.jpg").write_bytes(copy)
    _, out, _ = call(capsys, class_folder, "--no-embeddings")
    line = next(line for line in out.splitlines() if "DIFFER" in line)
    assert "blue/blue00.jpg: blue, green/copy.jpg: green, red/copy.jpg: red" in line
    assert "exact" in line
    assert "1 photo carries different labels in different files." in out
