"""`assert_protected` of `sallet.testing`: what it finds, what it passes over, and what it says."""


from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Security, WebSocket
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from keys import keyring
from sallet import AuthMiddleware, PolicyError, Principal
from sallet import Bearer as PlainBearer
from sallet.fastapi import Bearer, protect
from sallet.testing import assert_protected, signed_in
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute


def make_bearer(**options: Any) -> Bearer:
    return Bearer(keyring(), **options)


def problems(app: Any, **options: Any) -> list[str]:
    """The lines of the report that name something."""
    try:
        assert_protected(app, **options)
    except AssertionError as error:
        return [line.strip() for line in str(error).splitlines() if line.startswith("  ") or line.startswith("public:")]
    return []


def fine(request: Any = None) -> PlainTextResponse:
    return PlainTextResponse("fine")


async def raw_app(scope: Any, receive: Any, send: Any) -> None:
    """Neither Starlette nor FastAPI."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"raw"})


# What is open


def open_app(tmp_path: Path) -> FastAPI:
    """One of each kind, all of them open but /shut."""
    app = FastAPI()
    router = APIRouter(prefix="/orders")
    sub, deep, elsewhere = FastAPI(), Starlette(routes=[Route("/page", fine)]), Router([Route("/h", fine)])

    class Class(HTTPEndpoint):
        def get(self, request: Any) -> PlainTextResponse:
            return fine()

    @app.get("/items/{item_id}")
    def item(item_id: int) -> int:
        return item_id

    @app.post("/items")
    def create(body: dict[str, int]) -> None:
        """Without a body this is 422."""

    @app.api_route("/both", methods=["POST", "PUT"])
    def both() -> None: ...

    @router.delete("/{order}")
    def order(order: UUID) -> str:
        return str(order)

    @app.get("/raises")
    def raises() -> None:
        raise KeyError("a secret of the app")

    @app.websocket("/feed")
    async def feed(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()

    @app.websocket("/checked/{room}")
    async def checked(websocket: WebSocket, room: str, wanted: int) -> None:
        await websocket.accept()

    @app.get("/stream")
    def stream() -> StreamingResponse:
        async def forever() -> Any:
            while True:
                yield b"x"
                await asyncio.sleep(0.01)

        return StreamingResponse(forever())

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    @app.get("/shut", dependencies=[Depends(make_bearer())])
    def shut() -> None: ...

    @sub.get("/in-sub")
    def in_sub() -> None: ...

    app.include_router(router)
    sub.mount("/deep", deep)
    app.mount("/sub", sub)
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.mount("/raw", raw_app)
    app.router.routes.append(Route("/class", Class))
    app.router.routes.append(Host("{tenant}.example.org", elsewhere))
    app.frontend("/site", directory=tmp_path)
    return app


OPEN = [
    "DELETE /orders/{order}: 200",
    "GET /class: 200",
    "GET /files/*: 404",
    "GET /h (host 1.example.org): 200",
    "GET /items/{item_id}: 200",
    "GET /raises: raised KeyError",
    "GET /raw/*: 200",
    "GET /site/*: 404",
    "GET /slow: no answer in 0.3 s",
    "GET /stream: 200",
    "GET /sub/deep/page: 200",
    "GET /sub/in-sub: 200",
    "POST /both: 200",
    "POST /items: 422, so nobody asked for a credential before it was validated",
    "PUT /both: 200",
    "WebSocket /checked/{room}: validation failed",
    "WebSocket /feed: accepted",
]


def test_everything_open_is_listed_at_once(tmp_path: Path) -> None:
    assert sorted(problems(open_app(tmp_path), timeout=0.3)) == OPEN


def test_the_fix_can_be_pasted(tmp_path: Path) -> None:
    app = open_app(tmp_path)
    with pytest.raises(AssertionError, match=r"protect\(app, auth=bearer\)") as failed:
        assert_protected(app, timeout=0.3)
    assert isinstance(failed.value.__cause__, KeyError) and "a secret" not in str(failed.value)
    pasted = eval(str(failed.value).rpartition("public=")[2].splitlines()[0])
    assert_protected(app, public=pasted)
    assert_protected(app, protected=["/shut"])
    assert problems(app, protected=["/sub"], public=["/sub/deep/*"]) == ["GET /sub/in-sub: 200"]


def advice(app: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as failed:
        assert_protected(app, **options)
    return str(failed.value).splitlines()[-1]


def pasted(said: str) -> dict[str, list[str]]:
    return {name: eval(rules) for name, rules in re.findall(r"(public|protected)=(\[[^]]*\])", said)}


@pytest.mark.parametrize("kind", ["files", "a frontend", "an app"])
def test_a_site_at_the_root_is_not_to_be_named(kind: str, tmp_path: Path) -> None:
    """A rule for it would open everything, and so is refused: what works is to name what is protected."""
    bearer = make_bearer()

    def site(**options: Any) -> FastAPI:
        app = FastAPI()
        app.get("/api/health")(fine)
        app.get("/api/items", dependencies=[Depends(bearer)])(fine)
        app.get("/about")(fine)
        if kind == "a frontend":
            app.frontend("/", directory=tmp_path)
        else:
            app.mount("/", StaticFiles(directory=tmp_path, html=True) if kind == "files" else raw_app)
        if options:
            protect(app, auth=bearer, **options)
        return app

    app = site(protected=["/api/*"], public=["/api/health"])
    said = advice(app)
    assert "protect(" not in said and "remove it from the public= of the guard around the app" in said
    assert pasted(said) == {"protected": ["/api/*"], "public": ["GET /api/health"]}
    assert_protected(app, **pasted(said))
    said = advice(app, public=["/api/health", "/about"])
    assert pasted(said) == {"protected": ["/api/*"]} and "/about" not in said
    said = advice(site(), public=["/about"])
    assert "guard the app with protect(app, auth=bearer)" in said and pasted(said) == {"protected": ["/api/*"]}
    said = advice(site(), **pasted(said))
    assert pasted(said) == {"public": ["GET /api/health"]}
    assert_protected(site(), protected=["/api/*"], **pasted(said))


def test_an_app_that_has_a_guard_is_not_told_to_have_one() -> None:
    app = guarded(public=["/health"])
    said = advice(app)
    assert "protect(" not in said and "under its protected=" not in said and pasted(said) == {"public": ["GET /health"]}
    assert_protected(app, **pasted(said))
    app = FastAPI()
    app.get("/api/items")(fine)
    app.get("/about")(fine)
    protect(app, auth=make_bearer(), protected=["/api/*"])
    said = advice(app)
    assert "bring it under its protected=" in said and pasted(said) == {"public": ["GET /about"]}
    assert_protected(app, **pasted(said))


def test_docs_pages_may_be_open_unless_told_otherwise() -> None:
    app = FastAPI()
    app.mount("/sub", FastAPI(redoc_url=None))
    assert_protected(app)
    own = ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/sub/openapi.json", "/sub/docs", "/sub/docs/oauth2-redirect"]
    assert problems(app, docs=False) == [f"GET {path}: 200" for path in own]
    protect(app := FastAPI(), auth=make_bearer(), docs=False)
    assert_protected(app, docs=False)


# What is protected


def guarded(**options: Any) -> FastAPI:
    """With a handler for everything, which counts its calls in `app.state.ran`."""
    app = FastAPI()
    app.state.ran = []

    def ran() -> str:
        app.state.ran.append(1)
        return "ran"

    app.get("/health")(ran)
    app.api_route("/items/{item_id}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])(ran)
    app.get("/any/{path:path}")(ran)

    @app.websocket("/feed")
    async def feed(websocket: WebSocket) -> None:
        app.state.ran.append(1)
        await websocket.accept()

    inner = FastAPI()
    inner.get("/x")(ran)
    app.mount("/inner", inner)
    app.mount("/raw", raw_app)
    app.mount("/files", StaticFiles(directory=Path(__file__).parent))
    app.add_middleware(CORSMiddleware, allow_origins=["https://other.example"])
    protect(app, auth=make_bearer(), **options)
    return app


def test_a_guarded_app_passes_and_nothing_in_it_runs() -> None:
    app = guarded()
    assert_protected(app)
    app = guarded(public=["/health"])
    assert problems(app) == ["GET /health: 200"] and app.state.ran
    app.state.ran.clear()
    assert_protected(app, public=["/health"])
    assert not app.state.ran
    app = guarded(public=["/raw/ping", "/files/keys/*", "/files/conftest.py"])
    assert problems(app) == ["GET /raw/ping: 200", "GET /files/conftest.py: 200"]
    app = guarded(protected=["/any/*", "/inner/*"], public=["/inner/x"])
    assert_protected(app, protected=["/any/*", "/inner/*"], public=["/inner/x"])
    assert "GET /any/*" not in "".join(problems(app))


def test_dependencies_alone_protect() -> None:
    bearer = make_bearer()
    app, router = FastAPI(), APIRouter(prefix="/r", dependencies=[Depends(bearer)])

    @app.post("/items/{item_id}")
    def create(item_id: int, body: dict[str, int], wanted: Annotated[str, Header()], who: Any = Security(bearer, scopes=["x"])) -> None:
        """The field is missing, the header is missing: the dependency refuses before they are looked at."""

    @app.post("/theirs", dependencies=[Depends(HTTPBearer())])
    def theirs() -> None: ...

    @app.websocket("/feed")
    async def feed(websocket: WebSocket, wanted: int, who: Any = Depends(bearer)) -> None: ...

    @router.get("/x")
    def x() -> None: ...

    app.include_router(router)
    app.frontend("/site", directory=Path(__file__).parent)
    assert problems(app) == ["GET /site/*: 404"]


class Size(Enum):
    SMALL = "s"


def test_what_runs_before_the_dependency_is_open() -> None:
    """A dependency listed before the scheme answers a stranger: whether item 1 exists."""

    def found(item_id: int, size: Size) -> None:
        raise HTTPException(404)

    app = FastAPI()
    app.get("/items/{item_id}/{size}", dependencies=[Depends(found), Depends(make_bearer())])(fine)
    app.get("/other/{item_id}/{size}", dependencies=[Depends(make_bearer()), Depends(found)])(fine)
    assert problems(app) == ["GET /items/{item_id}/{size}: 404"]


def test_starlette_and_plain_asgi_apps() -> None:
    async def refuses(websocket: Any) -> None:
        await websocket.close(1008)

    routes = [Route("/x", fine), WebSocketRoute("/ws", refuses), Host("a.example.org", Router([Route("/h", fine)]))]
    app = Starlette(routes=routes)
    assert sorted(problems(app)) == ["GET /h (host a.example.org): 200", "GET /x: 200"]
    assert_protected(AuthMiddleware(app, PlainBearer(keyring())))
    assert_protected(Starlette(routes=routes, middleware=[Middleware(AuthMiddleware, auth=PlainBearer(keyring()))]))
    guard = AuthMiddleware(raw_app, PlainBearer(keyring()), public=["/ping", "/open/*"])
    assert problems(guard) == ["GET /ping: 200", "GET /open/sallet-probe: 200"]
    assert problems(lambda environ, start_response: []) == ["GET /*: raised TypeError"]
    assert_protected(guard, public=["/ping", "/open/*"])


def test_what_answers_where_there_is_no_route() -> None:
    app = Starlette(routes=[Route("/open", raw_app)])
    app.router.default = raw_app
    assert problems(app, public=["/open"]) == ["GET /sallet-probe, which is no route: 200"]
    assert_protected(app, public=["/open", "/sallet-probe"])
    assert_protected(AuthMiddleware(app, PlainBearer(keyring())))


def test_what_cannot_be_seen_is_said() -> None:
    async def closed(scope: Any, receive: Any, send: Any) -> None:
        """Its own guard, with a hole that cannot be guessed."""
        status = 200 if scope["path"].endswith("/hole") else 401
        await PlainTextResponse("", status)(scope, receive, send)

    assert "function cannot be seen" in problems(closed)[0]
    assert_protected(closed, paths=["/x"])
    assert problems(closed, paths=["/x", "POST /hole"]) == ["POST /hole: 200"]
    app = Starlette(routes=[Mount("/m", closed), Mount("/files", StaticFiles(directory="."), middleware=[Middleware(lambda app: closed)])])
    assert [line.partition(":")[0] for line in problems(app)] == ["/m/*", "/files/*"]
    assert_protected(Starlette(routes=[Mount("/m", AuthMiddleware(closed, PlainBearer(keyring())))]))
    partly = AuthMiddleware(closed, PlainBearer(keyring()), protected=["/api"])
    assert "cannot be seen" in problems(Starlette(routes=[Mount("/m", partly)]))[0]


class Sku(Convertor[str]):
    regex = "[A-Z]{3}-[0-9]{4}"

    def convert(self, value: str) -> str:
        return value


def test_a_parameter_that_cannot_be_guessed() -> None:
    register_url_convertor("sku", Sku())
    app = Starlette(routes=[Route("/skus/{code:sku}", fine)])
    assert problems(app) == ['/skus/{code}: no value for code: give examples={"code": "..."}']
    assert problems(app, examples={"code": "ABC-1234"}) == ["GET /skus/{code}: 200"]
    assert_protected(app, public=["/skus/{code}"])


def test_an_answer_from_in_front_of_the_routes_says_nothing_of_them() -> None:
    app = FastAPI()
    app.get("/x", dependencies=[Depends(make_bearer())])(fine)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["example.com"])
    assert "400 for /x, before any route was reached" in problems(app, docs=False)[-1]
    assert_protected(app, base_url="https://example.com")


# Guards with holes


@pytest.mark.parametrize(
    ("refuses", "found"),
    [
        (lambda scope: scope["path"] == "/items/1", "as GET /items/1/: 200"),
        (lambda scope: scope["path"].startswith("/items/") and ";" not in scope["path"], "as GET /items/1;x: 200"),
        (lambda scope: scope["raw_path"].startswith(b"/items"), "as GET /%69tems/1: 200"),
        (lambda scope: scope["raw_path"].startswith(b"/items/"), "as GET /items%2F1: 200"),
        (lambda scope: scope["method"] != "HEAD", "as HEAD /items/1: 200"),
        (lambda scope: not dict(scope["headers"]).get(b"origin"), "as OPTIONS /items/1: 200"),
    ],
)
def test_another_way_to_a_guarded_route_is_found(refuses: Callable[[Any], bool], found: str) -> None:
    """Guards that someone wrote by hand."""

    def hand_written(app: Any) -> Any:
        async def guard(scope: Any, receive: Any, send: Any) -> None:
            refused = scope["type"] == "http" and refuses(scope)
            if scope["method"] == "HEAD":
                scope["method"] = "GET"
            await (PlainTextResponse("", 401) if refused else app)(scope, receive, send)

        return guard

    app = FastAPI(openapi_url=None)
    app.api_route("/items/{item:path}", methods=["GET", "OPTIONS"])(lambda item: item)
    app.add_middleware(hand_written)
    assert f"GET /items/{{item}} {found}" in problems(app)


def test_a_scope_that_was_copied_hides_no_hole() -> None:
    def copies(app: Any) -> Any:
        async def middleware(scope: Any, receive: Any, send: Any) -> None:
            refused = scope["path"] == "/items/1"
            await (PlainTextResponse("", 401) if refused else app)({**scope}, receive, send)

        return middleware

    app = Starlette(routes=[Route("/items/{item:path}", fine), Route("/x", fine)], middleware=[Middleware(copies)])
    found = problems(app)
    assert "GET /items/{item} as GET /items/1/: 200" in found and "GET /x: 200" in found


def test_a_spelling_that_is_another_route_is_asked_as_that_one() -> None:
    app = FastAPI()
    app.get("/x")(fine)
    app.get("/x/")(fine)
    protect(app, auth=make_bearer(), public=["/x"])
    assert_protected(app, public=["/x"])


def test_a_preflight_that_reaches_a_route() -> None:
    app = FastAPI()
    app.api_route("/x", methods=["GET", "OPTIONS"])(lambda: "ran")
    protect(app, auth=make_bearer(), preflights=True)
    assert problems(app) == ["GET /x as OPTIONS /x: 200"]


# Arguments, and where it is called


def test_wrong_arguments() -> None:
    app = guarded()
    for options, message in (({"public": "/x"}, r"write public=\['/x'\]"), ({"protected": "/x"}, "protected is a list"), ({"paths": "/x"}, "paths")):
        with pytest.raises(TypeError, match=message):
            assert_protected(app, **options)
    with pytest.raises(TypeError, match="ASGI app"):
        assert_protected("main:app")  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="open everything"):
        assert_protected(app, public=["/*"])
    assert problems(app, public=["/healthy"]) == [
        "public: no route has the path of '/healthy', and one that is added later would be open: remove it or correct it"
    ]
    with pytest.raises(AssertionError, match="has no routes"):
        assert_protected(APIRouter())
    broken = FastAPI()
    broken.get("/x", dependencies=[Security(make_bearer(), scopes="items:read")])(fine)
    protect(broken, auth=make_bearer())
    with pytest.raises(PolicyError, match="scopes is a list"):
        assert_protected(broken)


def test_it_can_be_called_anywhere() -> None:
    app = guarded()

    async def with_a_loop() -> None:
        assert_protected(app)

    asyncio.run(with_a_loop())
    with signed_in(app, Principal("alice")):
        assert_protected(app)
        assert TestClient(app).get("/health").text == '"ran"'
