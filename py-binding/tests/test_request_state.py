"""What Sallet writes into `request.state` belongs to one request, whatever dict the server hands to all of them."""

from __future__ import annotations

import asyncio
import copy
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import alice_and_bob
import httpx
import pages
import pytest
from asgi_lifespan import LifespanManager
from fastapi import Depends, FastAPI, Request
from harness import asgi
from hypercorn.middleware import ProxyFixMiddleware
from keys import READER, WRITER, keyring
from sallet import AuthMiddleware, Bearer, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import Bearer as FastAPIBearer
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

AS_ALICE, AS_BOB = asgi.bearer(alice_and_bob.ALICE), asgi.bearer(alice_and_bob.BOB)


def in_header(answer):
    [nonce] = set(re.findall("'nonce-([^']*)'", answer.headers["content-security-policy"]))
    return nonce


def assert_nobody_is_mixed_up(alice, bob, health):
    """The JSON of /alice, of /bob, who came and went meanwhile, and of /health, without a token, after both."""
    before, after = alice
    assert before == after
    assert (before["user"], bob["user"], health["user"]) == ("alice", "bob", None)
    assert len({before["nonce"], bob["nonce"], health["nonce"]}) == 3
    # What else a route wrote there is not the next one's either; what the lifespan gave is everybody's.
    assert [seen["left"] for seen in (before, bob, health)] == [[], ["of_bob"], []]
    assert {seen["database"] for seen in (before, bob, health)} == {"open"}


def test_gunicorns_own_asgi_worker(server):
    """It hands the dict of its one worker to every request (before 27)."""
    gunicorn = server("gunicorn", "alice_and_bob:app", "-k", "asgi", "--workers", "1")
    with ThreadPoolExecutor(2) as pool:
        alice = pool.submit(gunicorn.get, "/alice", [AS_ALICE])
        bob = pool.submit(gunicorn.get, "/bob", [AS_BOB]).result()
        gunicorn.get("/done")
        answers = [alice.result(), bob, gunicorn.get("/health")]
    assert [answer.status for answer in answers] == [200] * 3
    assert_nobody_is_mixed_up(*[answer.json() for answer in answers])
    for answer, nonce in zip(answers, [answers[0].json()[1]["nonce"], *[a.json()["nonce"] for a in answers[1:]]]):
        assert set(re.findall("'nonce-([^']*)'", answer.one("content-security-policy"))) == {nonce}


def test_asgi_lifespan_with_httpx():
    """The usual way to test an async application: `LifespanManager` puts its one dict into every scope."""

    async def main():
        async with LifespanManager(alice_and_bob.make()) as manager:
            transport = httpx.ASGITransport(manager.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                get = lambda path, *headers: client.get(path, headers=[(n, v.decode()) for n, v in headers])  # noqa: E731
                alice = asyncio.create_task(get("/alice", AS_ALICE))
                bob = await get("/bob", AS_BOB)
                await get("/done")
                return await alice, bob, await get("/health")

    alice, bob, health = asyncio.run(main())
    assert_nobody_is_mixed_up(alice.json(), bob.json(), health.json())
    assert in_header(alice) == alice.json()[1]["nonce"]


async def nothing(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    "wrap",
    [
        lambda app: AuthMiddleware(app, Bearer(keyring())),
        lambda app: SecurityHeadersMiddleware(AuthMiddleware(app, Bearer(keyring())), pages.POLICY),
        lambda app: AuthMiddleware(SecurityHeadersMiddleware(app, pages.POLICY), Bearer(keyring())),
        # No headers on this path, and the guard inside writes all the same.
        lambda app: SecurityHeadersMiddleware(AuthMiddleware(app, Bearer(keyring())), paths={"/": SecurityHeaders.EMPTY}),
    ],
)
@pytest.mark.parametrize("ask", [asgi.call, asgi.connect])
def test_the_servers_own_dict_is_never_written(wrap, ask):
    shared = {"database": object()}
    reply = ask(wrap(nothing), "/", [asgi.bearer(READER)], state=shared)
    assert list(shared) == ["database"]
    assert reply.scope["state"]["user"].name == "reader"
    assert reply.scope["state"]["database"] is shared["database"]


def test_other_kinds_of_state():
    """A server may give none, and what is no plain dict keeps its type."""

    class Own(dict):
        tenant = "a"

    wrapped = SecurityHeadersMiddleware(AuthMiddleware(nothing, Bearer(keyring())), pages.POLICY)
    own = Own(database=1)
    for given in ({}, {"state": None}, {"state": own}):
        reply = asgi.call(wrapped, "/", [asgi.bearer(READER)], **given)
        assert reply.error is None
        assert reply.scope["state"]["user"].name == "reader"
        assert len(reply.scope["state"]["csp_nonce"]) == 22
    assert own == {"database": 1}
    assert (type(reply.scope["state"]), reply.scope["state"].tenant) == (Own, "a")


class Touches(BaseHTTPMiddleware):
    """Starlette keeps `request.state` once it was looked at, and this middleware looks before the guard writes."""

    seen: list[object] = []

    async def dispatch(self, request, call_next):
        request.state.trace = "t-1"
        response = await call_next(request)
        self.seen.append((request.state.user.name, request.state.trace))
        return response


def under_protect():
    app = FastAPI()
    protect(app, auth=Bearer(keyring()))
    app.add_middleware(Touches)

    @app.get("/me")
    async def me(request: Request) -> str:
        return request.state.trace

    return app


def by_hand():
    return SecurityHeadersMiddleware(Touches(AuthMiddleware(nothing, Bearer(keyring()))))


def by_hand_in_starlette():
    """The guard is among the middlewares inside, as far as these can be seen."""
    layers = [Middleware(SecurityHeadersMiddleware), Middleware(Touches), Middleware(CORSMiddleware)]
    guard = Middleware(AuthMiddleware, auth=Bearer(keyring()))
    return Starlette(routes=[Mount("/me", app=nothing)], middleware=[*layers, guard])


def no_headers_on_this_path():
    return SecurityHeadersMiddleware(Touches(AuthMiddleware(nothing, Bearer(keyring()))), paths={"/me": SecurityHeaders.EMPTY})


@pytest.mark.parametrize("make", [under_protect, by_hand, by_hand_in_starlette, no_headers_on_this_path])
def test_a_middleware_in_between_sees_the_user_the_guard_found(make):
    app, shared = make(), {"database": 1}
    for token, who in ((READER, "reader"), (WRITER, "writer")):
        for state in ({}, {"state": {}}, {"state": shared}):
            Touches.seen = []
            asgi.call(app, "/me", [asgi.bearer(token)], **state)
            assert Touches.seen == [(who, "t-1")]
    assert shared == {"database": 1}


def test_a_dict_that_comes_in_between_is_copied_too():
    """Only the very object that Sallet made is taken for the request's own."""
    shared = {"tenant": "a"}

    def replaces(app):
        async def replacing(scope, receive, send):
            scope["state"] = shared
            await app(scope, receive, send)

        return replacing

    app = SecurityHeadersMiddleware(replaces(AuthMiddleware(nothing, Bearer(keyring()))), pages.POLICY)
    reply = asgi.call(app, "/", [asgi.bearer(READER)], state={})
    assert shared == {"tenant": "a"}
    assert reply.scope["state"]["user"].name == "reader"


def test_a_scope_that_was_copied_deeply_still_knows_its_own():
    """As hypercorn's `ProxyFixMiddleware` does."""
    scopes = []

    def copies(app):
        async def copying(scope, receive, send):
            scopes.append(copy.deepcopy(scope))
            await app(scopes[0], receive, send)

        return copying

    guarded = AuthMiddleware(nothing, Bearer(keyring()))
    asgi.call(SecurityHeadersMiddleware(copies(Touches(guarded)), pages.POLICY), "/", [asgi.bearer(READER)])
    assert scopes[0]["state"]["user"].name == "reader"
    assert Touches.seen[-1] == ("reader", "t-1")


def test_what_only_looks_like_a_chain_of_middlewares():
    """`app` may be anything, and may lead round in a circle or raise."""

    class Circle:
        app = property(lambda self: self)

        async def __call__(self, scope, receive, send):
            await nothing(scope, receive, send)

    class Raises(Circle):
        app = property(lambda self: 1 / 0)

    for app in (Circle(), Raises()):
        assert asgi.call(SecurityHeadersMiddleware(app)).status == 200


def test_lifespan_is_left_alone():
    """What the application puts there at start is for all."""
    given = {"type": "lifespan", "state": {}}
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["state"])

    asyncio.run(SecurityHeadersMiddleware(AuthMiddleware(app, Bearer(keyring())), SecurityHeaders.API)(given, None, None))
    assert seen[0] is given["state"]


def test_a_middleware_inside_may_copy_the_whole_scope() -> None:
    """hypercorn's does, and a deep copy of what cannot be copied was a 500."""
    scheme = FastAPIBearer(keyring())
    routes = FastAPI()

    @routes.get("/public")
    async def public(request: Request) -> bool:
        return request.user.is_authenticated

    @routes.get("/me")
    async def me(request: Request, who: Any = Depends(scheme)) -> bool:
        return who is request.scope["sallet.auth"][1] and request.scope["sallet.auth"][2] is None

    app = AuthMiddleware(ProxyFixMiddleware(routes), scheme, public=["/public"])
    reply = asgi.call(app, "/public")
    assert (reply.error, reply.status, reply.json()) == (None, 200, False)
    reply = asgi.call(app, "/me", [asgi.bearer(READER)])
    assert (reply.error, reply.status, reply.json()) == (None, 200, True)
    for each in (scheme, scheme.keyring):
        assert copy.copy(each) is copy.deepcopy(each) is each
