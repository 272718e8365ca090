"""The log says why a request was refused, in one line; the client hears less."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Security, WebSocket
from harness import asgi
from sallet import AuthMiddleware, Bearer, Key, Keyring, Principal
from sallet.fastapi import Bearer as Dependency
from sallet.fastapi import protect

GOOD, OLD, NEW = "a-good-token-of-tests", "an-old-token-of-tests", "a-new-token-of-tests"
RING = Keyring(
    [
        Key("good", token=GOOD, scopes=["read"]),
        Key("old", token=OLD, not_after=1_000_000_000),
        Key("new", token=NEW, not_before=time.time() + 1e6),
    ]
)


async def inside(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def told(caplog):
    caplog.set_level("INFO", "sallet.auth")
    return lambda: [message for message in caplog.messages if message.startswith("refused: ")]


def lines(*tokens):
    return [("authorization", f"Bearer {token}") for token in tokens]


REASONS = {
    "no credentials of an accepted scheme were sent": (401, lines()),
    "no key matches the credentials": (401, lines("unknown-token")),
    "the key has expired: give its owner a new one": (401, lines(OLD)),
    "the key is not valid yet: check its not_before and this machine's clock": (401, lines(NEW)),
    "There are credentials more than once: send one field line, in one place": (400, lines(GOOD, GOOD)),
    "The credentials are empty: no token, key or password follows the name": (400, lines("")),
    "the credentials do not have a required scope": (403, lines(GOOD)),
}


@pytest.mark.parametrize(("reason", "status", "headers"), [(reason, *case) for reason, case in REASONS.items()])
@pytest.mark.parametrize("by", ["guard", "dependency"])
def test_each_reason_is_one_record_without_the_credential(by, reason, status, headers, told):
    if by == "guard":
        app = AuthMiddleware(inside, Bearer(RING, scopes=["write"]))
    else:
        app = FastAPI()
        app.get("/items")(route(Depends(Dependency(RING, scopes=["write"]))))
    assert asgi.call(app, "/items", headers).status == status
    who = "Bearer 'good'" if status == 403 else "Bearer"
    assert told() == [f"refused: {reason} ({who}, 'GET' '/items' from '127.0.0.1')"]
    assert not any(token in line for line in told() for token in (GOOD, OLD, NEW, "unknown-token"))


def route(dependency):
    async def endpoint(who=dependency): ...

    return endpoint


@pytest.mark.parametrize("is_async", [False, True])
def test_an_authenticate_that_returns_none_is_named(is_async, told):
    async def slow(credentials):
        return None

    auth = Bearer(authenticate=slow if is_async else lambda credentials: None)
    assert asgi.call(AuthMiddleware(inside, auth), "/", lines("secret-token")).status == 401
    assert told() == ["refused: authenticate refused the credentials (Bearer, 'GET' '/' from '127.0.0.1')"]


def test_an_identify_of_ones_own_keeps_the_reason(told):
    class Mine(Bearer):
        async def identify(self, scope, scopes=()):
            return await super().identify(scope, scopes)

    assert asgi.call(AuthMiddleware(inside, Mine(RING)), "/", lines(OLD)).status == 401
    assert told() == ["refused: the key has expired: give its owner a new one (Bearer, 'GET' '/' from '127.0.0.1')"]


def test_a_path_or_method_cannot_forge_a_line(told):
    scope = asgi.http_scope("GET\r\nforged", "/") | {"path": "/x\nrefused: forged", "client": ("1.2.3.4\nrefused: forged", 1)}
    asyncio.run(asgi.send_to(AuthMiddleware(inside, Bearer(RING)), scope))
    (line,) = told()
    assert line.splitlines() == [line]
    assert line.endswith(r"'GET\r\nforged' '/x\nrefused: forged' from '1.2.3.4\nrefused: forged')")


def test_a_guard_and_its_dependency_log_a_refusal_once(told):
    app, bearer = FastAPI(), Dependency(RING)
    app.get("/items")(route(Security(bearer, scopes=["write"])))
    protect(app, auth=bearer)
    assert asgi.call(app, "/items").status == 401
    assert asgi.call(app, "/items", lines(GOOD)).status == 403
    assert [line.partition(" (")[0] for line in told()] == [
        "refused: no credentials of an accepted scheme were sent",
        "refused: the credentials do not have a required scope",
    ]


def test_a_stranger_who_may_pass_is_no_refusal(told):
    app = FastAPI()
    app.get("/items")(route(Depends(Dependency(RING, auto_error=False))))
    assert asgi.call(app, "/items").status == 200
    assert told() == []
    assert asgi.call(app, "/items", lines(OLD)).status == 401
    assert len(told()) == 1


def test_a_missing_credential_is_logged_with_an_answer_of_ones_own(told):
    class Mine(Dependency):
        def make_not_authenticated_error(self):
            error = super().make_not_authenticated_error()
            error.status_code = 403
            return error

    app = FastAPI()
    app.get("/items")(route(Depends(Mine(RING))))
    assert asgi.call(app, "/items").status == 403
    assert told() == ["refused: no credentials of an accepted scheme were sent (Bearer, 'GET' '/items' from '127.0.0.1')"]


@pytest.mark.parametrize("denial", [False, True])
def test_a_websocket_is_logged_too(denial, told):
    app = FastAPI()

    @app.websocket("/feed")
    async def feed(socket: WebSocket, who: Annotated[Principal, Depends(Dependency(RING))]): ...

    for guarded in (app, AuthMiddleware(inside, Bearer(RING))):
        scope = asgi.websocket_scope("/feed", denial=denial)
        asyncio.run(asgi.send_to(guarded, scope))
    assert told() == ["refused: no credentials of an accepted scheme were sent (Bearer, 'WEBSOCKET' '/feed' from '127.0.0.1')"] * 2


def test_nothing_is_logged_below_info(caplog):
    caplog.set_level("WARNING", "sallet.auth")
    assert asgi.call(AuthMiddleware(inside, Bearer(RING)), "/").status == 401
    assert caplog.messages == []


def test_the_reason_of_a_refusal_can_be_read():
    refusal = Bearer(RING).authorize(Principal("ci"), ["write"])
    assert (refusal.status, refusal.reason) == (403, "the credentials do not have a required scope")
    assert refusal.CLOSE_CODE == 1008
