"""What `AuthMiddleware` and `Bearer` answer, what the application is told, and what they are made of."""

from __future__ import annotations

import asyncio

import pytest
from harness import asgi
from keys import EARLY, EXPIRED, READER, UNKNOWN, WRITER, keyring
from sallet import AuthMiddleware, Bearer, Key, Keyring, Principal, SalletError, generate_token
from whoami import GUARD, INVALID_REQUEST, INVALID_TOKEN, REALM, ask, exact, guard, whoami

# Answers


@pytest.mark.parametrize(
    ("value", "status", "challenge"),
    [(None, 401, REALM), ("Bearer a b", 400, INVALID_REQUEST), (f"Bearer {UNKNOWN}", 401, INVALID_TOKEN)],
)
def test_a_refusal_exactly(value, status, challenge):
    reply = ask(value)
    assert reply.status == status
    detail = reply.json()["detail"]
    assert reply.json() == {"detail": detail}
    assert isinstance(detail, str) and detail
    assert sorted(reply.headers) == [
        ("cache-control", "no-store"),
        ("content-length", str(len(reply.body))),
        ("content-type", "application/json"),
        ("www-authenticate", challenge),
    ]


def test_all_invalid_tokens_look_alike():
    answers = {repr(exact(ask(f"Bearer {token}"))) for token in (UNKNOWN, EXPIRED, EARLY, "x", "a=", generate_token())}
    assert len(answers) == 1
    # Whether the checksum of a minted token fits makes no difference either.
    minted = generate_token()
    typo = minted[:-1] + ("a" if minted[-1] != "a" else "b")
    assert exact(ask(f"Bearer {typo}")) == exact(ask(f"Bearer {minted}"))


def test_a_refusal_of_head_has_no_body_on_the_wire(server):
    from harness import http

    answer = http.request(server("uvicorn", "guarded:app").port, "HEAD", "/items")
    assert (answer.status, answer.body) == (401, b"")


def test_the_challenge_quotes_its_realm():
    for realm, shown in (('a "quoted" one', r'"a \"quoted\" one"'), ("back\\slash", r'"back\\slash"')):
        app = guard(Bearer(keyring(), realm=realm))
        assert ask(None, app).one("www-authenticate") == f"Bearer realm={shown}"


@pytest.mark.parametrize("realm", ["a\r\nset-cookie: x=1", "a\n", "a\0", "a\x7f", "a\tb", "\u00e9", ""])
def test_a_realm_that_cannot_stand_in_a_header_is_refused(realm):
    with pytest.raises(SalletError, match="realm"):
        Bearer(keyring(), realm=realm)


def test_websocket_refusals_are_the_same():
    http_reply, ws_reply = ask(f"Bearer {UNKNOWN}"), asgi.connect(GUARD, "/", [asgi.bearer(UNKNOWN)])
    assert ws_reply.types == ["websocket.http.response.start", "websocket.http.response.body"]
    assert exact(http_reply) == exact(ws_reply)
    closed = asgi.connect(GUARD, "/", [asgi.bearer(UNKNOWN)], denial=False)
    assert closed.types == ["websocket.close"]
    assert closed.messages[0]["code"] == 1008
    scope = asgi.websocket_scope("/")
    del scope["extensions"]
    assert asyncio.run(asgi.send_to(GUARD, scope)).types == ["websocket.close"]


def test_an_unknown_scope_type_is_refused():
    called = []

    async def app(scope, receive, send):
        called.append(scope)

    for kind in ("webtransport", "http2", ""):
        reply = asyncio.run(asgi.send_to(AuthMiddleware(app, Bearer(keyring())), {"type": kind}))
        assert reply.error is not None
    assert called == []


def test_lifespan_passes_with_the_very_same_objects():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    async def receive(): ...
    async def send(message): ...

    scope = {"type": "lifespan"}
    asyncio.run(AuthMiddleware(app, Bearer(keyring()))(scope, receive, send))
    assert seen[0][0] is scope
    assert seen[0][1:] == (receive, send)
    assert scope == {"type": "lifespan"}


# Scopes


def test_scopes_of_the_whole_guard():
    app = guard(Bearer(keyring(), realm="items", scopes=["items:write"]))
    assert ask(f"Bearer {WRITER}", app).status == 200
    reply = ask(f"Bearer {READER}", app)
    assert reply.status == 403
    assert reply.one("www-authenticate") == 'Bearer realm="items", error="insufficient_scope", scope="items:write"'
    assert reply.one("cache-control") == "no-store"
    assert ask(f"Bearer {UNKNOWN}", app).status == 401


def test_the_challenge_of_403_names_every_scope_needed():
    app = guard(Bearer(keyring(), realm="items", scopes=["items:read", "items:write", "admin"]))
    assert 'scope="items:read items:write admin"' in ask(f"Bearer {WRITER}", app).one("www-authenticate")


def test_scopes_are_whole_words_in_their_own_case():
    ring = Keyring([Key("a", token=READER, scopes=["items:read-all", "Items:Read", "items"])])
    for needed in ("items:read", "read", "items:", "items:read-al"):
        assert ask(f"Bearer {READER}", guard(Bearer(ring, scopes=[needed]))).status == 403
    assert ask(f"Bearer {READER}", guard(Bearer(ring, scopes=["items"]))).status == 200


@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "a\r\nb", "a\x00", "\u00e9"])
def test_bad_scopes_are_refused(scope):
    with pytest.raises(SalletError, match="scope"):
        Bearer(keyring(), scopes=[scope])
    with pytest.raises(SalletError, match="scope"):
        Key("a", token=READER, scopes=[scope])


def test_a_string_for_a_list_of_scopes_is_refused():
    """list("admin") would ask for five scopes of one letter."""
    with pytest.raises((TypeError, SalletError)):
        Bearer(keyring(), scopes="admin")
    with pytest.raises((TypeError, SalletError)):
        Key("a", token=READER, scopes="admin")


# What the application sees


def seen_by(app_auth, headers, **scope):
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)
        await whoami(scope, receive, send)

    reply = asgi.call(AuthMiddleware(app, app_auth), "/", headers, **scope)
    return seen, reply


def test_the_user_is_where_starlette_looks():
    auth = Bearer(keyring(), realm="items")
    seen, _ = seen_by(auth, [asgi.bearer(WRITER)])
    user = seen["state"]["user"]
    assert isinstance(user, Principal)
    assert (user.id, user.name, user.scopes) == ("writer-1", "writer", ("items:read", "items:write"))
    assert (user.is_authenticated, user.display_name, user.identity) == (True, "writer", "writer-1")
    assert seen["user"] is user
    assert list(seen["auth"].scopes) == ["authenticated", "items:read", "items:write"]
    assert seen["sallet.auth"][0] is auth
    assert seen["sallet.auth"][1] is user


def test_nothing_is_left_in_the_servers_state():
    state = {"db": 1}
    seen, _ = seen_by(Bearer(keyring()), [asgi.bearer(READER)], state=state)
    assert seen["state"]["db"] == 1
    refused = {"db": 1}
    seen_by(Bearer(keyring()), [], state=refused)
    assert refused == {"db": 1}


def test_a_user_from_outside_is_not_believed():
    """A server or middleware before us may have put anything there; only our own verdict counts."""
    for headers in ([], [asgi.bearer(UNKNOWN)]):
        seen, reply = seen_by(Bearer(keyring()), headers, state={"user": "root"}, user="root")
        assert (seen, reply.status) == ({}, 401)


def test_principal_is_a_frozen_value():
    a = Principal("1", "ann", ("x",))
    assert a == Principal("1", "ann", ("x",))
    assert a != Principal("2", "ann", ("x",))
    assert hash(a) == hash(Principal("1", "ann", ("x",)))
    assert "ann" in repr(a)
    with pytest.raises((AttributeError, TypeError)):
        a.name = "bob"


# Construction


def test_bearer_construction():
    with pytest.raises((TypeError, ValueError)):
        Bearer()
    with pytest.raises((TypeError, ValueError)):
        Bearer(keyring(), authenticate=print)
    with pytest.raises((TypeError, ValueError)):
        Bearer(authenticate="not callable")
    for wrong in (READER, [READER], {"a": READER}, None):
        with pytest.raises((TypeError, ValueError)):
            Bearer(wrong)
    assert (Bearer(keyring()).realm, tuple(Bearer(keyring()).scopes)) == ("api", ())


def test_middleware_construction():
    app = guard(public=["/health"])
    assert app.app is whoami
    assert isinstance(app.auth, Bearer)
    for wrong in (None, READER, print):
        with pytest.raises(TypeError):
            AuthMiddleware(whoami, wrong)
    with pytest.raises(TypeError):
        AuthMiddleware(whoami, Bearer(keyring()), public="/health")
    with pytest.raises(TypeError):
        AuthMiddleware(whoami)
