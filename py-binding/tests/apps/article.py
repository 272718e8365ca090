"""The FastAPI article's code as it really runs (DESIGN, section 8), each fault in an application of its own.

The published class is `ArticleAuth()`; its options are the repairs a reader makes one after another, each of which
uncovers the next fault.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse

KEY = "the-right-key"


async def fetch_user(token: str | None) -> dict[str, str] | None:
    return {"name": "ann"} if token == f"Bearer {KEY}" else None


class ArticleAuth:
    def __init__(
        self, app: Any, *, lower_case: bool = False, http_only: bool = False, state: str = "absent", prefix: bool = False
    ) -> None:
        self.app = app
        self.lower_case = lower_case
        self.http_only = http_only
        self.state = state
        self.prefix = prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.http_only and scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        open_ = scope["path"].startswith("/docs") if self.prefix else scope["path"] == "/docs"
        if not open_:
            headers = dict(scope["headers"])
            if self.lower_case:
                token = headers.get(b"authorization", b"").decode("latin-1")
            else:
                token = headers.get("Authorization")
            user = await fetch_user(token)
            if user is None:
                await JSONResponse({"detail": "Unauthorized"}, status_code=401)(scope, receive, send)
                return
            if self.state == "set":
                scope["state"]["user"] = user
        await self.app(scope, receive, send)


class ArticleHeaders(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        response.headers["X-Frame-Options"] = "DENY"
        return response


def make() -> FastAPI:
    started = {"lifespan": False}

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        started["lifespan"] = True
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/items")
    async def items(request: Request) -> dict[str, Any]:
        return {"started": started["lifespan"]}

    @app.get("/docs-internal/secrets")
    async def internal() -> str:
        return "leak"

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("boom")

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("secret")
        await socket.close()

    return app


published = make()
published.add_middleware(ArticleAuth)

lower_case = make()
lower_case.add_middleware(ArticleAuth, lower_case=True)

http_only = make()
http_only.add_middleware(ArticleAuth, lower_case=True, http_only=True)

state = make()
state.add_middleware(ArticleAuth, lower_case=True, http_only=True, state="set")

prefix = make()
prefix.add_middleware(ArticleAuth, lower_case=True, http_only=True, prefix=True)

headers = make()
headers.add_middleware(ArticleHeaders)

cors = make()
cors.add_middleware(CORSMiddleware, allow_origins=["https://app.example"], allow_headers=["authorization"])
cors.add_middleware(ArticleAuth, lower_case=True, http_only=True)


# The third part: a constant key as a dependency, as published and repaired twice.
dependency = FastAPI()


def as_published(token: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> None:
    if token != KEY:
        raise HTTPException(status_code=401, detail="Invalid")


def with_compare_digest(token: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> None:
    if not secrets.compare_digest(token.credentials, KEY):
        raise HTTPException(status_code=401, detail="Invalid")


@dependency.get("/published", dependencies=[Depends(as_published)])
async def published_route() -> str:
    return "ok"


@dependency.get("/compared", dependencies=[Depends(with_compare_digest)])
async def compared_route() -> str:
    return "ok"


@dependency.post("/upload", dependencies=[Depends(with_compare_digest)])
async def upload_route(data: dict[str, str]) -> str:
    return "ok"


# Both parts on one route: which of two Authorization lines does each of them read?
both = FastAPI()


class Saw:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["middleware_saw"] = dict(scope["headers"]).get(b"authorization", b"").decode()
        await self.app(scope, receive, send)


both.add_middleware(Saw)


@both.get("/")
async def saw(request: Request, token: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> dict[str, str]:
    return {"middleware": request.scope["middleware_saw"], "dependency": token.credentials}
