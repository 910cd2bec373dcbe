"""Who may talk to the page: one machine, one token, one origin; and what a browser may load from it."""

import hmac
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_READING = ("GET", "HEAD")


class Guard:
    """Stands before the application: refuses strangers, and marks every answer.

    * The host must be this machine: another name that leads here (DNS rebinding) is refused.
    * The token comes once in the address; from then on a cookie that no script can read holds it.
    * What changes anything is a POST of JSON from a page of the same origin with a header of our own: no
      form and no other site can send that.
    """

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        """Guards ``app``.

        Args:
            app: the application.
            token: what opens it.
            cookie: name of the cookie; browsers send cookies to every port of a machine.
        """
        self.app = app
        self.token = token
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        by_address = scope["method"] in _READING and self._is_token(given)
        refusal = self._refusal(scope["method"], headers, by_address)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer[name] = value
                answer.setdefault("Cache-Control", "no-store")
                if by_address and refusal is None:
                    cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
                    answer.append("Set-Cookie", cookie)
            await send(message)

        await (refusal or self.app)(scope, receive, marked)

    def _refusal(self, method: str, headers: Headers, by_address: bool) -> PlainTextResponse | None:
        """Why a request is refused; None: it may pass."""
        host = headers.get("host", "")
        if _name(host) not in HOSTS or len(headers.getlist("host")) != 1:
            return PlainTextResponse("This page is for this machine only.\n", 400)
        if not by_address and not self._is_token(
            cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        ):
            text = "This page needs its token: open the address that `thresher review` printed.\n"
            return PlainTextResponse(text, 403)
        if method in _READING:
            return None
        if method != "POST":
            return PlainTextResponse("No such method.\n", 405, {"Allow": "GET, HEAD, POST"})
        origin = headers.get("origin")
        same = origin is None or urlsplit(origin).netloc == host
        if not same or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("Only the page itself may do this.\n", 403)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or headers.get("x-thresher") != "review":
            return PlainTextResponse("Only the page itself may do this.\n", 415)
        return None

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _name(host: str) -> str:
    """The host without its port, which may be another one behind a tunnel."""
    name, _, port = host.partition(":")
    return name.lower() if not port or port.isdecimal() else ""
