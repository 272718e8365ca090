"""What the application sends itself: it wins, it stays in order, it is removed on request, and it is never changed."""

from __future__ import annotations

import asyncio
import copy
from random import Random

import everything
import pytest
from harness import asgi
from harness.asgi import bearer
from keys import keyring
from sallet import NONCE, AuthMiddleware, Bearer, SecurityHeaders, SecurityHeadersMiddleware, csp_nonce
from test_every_response import assert_policy_once


@pytest.mark.parametrize("name", ["X-Frame-Options", "x-frame-options", "X-FRAME-OPTIONS"])
def test_the_routes_own_header_wins_and_is_not_doubled(server, name):
    answer = server("uvicorn", "everything:app").get(f"/framed?as={name}")
    assert answer.all("x-frame-options") == ["SAMEORIGIN"]
    assert_policy_once(answer, but=("x-frame-options",))


def answering(headers, status=200):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": headers() if callable(headers) else headers})
        await send({"type": "http.response.body", "body": b"own"})

    return app


@pytest.mark.parametrize("name", [b"x-frame-options", b"X-Frame-Options", b"X-FRAME-options"])
def test_own_header_wins_in_any_case(name):
    own = [(name, b"SAMEORIGIN")]
    reply = asgi.call(SecurityHeadersMiddleware(answering(own)))
    assert reply.all("x-frame-options") == ["SAMEORIGIN"]
    assert (name, b"SAMEORIGIN") in reply.raw  # kept as the application spelled it
    assert_policy_once(reply, SecurityHeaders(), but=("x-frame-options",))


def test_blanks_around_a_name_hide_nothing():
    """Some servers send such a name without its blanks."""
    own = [(b" server", b"app/1"), (b"x-powered-by ", b"snake"), (b"\tX-Frame-Options", b"SAMEORIGIN"), (b"x-kept", b"1")]
    reply = asgi.call(SecurityHeadersMiddleware(answering(own)))
    sent = [name.strip().lower() for name, _ in reply.raw]
    assert b"server" not in sent and b"x-powered-by" not in sent
    assert sent.count(b"x-frame-options") == 1 and sent.count(b"x-kept") == 1


@pytest.mark.parametrize("name", [b"x-frame-options", b"X-Frame-Options"])
def test_override_makes_the_policy_win(name):
    own = [(b"a", b"1"), (name, b"SAMEORIGIN"), (b"b", b"2"), (name, b"DENY, or not")]
    policy = SecurityHeaders.CLASSIC
    reply = asgi.call(SecurityHeadersMiddleware(answering(own), policy, override=True))
    assert reply.all("x-frame-options") == ["DENY"]
    assert [pair for pair in reply.raw if pair[0] in (b"a", b"b")] == [(b"a", b"1"), (b"b", b"2")]


def test_an_own_csp_of_two_lines_is_kept_whole():
    own = [(b"content-security-policy", b"default-src 'self'"), (b"content-security-policy", b"img-src *")]
    reply = asgi.call(SecurityHeadersMiddleware(answering(own)))
    assert reply.all("content-security-policy") == ["default-src 'self'", "img-src *"]


def test_cookies_stay_in_order(server):
    answer = server("uvicorn", "everything:app").get("/cookies")
    assert answer.all("set-cookie") == ["first=1; Path=/", "second=2; Path=/", "first=1; Path=/"]
    names = [name for name, _ in answer.headers if name in ("set-cookie", "x-between")]
    assert names == ["set-cookie", "x-between", "set-cookie", "set-cookie"]


OWN = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"x-frame-options", b"SAMEORIGIN"), (b"set-cookie", b"b=2")]

SHAPES = {
    "list": lambda: list(OWN),
    "tuple": lambda: tuple(OWN),
    "generator": lambda: (pair for pair in OWN),
    "lists in a list": lambda: [list(pair) for pair in OWN],
    "iterator": lambda: iter(OWN),
    "bytearrays": lambda: [(bytearray(name), bytearray(value)) for name, value in OWN],
    "dict items": lambda: {b"content-type": b"text/plain", b"x-frame-options": b"SAMEORIGIN"}.items(),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("override", [False, True])
def test_headers_in_any_iterable(shape, override):
    reply = asgi.call(SecurityHeadersMiddleware(answering(SHAPES[shape]), override=override))
    assert reply.error is None
    assert reply.one("content-type") == "text/plain"
    if shape != "dict items":
        assert reply.all("set-cookie") == ["a=1", "b=2"]
    assert_policy_once(reply, SecurityHeaders(), but=() if override else ("x-frame-options",))
    assert len(reply.all("x-frame-options")) == 1


NAMES = ["x-frame-options", "X-Frame-Options", "content-security-policy", "set-cookie", "Set-Cookie", "server", "Server", "vary", "etag",
         "cache-control", "x-powered-by", "Referrer-Policy", "x-frame-option", "x-frame-options2", "", "x"]  # fmt: skip


@pytest.mark.parametrize("override", [False, True])
@pytest.mark.parametrize("remove", [(), ("server", "X-Powered-By")])
def test_thousands_of_header_lists_agree_with_a_model_in_python(override, remove):
    random = Random(9110)
    policy = SecurityHeaders.STRICT
    added = [(name.encode(), value.encode()) for name, value in policy.items(https=False)]
    names, gone = {name for name, _ in added}, {name.lower().encode() for name in remove}

    def model(own):
        kept = [pair for pair in own if pair[0].lower() not in gone]
        if override:
            return [pair for pair in kept if pair[0].lower() not in names] + added
        theirs = {name.lower() for name, _ in kept}
        return kept + [pair for pair in added if pair[0] not in theirs]

    sent = []

    async def main():
        for _ in range(1000):
            own = [(random.choice(NAMES).encode(), b"%d" % n) for n in range(random.randrange(8))]
            wrapped = SecurityHeadersMiddleware(answering(own), policy, override=override, remove=remove)
            sent.append((await asgi.send_to(wrapped, asgi.http_scope())).raw)
            assert sent[-1] == model(own), own

    asyncio.run(main())
    assert len({len(headers) for headers in sent}) > 4


SMALL = [
    (b"X-Frame-Options", b"SAMEORIGIN"),
    (b"content-security-policy", b"default-src *"),
    (b"cache-control", b"max-age=60"),
    (b"cdn-cache-control", b"max-age=60"),
    (b"server", b"app/1"),
    (b"x-request-id", b"1"),
    (b"set-cookie", b"a=1"),
]


@pytest.mark.parametrize("status", [200, 304])
@pytest.mark.parametrize("override", [False, True])
def test_the_fast_way_for_a_list_does_what_the_core_says(override, status):
    """A list without a field that matters is added to as it is; a tuple is always fed to the core."""
    with_nonce = SecurityHeaders.EMPTY.replace(
        content_security_policy={"script-src": [NONCE]}, x_frame_options="DENY"
    )
    for policy in (SecurityHeaders.STRICT, SecurityHeaders.EMPTY, with_nonce):
        for code in range(1 << len(SMALL)):
            own = [line for at, line in enumerate(SMALL) if code >> at & 1]
            fast, slow = (
                asgi.call(SecurityHeadersMiddleware(answering(shape(own), status), policy, override=override)).raw
                for shape in (list, tuple)
            )
            fast, slow = ([pair for pair in raw if b"'nonce-" not in pair[1]] for raw in (fast, slow))
            assert fast == slow, own


def left_off(outer, between=lambda app: app, inner=None, status=304, **settings):
    """What a layer around sends in place of a field that a layer further in has left off."""
    inner = inner or SecurityHeaders.EMPTY.replace(content_security_policy={"script-src": [NONCE]})
    app = between(SecurityHeadersMiddleware(answering([], status), inner))
    reply = asgi.call(SecurityHeadersMiddleware(app, outer, **settings))
    assert reply.error is None
    return reply.all("content-security-policy")


def test_what_an_inner_layer_left_off_a_304_is_not_put_there_by_an_outer_one():
    """The stored page has it from the inner one; a 200 must still show that."""
    assert left_off(SecurityHeaders.STRICT) == []
    assert left_off(SecurityHeaders.STRICT, between=lambda app: SecurityHeadersMiddleware(app, SecurityHeaders.API)) == []
    assert "'nonce-" in left_off(SecurityHeaders.STRICT, status=200)[0]
    # It won on the page as well.
    strict = SecurityHeaders.CLASSIC
    assert left_off(strict, override=True) == ["default-src 'self'"]
    assert left_off(strict, remove=["Content-Security-Policy"]) == ["default-src 'self'"]
    # An inner one that has no nonce leaves nothing off.
    assert left_off(strict, inner=SecurityHeaders.EMPTY) == ["default-src 'self'"]


def test_an_own_policy_with_the_nonce_is_left_off_a_304_as_one_with_its_place_is():
    """The stored page's scripts have the nonce of its own response, and a 304 would replace the policy that names it."""

    async def app(scope, receive, send):
        own = f"script-src 'nonce-{csp_nonce(scope)}'".encode()
        await send({"type": "http.response.start", "status": 304, "headers": [(b"content-security-policy", own)]})
        await send({"type": "http.response.body", "body": b""})

    layer = SecurityHeadersMiddleware(app, SecurityHeaders.CLASSIC)
    for around in (layer, SecurityHeadersMiddleware(layer, SecurityHeaders.CLASSIC)):
        reply = asgi.call(around)
        assert not reply.has("content-security-policy") and reply.one("x-frame-options") == "DENY"


def test_no_server_and_no_client_says_what_was_left_off():
    def claiming(app):
        async def outer(scope, receive, send):
            await app({**scope, "sallet.left_off": ["content-security-policy"]}, receive, send)

        return outer

    app = SecurityHeadersMiddleware(answering([], 304), SecurityHeaders.CLASSIC)
    assert asgi.call(claiming(app)).all("content-security-policy") == ["default-src 'self'"]


def test_no_headers_at_all():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204})  # "headers" is optional in ASGI
        await send({"type": "http.response.body"})

    assert_policy_once(asgi.call(SecurityHeadersMiddleware(app)), SecurityHeaders())


def test_empty_policy_leaves_the_response_alone():
    reply = asgi.call(SecurityHeadersMiddleware(answering(list(OWN)), SecurityHeaders.EMPTY))
    assert reply.raw == OWN


def test_malformed_headers_are_the_applications_error_not_a_silent_loss():
    for headers in (5, [b"ab"], [(b"a",)], [(b"x-frame-options",)], [(b"a", b"1", b"2")], [("a", b"1")]):
        reply = asgi.call(SecurityHeadersMiddleware(answering(headers)))
        if reply.error is None:  # passed through for the server to judge: then nothing of it may be missing
            assert reply.start["headers"][: len(headers)] == headers
        else:
            assert isinstance(reply.error, (TypeError, ValueError))

# Nothing of the application's is changed


def test_a_message_reused_for_every_request_does_not_grow(server):
    before = copy.deepcopy(everything.START)
    headers = everything.START["headers"]
    for override in (False, True):
        wrapped = SecurityHeadersMiddleware(everything.bare, override=override)
        replies = [asgi.call(wrapped) for _ in range(5)]
        assert all(reply.raw == replies[0].raw for reply in replies)
    assert everything.START == before
    assert everything.START["headers"] is headers
    uvicorn = server("uvicorn", "everything:app")
    assert {len(uvicorn.get("/bare/").headers) for _ in range(3)} == {len(uvicorn.get("/bare/").headers)}


def test_what_a_middleware_outside_adds_stays_in_its_own_response():
    """The list we send is the next one's to change; it must never be one that we send again."""

    def appending(app):
        async def outer(scope, receive, send):
            async def wrapped(message):
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-outer", b"1"))
                    message["status"] += 0
                await send(message)

            await app(scope, receive, wrapped)

        return outer

    auth = AuthMiddleware(everything.bare, Bearer(keyring()))
    for app, headers in ((SecurityHeadersMiddleware(answering(())), []), (auth, []), (auth, [bearer("bad token")])):
        for _ in range(3):
            assert asgi.call(appending(app), "/", headers).all("x-outer") == ["1"]


def test_body_messages_are_the_same_objects():
    reply = asgi.call(SecurityHeadersMiddleware(everything.bare))
    assert reply.messages[1] is everything.BODY


def test_other_keys_of_the_message_are_kept():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True, "x": object})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        await send({"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": False})

    reply = asgi.call(SecurityHeadersMiddleware(app))
    assert (reply.start["trailers"], reply.start["x"]) == (True, object)
    assert reply.messages[2] == {"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": False}


def test_the_type_may_be_anywhere_in_a_scope_and_in_a_message():
    async def app(scope, receive, send):
        await send({"status": 200, "headers": [], "type": "http.response.start"})
        await send({"body": b"", "type": "http.response.body"})

    layer = SecurityHeadersMiddleware(app)
    assert_policy_once(asgi.call(lambda scope, receive, send: layer({"first": None, **scope}, receive, send)), SecurityHeaders())


def test_early_hints_and_push_are_not_touched():
    hint = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]}

    async def app(scope, receive, send):
        await send(hint)
        await everything.bare(scope, receive, send)

    assert asgi.call(SecurityHeadersMiddleware(app)).messages[0] is hint


# Removal


def test_removal_list(server):
    own = [(b"Server", b"app/1"), (b"x-powered-by", b"PHP"), (b"X-Powered-By", b"Express"), (b"x-kept", b"1")]
    reply = asgi.call(SecurityHeadersMiddleware(answering(own)))
    assert (reply.has("server"), reply.has("x-powered-by"), reply.one("x-kept")) == (False, False, "1")
    kept = asgi.call(SecurityHeadersMiddleware(answering(own), remove=()))
    assert kept.all("x-powered-by") == ["PHP", "Express"]
    other = asgi.call(SecurityHeadersMiddleware(answering(own), remove=["X-Kept"]))
    assert (other.has("x-kept"), other.one("server")) == (False, "app/1")

    uvicorn = server("uvicorn", "everything:app", "--no-server-header")
    answer = uvicorn.get("/bare/")
    assert not answer.has("x-powered-by")
    assert not answer.has("server")


def test_a_response_begun_again_has_its_headers():
    """A server may refuse the first start (a bad value in it), and the app then send another."""
    refused = []

    async def twice(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"bad")]})
        except ValueError:
            await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent = []

    async def send(message):
        if (b"x", b"bad") in message.get("headers", []):
            refused.append(message)
            raise ValueError("a bad value")
        sent.append(message)

    asyncio.run(SecurityHeadersMiddleware(twice)(asgi.http_scope(), None, send))
    assert len(refused) == 1
    assert (b"x-frame-options", b"DENY") in sent[0]["headers"]


def test_a_subclass_may_take_other_arguments():
    class ForApi(SecurityHeadersMiddleware):
        def __init__(self, app):
            super().__init__(app, SecurityHeaders.API, override=True)

    reply = asgi.call(ForApi(answering([(b"x-frame-options", b"SAMEORIGIN")])))
    assert_policy_once(reply, SecurityHeaders.API)


NONCY = SecurityHeaders.STRICT.replace(content_security_policy={"script-src": [NONCE]})
SOME = [
    (b"content-type", b"text/html"),
    (b"Content-Type", b"application/json"),
    (b"cache-control", b"max-age=60"),
    (b"CDN-Cache-Control", b"max-age=60"),
    (b"surrogate-control", b"max-age=60"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"content-security-policy", b"script-src 'nonce-{one-for-each-request}'"),
    (b"server", b"app"),
    (b"x-more", b"1"),
]


@pytest.mark.parametrize("policy", [SecurityHeaders.STRICT, NONCY, SecurityHeaders.API], ids=["strict", "nonce", "api"])
@pytest.mark.parametrize("override", [False, True, "add"])
def test_the_short_way_for_a_list_is_the_long_way_of_a_tuple(policy, override):
    """What a list gets where nothing matters in it is what the core decides, which any other iterable is shown to."""
    for code in range(1 << len(SOME)):
        own = [pair for at, pair in enumerate(SOME) if code >> at & 1]
        status = (200, 206, 304)[code % 3]
        replies = [
            asgi.call(SecurityHeadersMiddleware(answering(kind(own), status), policy, override=override)) for kind in (list, tuple)
        ]
        sent = [
            sorted((name.lower(), value.replace((reply.scope.get("state") or {}).get("csp_nonce", "-").encode(), b"nonce")) for name, value in reply.raw)
            for reply in replies
        ]
        assert sent[0] == sent[1], own


def test_a_response_put_in_place_of_an_inner_layers_is_added_to():
    """An error page that a middleware between two layers answers with has a policy of the app's own, and not the inner layer's."""
    own, strict = "frame-ancestors 'self'", dict(SecurityHeaders.STRICT.items(https=False))["content-security-policy"]
    inner = SecurityHeadersMiddleware(answering([]), SecurityHeaders.CLASSIC)

    def between(app, headers):
        async def replacing(scope, receive, send):
            async def replaced(message):
                if headers is not None and message["type"] == "http.response.start":
                    message = {**message, "headers": headers}
                await send(message)

            await app(scope, receive, replaced)

        return replacing

    def sent(headers):
        app = SecurityHeadersMiddleware(between(inner, headers), SecurityHeaders.STRICT, override="add")
        return asgi.call(app).all("content-security-policy")

    assert sent([(b"content-security-policy", own.encode())]) == [own, strict]
    assert sent(None) == ["default-src 'self'"]
