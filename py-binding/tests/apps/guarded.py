"""FastAPI applications under Sallet, for the servers: whole (`app`), and as the outermost object (`outermost`)."""

from __future__ import annotations

import hmac
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request, Security, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from keys import READER, keyring
from sallet import AuthMiddleware, Credentials, Principal, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import Bearer, protect

ORIGIN = "https://app.example"

bearer = Bearer(keyring(), realm="items")


class Counter:
    """Counts the bytes of body that the application draws from the server, outside everything else."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.drawn = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def counting() -> Any:
            message = await receive()
            self.drawn += len(message.get("body", b""))
            return message

        await self.app(scope, counting, send)


def make(**options: Any) -> FastAPI:
    started = {"lifespan": False}

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        started["lifespan"] = True
        yield {"from_lifespan": "yes"}

    app = FastAPI(lifespan=lifespan, **options)

    @app.get("/health")
    async def health() -> str:
        return "ok"

    @app.get("/items")
    async def items(request: Request) -> dict[str, Any]:
        user = request.scope["state"]["user"]
        return {
            "started": started["lifespan"],
            "from_lifespan": request.scope["state"].get("from_lifespan"),
            "user": user.name,
            "id": user.id,
            "request.user": request.user.display_name,
        }

    @app.get("/docs-internal/secrets")
    async def internal() -> str:
        return "leak"

    @app.post("/upload")
    async def upload(data: dict[str, str]) -> str:
        return "ok"

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("boom")

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(f"hello {socket.scope['state']['user'].name}")
        await socket.close()

    return app


app = make()
app.add_middleware(CORSMiddleware, allow_origins=[ORIGIN], allow_headers=["authorization"])
protect(app, auth=bearer, public=["/health"])


# Where a page of a browser can put a token.
elsewhere = make()
protect(elsewhere, auth=Bearer(keyring(), realm="items", websocket_subprotocol="bearer", query="access_token"))


# Outermost: the server itself calls Sallet's object, and no scope["state"] has been made by Starlette.
inner = make()
outermost = SecurityHeadersMiddleware(
    AuthMiddleware(inner, auth=Bearer(keyring(), realm="items"), public=["/health"]), SecurityHeaders.CLASSIC
)
outermost_auth = AuthMiddleware(make(), auth=Bearer(keyring(), realm="items"), public=["/health"])


# The article's second half: an async fetch_user.
async def fetch_user(credentials: Credentials) -> Principal | None:
    if hmac.compare_digest(credentials.token.encode(), READER.encode()):
        return Principal("ann-1", "ann", ())
    return None


fetched = make()
fetched.add_middleware(AuthMiddleware, auth=Bearer(authenticate=fetch_user, realm="items"), public=["/health"])


# The article's third part: only a dependency, no middleware.
dependency = FastAPI()


@dependency.get("/")
async def index() -> str:
    return "ok"


@dependency.get("/items")
async def dependency_items(who: Principal = Security(bearer, scopes=["items:read"])) -> dict[str, str]:
    return {"user": who.name}


@dependency.post("/upload", dependencies=[Depends(bearer)])
async def dependency_upload(data: dict[str, str]) -> str:
    return "ok"


# The same under the middleware, which must agree with the dependency about every request.
both = FastAPI()
protect(both, auth=bearer)


@both.get("/items")
async def both_items(request: Request, who: Principal = Security(bearer, scopes=["items:read"])) -> dict[str, Any]:
    return {"middleware": request.user.id, "dependency": who.id}
