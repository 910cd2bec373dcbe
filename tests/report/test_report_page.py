"""The whole page: what it shows, that it opens offline, that nothing in the data can break it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from made_run import NAMES, make_dataset, make_run

from thresher.errors import RunError
from thresher.metrics.confidence import confidence
from thresher.report import write_report
from thresher.report.facts import read_facts
from thresher.report.page import render
from thresher.run_folder import RunFolder

VOID = {"meta", "link", "img", "br", "use", "path", "rect", "circle"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; unclosed elements are an error."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.text, self.ids = [], [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if "id" in dict(attrs):
            self.ids.append(dict(attrs)["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def find(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html(finished_run):
    return write_report(finished_run).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def sections(page):
    return [attributes["id"] for attributes in page.find("section")]


def test_every_section_is_there_and_linked(page):
    expected = ["score", "models", "classes", "worst", "uncertain", "calibration", "curves", "data", "run"]
    assert sections(page) == expected
    links = [attributes["href"] for attributes in page.find("a")]
    assert links == ["#score"] + ["#" + name for name in expected]
    assert len(page.find("h1")) == 1


def test_the_numbers_are_those_of_the_run(html, page, finished_run):
    facts = read_facts(finished_run)
    accuracy = facts.metrics["oof"]["accuracy"]
    text = "".join(page.text)
    assert f"{100 * accuracy['value']:.1f}\u202f%" in text
    assert f"{100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f}" in text
    assert f"{facts.metrics['oof']['log_loss']['value']:.3f}" in text
    assert "139 labelled photos of 7 classes, in 5 folds" in text
    assert "The run took 43 s." in text
    wrong = int((facts.oof.scores.argmax(1) != facts.oof.targets).sum())
    assert f"{wrong} answers are wrong" in text
    table = re.search(r'<table class="heat">.*?</table>', html, re.S)[0]
    cells = [int(number) for number in re.findall(r">(\d+)</td>", table)]
    assert len(cells) == 49
    assert sum(cells) == len(facts.oof)
    assert sum(cells[::8]) == len(facts.oof) - wrong


def test_calibration_before_and_after(html, page, finished_run):
    oof = read_facts(finished_run).oof
    found = confidence(oof)  # this run's metrics.json has none
    text = "".join(page.text)
    assert f"A temperature of {found['temperature']:.2f} fits best: the model is too modest." in text
    for key in ("before", "after"):
        assert f"{100 * found['ece'][key]:.1f}\u202f%" in text
        assert f"{found['log_loss'][key]['value']:.3f}" in text
    told = found["abstain"]
    assert f"pass over photos below {100 * told['threshold']:.1f}" in text
    assert f"{100 * told['answered']['value']:.1f}\u202f% of the photos are then answered" in text
    # The last step answers everything: it is as right as the run.
    steps = re.search(r"Pass over below.*?</table>", html, re.S)[0]
    last = re.findall(r"<tr>.*?</tr>", steps, re.S)[-1]
    right = (oof.scores.argmax(1) == oof.targets).mean()
    assert "100.0\u202f%" in last
    assert f"{100 * right:.1f}\u202f%" in last


def test_the_numbers_of_metrics_json_are_shown_where_they_stand_there(finished_run, tmp_path):
    facts = read_facts(finished_run)
    interval = {"value": 0.1234, "low": 0.1111, "high": 0.1357}
    told = {"goal": 0.99, "threshold": None, "answered": None, "accuracy": None}
    made = {
        "temperature": 1.37,
        "ece": {"before": 0.0987, "after": 0.0123},
        "log_loss": {"before": interval, "after": interval},
        "abstain": told,
    }
    text = render(replace(facts, metrics={**facts.metrics, "calibration": made}))
    for shown in ("A temperature of 1.37 fits best: the model is too sure", "9.9\u202f%", "0.111 to 0.136"):
        assert shown in text
    assert "No threshold makes 99\u202f% of the answers right." in text


def test_opens_offline_and_runs_nothing(html, page):
    assert not page.find("script")
    assert not page.find("iframe")
    loaded = [a[key] for _, a in page.elements for key in ("src", "href", "xlink:href", "srcset") if key in a]
    assert loaded
    assert all(address.startswith(("#", "data:")) for address in loaded)
    assert "@import" not in html
    assert all(address.startswith("#") for address in re.findall(r"url\(([^)]*)\)", html))
    policy = next(a["content"] for a in page.find("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_names_are_escaped(html, page):
    assert "<script" not in html
    assert "<b>the end</b>" not in html
    text = "".join(page.text)
    for name in NAMES:
        assert name in text
    assert "truncated: <b>the end</b> is missing" in text


def test_accessible(page):
    images = page.find("img")
    assert len(images) > 20
    assert all(image["alt"] for image in images)
    assert all(image["width"] and image["height"] for image in images)
    assert len(page.ids) == len(set(page.ids))
    assert all(a.get("scope") for tag, a in page.elements if tag == "th")
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(headings))


def test_unreadable_gone_and_copied_photos(page, finished_run):
    text = "".join(page.text)
    assert "2 photos could not be used for training" in text
    assert "no such file" in text
    assert "1 of them stands in training and in test." in text
    thumbnails_gone = [a for tag, a in page.elements if a.get("class") == "gone"]
    shown = {photo["alt"].split(", labelled")[0] for photo in page.find("img")}
    assert "Photo photo 0005, é.jpg" not in shown
    assert all("no such file" in a["aria-label"] for a in thumbnails_gone)


def test_equal_runs_make_equal_pages(html, finished_run):
    assert write_report(finished_run).read_text(encoding="utf-8") == html
    assert not list(finished_run.root.glob(".*tmp"))


def test_group_leaks_are_found_again_from_the_files(tmp_path):
    dataset = make_dataset(tmp_path / "photos", group=True)
    run = make_run(tmp_path / "run", dataset, models=("m",), curves=False)
    facts = read_facts(run)
    assert "None of the 47 groups stands in two folds." in render(facts)
    leaky = facts.fold.copy()
    row = np.flatnonzero(dataset.frame["group"] == "p9")[0]
    leaky[row] = (leaky[row] + 1) % 5
    assert "1 group of 47 stand in two folds: the score is too good." in render(replace(facts, fold=leaky))


def test_what_may_be_missing(tmp_path):
    dataset = make_dataset(tmp_path / "photos", photos=30, test=0)
    plain = replace(dataset, frame=dataset.frame.drop(columns="content"), notes=())
    run = make_run(tmp_path / "run", plain, models=("m",), curves=False, test=False)
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert "curves" not in sections(page)
    assert "duplicates" not in page.ids
    for path in (run.folds, run.metrics, run.environment, run.log, run.predictions("oof")):
        path.unlink()
    page = Page(write_report(run).read_text(encoding="utf-8"))
    assert sections(page) == ["score", "data", "run"]
    assert "no scores yet" in "".join(page.text)
    run.dataset.unlink()
    with pytest.raises(RunError, match="nothing to report"):
        write_report(run)


def test_one_class_and_no_photo_left(tmp_path):
    dataset = make_dataset(tmp_path / "photos", photos=20, test=2, names=("only",), files=False)
    page = Page(write_report(make_run(tmp_path / "run", dataset, models=("m",))).read_text(encoding="utf-8"))
    assert not page.find("img")
    assert "uncertain" not in sections(page)


def test_thousands_of_classes_and_photos_stay_small(tmp_path):
    names = tuple(f"whale {number:04d}" for number in range(1500))
    dataset = make_dataset(tmp_path / "photos", photos=6000, test=500, names=names, files=False)
    frame = dataset.frame.copy()
    real = make_dataset(tmp_path / "some").frame["path"]
    frame["path"] = [real[7 + row % 100] for row in range(len(frame))]
    frame["content"] = [f"{row // 2}" for row in range(len(frame))]
    frame.loc[:900, ["status", "reason"]] = ["broken", "x" * 50]
    run = make_run(
        tmp_path / "run", replace(dataset, frame=frame), models=("m",), curves=False, folds=2, resamples=100
    )
    written = write_report(run)
    assert written.stat().st_size < 6e6
    text = "".join(Page(written.read_text(encoding="utf-8")).text)
    assert "and 1,380 more classes" in text
    assert "and 1,476 more classes" in text
    assert "and 802 more photos" in text
    assert '<table class="heat">' not in written.read_text(encoding="utf-8")


def test_not_a_run_folder(tmp_path):
    with pytest.raises(RunError):
        write_report(RunFolder(tmp_path))
