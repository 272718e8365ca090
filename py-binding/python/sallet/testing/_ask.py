"""One request without a credential, made by calling the app, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from sallet import Refusal

WEBSOCKET = ""
"""The method of a WebSocket, which has none; as in path rules."""

FRONTEND = object()
"""What stands for the endpoint where `app.frontend(...)` of FastAPI has answered."""

# How long an app may take to finish once its answer is known: a stream that nobody reads should end by itself.
_TO_FINISH = 1.0


@dataclass(frozen=True)
class Request:
    """`path` is decoded, `raw_path` as it is sent."""

    method: str
    path: str
    raw_path: str = ""
    host: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass
class Answer:
    """`said` is for people. `endpoint` is what a router of Starlette or FastAPI has chosen, if one was reached."""

    said: str = "no answer"
    status: int = 0
    refused: bool = False
    endpoint: Any = None
    error: Exception | None = None


async def ask(app: Any, request: Request, base_url: str, timeout: float) -> Answer:
    """Makes the request and waits for the first message that decides."""
    scope = _scope(request, base_url)
    answer, decided = Answer(), asyncio.Event()
    received = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal received
        received += 1
        kind = scope["type"]
        if received == 1:
            # No body: FastAPI reads one before it calls dependencies, and a body that it cannot read is 422.
            return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request", "body": b"", "more_body": False}
        await decided.wait()
        return {"type": f"{kind}.disconnect", "code": 1001} if kind == "websocket" else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if not decided.is_set() and _decides(answer, message):
            decided.set()

    async def call() -> None:
        await app(scope, receive, send)

    running = asyncio.ensure_future(call())
    waiting = asyncio.ensure_future(decided.wait())
    await asyncio.wait([running, waiting], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    if not running.done() and not decided.is_set():
        answer.said = f"no answer in {timeout:g} s"
    if not running.done() and decided.is_set():
        await asyncio.wait([running], timeout=_TO_FINISH)
    for task in (running, waiting):
        task.cancel()
    for ended in await asyncio.gather(running, waiting, return_exceptions=True):
        # Starlette answers 500 and raises all the same, so that a server can log it. After another answer it says nothing: the
        # app was left in the middle of it.
        if isinstance(ended, Exception) and (not decided.is_set() or answer.status == 500):
            answer.error = ended
            answer.said = f"raised {type(ended).__name__}"
    answer.endpoint = scope.get("endpoint")
    if "frontend_path" in (scope.get("fastapi") or ()):
        answer.endpoint = FRONTEND
    return answer


def _decides(answer: Answer, message: MutableMapping[str, Any]) -> bool:
    kind = message["type"]
    if kind in ("http.response.start", "websocket.http.response.start"):
        answer.status = message["status"]
        answer.said = str(answer.status)
        answer.refused = answer.status in (401, 403)
    elif kind == "websocket.accept":
        answer.said = "accepted"
    elif kind == "websocket.close":
        code, reason = message.get("code", 1000), message.get("reason")
        answer.said = f"closed with {code}"
        # FastAPI closes with the same code where a parameter is not valid, and gives the list of errors as the reason.
        answer.refused = code == Refusal.CLOSE_CODE and not isinstance(reason, (list, tuple))
        if code == Refusal.CLOSE_CODE and not answer.refused:
            answer.said = "validation failed"
    else:
        return False
    return True


def _scope(request: Request, base_url: str) -> MutableMapping[str, Any]:
    url = urlsplit(base_url)
    secure = url.scheme == "https"
    host = request.host or url.netloc
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": request.path,
        "raw_path": (request.raw_path or quote(request.path, safe=_PCHAR)).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", host.encode()), *request.headers],
        "client": ("127.0.0.1", 50000),
        "server": (url.hostname or host, url.port or (443 if secure else 80)),
        "state": {},
    }
    if request.method == WEBSOCKET:
        del scope["method"]
        # Without the extension for denials: a close tells more than the response that would be made of it.
        scope.update(type="websocket", scheme="wss" if secure else "ws", subprotocols=[], extensions={})
    return scope


# RFC 3986 section 3.3, and the slash.
_PCHAR = "/:@!$&'()*+,;=-._~"


def spellings(path: str) -> Iterable[tuple[str, str]]:
    """Other ways to write a path, decoded and as sent, that some server, proxy or router takes for the same one."""
    raw = quote(path, safe=_PCHAR)
    toggled = path[:-1] if path.endswith("/") else path + "/"
    if toggled:
        yield toggled, quote(toggled, safe=_PCHAR)
    for other in ("/" + path, "/." + path, "/x/.." + path, path + ";x"):
        yield other, quote(other, safe=_PCHAR)
    if path.swapcase() != path:
        yield path.swapcase(), quote(path.swapcase(), safe=_PCHAR)
    if len(path) > 1 and path[1].isascii() and path[1].isalnum():
        yield path, f"/%{ord(path[1]):02X}{raw[2:]}"
    if "/" in path[1:]:
        head, _, tail = raw.rpartition("/")
        yield path, f"{head}%2F{tail}"
