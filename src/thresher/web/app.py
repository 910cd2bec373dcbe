"""The page's addresses: what each one answers."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from thresher.errors import ThresherError
from thresher.images.decode import BrokenPhoto
from thresher.web.desk import Desk
from thresher.web.journal import Gone
from thresher.web.messages import LONGEST, Ahead, Decide, News, Undo, one_line
from thresher.web.pace import WORTH
from thresher.web.photos import SIDES
from thresher.web.queue import Filter
from thresher.web.security import Guard
from thresher.web.suspects import NotHere

HERE = Path(__file__).parent
STATIC = {"review.js": "text/javascript", "review.css": "text/css", "icon.svg": "image/svg+xml"}
Message = TypeVar("Message", bound=BaseModel)


def make_app(desk: Desk, token: str, who: str) -> Starlette:
    """The application.

    Args:
        desk: the run that is judged.
        token: what opens the page.
        who: the person's name until they say another.
    """
    page = _page(desk, str(one_line(who))[:80] or "someone")
    files = {name: (HERE / "static" / name).read_bytes() for name in STATIC}

    def show_page(request: Request) -> Response:
        return HTMLResponse(page)

    def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(404)
        return Response(files[name], media_type=f"{STATIC[name]}; charset=utf-8")

    def classes(request: Request) -> Response:
        return JSONResponse(desk.classes())

    def ahead(request: Request) -> Response:
        asked = _asked(request, Ahead)
        keys = ("state", "least", "given", "suggested", "text", "order")
        wanted = Filter(**{key: getattr(asked, key) for key in keys})
        return JSONResponse(desk.ahead(wanted, asked.page, asked.row, asked.most, asked.back))

    def photo(request: Request) -> Response:
        return JSONResponse(desk.photo(request.path_params["row"]))

    def news(request: Request) -> Response:
        asked = _asked(request, News)
        return JSONResponse(desk.news(asked.since, asked.page, asked.who))

    def pixels(request: Request) -> Response:
        try:
            data = desk.photos.get(request.path_params["row"], request.path_params["size"])
        except BrokenPhoto as error:
            return PlainTextResponse(f"{error}\n", 422)
        return Response(data, 200, {"Cache-Control": "private, max-age=86400, immutable"}, "image/jpeg")

    async def decide(request: Request) -> Response:
        told = await _told(request, Decide, desk)
        return JSONResponse(
            await run_in_threadpool(
                desk.decide,
                told.id,
                told.who,
                told.row,
                told.action,
                label=told.label,
                note=told.note,
                seconds=told.seconds,
                seen=told.seen,
            )
        )

    async def undo(request: Request) -> Response:
        told = await _told(request, Undo, desk)
        return JSONResponse(await run_in_threadpool(desk.undo, told.id, told.who, told.undoes, told.seen))

    routes: list[tuple[str, str, Callable[[Request], Response | Awaitable[Response]]]] = [
        ("GET", "/", show_page),
        ("GET", "/static/{name}", static),
        ("GET", "/api/classes", classes),
        ("GET", "/api/ahead", ahead),
        ("GET", "/api/photo/{row:int}", photo),
        ("GET", "/api/news", news),
        ("GET", "/photo/{row:int}/{size}.jpg", pixels),
        ("POST", "/api/decide", decide),
        ("POST", "/api/undo", undo),
    ]
    return Starlette(
        routes=[Route(path, answer, methods=[method]) for method, path, answer in routes],
        middleware=[Middleware(Guard, token=token, cookie=f"thresher-{desk.key}")],
        exception_handlers={
            NotHere: _fails(404),
            Gone: _fails(409),
            ThresherError: _fails(507),
            ValidationError: _fails(400),
        },
    )


def _page(desk: Desk, who: str) -> str:
    """The page as HTML; all that comes from the run is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    facts = {
        "run": desk.key,
        "data": desk.suspects.fingerprint,
        "who": who,
        "worth": WORTH,
        "sizes": list(SIDES),
        "decisions": f"{desk.run.root.name}/labels/{desk.run.decisions.name}",
    }
    name = desk.run.root.resolve().name
    return environment.get_template("review.html").render(name=name, facts=json.dumps(facts))


def _fails(status: int) -> Callable[[Request, Exception], Response]:
    """Answers an error in words."""

    def answer(request: Request, error: Exception) -> Response:
        known = error.args and not isinstance(error, ValidationError)
        text = str(error.args[0]) if known else "not understood"
        return JSONResponse({"error": text}, status)

    return answer


def _asked(request: Request, kind: type[Message]) -> Message:
    """A question in the address, checked."""
    return kind.model_validate(dict(request.query_params))


async def _told(request: Request, kind: type[Message], desk: Desk) -> Message:
    """A message in the body, checked: it must be for this run."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST:
            raise HTTPException(413)
    told = kind.model_validate_json(body)
    if getattr(told, "run", desk.key) != desk.key:
        raise Gone("this page belongs to another run; load it again")
    return told
