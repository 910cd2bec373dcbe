"""The command line: one file per command, nothing heavy imported before a command needs it."""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and leaves with its exit code.

    0: done. 2: something the user can put right, told in one message. 130: stopped by Ctrl-C.

    Args:
        arguments: the words after ``thresher``; default: those of this process.
    """
    from thresher.cli.app import app

    app(args=None if arguments is None else list(arguments), prog_name="thresher")
