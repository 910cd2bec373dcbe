"""Files are whole or absent, and what the operating system refuses is explained."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from thresher.errors import RunError
from thresher.files import digest, explained, read_json, write_atomic, write_bytes, write_json, write_text


def only(folder):
    """Names in a folder, temporary ones too."""
    return sorted(path.name for path in folder.iterdir())


def test_folders_are_made_and_nothing_is_left_beside_the_file(tmp_path):
    path = write_bytes(tmp_path / "a" / "b" / "c.bin", b"\0\1")
    assert path.read_bytes() == b"\0\1"
    assert only(path.parent) == ["c.bin"]
    write_text(str(path), "größer\n")
    assert path.read_bytes() == "größer\n".encode()
    assert only(path.parent) == ["c.bin"]


@pytest.mark.parametrize(
    "error", [ValueError("broken"), KeyboardInterrupt(), OSError(errno.EIO, "bad sector")]
)
@pytest.mark.parametrize("exists", [False, True])
def test_a_writer_that_fails_half_way_leaves_what_was_there(tmp_path, error, exists):
    if exists:
        write_text(tmp_path / "file", "old")

    def write(file):
        file.write(b"half of")
        raise error

    with pytest.raises(type(error)) as caught:
        write_atomic(tmp_path / "file", write)
    assert caught.value is error
    assert only(tmp_path) == (["file"] if exists else [])
    assert not exists or (tmp_path / "file").read_text() == "old"


def test_it_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    events = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: events.append("sync") or sync(number))
    monkeypatch.setattr(Path, "replace", lambda self, to: events.append("rename") or replace(self, to))
    write_atomic(tmp_path / "file", lambda file: (file.write(b"x"), events.append("write")))
    assert events == ["write", "sync", "rename"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize("when", ["write", "sync"])
def test_a_full_disk_is_explained(tmp_path, monkeypatch, number, when):
    write_text(tmp_path / "file", "old")

    def full(*_):
        raise OSError(number, os.strerror(number))

    if when == "sync":
        monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match=r"no space left on the disk.*free some space.*same command") as caught:
        write_atomic(tmp_path / "file", full if when == "write" else lambda file: file.write(b"new"))
    assert str(tmp_path / "file") in str(caught.value)
    monkeypatch.undo()
    assert only(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_the_device_that_is_always_full():
    with pytest.raises(RunError, match="/dev/full: no space left"), explained("/dev/full"):
        Path("/dev/full").write_bytes(b"x")


LIMITED = """
import resource, sys
from pathlib import Path
from thresher.errors import RunError
from thresher.files import write_bytes
folder = Path(sys.argv[1])
write_bytes(folder / "small", b"x" * 500)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(folder / "large", b"x" * 5_000_000)
except RunError as error:
    assert "no space left" in str(error), error
    assert sorted(path.name for path in folder.iterdir()) == ["small"], list(folder.iterdir())
    sys.exit(0)
sys.exit(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files here")
def test_a_limit_that_the_system_really_sets(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
@pytest.mark.parametrize("call", ["mkdir", "open", "replace"])
def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch, number, call):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, call, refuse)  # root may write everywhere, so chmod proves nothing
    with pytest.raises(RunError) as caught:
        write_text(tmp_path / "sub" / "file", "x")
    monkeypatch.undo()
    reason = os.strerror(number)
    words = f"sub/file: cannot be written ({reason}). Choose another folder with --out."
    assert str(caught.value).endswith(words)
    assert not (tmp_path / "sub").exists() or only(tmp_path / "sub") == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_really_read_only(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot be written"):
        write_text(tmp_path / "file", "x")


def test_other_errors_of_the_system_are_not_renamed(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        write_text(tmp_path / "file" / "below", "x")


def test_a_reader_never_sees_half_a_file(tmp_path):
    path = tmp_path / "file"
    texts = {"a" * 200_000, "b" * 100_000}
    write_text(path, "a" * 200_000)
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for text in texts:
            write_text(path, text)
    done.set()
    reader.join()
    assert seen <= texts


def test_json_holds_numpy_and_paths_and_keeps_the_order(tmp_path):
    value = {
        "z": np.float64(0.5),
        "a": np.arange(3),
        "p": Path("x") / "y",
        "n": None,
        "t": "größer",
        "i": np.int64(7),
    }
    text = write_json(tmp_path / "v.json", value).read_text(encoding="utf-8")
    back = read_json(tmp_path / "v.json")
    assert back == {"z": 0.5, "a": [0, 1, 2], "p": "x/y", "n": None, "t": "größer", "i": 7}
    assert list(back) == ["z", "a", "p", "n", "t", "i"]
    assert "größer" in text
    assert text.endswith("}\n")
    with pytest.raises(TypeError, match="object cannot be written as JSON"):
        write_json(tmp_path / "w.json", object())
    assert only(tmp_path) == ["v.json"]


def test_digests_tell_values_apart_and_not_the_order_of_keys():
    value = {"a": 1, "b": [1.5, "x", None], "c": np.arange(4)}
    assert digest(value) == digest(dict(reversed(value.items())))
    assert digest(np.arange(4)) == digest([0, 1, 2, 3]) == digest((0, 1, 2, 3))
    others = [
        value,
        {**value, "a": 2},
        {**value, "a": "1"},
        {**value, "c": np.arange(5)},
        [1, 0],
        [0, 1],
        [[0], 1],
        "",
        0,
    ]
    assert len({digest(other) for other in others}) == len(others)
    assert digest(1) == "6cd3a78e35b1a4dc3032"
    assert len(digest(value)) == 20
