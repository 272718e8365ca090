"""Credentials outside of `Authorization`: where they may be, that the app and the logs do not see them, and that caches keep off."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from browser.serving import serve
from fastapi import Depends, FastAPI, WebSocket
from harness import asgi, http
from keys import READER, UNKNOWN, WRITER, keyring
from sallet import ApiKey, AuthMiddleware, Bearer, Principal, SecurityHeaders, SecurityHeadersMiddleware
from sallet import fastapi as for_fastapi
from sallet.fastapi import protect

SERVERS = ["uvicorn --ws websockets", "uvicorn --ws websockets-sansio", "uvicorn --ws wsproto", "hypercorn", "granian", "daphne"]
PAIR = f"chat, bearer, {READER}"


class Sees:
    """Answers with what it was given, and keeps it."""

    def __init__(self, subprotocol: str | None = None, headers: asgi.Headers = ()) -> None:
        self.scope: dict[str, Any] = {}
        self.accept: dict[str, Any] = {"type": "websocket.accept"} | ({"subprotocol": subprotocol} if subprotocol else {})
        self.headers = asgi.encode(headers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        if scope["type"] == "websocket":
            await receive()
            await send(self.accept)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            await send({"type": "http.response.body", "body": b""})

    @property
    def text(self) -> str:
        return repr({name: value for name, value in self.scope.items() if name not in ("app", "sallet.auth")})


def socket(app: Any, *lines: str, **options: Any) -> asgi.Reply:
    offered = [name.strip() for line in lines for name in line.split(",")]
    return asgi.connect(app, "/ws", [("Sec-WebSocket-Protocol", line) for line in lines], subprotocols=offered, **options)


async def fetch(credentials: Any) -> Principal | None:
    return Principal("reader-1") if credentials.token == READER else None


SUBPROTOCOL = {"websocket_subprotocol": "bearer"}
SCHEMES = {
    "alone": lambda **place: Bearer(keyring(), **place),
    "awaited": lambda **place: Bearer(authenticate=fetch, **place),
    "own": lambda **place: Own(keyring(), **place),
    "listed": lambda **place: [for_fastapi.Basic(keyring()), Own(keyring(), **place), ApiKey(keyring())],
}


class Own(Bearer):
    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        return await super().identify(scope, scopes)


@pytest.mark.parametrize("make", SCHEMES.values(), ids=SCHEMES)
def test_a_token_among_the_subprotocols_is_read_and_taken_out(make):
    app = Sees()
    guarded = AuthMiddleware(app, make(**SUBPROTOCOL))
    for lines in ([PAIR], ["chat", f"bearer,{READER}"]):
        reply = socket(guarded, *lines)
        assert reply.messages == [{"type": "websocket.accept", "subprotocol": "bearer"}]
        assert app.scope["subprotocols"] == ["chat", "bearer"]
        assert [line for line in app.scope["headers"] if line[0] == b"sec-websocket-protocol"] == [(b"sec-websocket-protocol", b"chat, bearer")]
        assert app.scope["state"]["user"].id == "reader-1"
        assert READER not in app.text
    # uvicorn with wsproto has them in the scope alone.
    reply = asgi.connect(guarded, "/ws", subprotocols=["chat", "bearer", READER])
    assert (reply.types, app.scope["subprotocols"]) == (["websocket.accept"], ["chat", "bearer"])
    assert READER not in app.text
    # The app keeps its message, and may choose.
    assert app.accept == {"type": "websocket.accept"}
    chosen = Sees("chat")
    assert socket(AuthMiddleware(chosen, make(**SUBPROTOCOL)), PAIR).messages == [{"type": "websocket.accept", "subprotocol": "chat"}]
    for lines, status in (
        (["chat"], 401), (["Bearer, x"], 401), ([f"bearer, {UNKNOWN}"], 401), (["chat, bearer"], 400), ([PAIR, PAIR], 400),
    ):
        assert socket(guarded, *lines).status == status, lines
    # Not where nobody asked for it, and not in a request.
    assert socket(AuthMiddleware(app, make()), PAIR).status == 401
    assert asgi.call(guarded, "/", [("sec-websocket-protocol", PAIR)]).status == 401
    plain = asgi.connect(guarded, "/", [asgi.bearer(READER)])
    assert plain.messages == [{"type": "websocket.accept"}]


@pytest.mark.parametrize("make", SCHEMES.values(), ids=SCHEMES)
def test_a_token_in_the_query_is_read_and_taken_out(make):
    app = Sees()
    guarded = AuthMiddleware(app, make(query="access_token"))
    for query in (f"a=1&access_token={READER}&b=%26", f"a=1&b=%26&access%5Ftoken=%74{READER[1:]}"):
        for reply in (asgi.call(guarded, f"/?{query}"), asgi.connect(guarded, f"/?{query}")):
            assert reply.types[0] in ("http.response.start", "websocket.accept")
            assert app.scope["query_string"] == b"a=1&b=%26"
            assert READER not in app.text
    for query, status in (("a=1", 401), (f"access_token={UNKNOWN}", 401), ("access_token=", 400), (f"access_token={READER}&access_token={READER}", 400)):
        reply = asgi.call(guarded, f"/?{query}")
        assert reply.status == status
        # What is wrong may be nearly right.
        assert b"access_token" not in reply.scope["query_string"]
    assert asgi.call(guarded, f"/?access_token={READER}", [asgi.bearer(READER)]).status == 400
    assert asgi.call(AuthMiddleware(app, make()), f"/?access_token={READER}").status == 401


def test_nor_is_it_left_where_the_database_is_away():
    def away(credentials: Any) -> None:
        raise ConnectionError

    app = FastAPI()
    app.add_api_route("/", lambda: "in", dependencies=[Depends(for_fastapi.Bearer(authenticate=away, query="access_token"))])
    reply = asgi.call(app, f"/?access_token={READER}")
    assert isinstance(reply.error, ConnectionError)
    assert reply.scope["query_string"] == b""


@pytest.mark.parametrize("kind", SERVERS)
def test_every_server_answers_with_the_name(server, kind):
    kind, *arguments = kind.split()
    running = server(kind, "guarded:elsewhere", *arguments)
    pair = [("Sec-WebSocket-Protocol", f"chat, bearer, {READER}")]
    for answer in (running.websocket("/ws", pair), running.websocket(f"/ws?access_token={READER}")):
        assert answer.status == 101
        assert http.receive_text(answer) == "hello reader"
        assert READER not in repr(answer.headers)
    assert running.websocket("/ws", pair).one("sec-websocket-protocol") == "bearer"
    assert running.websocket("/ws", [("Sec-WebSocket-Protocol", "bearer, x")]).status in (401, 403)


def test_a_dependency_alone_takes_it_out_too():
    bearer = for_fastapi.Bearer(keyring(), query="access_token", **SUBPROTOCOL)
    app = FastAPI()

    @app.get("/")
    async def root(request: Any = Depends(bearer)) -> str:
        return str(request.id)

    @app.websocket("/ws")
    async def ws(websocket: WebSocket, who: Any = Depends(bearer)) -> None:
        await websocket.accept(json.dumps(websocket.scope["subprotocols"]))

    reply = asgi.call(app, f"/?access_token={READER}")
    assert (reply.json(), reply.scope["query_string"]) == ("reader-1", b"")
    assert socket(app, PAIR).messages[0]["subprotocol"] == '["chat", "bearer"]'


def test_the_log_of_uvicorn_does_not_show_it(caplog, monkeypatch):
    caplog.set_level(logging.INFO, "uvicorn.access")
    caplog.set_level(logging.INFO, "uvicorn.error")
    app = FastAPI()
    app.add_api_route("/", lambda: "in")
    protect(app, auth=for_fastapi.Bearer(keyring(), query="access_token"))
    monkeypatch.setattr(logging.getLogger("uvicorn.access"), "propagate", True)
    config = {"version": 1, "disable_existing_loggers": False}
    with serve(app, log_level="info", log_config=config) as port:
        for token, status in ((READER, 200), (UNKNOWN, 401)):
            assert http.request(port, path=f"/?a=1&access_token={token}").status == status
    lines = [message for message in caplog.messages if "GET /?" in message]
    # A server of an earlier test may have left a second way to the handler.
    assert {line.rpartition(" ")[2] for line in lines} == {"200", "401"}
    assert all('"GET /?a=1 HTTP/1.1"' in line for line in lines), lines
    assert READER not in caplog.text and UNKNOWN not in caplog.text


# Caches

SAID = [
    ({}, {"cache-control": "private"}),
    ({"cache-control": "public, max-age=60"}, {"cache-control": "private, public, max-age=60"}),
    ({"cache-control": "no-store"}, {"cache-control": "no-store"}),
    ({"cache-control": "private, max-age=5"}, {"cache-control": "private, max-age=5"}),
    ({"cache-control": "no-store, must-understand"}, {"cache-control": "private, no-store, must-understand"}),
    ({"cdn-cache-control": "max-age=60"}, {"cdn-cache-control": "max-age=60, private", "cache-control": "private"}),
    ({"Surrogate-Control": "max-age=60"}, {"surrogate-control": "no-store, max-age=60", "cache-control": "private"}),
    ({"x-accel-expires": "60", "cache-control": "no-store"}, {"x-accel-expires": "0", "cache-control": "no-store"}),
]


@pytest.mark.parametrize(("said", "sent"), SAID)
@pytest.mark.parametrize("around", [False, True])
def test_a_response_for_a_key_is_private(said, sent, around):
    app: Any = AuthMiddleware(Sees(headers=[*said.items(), ("x-other", "1")]), ApiKey(keyring()))
    if around:
        app = SecurityHeadersMiddleware(SecurityHeadersMiddleware(app, SecurityHeaders.EMPTY), SecurityHeaders.EMPTY)
    reply = asgi.call(app, "/", [("x-api-key", READER)])
    assert {name: value for name, value in reply.headers if name != "x-other"} == sent


def test_two_lines_of_cache_control_are_one_list():
    lines = [("cache-control", "max-age=60"), ("cache-control", "private")]
    reply = asgi.call(AuthMiddleware(Sees(headers=lines), ApiKey(keyring())), "/", [("x-api-key", READER)])
    assert reply.all("cache-control") == ["max-age=60", "private"]


@pytest.mark.parametrize(
    ("auth", "path", "headers", "private"),
    [
        (Bearer(keyring()), "/", [asgi.bearer(READER)], False),
        (Bearer(authenticate=fetch), "/", [asgi.bearer(READER)], False),
        (Bearer(keyring(), query="t"), "/", [asgi.bearer(READER)], False),
        (Bearer(keyring(), query="t"), f"/?t={READER}", [], True),
        ([Bearer(keyring()), ApiKey(keyring())], "/", [asgi.bearer(READER)], False),
        ([Bearer(keyring()), ApiKey(keyring())], "/", [("x-api-key", READER)], True),
        (ApiKey(keyring(), header="Authorization"), "/", [("authorization", READER)], False),
        (ApiKey(authenticate=fetch), "/", [("x-api-key", READER)], True),
    ],
)
def test_where_the_credentials_are_decides(auth, path, headers, private):
    """What is said of caches is what the app says where caches know of the credentials, and private in any case where it says nothing."""
    public = "public, max-age=60"
    for said, sent in (([], "private"), ([("cache-control", public)], f"private, {public}" if private else public)):
        guard = AuthMiddleware(Sees(headers=said), auth)
        for guarded in (guard, SecurityHeadersMiddleware(guard, SecurityHeaders.EMPTY)):
            reply = asgi.call(guarded, path, headers)
            assert (reply.status, reply.all("cache-control")) == (200, [sent])


def test_the_policys_own_word_for_caches_counts_as_well():
    for said, override, sent in (("no-store", False, "no-store"), ("public, max-age=9", True, "private, public, max-age=9")):
        app = SecurityHeadersMiddleware(
            AuthMiddleware(Sees(headers=[("cache-control", "max-age=1")] if override else []), ApiKey(keyring())),
            SecurityHeaders(cache_control=said),
            override=override,
        )
        assert asgi.call(app, "/", [("x-api-key", READER)]).all("cache-control") == [sent]


def test_a_user_found_who_knows_where_is_for_one_reader_too():
    class BySession(Bearer):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            return Principal("by-a-cookie")

    app = FastAPI()
    app.add_api_route("/", lambda: "in", dependencies=[Depends(ForRoutes(keyring()))])
    protect(app, headers=SecurityHeaders.EMPTY)
    public = [("cache-control", "public")]
    for guarded, said in ((AuthMiddleware(Sees(), BySession(keyring())), []), (AuthMiddleware(Sees(headers=public), BySession(keyring())), public), (app, [])):
        assert asgi.call(guarded, "/").all("cache-control") == ["private, public" if said else "private"]
        assert asgi.call(guarded, "/", [asgi.bearer(READER)]).all("cache-control") == ["public" if said else "private"]


class ForRoutes(for_fastapi.Bearer):
    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        return Principal("by-a-cookie")


def test_a_dependency_is_private_below_protect():
    app = FastAPI()
    app.add_api_route("/", lambda: "in", dependencies=[Depends(for_fastapi.ApiKey(keyring()))])
    protect(app)
    assert asgi.call(app, "/", [("x-api-key", WRITER)]).one("cache-control") == "private"
