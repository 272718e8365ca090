"""An app that reads who its caller is, waits until everybody is here, and reads it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request, WebSocket
from pages import DataPage
from sallet import NONCE, ContentSecurityPolicy, Key, Keyring, SecurityHeaders
from sallet.fastapi import Bearer, protect
from starlette.requests import HTTPConnection

USERS = 1000
PATIENCE = 30.0


def token(user: str) -> str:
    return f"test-{user}-Qm4XtYc8LrW2vNzKpS6HgB0dJfAe9uTi"


def name(number: int) -> str:
    return f"user-{number:04}"


class Gate:
    """Opens when `size` callers are waiting at it. The callers of one round share one."""

    rounds: dict[str, Gate] = {}

    def __init__(self) -> None:
        self._waiting = 0
        self._open = asyncio.Event()

    @classmethod
    async def wait(cls, round: str, size: int) -> None:
        gate = cls.rounds.setdefault(round, cls())
        gate._waiting += 1
        if gate._waiting == size:
            gate._open.set()
        await asyncio.wait_for(gate._open.wait(), PATIENCE)


def seen(connection: HTTPConnection) -> dict[str, str | None]:
    """Every place that holds the caller's identity, and the nonce."""
    scope = connection.scope
    users = {
        "request.state.user": getattr(connection.state, "user", None),
        "scope['state']['user']": scope["state"].get("user"),
        # Starlette's `request.user` asserts that this is there.
        "scope['user']": scope.get("user"),
        "request.user": connection.user if "user" in scope else None,
    }
    # A caller who is not authenticated may be an object that says so.
    found = {place: getattr(user, "id", None) if user is not None else None for place, user in users.items()}
    return {**found, "nonce": connection.state.csp_nonce, "nonce in scope": scope["state"]["csp_nonce"]}


async def twice(connection: HTTPConnection, round: str, size: int) -> dict[str, Any]:
    before = seen(connection)
    await Gate.wait(round, size)
    # A Request caches its `state`: a second one looks again.
    return {"before": before, "after": seen(connection), "anew": seen(HTTPConnection(connection.scope))}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    yield {"database": "shared by all"}


bearer = Bearer(Keyring([Key(user, token=token(user)) for user in map(name, range(USERS))]))
app = FastAPI(lifespan=lifespan, default_response_class=DataPage)


@app.get("/")
@app.get("/public")
async def public(request: Request, round: str = "", size: int = 0) -> dict[str, Any]:
    return await twice(request, round, size) if round else {"before": seen(request)}


@app.get("/me")
async def me(request: Request, round: str, size: int, who: Any = Depends(bearer)) -> dict[str, Any]:
    return {**await twice(request, round, size), "dependency": who.id}


@app.websocket("/ws")
async def ws(socket: WebSocket, round: str, size: int, who: Any = Depends(bearer)) -> None:
    await socket.accept()
    await socket.send_json({**await twice(socket, round, size), "dependency": who.id})
    await socket.close()


policy = SecurityHeaders(content_security_policy=ContentSecurityPolicy({"script-src": [NONCE]}))
protect(app, headers=policy, auth=bearer, public=["/", "/public"])
