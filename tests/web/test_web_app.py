"""The addresses of the page: who may use them, what they refuse, what they answer."""

import csv
import json
import re
import uuid
from pathlib import Path

import pytest
from page_kit import HERE, TOKEN, open_page, run_key, send
from review_run import HOSTILE, make_review_run
from starlette.testclient import TestClient

from thresher.images.decode import read_photo
from thresher.web.app import make_app
from thresher.web.desk import Desk
from thresher.web.keys import token as token_of
from thresher.web.security import HEADERS

WEB = Path(__file__).parents[2] / "src" / "thresher" / "web"
ADDRESSES = [
    "/",
    "/static/review.js",
    "/api/classes",
    "/api/ahead?page=p",
    "/api/photo/0",
    "/api/news?page=p&who=a",
    "/photo/0/large.jpg",
    "/nothing",
]


@pytest.fixture
def hostile(tmp_path):
    """A run whose image ids and class names try to break out."""
    classes = ("</script><script>window.hacked=1</script>", "'\"><b>bold</b>", "../../up", "plain")
    return make_review_run(tmp_path / "<b>run & co", 24, classes, HOSTILE)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_without_the_token(review_run, address):
    stranger = TestClient(make_app(Desk(review_run), TOKEN, "ann"), base_url=HERE)
    for cookie, query in ((None, ""), ("wrong", ""), (None, "token=wrong"), (None, "token="), ("", "")):
        stranger.cookies.clear()
        if cookie is not None:
            stranger.cookies.set(f"thresher-{Desk(review_run).key}", cookie)
        answer = stranger.get(address + ("&" if "?" in address else "?") + query)
        assert answer.status_code == 403
        assert "token" in answer.text
        assert "set-cookie" not in answer.headers
    for path in ("/api/decide", "/api/undo"):
        assert stranger.post(path, json={}, headers={"X-Thresher": "review"}).status_code == 403
        assert stranger.post(f"{path}?token={TOKEN}", json={}).status_code == 403
    assert not review_run.decisions.exists()


def test_the_token_opens_once_and_becomes_a_cookie(review_run):
    client = TestClient(make_app(Desk(review_run), TOKEN, "ann"), base_url=HERE)
    answer = client.get(f"/?token={TOKEN}")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in answer.text
    answer = client.get("/")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "127.0.0.1:x",
        "localhost:80@evil",
        "",
        "[::1]:8765",
        "10.0.0.1",
    ],
)
def test_other_names_that_lead_here_are_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400
    answer = client.get(f"/?token={TOKEN}", headers={"Host": host})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9999", "LOCALHOST:1"])
def test_this_machine_by_any_name_and_port(client, host):
    headers = {"Host": host, "Cookie": f"thresher-{run_key(client)}={TOKEN}"}
    assert client.get("/api/classes", headers=headers).status_code == 200


def test_only_the_page_itself_may_change_anything(client, review_run):
    good = {"X-Thresher": "review"}
    body = {"run": run_key(client), "id": uuid.uuid4().hex, "who": "ann", "row": 0, "action": "keep"}
    text = json.dumps(body)
    kind = {"Content-Type": "application/json"}
    bad = [
        (415, {**good, "Content-Type": "text/plain"}),
        (415, {**good, "Content-Type": "application/x-www-form-urlencoded"}),
        (415, kind),
        (403, {**good, **kind, "Origin": "http://evil.example"}),
        (403, {**good, **kind, "Origin": "http://127.0.0.1:8766"}),
        (403, {**good, **kind, "Origin": "null"}),
        (403, {**good, **kind, "Sec-Fetch-Site": "same-site"}),
        (403, {**good, **kind, "Sec-Fetch-Site": "cross-site"}),
    ]
    for status, headers in bad:
        assert client.post("/api/decide", content=text, headers=headers).status_code == status
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        assert client.request(method, "/api/decide").status_code == 405
    assert client.get("/api/decide").status_code == 405
    assert not review_run.decisions.exists()
    right = {**good, **kind, "Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/decide", content=text, headers=right).status_code == 200


@pytest.mark.parametrize("address", [*ADDRESSES, "/api/photo/999", "/photo/0/huge.jpg"])
def test_every_answer_carries_the_policy(client, address):
    headers = client.get(address).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert "access-control-allow-origin" not in headers
    assert "unsafe" not in headers["content-security-policy"]


PATHS = [
    "/photo/0/../../../etc/passwd",
    "/photo/..%2f..%2fetc%2fpasswd/large.jpg",
    "/photo/-1/large.jpg",
    "/photo/99/large.jpg",
    "/photo/%2Fetc%2Fpasswd/large.jpg",
    "/photo/0/%2e%2e.jpg",
    "/photo/0x1/large.jpg",
    "/photo/1e1/large.jpg",
    "/photo/0/large.png",
    "/photo/999999999999999999999999/large.jpg",
    "/photo/٣/large.jpg",
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static/review.html",
    "/static//etc/passwd",
    "/static/review.js%00",
    "/templates/review.html",
    "//etc/passwd",
    "/api/photo/..%2f0",
]


@pytest.mark.parametrize("path", PATHS)
def test_path_tricks(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 405)
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_only_photos_of_the_data_set(client, review_run, tmp_path):
    """A row is the only way to name a photo, and every row leads to the file of the data set."""
    from io import BytesIO

    import numpy as np
    from PIL import Image

    (tmp_path / "photos" / "secret.jpg").write_bytes((tmp_path / "photos" / "0000.jpg").read_bytes())
    for row in range(40):
        answer = client.get(f"/photo/{row}/full.jpg")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        with Image.open(BytesIO(answer.content)) as image:
            ours = np.asarray(image).astype(int)
        theirs = read_photo(tmp_path / "photos" / f"{row:04d}.jpg").astype(int)
        assert np.abs(ours - theirs).mean() < 3
    assert client.get("/photo/40/full.jpg").status_code == 404
    (tmp_path / "photos" / "0001.jpg").unlink()
    (tmp_path / "photos" / "0001.jpg").mkdir()
    answer = client.get("/photo/1/small.jpg")
    assert (answer.status_code, answer.text) == (422, "a folder, not a photo\n")


def test_names_are_text_wherever_they_come_from(hostile):
    client = open_page(hostile)
    html = client.get("/").text
    assert "<b>run" not in html
    assert html.count("<script") == 1
    for row, name in enumerate(HOSTILE):
        facts = client.get(f"/api/photo/{row}")
        assert facts.json()["id"] == name
        assert facts.headers["content-type"] == "application/json"
        assert facts.headers["x-content-type-options"] == "nosniff"
        label = facts.json()["suggested"]["label"]
        assert send(client, row=row, action="relabel", label=label, note="<i>'\"\n").status_code == 200
    with hostile.corrections.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert [row[0] for row in rows] == list(HOSTILE)
    assert {row[4] for row in rows} == {"<i>'\""}


def test_the_script_never_makes_html_of_text():
    script = (WEB / "static" / "review.js").read_text(encoding="utf-8")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
        "http:",
        "https:",
    ):
        assert word not in script
    page = (WEB / "templates" / "review.html").read_text(encoding="utf-8")
    assert "|safe" not in page.replace(" ", "")
    assert not re.search(r"\son\w+=|style=|<style|//", page)


def test_the_colours_are_the_report_s():
    roots = [
        re.findall(r"--[\w-]+: [^;]+;", (WEB.parent / path).read_text(encoding="utf-8"))
        for path in ("report/templates/style.css", "web/static/review.css")
    ]
    assert set(roots[0]) <= set(roots[1])


def test_the_token_outlives_the_server_but_not_the_week(tmp_path, monkeypatch):
    import os
    import time

    cache = tmp_path / "cache"
    monkeypatch.setenv("THRESHER_CACHE", str(cache))
    first = token_of("run")
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert token_of("run") == first != token_of("another run")
    key = cache / "review.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)  # others may have read it
    second = token_of("run")
    assert second != first
    assert key.stat().st_mode & 0o777 == 0o600
    os.utime(key, (time.time() - 8 * 86_400,) * 2)
    third = token_of("run")
    assert third != second
    monkeypatch.setenv("THRESHER_CACHE", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_text("")
    assert token_of("run") != token_of("run")  # nothing can be kept
