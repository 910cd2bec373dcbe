"""Progress in a terminal and in a file."""

import io
import re

import pytest
from rich.console import Console

from thresher.cli.display import Display, rate


def work(display):
    with display as progress:
        progress.start("reading", 30)
        for _ in range(3):
            progress.advance(10)
        progress.finish()
        progress.say("forecast: [3] min")
        progress.start("jobs", 2, "jobs")
        for fold in range(2):
            progress.start(f"fold {fold}", 20)
            progress.advance(20, loss=0.51234, best="yes")
            progress.finish()
            progress.advance()
        progress.finish()
        progress.start("ensemble")
        progress.finish()


def test_a_file_gets_one_line_at_start_and_end_of_a_stage():
    file = io.StringIO()
    work(Display(Console(file=file, width=40, highlight=False)))
    lines = [re.sub(r"[\d.,]+ (s|\w+/s)\b", r"# \1", line) for line in file.getvalue().splitlines()]
    assert lines == [
        "reading: 30 photos",
        "reading: done  30 photos  # s  # photos/s",
        "forecast: [3] min",
        "jobs: 2 jobs",
        "  fold 0: 20 photos",
        "  fold 0: done  20 photos  # s  # photos/s  loss 0.5123  best yes",
        "  fold 1: 20 photos",
        "  fold 1: done  20 photos  # s  # photos/s  loss 0.5123  best yes",
        "jobs: done  2 jobs  # s  # jobs/s",
        "ensemble",
        "ensemble: done  # s",
    ]
    assert "\x1b" not in file.getvalue()


def test_a_terminal_gets_bars_that_leave_one_line_each():
    file = io.StringIO()
    display = Display(Console(file=file, width=100, force_terminal=True, highlight=False))
    work(display)
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", file.getvalue())
    assert [line.strip() for line in re.findall(r"✓ [\w ]+?  ", plain)] == [
        "✓ reading", "✓ fold 0", "✓ fold 1", "✓ jobs", "✓ ensemble",
    ]  # fmt: skip
    assert file.getvalue().rstrip().count("\x1b[?25h") == file.getvalue().count(
        "\x1b[?25l"
    )  # the cursor is back
    assert display.bars is None


def test_bars_go_away_when_a_stage_fails():
    file = io.StringIO()
    display = Display(Console(file=file, width=100, force_terminal=True))

    def fail():
        with display as progress:
            progress.start("reading", 30)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert display.bars is None
    assert "\x1b[?25h" in file.getvalue()


def test_calls_out_of_place_do_no_harm():
    with Display(Console(file=io.StringIO())) as progress:
        progress.advance()
        progress.finish()


def test_rates():
    assert (rate(1234.4, "photos"), rate(0.84, "epochs")) == ("1,234 photos/s", "0.8 epochs/s")
