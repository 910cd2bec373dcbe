"""Decisions that reach the review page: which it takes, what it answers, what it leaves on disk."""

import csv
import json

import pytest
from page_kit import open_page, run_key, send


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"run": "another"}, 409),
        ({"id": "short"}, 400),
        ({"id": "../../../../x"}, 400),
        ({"who": ""}, 400),
        ({"who": "\x00\x07"}, 400),
        ({"who": "a" * 81}, 400),
        ({"row": -1}, 400),
        ({"row": 40}, 404),
        ({"row": "0"}, 400),
        ({"row": 0.5}, 400),
        ({"action": "delete"}, 400),
        ({"action": "undo"}, 400),
        ({"action": "relabel"}, 404),
        ({"action": "relabel", "label": "no such class"}, 404),
        ({"seconds": -1}, 400),
        ({"note": "x" * 2001}, 400),
        ({"file": "/etc/passwd"}, 400),
    ],
)
def test_what_is_not_understood_is_refused_and_leaves_nothing(client, review_run, change, status):
    answer = send(client, **change)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert not review_run.decisions.exists()


def test_messages_that_are_no_messages(client, review_run):
    headers = {"X-Thresher": "review", "Content-Type": "application/json"}
    for content, status in (
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (b" " * 70_000, 413),
    ):
        assert client.post("/api/decide", content=content, headers=headers).status_code == status
    for address in (
        "/api/ahead",
        "/api/ahead?page=p&most=1000",
        "/api/ahead?page=p&order=x",
        "/api/ahead?page=p&x=1",
        "/api/news?page=p",
    ):
        assert client.get(address).status_code == 400


def test_half_characters_and_control_characters_do_no_harm(client, review_run):
    body = {"run": run_key(client), "id": "a" * 24, "who": " A\u0000n\nn ", "row": 0, "action": "keep"}
    text = json.dumps(body)[:-1] + ', "note": "half \\ud83d and\\u0007 bell"}'
    headers = {"X-Thresher": "review", "Content-Type": "application/json"}
    answer = client.post("/api/decide", content=text, headers=headers)
    assert answer.status_code in (200, 400)  # by the version of the JSON reader
    if answer.status_code == 200:
        (line,) = review_run.decisions.read_text().splitlines()
        assert json.loads(line)["note"] == "half ? and bell"
    answer = send(client, who=" A\u0000n\nn ", note="a\u0007b\r\nc\td")
    line = json.loads(review_run.decisions.read_text().splitlines()[-1])
    assert (line["who"], line["note"]) == ("An n", "ab\nc\td")


def test_decisions_are_told_with_where_things_stand(client, review_run):
    first = client.get("/api/ahead?page=p&most=3").json()
    assert first["counts"] == {"todo": 40, "judged": 0, "changed": 0, "skipped": 0, "all": 40}
    row = first["rows"][0]
    facts = client.get(f"/api/photo/{row}").json()
    assert facts["place"] == 1
    label = facts["suggested"]["label"]
    answer = send(client, row=row, action="relabel", label=label, seconds=2.5).json()
    assert answer["decision"] | {"id": 0, "time": 0} == {
        "seq": 1,
        "id": 0,
        "time": 0,
        "who": "ann",
        "row": row,
        "image_id": facts["id"],
        "action": "relabel",
        "from": facts["given"]["label"],
        "to": label,
        "note": "",
        "undoes": None,
    }
    assert answer["over"] is None
    assert answer["summary"]["relabelled"] == 1
    assert answer["summary"]["changes"] == [{"from": facts["given"]["label"], "to": label, "count": 1}]
    assert answer["summary"]["pace"] == 2.5
    second = client.get(f"/api/ahead?page=p&most=3&row={row}").json()
    assert row not in second["rows"]
    assert second["rows"][:2] == first["rows"][1:]
    assert second["counts"]["changed"] == 1
    assert client.get("/api/ahead?page=p&state=changed").json()["rows"] == [row]
    assert client.get(f"/api/photo/{row}").json()["stands"]["to"] == label
    answer = send(client, "/api/undo", undoes=answer["decision"]["id"]).json()
    assert answer["stands"] is None
    assert send(client, "/api/undo", undoes=answer["decision"]["undoes"]).status_code == 409
    assert client.get("/api/ahead?page=p&most=1").json()["rows"] == [row]
    assert len(client.get(f"/api/photo/{row}").json()["decided"]) == 2


def test_the_same_label_again_is_a_keep(client, review_run):
    label = client.get("/api/photo/3").json()["given"]["label"]
    assert send(client, row=3, action="relabel", label=label).json()["decision"]["action"] == "keep"


def test_a_message_that_is_sent_twice_counts_once(client, review_run):
    one, two = (send(client, id="b" * 24, row=5, action="drop").json() for _ in range(2))
    assert one["decision"] == two["decision"]
    undone = [send(client, "/api/undo", id="c" * 24).json()["decision"] for _ in range(2)]
    assert undone[0] == undone[1]
    assert len(review_run.decisions.read_text().splitlines()) == 2


def test_two_servers_tell_of_conflicts_and_lose_nothing(review_run):
    ann, bob = open_page(review_run), open_page(review_run)
    send(ann, row=2, action="keep")
    answer = send(bob, row=2, action="drop", who="bob", seen=0).json()
    assert (answer["over"]["who"], answer["over"]["action"], answer["stands"]["action"]) == (
        "ann",
        "keep",
        "drop",
    )
    news = ann.get("/api/news?page=p&who=ann&since=1").json()
    assert [(one["who"], one["action"]) for one in news["changes"]] == [("bob", "drop")]
    assert news["seq"] == 2
    assert send(ann, row=2, action="keep", seen=2).json()["over"] is None
    send(bob, "/api/undo", who="bob")
    assert ann.get("/api/photo/2").json()["stands"]["who"] == "ann"
    with review_run.corrections.open(newline="") as file:
        assert [row[3] for row in csv.reader(file)] == ["action", "keep"]


def test_two_pages_of_one_server_get_different_photos(client):
    one = client.get("/api/ahead?page=one&most=5").json()["rows"]
    two = client.get("/api/ahead?page=two&most=5").json()["rows"]
    assert not set(one) & set(two)
    assert client.get("/api/ahead?page=one&most=5").json()["rows"] == one  # reloaded: the same again
    last = client.get("/api/ahead?page=three&most=50").json()["rows"]
    assert len(last) == 30
    assert (
        len(client.get("/api/ahead?page=four&most=50").json()["rows"]) == 40
    )  # rather twice than not at all


def test_a_full_disk_is_an_answer_and_no_decision(client, review_run, monkeypatch):
    import errno

    from thresher.web import journal

    def write(descriptor, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(journal.os, "write", write)
        answer = send(client)
    assert answer.status_code == 507
    assert "no space left" in answer.json()["error"]
    assert client.get("/api/photo/0").json()["stands"] is None
    review_run.history.write_text("not mine")
    answer = send(client)
    assert answer.status_code == 200
    assert "move it away" in answer.json()["trouble"]
