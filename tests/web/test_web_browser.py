"""The page in real Chromium: a hundred decisions by keyboard, kills, tabs, hostile names, a phone."""

import csv
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from browser_kit import FLAGS, Page, Server
from review_run import CLASSES, HOSTILE, make_review_run

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here (Debian: apt-get install chromium): the page was not tried"
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def serve():
    """Starts a server for a run; all are stopped in the end."""
    servers = []

    def start(run):
        servers.append(Server(run))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def visit(browser):
    """Opens a page in a browser that knows nothing yet; none may complain."""
    contexts, pages = [], []

    def go(address, context=None, **options):
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
            context.set_default_timeout(60_000)
            contexts.append(context)
        pages.append(Page(context.new_page(), address))
        return pages[-1]

    yield go
    for context in contexts:
        context.close()
    found = [text for page in pages for text in page.trouble if not any(one in text for one in page.expected)]
    assert found == []


def corrections(run):
    with run.corrections.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {row[0]: tuple(row[1:4]) for row in rows}


def labels_of(given, suggested):
    """The label that each key stands for."""
    by_number = {str(number): name for number, name in enumerate(CLASSES, 1)}
    return {"k": given, "ArrowLeft": given, "a": suggested, "Enter": suggested, **by_number}


def test_a_hundred_decisions_by_keyboard(serve, visit, tmp_path):
    """What was pressed is compared with the files, read by csv and json alone."""
    run = make_review_run(tmp_path / "run", 130)
    frame = pd.read_parquet(run.issues).set_index("image_id")
    server = serve(run)
    page = visit(server.address)
    assert page.photo == frame["rank"].idxmin()
    rng = np.random.default_rng(3)
    expected, pressed, stack, shown = {}, [], [], []
    for step in range(100):
        photo = page.photo
        given, suggested = frame.loc[photo, ["given", "suggested"]]
        assert (page.text("given"), page.text("suggested")) == (given, suggested)
        key = str(
            rng.choice(["k", "ArrowLeft", "a", "Enter", "d", "s", "ArrowRight", "1", "2", "3", "o", "u"])
        )
        if key == "u" and stack:
            last = stack.pop()
            expected.pop(last)
            pressed.append(("undo", last))
            page.decide("u")
            assert page.photo == last
            continue
        key = "k" if key == "u" else key
        label = labels_of(given, suggested).get(key)
        if key == "o":
            label = str(rng.choice(CLASSES))
            page.decide("o", *label[:3], "Enter")
        else:
            page.decide(key)
        action = {"d": "drop", "s": "skip", "ArrowRight": "skip"}.get(key) or (
            "keep" if label == given else "relabel"
        )
        expected[photo] = (given, {"drop": "", "skip": given}.get(action, label), action)
        pressed.append((action, photo))
        stack.append(photo)
        shown.append(photo)
        assert len(server.lines()) == step + 1  # on disk before the next photo shows
        if step % 33 == 20:
            before = page.photo
            page.page.reload()
            page.ready()
            assert page.photo == before
    lines = server.lines()
    assert [(line["action"], line["image_id"]) for line in lines] == pressed
    assert [line["seq"] for line in lines] == list(range(1, 101))
    assert {line["who"] for line in lines} == {"Ann"}
    assert all(line["seconds"] > 0 for line in lines if line["action"] != "undo")
    assert corrections(run) == {photo: value for photo, value in expected.items() if value[2] != "skip"}
    ranks = [frame.loc[photo, "rank"] for photo in dict.fromkeys(shown)]
    assert ranks == sorted(ranks)  # the likeliest wrong label first, none left out
    assert ranks == list(range(1, len(ranks) + 1))
    page.page.goto("about:blank")
    said = server.stop()
    assert said.split()[:2] == ["100", "decisions"]


def test_a_killed_server_loses_nothing(serve, visit, tmp_path):
    server = serve(make_review_run(tmp_path / "run", 20))
    page = visit(server.address)
    page.expected = ("net::ERR",)
    seen = []
    for key in "kad":
        seen.append(page.photo)
        page.decide(key)
    server.kill()
    seen.append(page.photo)
    waiting = page.row
    page.press("s")
    assert "is not saved yet" in page.notice("offline")
    assert page.photo == seen[-1]  # not on disk, so no next photo
    page.press("k", "d", "a")  # nothing can be judged meanwhile
    with server.run.decisions.open("ab") as file:
        file.write(b'{"seq": 4, "id": "half a li')
    server.start()
    assert "is back" in page.notice("online")
    page.page.wait_for_function("row => document.body.dataset.row !== row", arg=waiting)
    page.ready()
    seen.append(page.photo)
    page.decide("k")
    # An answer that is lost on its way: the decision is sent again, and is there once.
    lost = []
    page.page.route("**/api/decide", lambda one: lost.append(one.fetch()) or one.abort(), times=1)
    seen.append(page.photo)
    page.decide("d")
    assert len(lost) == 1
    # Killed once more, and the page is left while its decision waits.
    server.kill()
    seen.append(page.photo)
    page.press("d")
    page.notice("offline")
    page.page.goto("about:blank")
    server.start()
    page.page.goto(server.address)
    page.ready()
    assert "is saved now" in page.notice("late")
    whole = [line for line in server.run.decisions.read_bytes().split(b"\n") if line and b"half" not in line]
    assert len(whole) == 7
    lines = [json.loads(line) for line in whole]
    assert [line["image_id"] for line in lines] == seen
    assert [line["action"] for line in lines] == ["keep", "relabel", "drop", "skip", "keep", "drop", "drop"]
    assert len(corrections(server.run)) == 6


def test_two_tabs_and_two_people(serve, visit, tmp_path):
    server = serve(make_review_run(tmp_path / "run", 30))
    ann = visit(server.address)
    bob = visit(server.address)
    bob.press("Tab")
    bob.page.click("#who-open")
    bob.page.fill("#who-text", "Bob")
    bob.press("Enter")
    assert ann.photo != bob.photo  # nobody judges what the other is looking at
    for _ in range(4):
        ann.decide("k")
        bob.decide("a")
    lines = server.lines()
    assert [line["who"] for line in lines] == ["Ann", "Bob"] * 4
    assert len({line["image_id"] for line in lines}) == 8
    # The same photo in both, found by its name; the second to decide has not heard of the first.
    first, second = "photos/0007.jpg", "photos/0008.jpg"
    for page in (ann, bob):
        page.find(first)
    before = len(server.lines())
    bob.decide("k")
    ann.decide("d")
    assert "Bob had just kept" in ann.notice("over")
    assert first in ann.notice("over")
    decided = [(line["who"], line["action"], line["image_id"]) for line in server.lines()[before:]]
    assert decided == [("Bob", "keep", first), ("Ann", "drop", first)]
    assert corrections(server.run)[first][2] == "drop"
    # And one who has it on show is told of the other's decision.
    for page in (ann, bob):
        page.find(second)
    bob.decide("d")
    assert "Bob has just dropped" in ann.notice("others")
    ann.page.wait_for_selector("#stands:visible")
    assert "Bob dropped" in ann.text("stands")
    ann.decide("k")
    assert ann.page.query_selector("#notice-over") is None or first in ann.notice("over")
    ann.decide("u")
    assert "Bob dropped stands" in ann.text("said-text")
    assert corrections(server.run)[second][2] == "drop"
    history = pd.read_parquet(server.run.history)
    assert list(history[history["image_id"] == second]["who"]) == ["Bob", "Ann", "Ann"]


def test_hostile_names_are_only_text(serve, visit, tmp_path):
    classes = (
        "<script>window.hacked=1</script>",
        "'\"><img src=x onerror=window.hacked=1>",
        "../../up",
        "{{ 1 }}",
    )
    run = make_review_run(tmp_path / '<b>run "&', len(HOSTILE), classes, HOSTILE)
    server = serve(run)
    page = visit(server.address)
    seen = {}
    page.press("f")
    page.page.click("#filter-least input[value='0'] + span")
    page.press("Enter")
    page.ready()
    for _ in HOSTILE:
        seen[page.photo] = (page.text("given"), page.text("suggested"))
        page.press("n", *"<b>&", "Enter", "o", "Escape", "?", "Escape")
        page.decide("a")
    assert set(seen) == set(HOSTILE)
    assert {name for pair in seen.values() for name in pair} <= set(classes)
    assert page.page.evaluate("window.hacked") is None
    assert page.page.evaluate("document.querySelectorAll('script').length") == 1
    found = corrections(run)
    assert {photo: row[:2] for photo, row in found.items()} == seen
    assert {line["note"] for line in server.lines()} == {"<b>&"}


def test_everything_by_keyboard_alone(serve, visit, tmp_path):
    """4,000 classes; note, zoom, filter, name, other class, end and undo, without a mouse."""
    classes = tuple(f"species {number:04d}" for number in range(4000))
    run = make_review_run(tmp_path / "run", 12, classes, wrong=1.0)
    server = serve(run)
    page = visit(server.address)
    first = page.photo
    page.press("z")
    assert float(page.page.get_attribute("body", "data-zoom")) > 1
    page.press("ArrowRight", "ArrowDown", "+", "-", "Escape")
    assert page.page.get_attribute("body", "data-zoom") == "1.00"
    assert page.photo == first  # arrows moved the photo, they judged nothing
    for _ in range(3):
        page.page.keyboard.down("k")  # held: one decision, not one for every photo that comes
        page.page.wait_for_timeout(300)
    page.page.keyboard.up("k")
    assert len(server.lines()) == 1
    page.decide("u")
    assert page.photo == first
    page.press("n", *"unsure", "Enter")
    page.press("o", *"3217")
    assert page.page.locator("[role=option]").count() == 1
    page.decide("Enter")
    line = server.lines()[-1]
    assert (line["to"], line["note"]) == ("species 3217", "unsure")
    page.press("o", *"species 39", "ArrowDown", "ArrowUp", "ArrowDown")
    chosen = page.text("picker-list [aria-selected=true] span")
    page.decide("Enter")
    assert server.lines()[-1]["to"] == chosen
    page.decide("1")  # the likeliest class behind the two in question
    page.press("i", "Escape", "?", "Escape", "f", "Escape", ".", ",")
    page.ready()
    page.press("Tab")
    while page.page.evaluate("document.activeElement.dataset.act ?? ''") != "drop":
        page.press("Tab")
    page.decide("Enter")  # a button that has the focus is pressed by Enter, and no suggestion is accepted
    assert server.lines()[-1]["action"] == "drop"
    page.press("Escape")
    while page.page.get_attribute("body", "data-state") != "end":
        page.decide("a")
    assert (
        page.text("end-h") == "Nothing is left that is worth a look"
        or page.text("end-h") == "Every photo is judged"
    )
    assert len(server.lines()) == 14
    page.press("u")
    page.ready()
    page.press("u")
    page.page.wait_for_function(
        "() => document.getElementById('said-text').textContent.startsWith('Taken back')"
    )
    page.ready()
    assert [line["action"] for line in server.lines()[-2:]] == ["undo", "undo"]
    assert len(corrections(run)) == 10


def test_filters_by_keyboard(serve, visit, tmp_path):
    run = make_review_run(tmp_path / "run", 24)
    frame = pd.read_parquet(run.issues)
    squares = frame[(frame["given"] == "square") & (frame["probability"] >= 0.05)].sort_values("rank")
    page = visit(serve(run).address)
    page.press("f", "Enter", *"squ", "Enter")
    page.page.wait_for_function("() => document.activeElement.id === 'filter-given'")
    page.press("Shift+Tab", "Enter")
    wanted = f"{len(squares)} photos: given square"
    page.page.wait_for_function(
        "text => document.getElementById('filtered-text').textContent.trim() === text", arg=wanted
    )
    page.ready()
    seen = []
    while page.page.get_attribute("body", "data-state") != "end":
        seen.append(page.photo)
        page.decide("a")
    assert seen == list(squares["image_id"])
    assert page.text("end-h") == "No photo is left here"
    page.page.click("text=Show all photos")
    page.ready()
    assert page.text("given") != "square"
    assert page.page.is_hidden("#filtered")
    first = page.photo
    page.press(".")
    page.page.wait_for_function(f"() => document.getElementById('photo-id').textContent !== '{first}'")
    page.press(",")  # back, and nothing was decided
    page.page.wait_for_function(f"() => document.getElementById('photo-id').textContent === '{first}'")
    assert len(corrections(run)) == len(squares)


def test_a_phone(serve, visit, tmp_path):
    classes = (
        "circle",
        "a class whose name is far too long for a phone " * 3,
        "Donaudampfschifffahrtsgesellschaft" * 3,
    )
    names = ["a/very/long/folder/name/" * 6 + "photo-with-a-long-name-that-never-ends.jpg", "x" * 300]
    server = serve(make_review_run(tmp_path / "run", 12, classes, names))
    page = visit(server.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for dialog, key in ((None, None), ("picker", "o"), ("filter", "f"), ("far", "i"), ("help", "?")):
        if key:
            page.press(key)
            page.page.wait_for_selector(f"#{dialog}[open]")
        assert page.fits()
        small = page.page.evaluate(
            """() => [...document.querySelectorAll(
                "button, [role=option], .chips span, input:not([type=radio])"
              )].filter((one) => one.checkVisibility())
              .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.height && (box.height < 43.5 || box.width < 43.5))
              .map(([name]) => name)"""
        )
        assert small == []
        page.press("Escape")
    for act in ("keep", "accept", "skip", "undo"):
        row = page.row
        page.page.tap(f"[data-act={act}]")
        page.page.wait_for_function(
            "row => document.body.dataset.row !== row && document.body.dataset.state === 'ready'", arg=row
        )
        assert page.fits()
    assert [line["action"] for line in server.lines()] == ["keep", "relabel", "skip", "undo"]
    for _ in range(12):
        page.page.tap("[data-act=drop]")
        page.page.wait_for_function("() => ['ready', 'end'].includes(document.body.dataset.state)")
        if page.page.get_attribute("body", "data-state") == "end":
            break
    page.page.wait_for_selector("body[data-state=end]")
    assert page.fits()


def test_a_photo_that_cannot_be_shown_can_still_be_judged(serve, visit, tmp_path):
    run = make_review_run(tmp_path / "run", 12)
    frame = pd.read_parquet(run.issues)
    first = frame["rank"].idxmin()
    (tmp_path / "photos" / f"{first:04d}.jpg").write_bytes(b"no photo")
    page = visit(serve(run).address)
    page.expected = ("422",)
    assert "not a photo of a known format" in page.page.text_content("#frame")
    page.decide("d")
    assert corrections(run)[frame["image_id"][first]][2] == "drop"
