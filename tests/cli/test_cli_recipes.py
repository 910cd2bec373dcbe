"""`thresher recipes`, and a smoke run where the table does not name sources."""

import json

import pytest
from typer.testing import CliRunner

from thresher.cli.app import app
from thresher.recipe.loader import load

SOURCES = """
data: {source: year}
folds: {name: one_source, source: new}
metrics: {resamples: 100}
training: {jobs: 1}
models:
  a:
    backbone: test_efficientnet
    weights: none
    image_size: 32
    engine: torch
    precision: fp32
    stages: [{kind: train, precision: fp32, sampling: {name: source_filter, sources: [new]}}]
"""


def test_systems_are_listed_with_claim_and_status():
    lines = [line.rstrip() for line in CliRunner().invoke(app, ["recipes"]).output.splitlines()]
    assert not any(line.startswith("_") for line in lines)
    places = {
        name: next(n for n, line in enumerate(lines) if line.startswith(name)) for name in ("quick", "s07")
    }
    assert places["quick"] < places["s07"]
    assert lines[places["s07"]].endswith("runs")
    assert "1st place: public .9152, private .9132" in lines[places["s07"] + 1]
    assert any(line.startswith("s23") and line.endswith("without pseudo labels") for line in lines)


def test_one_system_is_printed_whole(tmp_path):
    text = CliRunner().invoke(app, ["recipes", "s07"]).output
    (tmp_path / "r.yaml").write_text(text)
    assert load(tmp_path / "r.yaml") == load("s07")


@pytest.mark.parametrize("smoke", [True, False])
def test_no_column_of_sources(class_folder, tmp_path, smoke):
    (tmp_path / "r.yaml").write_text(SOURCES)
    words = ["run", class_folder, "--recipe", tmp_path / "r.yaml", "--out", tmp_path / "run"]
    done = CliRunner().invoke(app, [*map(str, words), *(["--smoke"] if smoke else [])])
    if not smoke:
        assert "--set data.source=null" in str(done.exception) + done.output
        return
    assert done.exit_code == 0, done.output
    assert "no column 'year': all photos count as one source" in done.output
    recipe = load(tmp_path / "run" / "recipe.yaml")
    assert (recipe.data.source, recipe.folds["name"]) == (None, "stratified")
    assert recipe.models["a"].stages[0].sampling == {"name": "all"}
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["photos"]["train"] == 36
