"""The guard of Dagster's web server: only the server's own pages may send requests to it.

The web server has no accounts and does not check who sends a request. It listens on loopback, so other machines cannot
reach it. But the browser of this machine sends requests of any web page to it: a form, a text/plain POST, an image whose
address is a mutation, a WebSocket, a name that its owner points to 127.0.0.1 (DNS rebinding).

Belongs here: the decision about a request, by its headers only, and the middleware that uses the decision. Does not
belong here: starting servers.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

READING = {"GET", "HEAD", "OPTIONS"}
JSON = "application/json"


@dataclass(frozen=True)
class Refusal:
    """The answer to a refused request."""

    status: int
    message: str


def guard(app: ASGIApp, port: int) -> ASGIApp:
    """Middleware: a request reaches `app` only if `refusal` gives None.

    Starlette's TrustedHostMiddleware does not check the port, and its message does not name what it found.

    Args:
        app: The application to protect.
        port: The port that the application listens on.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        refused = None if scope["type"] == "lifespan" else refusal(scope, port)
        if refused is None:
            await app(scope, receive, send)
        else:
            headers = {"X-Content-Type-Options": "nosniff"}
            await PlainTextResponse(refused.message + "\n", refused.status, headers)(scope, receive, send)

    return guarded


def own_hosts(port: int) -> list[str]:
    """Names under which a browser of this machine reaches the interface.

    >>> own_hosts(3000)
    ['127.0.0.1:3000', 'localhost:3000', '[::1]:3000']
    """
    names = ["127.0.0.1", "localhost", "[::1]"]
    hosts = [f"{name}:{port}" for name in names]
    return hosts + names if port == 80 else hosts  # a browser leaves the standard port out


def refusal(scope: Scope, port: int) -> Refusal | None:
    """Decide about one request by its headers.

    Args:
        scope: The request as ASGI describes it, of type `http` or `websocket`.
        port: The port that the interface listens on.

    Returns:
        The refusal, or None if the request may pass.
    """
    headers = Headers(scope=scope)
    return (
        _foreign_host(headers, port)
        or _foreign_origin(headers)
        or _foreign_page(scope, headers)
        or (None if scope["type"] == "websocket" else _change_without_json(scope, headers))
    )


def _foreign_host(headers: Headers, port: int) -> Refusal | None:
    found = headers.getlist("host")
    if len(found) == 1 and found[0].lower() in own_hosts(port):
        return None
    expected = f"one of {', '.join(own_hosts(port))}"
    return _refused(403, "Host", found, expected, f"Open http://{own_hosts(port)[0]} on this machine.")


def _foreign_origin(headers: Headers) -> Refusal | None:
    """Refuse a foreign origin. A browser names the page that posts or opens a WebSocket; other programs name none."""
    found = headers.getlist("origin")
    own = f"http://{headers['host']}".lower()
    if not found or [origin.lower() for origin in found] == [own]:
        return None
    return _refused(403, "Origin", found, f"{own} or none", "A page of another address may not use this one.")


def _foreign_page(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse images, scripts and frames of other pages. A browser names no origin for them, but marks them as foreign.

    A link on another page may lead here, because the browser then opens the interface as a page of its own.
    """
    found = headers.getlist("sec-fetch-site")
    if not found or (len(found) == 1 and found[0] in ("same-origin", "none")):
        return None
    asked = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    if scope["type"] == "http" and scope["method"] == "GET" and asked == ("navigate", "document"):
        return None
    advice = "Another page may lead here by a link, but neither embed this page nor read from it."
    return _refused(403, "Sec-Fetch-Site", found, "same-origin or none", advice)


def _change_without_json(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse every change that is not sent as JSON. A foreign page cannot send JSON: the browser asks first and gets no.

    The web server also runs a mutation in an address, so a query in an address is refused. The check covers every path
    that begins like the path of queries, because the web server accepts that path with a line break at its end.
    """
    if scope["method"] in READING:
        named = "query" in QueryParams(scope["query_string"])
        if named and scope["path"].startswith("/graphql"):
            advice = f"Send the query by POST with the Content-Type {JSON}."
            return Refusal(405, f"refused: found a query in the address, expected none. {advice}")
        return None
    found = headers.getlist("content-type")
    if len(found) == 1 and found[0].partition(";")[0].strip().lower() == JSON:
        return None
    return _refused(415, "Content-Type", found, JSON, "Forms and uploads of files are not taken.")


def _refused(status: int, header: str, found: list[str], expected: str, advice: str) -> Refusal:
    """The refusal for a wrong header."""
    shown = ", ".join(f'"{value[:100]}"' for value in found) or "none"
    return Refusal(status, f"refused: found {header} {shown}, expected {expected}. {advice}")
