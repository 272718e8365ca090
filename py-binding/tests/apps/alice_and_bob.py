"""Alice awaits while Bob comes and goes: what each then finds in `request.state` is told, before and after.

The order is fixed by events of the one process: Bob is answered only when Alice is in, and Alice only when Bob is done.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from pages import POLICY, DataPage
from sallet import Keyring
from sallet.fastapi import Bearer, protect

ALICE = "test-alice-Zt3UeGgN9bKpV4aCx6RHiDyO1mWfSj0QTh"
BOB = "test-bob-5lIAQhTnB1uzXoLq0vY7kEw2JrcM8dFsPp2x"


def seen(request: Request) -> dict[str, Any]:
    user = getattr(request.state, "user", None)
    return {
        "user": user and user.id,
        "nonce": request.state.csp_nonce,
        "database": request.state.database,
        "left": sorted(set(request.state._state) - {"user", "csp_nonce", "database"}),
    }


def make() -> FastAPI:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"database": "open"}

    app = FastAPI(lifespan=lifespan, default_response_class=DataPage)
    alice_is_in, bob_is_done = asyncio.Event(), asyncio.Event()

    @app.get("/alice")
    async def alice(request: Request) -> list[dict[str, Any]]:
        before = seen(request)
        alice_is_in.set()
        await bob_is_done.wait()
        return [before, seen(request)]

    @app.get("/bob")
    async def bob(request: Request) -> dict[str, Any]:
        await alice_is_in.wait()
        request.state.of_bob = True
        return seen(request)

    @app.get("/done")
    async def done() -> None:
        bob_is_done.set()

    @app.get("/health")
    async def health(request: Request) -> dict[str, Any]:
        return seen(request)

    auth = Bearer(Keyring.from_tokens({"alice": ALICE, "bob": BOB}))
    protect(app, headers=POLICY, auth=auth, public=["/health", "/done"])
    return app


app = make()
