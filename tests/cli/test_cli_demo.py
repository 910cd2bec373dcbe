"""`thresher demo`: the table it makes, what it runs, what it says without the photos."""

import csv
import io
from pathlib import Path

import pytest

from thresher.cli import demo, main
from thresher.recipe.loader import load

CLASSES = "data.classes=[fine, probably fine, probably defective, defective]"
LABELS = "images/cell0001.png  1.0                 mono\nimages/cell0002.png  0.3333333333333333  poly\n"


@pytest.fixture
def handed(monkeypatch, tmp_path):
    """Photos in a made package, and what `thresher run` was given."""
    import thresher.cli.run

    photos = tmp_path / "package" / "data" / "images"
    photos.mkdir(parents=True)
    (photos.parent / "labels.csv").write_text(LABELS)
    monkeypatch.setattr(demo, "find_photos", lambda: photos)
    calls = []
    monkeypatch.setattr(thresher.cli.run, "run", lambda *words, **options: calls.append((words, options)))
    monkeypatch.chdir(tmp_path)
    return calls


def call(*words):
    with pytest.raises(SystemExit) as left:
        main(["demo", *words])
    return left.value.code or 0


def test_some_photos(handed, tmp_path):
    assert call() == 0
    ((words, options),) = handed
    assert words == (Path("demo/solar_cells.csv"),)
    assert options == {
        "images": tmp_path / "package/data/images",
        "set_": [CLASSES, "data.limit=600"],
        "out": Path("demo/run"),
    }
    assert words[0].read_text() == (
        "image_id,label,cell\ncell0001.png,defective,mono\ncell0002.png,probably fine,poly\n"
    )


def test_the_recipe_takes_the_keys(handed):
    call()
    recipe = load("quick", handed[0][1]["set_"])
    assert (recipe.data.classes, recipe.data.limit) == (tuple(demo.CLASSES.values()), 600)


def test_all_photos_elsewhere(handed):
    assert call("--full", "--out", "cells") == 0
    ((words, options),) = handed
    assert (words[0], options["set_"], options["out"]) == (
        Path("cells/solar_cells.csv"),
        [CLASSES],
        Path("cells/run-full"),
    )


def test_without_the_photos(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert call() == 2
    assert capsys.readouterr().err == (
        "error: the photos of the demo are not installed: pip install 'thresher[demo]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_real_photos_have_their_labels():
    pytest.importorskip("elpv_dataset", reason="the photos of the demo are not installed")
    photos = demo.find_photos()
    rows = list(csv.DictReader(io.StringIO(demo.table_of((photos.parent / "labels.csv").read_text("utf-8")))))
    assert len(rows) == 2624
    assert all((photos / row["image_id"]).is_file() for row in rows[::100])
    counts = {name: sum(row["label"] == name for row in rows) for name in demo.CLASSES.values()}
    # The counts that Deitsch et al. 2019 give, doi:10.1016/j.solener.2019.02.067
    assert counts == {"fine": 1508, "probably fine": 295, "probably defective": 106, "defective": 715}
