"""The labels that look wrong: a section of the report, and a page of their own."""

import shutil

import numpy as np
import pandas as pd
import pytest
from test_report_page import Page, sections

from thresher.labels import Evidence
from thresher.labels.issues import find_issues
from thresher.predictions import Predictions
from thresher.report import write_report
from thresher.report.facts import read_facts
from thresher.report.label_sheet import SECTION, SHEET, write_sheet
from thresher.run_folder import RunFolder


@pytest.fixture(scope="module")
def judged(finished_run, tmp_path_factory):
    """The finished run with a table of issues."""
    root = tmp_path_factory.mktemp("labels") / "run"
    run = RunFolder(shutil.copytree(finished_run.root, root))
    oof = Predictions.load(run.predictions("oof")).known
    found = find_issues(Evidence(oof.targets, oof.scores), oof.ids, oof.classes, "normalised_margin")
    run.labels.mkdir()
    found.frame.to_parquet(run.issues)
    return run


def test_the_section_names_the_number_and_the_first_photos(judged):
    html = write_report(judged).read_text(encoding="utf-8")
    page = Page(html)
    assert "labels" in sections(page)
    assert "#labels" in [attributes["href"] for attributes in page.find("a")]
    section = html[html.index('id="labels"') : html.index('id="worst"')]
    frame = pd.read_parquet(judged.issues)
    expected = frame["probability"].sum()
    assert f"About {expected:,.0f} of {len(frame)} labels are wrong" in section
    first = frame.sort_values("rank")["image_id"][:SECTION]
    places = [section.index(f'<span class="id">{name}</span>') for name in first]
    assert places == sorted(places)
    assert section.count("<figure>") == SECTION
    assert f"and {len(frame) - SECTION} more labels" in section


def test_without_issues_or_with_those_of_other_scores_there_is_none(judged, finished_run, tmp_path):
    assert read_facts(finished_run).issues is None
    run = RunFolder(shutil.copytree(judged.root, tmp_path / "run"))
    frame = pd.read_parquet(judged.issues)
    assert read_facts(run).issues is not None
    for wrong in (
        frame.assign(self_confidence=frame["self_confidence"] + 1e-3),
        frame[::-1],
        frame[1:],
        frame.assign(given=frame["suggested"]),
        frame.drop(columns="self_confidence"),
    ):
        wrong.to_parquet(run.issues)
        assert read_facts(run).issues is None
    frame.loc[3, "self_confidence"] = np.nan  # a photo that could not be read
    frame.to_parquet(run.issues)
    assert read_facts(run).issues is not None


def test_the_sheet_opens_offline_and_nothing_in_the_data_breaks_it(judged, tmp_path):
    frame = pd.read_parquet(judged.issues)
    paths = read_facts(judged).paths
    path = write_sheet(tmp_path / "sheet.html", "<i>&'\"", frame, paths, (12.3, 5, 1020))
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert "<script" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "About 12 of 139 labels are wrong (8.8\u202f%; 95 % interval 5 to 1,020)" in "".join(page.text)
    assert html.count("<figure>") == SHEET
    for attributes in page.find("img"):
        assert attributes["src"].startswith("data:")
        assert attributes["alt"]
    assert not [one for one in page.find("link") if one["href"] != "data:,"]
    content = {one.get("name"): one.get("content") for one in page.find("meta")}
    assert content["viewport"] == "width=device-width, initial-scale=1"
    assert len(page.find("h1")) == 1


def test_a_sheet_of_few_photos(tmp_path):
    columns = {"image_id": ["a"], "given": ["x"], "suggested": ["y"], "probability": [0.5], "rank": [1]}
    html = write_sheet(tmp_path / "s.html", "n", pd.DataFrame(columns), {}, (0.5, 0, 1)).read_text("utf-8")
    assert "not in the data set" in html
    assert "more labels" not in html
