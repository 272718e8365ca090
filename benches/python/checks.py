"""A contender that does not do its job must not be timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bare import Fields, Message, Receive, Scope, Send, receive, request
from keys import PRESENTED, token

if TYPE_CHECKING:
    from contenders import Contender

OWN = 2  # the fields that the bare app itself sends
WRONG = token(999)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    state: dict[str, Any]

    def count(self, name: bytes) -> int:
        return sum(1 for key, _ in self.headers if key.lower() == name)

    def value(self, name: bytes) -> bytes:
        return next(value for key, value in self.headers if key.lower() == name)


async def ask(app: Any, scope: Scope) -> Answer:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    scope.setdefault("state", {})
    await app(scope, receive, send)
    return Answer(messages[0]["status"], list(messages[0]["headers"]), scope["state"])


async def framed_by_itself(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a frame policy and a server name of its own, and two cookies."""
    headers: Fields = [
        (b"X-Frame-Options", b"SAMEORIGIN"),
        (b"set-cookie", b"a=1"),
        (b"server", b"secret/1.0"),
        (b"set-cookie", b"b=2"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def check(contender: Contender) -> int:
    """Raises AssertionError naming what is wrong; returns how many headers the contender adds."""
    answer = await ask(contender.app, request(PRESENTED))
    assert answer.status == 200, f"{contender.name}: the right token got {answer.status}"
    for name in contender.proves:
        await CHECKS[name](contender)
    return len(answer.headers) - OWN


async def _headers(contender: Contender) -> None:
    answer = await ask(contender.app, request(PRESENTED))
    for name in (b"content-security-policy", b"strict-transport-security", b"x-content-type-options"):
        assert answer.count(name) == 1, f"{contender.name}: {name.decode()} sent {answer.count(name)} times"


async def _merges(contender: Contender) -> None:
    answer = await ask(contender.build(framed_by_itself), request(PRESENTED))
    doubled = [name for name, count in Counter(key.lower() for key, _ in answer.headers).items() if count > 1]
    assert doubled == [b"set-cookie"], f"{contender.name}: sent twice: {doubled}"
    assert answer.value(b"x-frame-options") == b"SAMEORIGIN", f"{contender.name}: the app's own header lost"
    assert answer.count(b"server") == 0, f"{contender.name}: the server's name leaked"


async def _nonce(contender: Contender) -> None:
    seen = set()
    for _ in range(3):
        answer = await ask(contender.app, request(PRESENTED))
        nonce = answer.state["csp_nonce"]
        source = f"'nonce-{nonce}'".encode()
        assert source in answer.value(b"content-security-policy"), f"{contender.name}: another nonce than the header's"
        seen.add(nonce)
    assert len(seen) == 3, f"{contender.name}: a nonce came twice"


async def _bearer(contender: Contender) -> None:
    answer = await ask(contender.app, request(PRESENTED))
    assert answer.state["user"].name, f"{contender.name}: no user in the state"
    assert (await ask(contender.app, request(WRONG))).status == 401, f"{contender.name}: a wrong token was let in"
    bare_scope = request(PRESENTED)
    bare_scope["headers"] = [field for field in bare_scope["headers"] if field[0] != b"authorization"]
    assert (await ask(contender.app, bare_scope)).status == 401, f"{contender.name}: no token was let in"
    twice = request(PRESENTED)
    twice["headers"] = twice["headers"] + [(b"authorization", f"Bearer {PRESENTED}".encode())]
    assert (await ask(contender.app, twice)).status in (400, 401), f"{contender.name}: two tokens were let in"


CHECKS: dict[str, Callable[[Contender], Awaitable[None]]] = {
    "headers": _headers,
    "merges": _merges,
    "nonce": _nonce,
    "bearer": _bearer,
}
