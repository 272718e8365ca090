"""A contender that does not do its job must not be timed.

And what it does with the app's own headers is seen, not believed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from contenders.bare import App, Message, Scope, receive, sending
from contenders.rows import Contender
from request import PRESENTED, WRONG, request


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    scope: Scope  # as the inner application leaves it

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
    return Answer(messages[0]["status"], list(messages[0]["headers"]), scope)


FRAMED = b"ALLOW-FROM https://app.example"  # a value that no policy sends


def framing(name: bytes) -> App:
    """An application with a frame policy and a server name of its own, and two cookies."""
    return sending([(name, FRAMED), (b"set-cookie", b"a=1"), (b"server", b"secret/1.0"), (b"set-cookie", b"b=2")])


@dataclass(frozen=True)
class Seen:
    """What a contender was seen to do."""

    headers: int  # that it adds
    own: str  # what becomes of a header that both it and the app send: "kept", "replaced", "doubled", "-"


async def check(contender: Contender) -> Seen:
    """Raises AssertionError naming what is wrong."""
    answer = await ask(contender.app, request())
    assert answer.status == 200, f"{contender.name}: the right token got {answer.status}"
    for name in contender.proves:
        await CHECKS[name](contender)
    added = len(answer.headers) - len((await ask(contender.under, request())).headers)
    return Seen(added, await _own(contender) if added else "-")


async def _own(contender: Contender) -> str:
    # In lower case, as the ASGI specification asks of applications; that `keeps` asks for more.
    answer = await ask(contender.build(framing(b"x-frame-options")), request())
    match answer.count(b"x-frame-options"):
        case 1:
            return "kept" if answer.value(b"x-frame-options") == FRAMED else "replaced"
        case count:
            return "doubled" if count else "lost"


async def _sends(contender: Contender) -> None:
    answer = await ask(contender.app, request())
    for name in (b"content-security-policy", b"strict-transport-security", b"x-content-type-options"):
        assert answer.count(name) == 1, f"{contender.name}: {name.decode()} sent {answer.count(name)} times"


async def _keeps(contender: Contender) -> None:
    answer = await ask(contender.build(framing(b"X-Frame-Options")), request())
    doubled = [name for name, count in Counter(key.lower() for key, _ in answer.headers).items() if count > 1]
    assert doubled == [b"set-cookie"], f"{contender.name}: sent twice: {doubled}"
    assert answer.value(b"x-frame-options") == FRAMED, f"{contender.name}: the app's own header lost"


async def _removes(contender: Contender) -> None:
    answer = await ask(contender.build(framing(b"X-Frame-Options")), request())
    assert answer.count(b"server") == 0, f"{contender.name}: the server's name leaked"


async def _nonce(contender: Contender) -> None:
    seen = set()
    for _ in range(3):
        answer = await ask(contender.app, request())
        nonce = answer.scope["state"]["csp_nonce"]
        source = f"'nonce-{nonce}'".encode()
        assert source in answer.value(b"content-security-policy"), f"{contender.name}: another nonce than the header's"
        seen.add(nonce)
    assert len(seen) == 3, f"{contender.name}: a nonce came twice"


async def _bearer(contender: Contender) -> None:
    answer = await ask(contender.app, request())
    user = answer.scope["user"]
    assert getattr(user, "name", None) or user.username, f"{contender.name}: no user in the scope"
    for what, tokens in (("a wrong token", [WRONG]), ("no token", []), ("two tokens", [PRESENTED, PRESENTED])):
        scope = request()
        scope["headers"] = [field for field in scope["headers"] if field[0] != b"authorization"]
        scope["headers"] += [(b"authorization", f"Bearer {token}".encode()) for token in tokens]
        assert (await ask(contender.app, scope)).status in (400, 401), f"{contender.name}: {what} was let in"


CHECKS: dict[str, Callable[[Contender], Awaitable[None]]] = {
    "sends": _sends,
    "keeps": _keeps,
    "removes": _removes,
    "nonce": _nonce,
    "bearer": _bearer,
}
