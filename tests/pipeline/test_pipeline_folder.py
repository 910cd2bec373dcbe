"""The run folder: one process at a time, and clear words when it cannot be used or the disk is full."""

import errno
import os
import signal
from pathlib import Path

import pytest
from pipeline_runs import Trap, call, run_here, scores, start

from thresher.errors import RunError
from thresher.files import write_atomic
from thresher.pipeline.workspace import open_workspace
from thresher.run_folder import RunFolder


def refused(done, *words):
    """Code 2, one message, no traceback."""
    assert done.code == 2, done.text
    assert done.text.count("error: ") == 1
    assert "Traceback" not in done.text
    for word in words:
        assert word in done.text


def test_a_second_process_is_refused_and_the_first_goes_on(photos, small, finished, tmp_path):
    trap = Trap("*/recipe.yaml", signal.SIGSTOP)  # it holds the folder for as long as is needed
    first = start(photos, small, tmp_path / "run", cache=tmp_path / "cache", trap=trap)
    assert first.until(lambda: (tmp_path / "run/recipe.yaml").is_file())
    try:
        log = tmp_path / "second.txt"
        second = call(photos, small, tmp_path / "run", cache=tmp_path / "cache", log=log)
        refused(second, f"another process (pid {first.process.pid}) works in this run folder")
        fresh = call(photos, small, tmp_path / "run", "--fresh", cache=tmp_path / "cache", log=log)
        refused(fresh, "another process")
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    assert first.wait().code == 0
    assert scores(tmp_path / "run") == scores(finished)


def test_a_lock_of_a_dead_process_is_no_lock(tmp_path):
    with (
        open_workspace(tmp_path / "run", False, True),
        pytest.raises(RunError, match="another process"),
        open_workspace(tmp_path / "run", False, True),
    ):
        pass
    (tmp_path / "run/.lock").write_text("pid 1")
    with open_workspace(tmp_path / "run", False, True) as space:
        assert [one["event"] for one in space.events("start")] == ["start"] * 2


def test_out_is_a_file_or_in_a_file(tmp_path):
    (tmp_path / "run").write_text("mine")
    for out in (tmp_path / "run", tmp_path / "run" / "deeper"):
        with pytest.raises(RunError, match=r"is a file|cannot be made"), open_workspace(out, False, True):
            pass
    assert (tmp_path / "run").read_text() == "mine"


def test_out_holds_other_things(tmp_path):
    (tmp_path / "recipe.yaml").write_text("mine")
    for fresh in (False, True):
        with pytest.raises(RunError, match="not a run"), open_workspace(tmp_path, fresh, True):
            pass
    assert {path.name for path in tmp_path.iterdir()} == {"recipe.yaml"}


def test_killed_before_the_log_was_begun(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.lock").write_text("")
    with open_workspace(tmp_path / "run", False, True) as space:
        assert space.run.log.is_file()


@pytest.mark.skipif(os.geteuid() != 0, reason="tells what happens to root, whom no mode stops")
@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs Linux")
def test_a_place_where_nobody_may_write():
    told = pytest.raises(RunError, match="Choose another folder with --out")
    with told, open_workspace("/sys/kernel/thresher/run", False, True):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path):
    (tmp_path / "run").mkdir(mode=0o555)
    with pytest.raises(RunError, match="cannot be written"), open_workspace(tmp_path / "run", False, True):
        pass


def test_a_folder_that_turns_read_only(photos, small, tmp_path, monkeypatch):
    """As root can be stopped: the system call fails."""
    real = Path.open

    def deny(self, mode="r", *more, **options):
        if "w" in mode and "features" in self.parts:
            raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        return real(self, mode, *more, **options)

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(RunError, match=r"features/.*: cannot be written \(Read-only file system\)"):
        run_here(photos / "train", small, tmp_path / "run")


NO_CACHE = ("--set", "images.cache_gb=0")


@pytest.mark.parametrize(
    ("most", "what", "words"),
    [(20_000, ".bin", ()), (30_000, "features/", NO_CACHE), (300_000, "state.pt", ())],
)
def test_a_full_disk_loses_nothing(most, what, words, photos, small, finished, tmp_path):
    """No file may grow beyond ``most`` bytes: a shard of photos, then features, then a state does not fit."""
    done = call(photos, small, tmp_path / "run", *words, cache=tmp_path / "cache", most_bytes=most)
    refused(done, what, "no space left on the disk", "give the same command again")
    assert not list(tmp_path.rglob("*.tmp"))
    again = call(photos, small, tmp_path / "run", cache=tmp_path / "cache")
    assert again.code == 0, again.text
    assert scores(tmp_path / "run") == scores(finished)


def test_a_full_disk_whatever_writes(tmp_path):
    """NumPy, pandas and Python tell a full device in their own ways."""
    import numpy as np
    import pandas as pd

    class Full:
        """/dev/full under a name that can be written to."""

        def __init__(self, monkeypatch):
            real = Path.open
            monkeypatch.setattr(
                Path, "open", lambda path, mode="r", *more: real(Path("/dev/full"), mode, *more)
            )
            monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: None)

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    table = pd.DataFrame({"a": np.arange(100_000)})
    writers = [
        lambda file: np.save(file, np.zeros(100_000)),
        lambda file: table.to_parquet(file),
        lambda file: table.to_csv(file),
        lambda file: file.write(b"0" * 100_000),
        lambda file: file.writelines([np.zeros(100_000).data]),
    ]
    for write in writers:
        with pytest.MonkeyPatch.context() as patch:
            Full(patch)
            with pytest.raises(RunError, match="no space left on the disk"):
                write_atomic(tmp_path / "file", write)


def test_a_line_that_a_kill_cut_off_costs_that_line_only(tmp_path):
    with open_workspace(tmp_path / "run", False, True) as space, space.stage("photos"):
        pass
    with (tmp_path / "run/log.jsonl").open("a") as log:
        log.write('{"time": "2026')
    with open_workspace(tmp_path / "run", False, True) as space:
        with space.stage("photos"):
            pass
        assert len(space.events("start")) == 2
        assert len(space.events("stage")) == 2
        assert list(space.seconds()) == ["photos"]


def test_an_error_stands_in_the_log(tmp_path):
    with pytest.raises(ValueError, match="broken"), open_workspace(tmp_path / "run", False, True):
        raise ValueError("broken")
    with open_workspace(tmp_path / "run", False, True) as space:
        assert space.events("stop")[0]["error"] == "ValueError: broken"


def test_half_written_files_of_a_killed_process_are_removed(tmp_path):
    with open_workspace(tmp_path / "run", False, True):
        pass
    left = tmp_path / "run/jobs/a/0/fold0/.oof.parquet.123.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with open_workspace(tmp_path / "run", False, True):
        assert not left.exists()


def test_fresh_through_a_link_and_beside_older_ones(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to("elsewhere")
    for _ in range(2):
        with open_workspace(tmp_path / "run", True, True) as space:
            assert len(space.events("start")) == 1
    assert (tmp_path / "elsewhere.old-1/log.jsonl").is_file()
    assert (tmp_path / "run").is_symlink()


def test_a_name_that_is_no_text(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["thresher", "run", "caf\udce9"])
    with open_workspace(tmp_path / "run", False, True) as space:
        assert space.events("start")[0]["command"][-1] == "caf\\udce9"


def test_following_processes_write_nothing(tmp_path):
    with open_workspace(tmp_path / "run", False, writes=False) as space:
        space.event("start")
        assert space.events("start") == []
    assert not (tmp_path / "run").exists()
    with pytest.raises(RunError, match="not a run folder"):
        RunFolder.existing(tmp_path / "run")
