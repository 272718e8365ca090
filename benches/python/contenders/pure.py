"""The hand-written Python that Sallet has to beat: the same job, prepared as far as Python allows.

`PureHeaders` is what a careful reader of the ASGI specification writes. `TunedHeaders` is the same with every trick
that keeps it correct: no coroutine of its own, nothing looked up twice. `PureBearer` compares the presented token's
digest with every key and does not stop at a match.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Awaitable
from functools import partial
from types import SimpleNamespace
from typing import Any

from contenders.bare import App, Fields, Message, Receive, Scope, Send


def passing_on(app: App) -> App:
    """The least that anything costs which stands between an app and its `send`: it does nothing, with a `send` in C."""
    return lambda scope, receive, send: app(scope, receive, partial(send))


REMOVED = frozenset({b"server", b"x-powered-by"})


def merged(own: Any, fields: Fields, names: frozenset[bytes]) -> Fields:
    """The app's own fields win; what must not leak is dropped; the app's list stays as it is."""
    kept = [(name, value) for name, value in own if name.lower() not in REMOVED]
    present = {name.lower() for name, _ in kept}
    if names.isdisjoint(present):
        return kept + fields
    return kept + [field for field in fields if field[0] not in present]


class PureHeaders:
    def __init__(self, app: App, fields: Fields) -> None:
        self.app = app
        self.fields = fields
        self.names = frozenset(name for name, _ in fields)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = merged(message.get("headers", ()), self.fields, self.names)
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_headers)


class TunedHeaders:
    def __init__(self, app: App, fields: Fields) -> None:
        self.app = app
        self.fields = fields
        self.watched = frozenset(name for name, _ in fields) | REMOVED
        self.names = frozenset(name for name, _ in fields)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        fields, watched, names = self.fields, self.watched, self.names

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                for name, _ in own:
                    if name in watched or not name.islower():
                        headers = merged(own, fields, names)
                        break
                else:
                    headers = [*own, *fields]
                message = {**message, "headers": headers}
            return send(message)

        return self.app(scope, receive, send_with_headers)


class PureNonce(PureHeaders):
    """As `PureHeaders`, with `{nonce}` in the policy filled anew for each request."""

    def __init__(self, app: App, fields: Fields) -> None:
        super().__init__(app, [field for field in fields if b"{nonce}" not in field[1]])
        self.names = frozenset(name for name, _ in fields)
        [(self.name, template)] = [field for field in fields if b"{nonce}" in field[1]]
        self.before, self.after = template.split(b"{nonce}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nonce = base64.b64encode(os.urandom(16))
        scope.setdefault("state", {})["csp_nonce"] = nonce.decode()
        policy = (self.name, self.before + nonce + self.after)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = merged(message.get("headers", ()), [*self.fields, policy], self.names)
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_headers)


class PureBearer:
    def __init__(self, app: App, tokens: dict[str, str]) -> None:
        self.app = app
        self.keys = [
            (hashlib.sha256(token.encode()).digest(), SimpleNamespace(id=name, name=name, scopes=()))
            for name, token in tokens.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        lines = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(lines) == 1:
            scheme, _, token = lines[0].partition(b" ")
            if scheme.lower() == b"bearer":
                user = None
                digest = hashlib.sha256(token.strip(b" ")).digest()
                for known, principal in self.keys:
                    if hmac.compare_digest(digest, known):
                        user = principal
                if user is not None:
                    scope.setdefault("state", {})["user"] = user
                    scope["user"] = user
                    await self.app(scope, receive, send)
                    return
        await send(
            {"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b'Bearer realm="api"')]}
        )
        await send({"type": "http.response.body", "body": b""})
