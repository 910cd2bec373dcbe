"""`thresher review`: what it opens, says and refuses; a real server that is started, used and stopped."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import pytest

from thresher.cli import main, review
from thresher.files import write_text
from thresher.run_folder import RunFolder
from thresher.web import serve


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["review", *map(str, words)])
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


@pytest.fixture
def started(monkeypatch):
    """Stands in for the server and the browser."""
    seen = SimpleNamespace(opened=[], screen=True, count=1200)

    def run(folder, port, who, ready):
        seen.given = (folder.root, port, who)
        ready("http://127.0.0.1:1/?token=t[red]")
        return seen.count

    monkeypatch.setattr(serve, "serve", run)
    monkeypatch.setattr(review, "has_screen", lambda: seen.screen)
    monkeypatch.setattr("webbrowser.open", seen.opened.append)
    return seen


@pytest.fixture
def folder(tmp_path):
    write_text(tmp_path / "run" / "recipe.yaml", "name: quick\n")
    return tmp_path / "run"


def test_the_address_is_printed_and_opened(started, folder, capsys):
    code, out, err = call(capsys, folder, "--port", 0, "--who", "Ann")
    assert code == 0
    first, last = out.splitlines()
    assert first == "http://127.0.0.1:1/?token=t[red]"
    assert last.split() == ["1,200", "decisions", str(folder / "labels" / "decisions.jsonl")]
    assert "Ctrl-C" in err
    assert started.given == (folder, 0, "Ann")
    assert started.opened == [first]


def test_no_browser_where_none_is_wanted_or_can_be(started, folder, capsys):
    call(capsys, folder, "--no-browser")
    started.screen = False
    call(capsys, folder)
    assert started.opened == []
    assert started.given[1] is None
    assert started.given[2] == review.login() != ""


def test_a_run_without_suspicious_labels(folder, capsys):
    code, out, err = call(capsys, folder, "--no-browser", "--port", 0)
    assert (code, out) == (2, "")
    assert f"thresher labels {folder}" in err


def test_a_folder_that_is_no_run_and_a_port_that_is_none(tmp_path, capsys):
    assert call(capsys, tmp_path)[0] == 2
    assert call(capsys, tmp_path, "--port", 99_999)[0] == 2
    assert call(capsys, tmp_path, "--host", "0.0.0.0")[0] == 2  # there is no such option


def test_a_port_that_is_taken(folder, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, _, err = call(capsys, folder, "--port", port)
        assert code == 2
        assert f"--port {port}: " in err


def test_the_usual_port_or_any_free_one(monkeypatch):
    with serve.listen(0) as first:
        monkeypatch.setattr(serve, "PORT", first.getsockname()[1])
        with serve.listen(None) as second:
            assert second.getsockname()[0] == "127.0.0.1"
            assert second.getsockname()[1] != serve.PORT
    with serve.listen(None) as third:
        assert third.getsockname()[1] == serve.PORT


def test_without_the_web_libraries_the_extra_is_named(folder, monkeypatch, capsys):
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    code, _, err = call(capsys, folder)
    assert code == 2
    assert err == "error: the review page needs starlette and uvicorn: pip install 'thresher[review]'\n"


def test_a_real_server_is_started_and_stopped_politely(review_run_folder):
    review_run_folder.recipe.unlink()  # as `thresher labels --scores` leaves a folder
    command = [
        sys.executable,
        "-m",
        "thresher",
        "review",
        str(review_run_folder.root),
        "--no-browser",
        "--port",
        "0",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert "Thresher review" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.split() == ["0", "decisions", str(review_run_folder.labels)]
    assert "Traceback" not in err


@pytest.fixture
def review_run_folder(tmp_path):
    """The smallest run that can be reviewed: two photos without files."""
    import pandas as pd

    from thresher.dataset.frame import build_frame
    from thresher.dataset.store import save_dataset
    from thresher.dataset.table import Dataset

    run = RunFolder(tmp_path / "run")
    write_text(run.recipe, "name: quick\n")
    import numpy as np

    ids = np.array(["a.jpg", "b.jpg"], dtype=object)
    save_dataset(Dataset(build_frame(ids, ids, label=["x", "y"]), ("x", "y")), run.dataset)
    run.labels.mkdir()
    pd.DataFrame(
        {
            "image_id": ids,
            "given": ["x", "y"],
            "suggested": ["y", "x"],
            "probability": [0.5, 0.1],
            "rank": [1, 2],
        }
    ).to_parquet(run.issues)
    return run
