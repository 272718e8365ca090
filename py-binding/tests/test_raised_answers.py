"""What `authenticate` raises, how long it may take, where it runs and what it is given."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from harness import asgi
from keys import READER, UNKNOWN, keyring
from sallet import AuthMiddleware, Bearer, Principal
from sallet.fastapi import Bearer as Dependency
from sallet.fastapi import protect
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from whoami import ask, exact, guard

TOKEN = [asgi.bearer(READER)]


class OfAnotherFramework(Exception):
    status_code = 429
    detail = "slow down"
    headers = {"Retry-After": "7"}


def raising(error: Exception, is_async: bool) -> Any:
    def plain(credentials: Any) -> Any:
        raise error

    async def later(credentials: Any) -> Any:
        await asyncio.sleep(0)
        raise error

    return later if is_async else plain


def both(authenticate: Any, **options: Any) -> tuple[asgi.Reply, asgi.Reply]:
    """The answer of the guard, and that of a dependency without one."""
    app = FastAPI()
    app.get("/")(route(Depends(Dependency(authenticate=authenticate, **options))))
    guarded = FastAPI()
    guarded.get("/")(route(None))
    protect(guarded, auth=Dependency(authenticate=authenticate, **options))
    protect(app)
    return asgi.call(guarded, "/", TOKEN), asgi.call(app, "/", TOKEN)


def route(dependency: Any) -> Any:
    async def endpoint(who: Any = dependency) -> Any:
        return "in"

    return endpoint


CHALLENGED = [("www-authenticate", 'Bearer realm="api", error="invalid_token"')]
ANSWERS: dict[str, tuple[Exception, int, Any, list[tuple[str, str]]]] = {
    "401": (HTTPException(401), 401, "Unauthorized", CHALLENGED),
    "401 with a challenge": (HTTPException(401, "no", {"WWW-Authenticate": "Mine"}), 401, "no", [("www-authenticate", "Mine")]),
    "403": (HTTPException(403, {"code": "blocked"}), 403, {"code": "blocked"}, []),
    "429": (StarletteHTTPException(429, "slow", {"Retry-After": "3"}), 429, "slow", [("retry-after", "3")]),
    "503": (HTTPException(503, headers={"Retry-After": "9", "Cache-Control": "public"}), 503, "Service Unavailable", [("retry-after", "9")]),
    "another's": (OfAnotherFramework(), 429, "slow down", [("retry-after", "7")]),
}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_http_exception_is_the_answer_in_the_guard_as_in_a_dependency(name, is_async):
    error, status, detail, fields = ANSWERS[name]
    for reply in both(raising(error, is_async)):
        assert (reply.error, reply.status, reply.json()) == (None, status, {"detail": detail})
        assert [field for field in reply.headers if field[0] in ("www-authenticate", "retry-after")] == fields
        assert (reply.one("cache-control"), reply.one("content-type")) == ("no-store", "application/json")
        assert reply.has("content-security-policy")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        HTTPException(200),
        HTTPException(307, headers={"location": "/login"}),
        HTTPException(600),
        HTTPException(401, headers={"a": "b\r\nset-cookie: c=d"}),
        HTTPException(401, headers={"a\nb": "c"}),
        HTTPException(401, headers={"a": 1}),
        HTTPException(401, detail=object()),
        LookupError("the database is away"),
    ],
)
def test_what_is_no_answer_is_an_error_of_the_server(error, is_async):
    reply = ask(f"Bearer {READER}", guard(Bearer(authenticate=raising(error, is_async))))
    assert reply.error is error and reply.messages == []


def test_a_websocket_is_denied_with_it():
    app = guard(Bearer(authenticate=raising(HTTPException(429, "slow", {"Retry-After": "3"}), False)))
    denied = asgi.connect(app, "/", TOKEN)
    assert (denied.status, denied.one("retry-after")) == (429, "3")
    (closed,) = asgi.connect(app, "/", TOKEN, denial=False).messages
    assert closed == {"type": "websocket.close", "code": 1008, "reason": "slow"}
    long = guard(Bearer(authenticate=raising(HTTPException(403, "é" * 200), False)))
    (closed,) = asgi.connect(long, "/", TOKEN, denial=False).messages
    assert closed["reason"] == "é" * 61


def test_it_still_gets_cors_headers():
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
    protect(app, auth=Dependency(authenticate=raising(HTTPException(503), True)))
    reply = asgi.call(app, "/", [*TOKEN, ("origin", "https://a.example")])
    assert (reply.status, reply.one("access-control-allow-origin")) == (503, "https://a.example")


def test_an_exception_handler_for_its_class_is_still_asked():
    class Blocked(HTTPException):
        pass

    app = FastAPI()
    app.get("/")(route(Depends(Dependency(authenticate=raising(Blocked(403), True)))))

    @app.exception_handler(Blocked)
    async def handle(request: Request, error: Blocked) -> Any:
        return JSONResponse({"marked": request.scope["sallet.refusal"].status}, 418)

    reply = asgi.call(app, "/", TOKEN)
    assert (reply.status, reply.json()) == (418, {"marked": 403})


# What it is given


@pytest.mark.parametrize("is_async", [False, True])
def test_a_second_argument_is_the_connection(is_async):
    given: list[Any] = []

    def plain(credentials: Any, connection: HTTPConnection) -> Any:
        given.append((connection.headers["x-a"], connection.url.path))
        connection.state.tenant = "t"
        return Principal("1")

    async def later(credentials: Any, connection: HTTPConnection) -> Any:
        return plain(credentials, connection)

    shared: dict[str, Any] = {}
    authenticate = later if is_async else plain
    reply = asgi.call(guard(Bearer(authenticate=authenticate)), "/p", [*TOKEN, ("x-a", "1")], state=shared)
    assert (reply.status, given, shared) == (200, [("1", "/p")], {})
    assert reply.scope["state"]["tenant"] == "t"
    app = FastAPI()
    app.get("/")(route(Depends(Dependency(authenticate=authenticate))))
    assert asgi.call(app, "/", [*TOKEN, ("x-a", "2")]).status == 200 and given[1] == ("2", "/")


@pytest.mark.parametrize("function", [{UNKNOWN: {"name": "ann"}}.get, lambda credentials, other=None: other])
def test_a_second_argument_that_may_be_left_out_is(function):
    """`dict.get` would return the connection for every token."""
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=lambda credentials: function(credentials.token)))).status == 401
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=function))).status == 401


# How long it may take


@pytest.mark.parametrize("with_connection", [False, True])
def test_one_that_takes_too_long_is_cancelled_and_answered_503(with_connection):
    ended: list[str] = []

    async def slow(credentials: Any) -> Any:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def slow_too(credentials: Any, connection: Any) -> Any:
        return await slow(credentials)

    replies = both(slow_too if with_connection else slow, timeout=0.01)
    for reply in replies:
        assert (reply.status, reply.json()) == (503, {"detail": "Credentials cannot be checked just now, try again later"})
    assert ended == ["cancelled"] * 2


def test_one_that_is_in_time_is_not_disturbed():
    async def quick(credentials: Any) -> Any:
        return Principal("1") if credentials.token == READER else None

    app = guard(Bearer(authenticate=quick, timeout=30))
    assert (ask(f"Bearer {READER}", app).status, ask(f"Bearer {UNKNOWN}", app).status) == (200, 401)


# Where it runs

tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="none")


def test_a_plain_one_runs_in_a_thread_when_asked():
    seen: list[Any] = []

    def blocking(credentials: Any) -> Any:
        seen.append((threading.current_thread() is threading.main_thread(), tenant.get()))
        return Principal("1") if credentials.token == READER else None

    inside = guard(Bearer(authenticate=blocking, threaded=True))

    async def around(scope: Any, receive: Any, send: Any) -> None:
        tenant.set("t")
        await inside(scope, receive, send)

    assert (ask(f"Bearer {READER}", around).status, ask(f"Bearer {UNKNOWN}", around).status) == (200, 401)
    assert seen == [(False, "t")] * 2


def test_no_more_run_at_once_than_anyios_limiter_lets():
    running, most, lock = 0, 0, threading.Lock()
    let_go = threading.Event()

    def blocking(credentials: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 3:
                let_go.set()
        let_go.wait(5)
        with lock:
            running -= 1
        return Principal("1")

    app = guard(Bearer(authenticate=blocking, threaded=True))

    async def crowd() -> Any:
        from anyio.to_thread import current_default_thread_limiter

        current_default_thread_limiter().total_tokens = 3
        return await asyncio.gather(*(asgi.send_to(app, asgi.http_scope("GET", "/", TOKEN)) for _ in range(12)))

    assert [reply.status for reply in asyncio.run(crowd())] == [200] * 12
    assert most == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"authenticate": lambda credentials: None, "timeout": 1}, "async"),
        ({"authenticate": lambda credentials: None, "timeout": 1, "threaded": True}, "async"),
        ({"authenticate": raising(ValueError(), True), "threaded": True}, "plain function"),
        ({"authenticate": raising(ValueError(), True), "timeout": 0}, "above 0"),
        ({"authenticate": raising(ValueError(), True), "timeout": True}, "above 0"),
        ({"keyring": keyring(), "timeout": 1}, "authenticate="),
        ({"keyring": keyring(), "threaded": True}, "authenticate="),
    ],
)
def test_options_that_do_not_fit_are_refused_at_once(options, message):
    with pytest.raises(TypeError, match=message):
        Bearer(**options)


# The scopes of a JWT


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"sub": "1", "scope": "items:read items:write"}, 200),
        ({"sub": "1", "scope": "items:readonly"}, 403),
        ({"sub": "1", "scope": ["items:read"]}, 403),
        ({"sub": "1", "scope": None}, 403),
        ({"sub": "1", "scopes": [], "scope": "items:read"}, 403),
        ({"sub": "1"}, 403),
        ({"sub": "1", "scp": "items:read items:write"}, 403),
    ],
)
def test_the_scope_claim_of_a_jwt_is_read(claims, status):
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=lambda credentials: claims, scopes=["items:read"]))).status == status


def test_scopes_under_another_name_are_given_by_a_principal():
    """As the README shows it for Microsoft Entra."""
    claims = {"sub": "1", "scp": "items:read items:write"}

    def authenticate(credentials):
        return Principal(claims["sub"], scopes=claims["scp"].split())

    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=authenticate, scopes=["items:read"]))).status == 200
    assert ask(f"Bearer {READER}", guard(Bearer(authenticate=authenticate, scopes=["admin"]))).status == 403


def test_guard_and_dependency_refuse_alike():
    first, second = both(lambda credentials: None)
    assert exact(first) == exact(second) and first.status == 401


def test_one_exception_may_be_raised_by_several_schemes():
    error = HTTPException(401, "no", {"x-own": "1"})
    app = FastAPI()
    for realm in ("one", "two"):
        app.get(f"/{realm}")(route(Depends(Dependency(authenticate=raising(error, is_async=False), realm=realm))))
    for realm in ("one", "two", "one"):
        reply = asgi.call(app, f"/{realm}", TOKEN)
        assert (reply.status, reply.one("www-authenticate")) == (401, f'Bearer realm="{realm}", error="invalid_token"')
    assert error.headers == {"x-own": "1"}
