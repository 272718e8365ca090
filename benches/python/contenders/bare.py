"""The application under every middleware: it answers `{}` at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Field = tuple[bytes, bytes]
Fields = list[Field]

# What applications and their other middlewares really send; none of it is a policy's. A page, so that a nonce has a use.
OWN = [
    (b"content-length", b"2"),
    (b"content-type", b"text/html"),
    (b"etag", b'"6d82cbb050ddc7fa9cbb659014546e59"'),
    (b"vary", b"accept-encoding, origin"),
    (b"x-request-id", b"0f8fad5b-d9cb-469f-a165-70867728950e"),
    (b"access-control-allow-origin", b"https://app.example"),
    (b"access-control-allow-credentials", b"true"),
    (b"x-process-time", b"0.0012"),
    (b"last-modified", b"Sun, 22 Nov 2026 10:00:00 GMT"),
    (b"link", b'</v1/items?page=2>; rel="next"'),
    (b"x-ratelimit-limit", b"100"),
    (b"x-ratelimit-remaining", b"99"),
    (b"x-ratelimit-reset", b"1795344000"),
    (b"server-timing", b"db;dur=1.2"),
    (b"content-language", b"en"),
    (b"location", b"/v1/items/1"),
]


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Two fields of its own, in a new header list each time, as every framework makes one."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"2"), (b"content-type", b"text/html")],
        }
    )
    await send({"type": "http.response.body", "body": b"{}"})


def sending(fields: Fields) -> App:
    """The same application with these fields."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": fields.copy()})
        await send({"type": "http.response.body", "body": b"{}"})

    return app


def own(count: int) -> Fields:
    """So many fields; after the first sixteen, cookies, which alone may come again and again."""
    cookies = [(b"set-cookie", b"c%d=1; Path=/; Secure" % index) for index in range(count - len(OWN))]
    return OWN[:count] + cookies


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Message) -> None:
    pass
