"""`signed_in` of `sallet.testing`: whom it admits, and only in its block."""


from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
import threading
import time
import urllib.error
import urllib.request
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Security, WebSocket
from fastapi.testclient import TestClient
from keys import READER, keyring
from sallet import AuthMiddleware, Principal, Refusal
from sallet import Bearer as PlainBearer
from sallet.fastapi import Bearer, protect
from sallet.testing import signed_in
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route
from starlette.testclient import WebSocketDenialResponse


def make_bearer(**options: Any) -> Bearer:
    return Bearer(keyring(), **options)


def fine(request: Any = None) -> PlainTextResponse:
    return PlainTextResponse("fine")


async def raw_app(scope: Any, receive: Any, send: Any) -> None:
    """Neither Starlette nor FastAPI."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"raw"})


ALICE = Principal("alice", scopes=["items:read"])


def scoped_app() -> FastAPI:
    def never(credentials: Any) -> None:
        raise AssertionError("asked")

    bearer = Bearer(authenticate=never)
    app, sub = FastAPI(), FastAPI()

    @app.get("/me")
    def me(who: Any = Depends(bearer)) -> str:
        return who.name

    @app.get("/read")
    def read(who: Any = Security(bearer, scopes=["items:read"])) -> str:
        return who.name

    @app.get("/write", dependencies=[Security(bearer, scopes=["items:write"])])
    def write() -> None: ...

    @app.websocket("/feed")
    async def feed(websocket: WebSocket, who: Any = Depends(bearer)) -> None:
        await websocket.accept()
        await websocket.send_text(who.name)

    @sub.get("/me")
    def sub_me(who: Any = Depends(make_bearer())) -> str:
        return who.name

    app.mount("/sub", sub)
    app.state.bearer = bearer
    return app


def protected_app() -> FastAPI:
    app = scoped_app()
    protect(app, auth=app.state.bearer, public=["/open"])
    app.get("/open")(lambda request: request.user.is_authenticated)
    return app


@pytest.fixture(params=[scoped_app, protected_app])
def app(request: pytest.FixtureRequest) -> FastAPI:
    return request.param()


def test_signed_in_by_every_client(app: FastAPI) -> None:
    """Neither the keyring nor `authenticate` is asked, and scopes are compared."""
    expected = {"/me": 200, "/read": 200, "/write": 403, "/sub/me": 200}
    client = TestClient(app)

    async def by_httpx() -> dict[str, int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as other:
            return {path: (await other.get(path)).status_code for path in expected}

    with signed_in(app, ALICE) as who:
        assert who is ALICE
        assert {path: client.get(path).status_code for path in expected} == expected
        assert client.get("/me").json() == client.get("/sub/me").json() == "alice"
        assert 'error="insufficient_scope"' in client.get("/write").headers["www-authenticate"]
        assert asyncio.run(by_httpx()) == expected
        with TestClient(app) as running:
            assert running.get("/me").status_code == 200
        with client.websocket_connect("/feed") as websocket:
            assert websocket.receive_text() == "alice"
        # A credential that is sent is not read.
        assert client.get("/me", headers={"Authorization": "Bearer wrong"}).status_code == 200
    assert {client.get(path).status_code for path in expected} == {401} == {*asyncio.run(by_httpx()).values()}
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/feed"):
        pass
    assert denied.value.status_code == 401


def test_the_guards_own_scopes_are_compared() -> None:
    protect(app := FastAPI(), auth=make_bearer(scopes=["admin"]))
    app.get("/x")(fine)
    client = TestClient(app)
    with signed_in(app, ALICE):
        assert client.get("/x").status_code == 403
        with signed_in(app, Principal("root", scopes=["admin"])):
            assert client.get("/x").status_code == 200
        assert client.get("/x").status_code == 403


def test_a_public_path_knows_the_user_too() -> None:
    seen = []
    protect(app := FastAPI(), auth=make_bearer(), public=["/open"])
    app.router.routes.append(Route("/open", lambda request: seen.append(request.user.is_authenticated) or fine()))
    with signed_in(app, ALICE):
        assert TestClient(app).get("/open").status_code == 200
    assert seen == [True]


@dataclass
class User:
    name: str
    scopes: tuple[str, ...] = ()


def test_a_user_of_ones_own_and_an_identify_of_ones_own() -> None:
    class Cookie(Bearer):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            raise AssertionError("asked")

    class Duck:
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            raise AssertionError("asked")

    seen = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["state"]["user"])
        await raw_app(scope, receive, send)

    bob = User("bob", ("admin",))
    for auth in (Cookie(authenticate=lambda credentials: None, scopes=["admin"]), Duck()):
        app = AuthMiddleware(inside, auth)
        with signed_in(app, bob):
            assert TestClient(app).get("/").status_code == 200
    assert seen == [bob, bob]


def test_what_is_no_user_is_refused() -> None:
    refusal = asyncio.run(make_bearer().identify({"type": "http", "headers": []}))
    assert isinstance(refusal, Refusal)
    for wrong in (None, "alice", {}, True, refusal, HTTPException(401), User):
        with pytest.raises(TypeError, match=r"principal is not a user: write signed_in\(app, Principal"):
            signed_in(FastAPI(), wrong)
    with pytest.raises(TypeError, match="ASGI app"):
        signed_in("main:app", ALICE)  # type: ignore[arg-type]


# Only in its block


def asks(app: Any) -> int:
    return TestClient(app).get("/me").status_code


def test_other_threads_and_tasks_are_not_signed_in(app: FastAPI) -> None:
    statuses: list[int] = []
    is_open = threading.Event()

    def elsewhere() -> None:
        is_open.wait()
        statuses.append(asks(app))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with signed_in(app, ALICE):
        is_open.set()
        thread.join()
        assert (asks(app), statuses) == (200, [401])

    async def get() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return (await client.get("/me")).json()

    async def as_user(name: str) -> list[Any]:
        names = []
        for _ in range(5):
            with signed_in(app, Principal(name)):
                await asyncio.sleep(0)
                names.append(await get())
        return names

    async def as_nobody() -> list[Any]:
        return [await get() for _ in range(5)]

    async def all_at_once() -> list[list[Any]]:
        return await asyncio.gather(as_user("a"), as_user("b"), as_nobody(), as_user("c"))

    a, b, nobody, c = asyncio.run(all_at_once())
    assert (a, b, c) == (["a"] * 5, ["b"] * 5, ["c"] * 5) and all("detail" in each for each in nobody)


def test_a_task_that_outlives_the_block_is_not_signed_in(app: FastAPI) -> None:
    async def get(after: asyncio.Event) -> int:
        await after.wait()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return (await client.get("/me")).status_code

    async def run() -> tuple[int, int]:
        inside, outside = asyncio.Event(), asyncio.Event()
        inside.set()
        with signed_in(app, ALICE):
            early, late = asyncio.create_task(get(inside)), asyncio.create_task(get(outside))
            first = await early
        outside.set()
        with signed_in(FastAPI(), ALICE):  # the guard asks for the block's user again
            return first, await late

    assert asyncio.run(run()) == (200, 401)


def test_an_exception_ends_it_too(app: FastAPI) -> None:
    with pytest.raises(KeyError), signed_in(app, ALICE):
        raise KeyError
    assert asks(app) == 401


def test_a_client_over_the_network_is_not_signed_in() -> None:
    protect(app := FastAPI(), auth=make_bearer())
    app.get("/me")(lambda: "inside")
    with served(app) as url, signed_in(app, ALICE):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-Signed-In": "alice", "Sallet-Signed-In": "1"}):
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(urllib.request.Request(f"{url}/me", headers=headers), timeout=10)
        assert asks(app) == 200


@contextmanager
def served(app: Any) -> Any:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def test_another_app_judges_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A service that is called in the same process must be sent a token of its own."""
    one, other = protected_app(), FastAPI()
    protect(other, auth=make_bearer())
    other.get("/me")(lambda: "other")
    with signed_in(one, ALICE):
        assert (asks(one), asks(other)) == (200, 401)
        assert "AuthMiddleware is not inside the app" in caplog.text
        assert TestClient(other).get("/me", headers={"Authorization": f"Bearer {READER}"}).status_code == 200
        with signed_in(other, ALICE):
            assert (asks(one), asks(other)) == (200, 200)


def test_guards_inside_are_found_wherever_they_are() -> None:
    guard = Middleware(AuthMiddleware, auth=PlainBearer(keyring()))
    apps = [
        AuthMiddleware(Starlette(routes=[Route("/me", fine)]), PlainBearer(keyring())),
        Starlette(routes=[Route("/me", fine, middleware=[guard])]),
        Starlette(routes=[Mount("", routes=[Route("/me", fine)], middleware=[guard])]),
        Starlette(routes=[Host("testserver", Starlette(routes=[Route("/me", fine)], middleware=[guard]))]),
    ]
    for app in apps:
        assert asks(app) == 401
        with signed_in(app, ALICE):
            assert asks(app) == 200
        assert asks(app) == 401


def test_it_refuses_to_be_left_on(app: FastAPI) -> None:
    block = signed_in(app, ALICE)
    assert asks(app) == 401  # made is not entered
    with block:
        pass
    with pytest.raises(RuntimeError, match="make another one"):
        block.__enter__()
    assert asks(app) == 401
    with pytest.warns(ResourceWarning, match="left open"):
        signed_in(app, ALICE).__enter__()
        gc.collect()
    assert asks(app) == 401


def test_a_fixture_may_leave_it_in_another_context(app: FastAPI) -> None:
    block = signed_in(app, ALICE)
    entered = contextvars.copy_context()
    entered.run(block.__enter__)
    assert (asks(app), entered.run(asks, app)) == (401, 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block.__exit__(None, None, None)
    assert (asks(app), entered.run(asks, app)) == (401, 401)
