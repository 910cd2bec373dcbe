"""Serves the page on this machine until Ctrl-C."""

import contextlib
import socket
from collections.abc import Callable
from importlib.util import find_spec

from thresher.errors import RunError
from thresher.run_folder import RunFolder

HOST = "127.0.0.1"
PORT = 8765


def check_installed() -> None:
    """Says which extra to install where the web libraries are missing.

    Raises:
        RunError: they are.
    """
    if missing := [name for name in ("starlette", "uvicorn") if find_spec(name) is None]:
        raise RunError(f"the review page needs {' and '.join(missing)}: pip install 'thresher[review]'")


def serve(run: RunFolder, port: int | None, who: str, ready: Callable[[str], None]) -> int:
    """Serves the page of a run until the process is told to stop.

    Args:
        run: with suspicious labels.
        port: 0: any free one; None: the usual one, or any free one where that is taken.
        who: the person's name.
        ready: told the address, token included, once a browser may open it.

    Returns:
        how many decisions are in the journal at the end.

    Raises:
        RunError: see `thresher.web.desk.Desk`; or the port is taken.
    """
    check_installed()
    import uvicorn

    from thresher.web.app import make_app
    from thresher.web.desk import Desk
    from thresher.web.keys import token

    listening = listen(port)
    with listening:
        desk = Desk(run)
        desk.settle()
        key = token(desk.key)
        config = uvicorn.Config(
            make_app(desk, key, who),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        ready(f"http://{HOST}:{listening.getsockname()[1]}/?token={key}")
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn closes everything, then hands it on
            uvicorn.Server(config).run(sockets=[listening])
        desk.refresh()
        return len(desk.journal.decisions)


def listen(port: int | None) -> socket.socket:
    """A socket that listens on this machine only.

    Raises:
        RunError: the port is taken or may not be used.
    """
    for wanted in (PORT, 0) if port is None else (port,):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, wanted))
            listening.listen(128)
            return listening
        except (OSError, OverflowError) as error:
            listening.close()
            reason = error.strerror if isinstance(error, OSError) else error
    raise RunError(f"--port {port}: {reason}. Leave --port away to take any free port.")
