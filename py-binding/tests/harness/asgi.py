"""Call an ASGI application in this process and see every message it sends, as it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Headers = Iterable[tuple[str, "str | bytes"]]


@dataclass
class Reply:
    messages: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None
    received: int = 0  # bytes of request body the application asked for
    scope: dict[str, Any] = field(default_factory=dict)

    @property
    def start(self) -> dict[str, Any]:
        starts = [m for m in self.messages if m["type"] in ("http.response.start", "websocket.http.response.start")]
        assert len(starts) == 1, (self.messages, self.error)
        return starts[0]

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        return [(bytes(name), bytes(value)) for name, value in self.start.get("headers", [])]

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self.raw]

    @property
    def body(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages if m["type"].endswith("http.response.body"))

    @property
    def types(self) -> list[str]:
        return [m["type"] for m in self.messages]

    def json(self) -> Any:
        return json.loads(self.body)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        assert len(values) == 1, f"{name}: {values} in {self.headers}"
        return values[0]

    def has(self, name: str) -> bool:
        return bool(self.all(name))


def encode(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(n.lower().encode(), v.encode("latin-1") if isinstance(v, str) else v) for n, v in headers]


def http_scope(
    method: str = "GET",
    path: str = "/",
    headers: Headers = (),
    *,
    scheme: str = "http",
    root_path: str = "",
    raw_path: bytes | None = None,
    **extra: Any,
) -> dict[str, Any]:
    path, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode() if raw_path is None else raw_path,
        "query_string": query.encode(),
        "root_path": root_path,
        "headers": [(b"host", b"testserver"), *encode(headers)],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    scope.update(extra)
    return scope


def websocket_scope(path: str = "/", headers: Headers = (), *, denial: bool = True, **extra: Any) -> dict[str, Any]:
    scope = http_scope("GET", path, headers, scheme="ws")
    del scope["method"]
    scope.update(type="websocket", subprotocols=[], extensions={"websocket.http.response": {}} if denial else {})
    scope.update(extra)
    return scope


async def send_to(app: Any, scope: dict[str, Any], body: bytes | Iterable[bytes] = b"") -> Reply:
    """One request. `body` may be an iterable of chunks, drawn only when the application asks."""
    reply = Reply(scope=scope)
    chunks = iter([] if body == b"" else [body] if isinstance(body, bytes) else body)
    websocket = scope["type"] == "websocket"
    stage = 0

    async def receive() -> dict[str, Any]:
        nonlocal stage
        if websocket:
            stage += 1
            return {"type": "websocket.connect"} if stage == 1 else {"type": "websocket.disconnect", "code": 1000}
        for chunk in chunks:
            reply.received += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": True}
        stage += 1
        if stage == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"].endswith(".start"):
            # Keep the object, but list the headers now: an application may send a generator.
            message = {**message, "headers": list(message.get("headers", []))}
        reply.messages.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:  # ServerErrorMiddleware sends its 500 and raises again
        reply.error = error
    return reply


def call(
    app: Any, path: str = "/", headers: Headers = (), *, method: str = "GET", body: Any = b"", **scope: Any
) -> Reply:
    return asyncio.run(send_to(app, http_scope(method, path, headers, **scope), body))


def connect(app: Any, path: str = "/", headers: Headers = (), *, denial: bool = True, **scope: Any) -> Reply:
    return asyncio.run(send_to(app, websocket_scope(path, headers, denial=denial, **scope)))


def bearer(token: str | bytes) -> tuple[str, bytes]:
    return ("authorization", b"Bearer " + (token.encode() if isinstance(token, str) else token))
