"""The journal of decisions: kills in mid-write, two processes, undos, full disks."""

import errno
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thresher.errors import RunError
from thresher.web import journal as module
from thresher.web.decision import Draft, parse
from thresher.web.journal import Gone, Journal


def keep(number, who="ann", photo=None, **more):
    values = {"action": "keep", "old": "cat", "new": "cat", "probability": 0.25, **more}
    return Draft(f"id-{number:06d}", who, photo or f"photo {number}", **values)


def put(journal, draft):
    with journal.locked():
        return journal.append(draft)


def lines_of(path):
    """The decisions in a file, read by nothing but json."""
    found = []
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        found.append(value)
    return found


def test_a_decision_is_one_line_with_all_that_was_promised(tmp_path):
    journal = Journal(tmp_path / "labels" / "decisions.jsonl")
    draft = keep(1, photo='a\n"b".jpg', action="relabel", new="dög", note="line\nline", seconds=1.5)
    done = put(journal, draft)
    (value,) = lines_of(journal.path)
    assert value == {
        "seq": 1,
        "id": "id-000001",
        "time": done.time,
        "who": "ann",
        "image_id": 'a\n"b".jpg',
        "action": "relabel",
        "from": "cat",
        "to": "dög",
        "probability": 0.25,
        "note": "line\nline",
        "seconds": 1.5,
    }
    assert journal.path.read_bytes().count(b"\n") == 1
    assert done.time.endswith("Z")
    assert Journal(journal.path).decisions == []  # nothing is read before it is asked for
    again = Journal(journal.path)
    again.refresh()
    assert again.decisions == [done] == journal.decisions


def test_it_is_on_disk_before_append_returns(tmp_path, monkeypatch):
    seen = []
    real = os.fsync

    def fsync(descriptor):
        seen.append((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(tmp_path / "decisions.jsonl")
    put(journal, keep(1))
    assert (journal.path.stat().st_ino, journal.path.stat().st_size) in seen
    assert tmp_path.stat().st_ino in [inode for inode, _ in seen]  # its name as well


def test_a_kill_in_mid_write_spoils_no_other_line(tmp_path):
    whole = Journal(tmp_path / "whole.jsonl")
    for number in range(3):
        put(whole, keep(number))
    data = whole.path.read_bytes()
    last = data[: data[:-1].rindex(b"\n") + 1]
    for cut in range(len(last), len(data)):  # 0 bytes to all but the line's end
        path = tmp_path / f"cut{cut}.jsonl"
        path.write_bytes(data[:cut])
        journal = Journal(path)
        journal.refresh()
        is_whole = cut == len(data) - 1
        assert [one.id for one in journal.decisions] == ["id-000000", "id-000001", "id-000002"][
            : 2 + is_whole
        ]
        put(journal, keep(7))
        assert path.read_bytes().startswith(data[:cut])  # nothing is ever deleted
        for reader in (journal, Journal(path)):
            reader.refresh()
            assert [one.id for one in reader.decisions][-1] == "id-000007"
            assert len(reader.decisions) == 3 + is_whole
            assert reader.unreadable == (not is_whole and cut > len(last))
        assert [one.seq for one in journal.decisions] == list(range(1, 4 + is_whole))


def test_what_is_no_decision_is_passed_over():
    good = json.loads(keep_line := b'{"id": "x", "image_id": "p", "action": "keep"}')
    assert parse(keep_line).image_id == "p"
    for bad in (b"", b"[]", b"3", b"\xff", b'{"id": "x", "action": "keep"}', b"null", b'"keep"'):
        assert parse(bad) is None
    assert parse(json.dumps({**good, "action": "delete"}).encode()) is None
    odd = parse(json.dumps({**good, "who": 3, "probability": "x", "seq": "1", "note": None}).encode())
    assert (odd.who, odd.probability, odd.seq, odd.note) == ("", None, 0, "")


WRITER = """
import sys
from thresher.web.decision import Draft
from thresher.web.journal import Journal
from pathlib import Path
journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    with journal.locked():
        journal.append(Draft(f"{sys.argv[2]}-{number:06d}", sys.argv[2], f"photo {number}", "keep", "a", "a"))
"""


def test_two_processes_lose_nothing(tmp_path):
    path = tmp_path / "decisions.jsonl"
    people = ("ann", "bob")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in people
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    found = lines_of(path)
    assert [one["seq"] for one in found] == list(range(1, 121))
    assert sorted(one["id"] for one in found) == [f"{name}-{n:06d}" for name in people for n in range(60)]
    order = [one["who"] for one in found]
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)  # they did write at the same time
    journal = Journal(path)
    journal.refresh()
    assert {one.image_id: one.id for one in journal.standing} == {one["image_id"]: one["id"] for one in found}


def test_the_same_id_is_written_once(tmp_path):
    one, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
    first = put(one, keep(1))
    assert put(other, keep(1, note="sent again")) == first
    assert len(lines_of(one.path)) == 1
    with one.path.open("ab") as file:  # two machines on a disk without locks
        file.write(first.line())
    for journal in (one, Journal(one.path)):
        journal.refresh()
        assert journal.decisions == [first]


def test_a_full_disk_is_told_and_heals(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "j")
    put(journal, keep(1))
    real = os.write

    def write(descriptor, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:20])

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", write)
        with pytest.raises(RunError, match="no space left"):
            put(journal, keep(2))
    assert [one.id for one in journal.decisions] == ["id-000001"]
    done = put(journal, keep(2))
    assert (done.seq, len(lines_of(journal.path))) == (2, 2)


def test_another_file_in_its_place_is_read_from_the_start(tmp_path):
    journal, other = Journal(tmp_path / "j"), Journal(tmp_path / "other")
    put(journal, keep(1))
    for number in range(2, 5):
        put(other, keep(number))
    begun = journal.begun
    other.path.replace(journal.path)
    journal.refresh()
    assert [one.id for one in journal.decisions] == [f"id-{n:06d}" for n in (2, 3, 4)]
    assert journal.begun > begun
    journal.path.unlink()
    journal.refresh()
    assert journal.decisions == []
    assert journal.standing.of("photo 2") is None


def test_undo_of_nothing(tmp_path):
    journal = Journal(tmp_path / "j")
    done = put(journal, keep(1))
    undo = {"action": "undo", "undoes": done.id}
    put(journal, keep(2, **undo))
    with pytest.raises(Gone):
        put(journal, keep(3, **undo))
    with pytest.raises(Gone):  # an undo is not undone
        put(journal, keep(4, action="undo", undoes="id-000002"))
    assert len(lines_of(journal.path)) == 2


def naive(lines):
    """What stands, from the lines alone: remove what was undone, take each photo's last."""
    undone = set()
    for number, line in enumerate(lines):
        if line["action"] == "undo":
            earlier = [
                one for one in lines[:number] if one["id"] == line["undoes"] and one["action"] != "undo"
            ]
            undone |= {one["id"] for one in earlier}
    stands = {}
    for line in lines:
        if line["action"] != "undo" and line["id"] not in undone:
            stands.pop(line["image_id"], None)
            stands[line["image_id"]] = line["id"]
    return stands, [one["id"] for one in lines if one["action"] != "undo" and one["id"] not in undone]


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("decide"),
            st.integers(0, 1),
            st.integers(0, 4),
            st.sampled_from(["keep", "relabel", "drop", "skip"]),
        ),
        st.tuples(st.just("undo"), st.integers(0, 1), st.integers(0, 30)),
        st.tuples(st.just("last"), st.integers(0, 1), st.sampled_from(["ann", "bob"])),
        st.tuples(st.just("kill"), st.integers(0, 1), st.binary(min_size=1, max_size=9)),
        st.tuples(st.just("reopen"), st.integers(0, 1)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_any_sequence_of_decisions_undos_and_kills(tmp_path_factory, steps):
    """Two journals on one file against a few lines that read the file from the start."""
    path = tmp_path_factory.mktemp("journal") / "j"
    journals = [Journal(path), Journal(path)]
    written = []
    for number, (what, which, *rest) in enumerate(steps):
        journal = journals[which]
        before = path.read_bytes() if path.exists() else b""
        if what == "decide":
            photo, action = rest
            draft = keep(number, "ann" if which else "bob", f"p{photo}", action=action)
            written.append(put(journal, draft).id)
        elif what in ("undo", "last"):
            journal.refresh()
            target = journal.standing.last(rest[0]) if what == "last" else None
            undoes = f"id-{rest[0]:06d}" if what == "undo" else target.id if target else "nothing"
            try:
                written.append(put(journal, keep(number, photo="?", action="undo", undoes=undoes)).id)
            except Gone:
                assert undoes not in naive(lines_of(path))[1]
        elif what == "kill":  # what it had written of its line: never a whole object, never a line's end
            with path.open("ab") as file:
                file.write(b"{" + rest[0].replace(b"\n", b"").replace(b"}", b""))
        else:
            journals[which] = Journal(path)
        after = path.read_bytes() if path.exists() else b""
        assert after.startswith(before)
    for journal in journals:
        journal.refresh()
        lines = [line for line in lines_of(path) if isinstance(line, dict)]
        assert [line["id"] for line in lines] == written == [one.id for one in journal.decisions]
        stands, live = naive(lines)
        assert {one.image_id: one.id for one in journal.standing} == stands
        assert [one.id for one in journal.standing.latest()] == list(stands.values())[::-1]
        for who in ("ann", "bob"):
            last = journal.standing.last(who)
            theirs = [line["id"] for line in lines if line["who"] == who and line["id"] in live]
            assert (last and last.id) == (theirs[-1] if theirs else None)
        for one in journal.decisions:
            assert (journal.standing.live(one.id) is not None) == (one.id in live)
            without = [
                other.id for other in journal.of(one.image_id) if other.id in live and other.id != one.id
            ]
            under = journal.standing.under(one)
            assert (under and under.id) == (without[-1] if without else None)
