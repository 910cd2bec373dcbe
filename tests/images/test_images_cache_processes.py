"""The cache when processes are killed, or work at the same time."""

import contextlib
import hashlib
import signal
import subprocess
import sys

from test_images_cache import make_photos, root

from thresher.images.decode import read_photo

CHILD = """
import os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
import thresher.files
from thresher.images.cache import PhotoCache
from thresher.progress import Progress

how, count = sys.argv[2], int(sys.argv[3])
sync = os.fsync

class Act(Progress):
    seen = 0
    def say(self, text):
        print("waiting", flush=True)
    def advance(self, n=1, **facts):
        self.seen += n
        if how == "kill" and self.seen == count:
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "hang" and self.seen == count:
            print("hanging", flush=True)
            time.sleep(60)
        if how == "slow":
            time.sleep(0.005)

def fsync(descriptor):
    global count
    count -= how == "kill in write"
    if how == "kill in write" and count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(descriptor)

os.fsync = fsync
paths = sorted(Path(sys.argv[1]).iterdir())
settings = SimpleNamespace(cache_gb=1.0, cache_dir=None, max_megapixels=200.0)
cache = PhotoCache.open(paths, 1500, settings, Act())
import hashlib
pixels = b"".join(cache[row].tobytes() for row in range(len(cache)))
print(cache.decoded, hashlib.sha256(pixels).hexdigest(), flush=True)
"""


def child(folder, how="", count=0):
    command = [sys.executable, "-c", CHILD, str(folder), how, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def pixels_hash(paths):
    return hashlib.sha256(b"".join(read_photo(path).tobytes() for path in paths)).hexdigest()


def test_killed_anywhere_it_goes_on_where_it_was(tmp_path):
    paths = make_photos(tmp_path / "p", 40)
    done = 0
    for how, count in [
        ("kill", 3),
        ("kill in write", 1),
        ("kill in write", 2),
        ("kill", 13),
        ("kill in write", 3),
    ]:
        process = child(tmp_path / "p", how, count)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        whole = len(list(root().rglob("shard-*.json")))
        assert whole >= done
        done = whole
    assert 0 < done < 5
    left, digest = child(tmp_path / "p").communicate()[0].split()
    assert int(left) == 40 - 8 * done
    assert digest == pixels_hash(paths)
    assert not list(root().rglob("*.tmp"))


def test_two_processes_share_the_work_of_one(tmp_path):
    paths = make_photos(tmp_path / "p", 40)
    processes = [child(tmp_path / "p", "slow") for _ in range(2)]
    answers = [process.communicate()[0].split() for process in processes]
    assert sorted(int(answer[-2]) for answer in answers) == [0, 40]
    assert {answer[-1] for answer in answers} == {pixels_hash(paths)}


def test_a_process_that_waits_takes_over_when_the_other_dies(tmp_path):
    paths = make_photos(tmp_path / "p", 40)
    first = child(tmp_path / "p", "hang", 20)
    assert first.stdout.readline() == "hanging\n"
    second = child(tmp_path / "p")
    assert second.stdout.readline() == "waiting\n"
    with contextlib.suppress(subprocess.TimeoutExpired):
        second.wait(0.3)
    assert second.returncode is None
    first.kill()
    first.communicate()
    assert second.communicate()[0].split() == [str(40 - 16), pixels_hash(paths)]
