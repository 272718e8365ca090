"""The apps under test: what people build from Starlette's and FastAPI's parts, with handlers that say they were reached."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

ALL = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b""}
ACCEPT = {"type": "websocket.accept"}

FOLDER = tempfile.TemporaryDirectory()
for name in ("app.js", "secret/key.txt", "docs", "health", "café.txt", "static/app.js", "static/health"):
    file = Path(FOLDER.name, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


class Handlers:
    """Makes the handlers of one app, and holds what they wrote down: name, and path from the pattern of all the mounts."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str]] = []

    def write(self, name: str, pattern: str, scope: Any) -> None:
        self.reached.append((name, pattern.format(**scope.get("path_params", {}))))

    def asgi(self, pattern: str, name: str = "") -> Asgi:
        return Asgi(self, name or pattern, pattern)

    def fastapi(self, router: FastAPI | APIRouter, path: str, pattern: str = "", methods: list[str] = ["GET"]) -> None:
        """Adds one of FastAPI's own routes. `pattern` is the path with all that is in front of it."""
        pattern = pattern or path.replace(":path", "")

        async def endpoint(request: Request) -> Response:
            self.write(pattern, pattern, request.scope)
            return PlainTextResponse("")

        router.add_api_route(path, endpoint, methods=methods, name=pattern, operation_id=pattern)

    def websocket(self, router: FastAPI | APIRouter, path: str, pattern: str) -> None:
        async def endpoint(websocket: WebSocket) -> None:
            self.write(f"ws {pattern}", pattern, websocket.scope)
            await websocket.accept()

        router.add_api_websocket_route(path, endpoint)

    def below(self, prefix: str) -> Below:
        return Below(self, prefix)

    def static(self, prefix: str) -> StaticFiles:
        return Files(self, prefix)


class Asgi:
    """An ASGI app at the end of a route."""

    def __init__(self, handlers: Handlers, name: str, pattern: str) -> None:
        self.handlers, self.name, self.pattern = handlers, name, pattern

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.handlers.write(self.name, self.pattern, scope)
        await answer(scope, send)


class Below:
    """An ASGI app of any make, mounted: it sees the path that Starlette's function takes from the scope."""

    def __init__(self, handlers: Handlers, prefix: str) -> None:
        self.handlers, self.prefix = handlers, prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        prefix = self.prefix.format(**scope.get("path_params", {}))
        self.handlers.reached.append((f"below {self.prefix}", prefix + get_route_path(scope)))
        await answer(scope, send)


class Files(StaticFiles):
    """Starlette's own way from a request to a file, without the threads that read it."""

    def __init__(self, handlers: Handlers, prefix: str) -> None:
        super().__init__(directory=FOLDER.name)
        self.handlers, self.prefix, self.config_checked = handlers, prefix, True

    async def get_response(self, path: str, scope: Any) -> Response:
        found = self.lookup_path(path)[0] if scope["method"] in ("GET", "HEAD") and "\0" not in path else ""
        if not os.path.isfile(found):
            return PlainTextResponse("", 404)
        under = os.path.relpath(found, os.path.realpath(FOLDER.name))
        # Starlette takes a slash behind the name of a file for nothing.
        under += "/" * scope["path"].endswith("/")
        self.handlers.reached.append((f"file {under}", f"{self.prefix}/{under}"))
        return PlainTextResponse("")


async def answer(scope: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send(ACCEPT)
    else:
        await send(START)
        await send(BODY)


@dataclass(frozen=True)
class Shape:
    build: Callable[[Handlers], Any]
    paths: tuple[str, ...]
    """Paths that the app answers, for rules and requests."""
    prefixes: tuple[str, ...] = ()
    """Where something is mounted."""
    docs: tuple[str, ...] = ()
    root_path: str = ""
    """What the outermost app sets as the root_path of every request."""
    guarded_below: bool = False
    """The guard is mounted: the paths are those inside."""
    sets_root_path: bool = False
    """Some app in it sets one, which a guard outside learns from the routes."""
    may_refuse: bool = False
    """A guard that does not know which route the request takes may refuse what is open."""

    @property
    def name(self) -> str:
        return self.build.__name__


DOCS = ("/docs", "/openapi.json", "/redoc", "/docs/oauth2-redirect")


def split(paths: str) -> tuple[str, ...]:
    return tuple(paths.split())


def below(prefix: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(prefix + path for path in paths)


def fastapi(**settings: Any) -> FastAPI:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # root_path= is on its way out, and in wide use
        return FastAPI(**settings)


def plain(handlers: Handlers) -> FastAPI:
    app = fastapi()
    for path in ("/", "/health", "/healthz", "/items/", "/items/{id}", "/items/{id}/owner", "/login/", "/café", "/docs-all"):
        handlers.fastapi(app, path)
    handlers.fastapi(app, "/hook", methods=["POST", "OPTIONS"])
    handlers.websocket(app, "/feed", "/feed")
    return app


def catch_all(handlers: Handlers) -> FastAPI:
    app = fastapi()
    handlers.fastapi(app, "/health")
    handlers.fastapi(app, "/{p:path}", methods=ALL)
    handlers.websocket(app, "/{p:path}", "/{p}")
    return app


def starlette(handlers: Handlers) -> Starlette:
    h = handlers.asgi
    v2 = [Route("/health", h("/v1/v2/health")), Route("/{q:path}", h("/v1/v2/{q}"))]
    v1 = [Route("/items/", h("/v1/items/")), Mount("/v2", routes=v2), Route("/items/{id}", h("/v1/items/{id}"))]
    routes = [Route("/health", h("/health")), Mount("/static", handlers.static("/static")), Mount("/v1", routes=v1)]
    return Starlette(routes=[*routes, WebSocketRoute("/feed/{p:path}", h("/feed/{p}"))])


def mounted(handlers: Handlers) -> FastAPI:
    deep = fastapi(docs_url="/")
    handlers.fastapi(deep, "/health", "/sub/deep/health")
    handlers.fastapi(deep, "/{p:path}", "/sub/deep/{p}", ALL)
    sub = fastapi()
    sub.mount("/deep", deep)
    handlers.fastapi(sub, "/open", "/sub/open")
    handlers.fastapi(sub, "/{p:path}", "/sub/{p}", ALL)
    handlers.websocket(sub, "/{p:path}", "/sub/{p}")
    app = fastapi()
    handlers.fastapi(app, "/health")
    app.mount("/sub", sub)
    return app


def mounts_with_parameters(handlers: Handlers) -> Starlette:
    tenant = fastapi()
    handlers.fastapi(tenant, "/health", "/t/{x}/health")
    handlers.fastapi(tenant, "/{p:path}", "/t/{x}/{p}", ALL)
    admin = [Route("/{q:path}", handlers.asgi("/u/{y}/admin/{q}"))]
    user = [Mount("/admin", routes=admin), Route("/", handlers.asgi("/u/{y}/")), Mount("/raw", handlers.below("/u/{y}/raw"))]
    far = Mount("/w/{z:path}/end", handlers.below("/w/{z}/end"))
    return Starlette(routes=[Mount("/t/{x}", tenant), Mount("/u/{y}", routes=user), far])


def with_root_path(handlers: Handlers) -> FastAPI:
    sub = fastapi()
    handlers.fastapi(sub, "/{p:path}", "/sub/{p}", ALL)
    app = fastapi(root_path="/api")
    for path in ("/health", "/admin", "/api/health", "/items/"):
        handlers.fastapi(app, path)
    app.mount("/sub", sub)
    app.mount("/static", handlers.static("/static"))
    handlers.fastapi(app, "/{p:path}", methods=ALL)
    return app


def with_root_paths(handlers: Handlers) -> FastAPI:
    """As it was meant to be used: the inner app is told of all that is in front."""
    own = bare("/api/own")
    handlers.fastapi(own, "/health", "/own/health")
    handlers.fastapi(own, "/{p:path}", "/own/{p}", ALL)
    app = bare("/api")
    app.mount("/own", own)
    handlers.fastapi(app, "/{p:path}", methods=ALL)
    return app


def root_path_below(handlers: Handlers) -> FastAPI:
    app = fastapi()
    for name, root_path in (("/sub", "/x"), ("/own", "/own"), ("/more", "/more/v1")):
        sub = fastapi(root_path=root_path)
        handlers.fastapi(sub, "/health", f"{name}/health")
        handlers.fastapi(sub, "/{p:path}", name + "/{p}", ALL)
        app.mount(name, sub)
    inner, outer = bare("/y/in"), bare("/out/x")
    handlers.fastapi(inner, "/{p:path}", "/out/in/{p}", ALL)
    handlers.fastapi(outer, "/health", "/out/health")
    outer.mount("/in", CORSMiddleware(inner))
    app.mount("/out", CORSMiddleware(outer))
    return app


def bare(root_path: str) -> FastAPI:
    return fastapi(root_path=root_path, docs_url=None, redoc_url=None, openapi_url=None)


def hosts(handlers: Handlers) -> Starlette:
    h = handlers.asgi
    inner = [Route("/health", h("/health", "a /health")), Route("/{p:path}", h("/{p}", "a"))]
    mount = [Mount("/v1", routes=[Route("/{q:path}", h("/v1/{q}", "b"))])]
    app = Starlette(
        routes=[
            Host("a.example", Router(inner)),
            Host("{h}.b.example", Router(mount)),
            Route("/health", h("/health")),
            Mount("/static", handlers.static("/static")),
        ]
    )
    app.router.default = handlers.below("")
    return app


def hosts_with_root_path(handlers: Handlers) -> Starlette:
    prefixed = bare("/v1")
    handlers.fastapi(prefixed, "/{p:path}", methods=ALL)
    others = [Route("/health", handlers.asgi("/health")), Mount("/", handlers.below(""))]
    return Starlette(routes=[Host("c.example", prefixed), *others])


def routers(handlers: Handlers) -> FastAPI:
    items, parts, users = APIRouter(prefix="/items"), APIRouter(prefix="/{id}/parts"), APIRouter()
    handlers.fastapi(items, "/", "/api/items/")
    handlers.fastapi(items, "/{id}", "/api/items/{id}")
    handlers.fastapi(parts, "", "/api/items/{id}/parts")
    handlers.fastapi(parts, "/{part}", "/api/items/{id}/parts/{part}", ALL)
    handlers.fastapi(users, "/users/{p:path}", "/users/{p}", ALL)
    handlers.websocket(items, "/feed/", "/api/items/feed/")
    items.include_router(parts)
    api = APIRouter(prefix="/api", redirect_slashes=False)
    api.include_router(items)
    app = fastapi(docs_url="/", openapi_url="/api/openapi.json", redoc_url=None)
    app.include_router(api)
    app.include_router(users)
    return app


def other_frameworks(handlers: Handlers) -> Starlette:
    inner = [Route("/health", handlers.asgi("/in/health")), Mount("/", handlers.below("/in"))]
    routes = [Route("/health", handlers.asgi("/health")), Mount("/raw", handlers.below("/raw")), Mount("/in", routes=inner)]
    return Starlette(routes=[*routes, Mount("/", handlers.below(""))])


def guard_below(handlers: Handlers) -> FastAPI:
    sub = fastapi()
    handlers.fastapi(sub, "/health")
    handlers.fastapi(sub, "/items/")
    handlers.fastapi(sub, "/{p:path}", methods=ALL)
    handlers.websocket(sub, "/{p:path}", "/{p}")
    sub.mount("/deep", handlers.below("/deep"))
    return sub


SHAPES = [
    Shape(plain, split("/ /health /items/ /items/42 /items /hook /login/ /login /café /feed /docs-all"), docs=DOCS),
    Shape(catch_all, split("/health /static/app.js /items/ /items/42 /docs/x /admin /admin/users /"), docs=DOCS),
    Shape(
        starlette,
        split(
            "/health /static/app.js /static/secret/key.txt /v1/items/ /v1/items/42 /v1/v2/health /v1/v2/docs "
            "/feed/a /static/café.txt"
        ),
        split("/static /v1 /v1/v2"),
    ),
    Shape(
        mounted,
        split("/health /sub/open /sub/pub/a /sub/docs /sub/deep/health /sub/deep/docs /sub/x /sub/"),
        split("/sub /sub/deep"),
        docs=(*DOCS, *below("/sub", DOCS), *below("/sub/deep", ("/", *DOCS[1:]))),
    ),
    Shape(
        mounts_with_parameters,
        split(
            "/t/a/health /t/health/health /t/b/x /u/a/ /u/a/admin/x /u/admin/admin/ /u/a/raw/docs "
            "/w/a/b/end/health"
        ),
        split("/t/a /t/b /u/a /u/a/admin /u/a/raw /w/a/b/end"),
    ),
    Shape(
        with_root_path,
        split("/health /admin /api/health /items/ /sub/docs /sub/health /static/app.js /static/health /x"),
        split("/sub /static /api"),
        docs=(*DOCS, *below("/sub", DOCS)),
        root_path="/api",
        sets_root_path=True,
    ),
    Shape(
        with_root_paths,
        split("/own/health /own/x /own/docs /health /x /api/own/x"),
        split("/own /api /api/own"),
        root_path="/api",
        sets_root_path=True,
    ),
    Shape(
        root_path_below,
        split(
            "/sub/health /sub/docs /sub/x/health /own/health /own/x /more/health /more/v1/health /x/health "
            "/own/docs /out/health /out/in/x"
        ),
        split("/sub /own /more /x /more/v1 /out /out/in /y/in /out/x"),
        docs=(*DOCS, *below("/sub", DOCS), *below("/own", DOCS), *below("/more", DOCS)),
        sets_root_path=True,
    ),
    Shape(hosts, split("/health /v1/health /v1/x /static/app.js /static/health /admin"), split("/static /v1")),
    Shape(
        hosts_with_root_path,
        split("/health /v1/health /v1/x /admin"),
        split("/v1"),
        sets_root_path=True,
        may_refuse=True,
    ),
    Shape(
        routers,
        split(
            "/api/items/ /api/items/42 /api/items/42/parts /api/items/42/parts/x /users/a/b /users/ "
            "/api/items/feed/ /api/items"
        ),
        split("/api /users"),
        docs=("/", "/api/openapi.json", "/docs/oauth2-redirect"),
    ),
    Shape(other_frameworks, split("/health /raw/health /raw/ /in/health /in/docs /x/y /in/x"), split("/raw /in")),
    Shape(
        guard_below,
        split("/health /items/ /items/42 /deep/health /deep/docs /admin"),
        split("/deep"),
        guarded_below=True,
    ),
]
