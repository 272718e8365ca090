"""The policy stands on every response, once, and everything of the application's own stays as it was."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import weakref

import everything
import falcon.asgi
import falcon.testing
import pytest
from fastapi import FastAPI, WebSocket
from harness import asgi, http
from harness.servers import KINDS
from keys import keyring
from sallet import AuthMiddleware, Bearer, ContentSecurityPolicy, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import protect
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

POLICY = everything.POLICY
JSON = ("Content-Type", "application/json")

RESPONSES = [
    ("GET", "/ok", None, 200),
    ("HEAD", "/html", None, 405),
    ("GET", "/no-content", None, 204),
    ("GET", "/not-modified", None, 304),
    ("GET", "/moved", None, 307),
    ("GET", "/elsewhere", None, 307),
    ("GET", "/missing", None, 404),
    ("GET", "/items", None, 405),
    ("POST", "/items", b'{"name": "%s"}' % (b"x" * 2000), 413),
    ("POST", "/items", b"{}", 422),
    ("POST", "/items", b'{"name": "a"}', 200),
    ("GET", "/boom", None, 500),
    ("GET", "/stream", None, 200),
    ("GET", "/file", None, 200),
    ("GET", "/html", None, 200),
    ("GET", "/sub/page", None, 200),
    ("GET", "/sub/missing", None, 404),
    ("GET", "/sub/boom", None, 500),
    ("GET", "/bare/", None, 200),
    ("GET", "/docs", None, 200),
    ("GET", "/openapi.json", None, 200),
]


def assert_policy_once(answer, policy=POLICY, *, https=False, but=()):
    for name, value in policy.items(https=https):
        if name not in but:
            assert answer.all(name) == [value], name


@pytest.mark.parametrize("method, path, body, status", RESPONSES)
def test_policy_exactly_once(server, method, path, body, status):
    uvicorn = server("uvicorn", "everything:app")
    answer = http.request(uvicorn.port, method, path, [JSON], body)
    assert answer.status == status
    # A docs page has values of its own: see test_docs_policy.
    but = ("content-security-policy", "cross-origin-opener-policy") if path == "/docs" else ()
    assert_policy_once(answer, but=but)
    for name in but:
        assert len(answer.all(name)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_websocket_denial(server, kind):
    running = server(kind, "everything:app")
    # A close before accept: Starlette's router closes like this, and the server would make a bare 403 of it.
    closed, missing = running.websocket("/closed"), running.websocket("/nowhere")
    assert (closed.status, missing.status) == (403, 403)
    if kind == "daphne":  # it has no denial responses, and writes the 403 itself
        return
    denied = running.websocket("/denied")
    assert (denied.status, denied.body) == (403, b"no")
    # The server would make a response of its own of these too.
    raised, returned = running.websocket("/raises"), running.websocket("/returns")
    assert (raised.status, returned.status) == (500, 500)
    for answer in (denied, closed, missing, raised, returned):
        assert_policy_once(answer)


@pytest.mark.parametrize("kind", ["uvicorn --ws websockets", "uvicorn --ws wsproto", "hypercorn", "granian"])
def test_a_denial_that_sallet_makes_says_that_it_is_empty(server, kind):
    kind, *arguments = kind.split()
    running = server(kind, "everything:app", *arguments)
    for path, status in (("/closed", 403), ("/raises", 500)):
        answer = running.websocket(path)
        assert (answer.status, answer.body) == (status, b"")
        assert answer.one("content-length") == "0"
        assert not answer.has("transfer-encoding")


@pytest.mark.filterwarnings("ignore:Using `httpx`")
def test_a_test_sees_the_code_and_the_reason_of_a_close_before_accept():
    """In a user's own tests: a close is an exception with both, and a response would have neither."""
    from starlette.testclient import TestClient, WebSocketDenialResponse

    app = FastAPI()

    @app.websocket("/busy")
    async def busy(socket: WebSocket) -> None:
        await socket.close(4429, "one at a time")

    @app.websocket("/denied")
    async def denied(socket: WebSocket) -> None:
        await socket.send_denial_response(PlainTextResponse("no", status_code=403))

    protect(app)
    client = TestClient(app)
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect("/busy"):
        pass
    assert (caught.value.code, caught.value.reason) == (4429, "one at a time")
    # A response of the application's own stays one, with the headers.
    with pytest.raises(WebSocketDenialResponse) as denial, client.websocket_connect("/denied"):
        pass
    assert (denial.value.status_code, denial.value.headers["x-frame-options"]) == (403, "DENY")


def test_no_client_can_pass_for_a_test(server):
    """Whatever name a proxy header gives it: uvicorn here believes every one."""
    trusting = server("uvicorn", "everything:app", "--proxy-headers", "--forwarded-allow-ips", "*")
    answer = trusting.websocket("/closed", [("X-Forwarded-For", "testclient:50000"), ("User-Agent", "testclient")])
    assert answer.status == 403
    assert_policy_once(answer)


def test_a_close_before_accept_stays_one_where_the_server_has_nothing_else():
    for app in (everything.app, SecurityHeadersMiddleware(closes)):
        reply = asgi.connect(app, "/closed", denial=False)
        assert [message["type"] for message in reply.messages] == ["websocket.close"]
    assert asgi.connect(SecurityHeadersMiddleware(closes), denial=True).status == 403


def test_a_denial_is_begun_once():
    async def begins_and_raises(scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 400, "headers": []})
        raise RuntimeError

    def raises_at_once(scope, receive, send):
        raise RuntimeError

    for app, status in ((begins_and_raises, 400), (raises_at_once, 500)):
        reply = asgi.connect(SecurityHeadersMiddleware(app), denial=True)
        assert isinstance(reply.error, RuntimeError)
        assert reply.status == status  # of the one start there is
        assert_policy_once(reply, SecurityHeaders.STRICT)


async def closes(scope, receive, send):
    await send({"type": "websocket.close", "code": 1000, "reason": "no"})


def test_refusals_carry_the_policy_too():
    app = everything.make()
    protect(app, headers=POLICY, auth=Bearer(keyring()))
    for reply in (asgi.call(app, "/ok"), asgi.connect(app, "/open")):
        assert reply.status == 401
        assert_policy_once(reply, but=("cache-control",))


def test_accept_is_untouched():
    messages = []

    async def app(scope, receive, send):
        messages.append({"type": "websocket.accept", "headers": [(b"x-app", b"1")]})
        await send(messages[0])
        messages.append({"type": "websocket.close", "code": 1000})
        await send(messages[1])

    reply = asgi.connect(SecurityHeadersMiddleware(app))
    assert [sent is own for sent, own in zip(reply.messages, messages, strict=True)] == [True, True]
    assert messages[0] == {"type": "websocket.accept", "headers": [(b"x-app", b"1")]}
    accepted = asgi.connect(everything.app, "/open").messages[0]
    assert accepted["headers"] == [(b"x-app", b"1")]


# HTTPS


HTTPS_POLICY = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy({"default-src": ["'self'"], "upgrade-insecure-requests": []}),
    strict_transport_security="max-age=31536000; includeSubDomains",
)


def test_https_only_things_are_sent_over_https_only():
    app = SecurityHeadersMiddleware(everything.bare, HTTPS_POLICY)
    plain, secure = asgi.call(app), asgi.call(app, scheme="https")
    assert not plain.has("strict-transport-security")
    assert plain.one("content-security-policy") == "default-src 'self'"
    assert secure.one("strict-transport-security") == "max-age=31536000; includeSubDomains"
    assert secure.one("content-security-policy") == "default-src 'self'; upgrade-insecure-requests"
    assert_policy_once(plain, HTTPS_POLICY, https=False)
    assert_policy_once(secure, HTTPS_POLICY, https=True)


@pytest.mark.parametrize(("scheme", "secure"), [("ws", False), ("wss", True)])
def test_websocket_schemes(scheme, secure):
    async def deny(scope, receive, send):
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})

    reply = asgi.connect(SecurityHeadersMiddleware(deny, HTTPS_POLICY), scheme=scheme)
    assert reply.has("strict-transport-security") is secure
    assert_policy_once(reply, HTTPS_POLICY, https=secure)


def test_a_scope_without_scheme_is_http():
    scope = asgi.http_scope()
    del scope["scheme"]  # optional, "http" by default
    reply = asyncio.run(asgi.send_to(SecurityHeadersMiddleware(everything.bare, HTTPS_POLICY), scope))
    assert not reply.has("strict-transport-security")


def test_a_client_cannot_claim_https(server):
    forwarded = [("X-Forwarded-Proto", "https"), ("Forwarded", "proto=https"), ("X-Forwarded-Ssl", "on")]
    deaf = server("uvicorn", "everything:app", "--no-proxy-headers")
    assert not deaf.get("/ok", forwarded).has("strict-transport-security")
    assert not asgi.call(everything.app, "/ok", forwarded).has("strict-transport-security")
    # uvicorn told to trust this proxy sets scope["scheme"] itself, and that is what counts.
    trusting = server("uvicorn", "everything:app", "--proxy-headers", "--forwarded-allow-ips", "127.0.0.1")
    assert trusting.get("/ok", forwarded).has("strict-transport-security")
    assert not trusting.get("/ok").has("strict-transport-security")


@pytest.mark.parametrize("layout", ["protect", "added last"])
def test_a_proxy_middleware_inside_is_heard(layout):
    """It says in the scope how the request came, after the layer around it was called."""
    app = FastAPI()
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts="*")
    if layout == "protect":
        protect(app, headers=HTTPS_POLICY)
    else:
        app.add_middleware(SecurityHeadersMiddleware, headers=HTTPS_POLICY)
    app.websocket("/closed")(closed_at_once)
    for forwarded, https in (("https", True), ("http", False)):
        headers = [("X-Forwarded-Proto", forwarded)]
        for reply in (asgi.call(app, "/missing", headers), asgi.connect(app, "/closed", headers)):
            assert_policy_once(reply, HTTPS_POLICY, https=https)
            assert reply.has("strict-transport-security") is https
    # The other way round too: what the server said does not stand if the proxy says otherwise.
    reply = asgi.call(app, "/missing", [("X-Forwarded-Proto", "http")], scheme="https")
    assert not reply.has("strict-transport-security")


async def closed_at_once(socket: WebSocket) -> None:
    await socket.close()


# A policy per path

EMBED = SecurityHeaders.STRICT.replace(x_frame_options=None)


def by_query(scope):
    return SecurityHeaders.API if b"api" in scope["query_string"] else None


PATHS = {
    "/embed/*": EMBED,
    "/raw": SecurityHeaders.EMPTY,
    "/choice": by_query,
    "/choices/*": SecurityHeaders.CLASSIC,
    "/choices/own": by_query,
    "/embed/not": SecurityHeaders.CLASSIC,
}


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/", SecurityHeaders.STRICT),
        ("/embed/", EMBED),
        ("/embed/a/b", EMBED),
        ("/embed", SecurityHeaders.STRICT),
        ("/embedded", SecurityHeaders.STRICT),
        ("/embed/not", SecurityHeaders.CLASSIC),
        ("/embed/not/this", EMBED),
        ("/raw", SecurityHeaders.EMPTY),
        ("/raw/", SecurityHeaders.STRICT),
        ("/rawer", SecurityHeaders.STRICT),
        ("/choice?api", SecurityHeaders.API),
        ("/choice", SecurityHeaders.STRICT),  # no opinion: the app's policy
        ("/choices/own?api", SecurityHeaders.API),
        ("/choices/own", SecurityHeaders.CLASSIC),  # the next rule's
        ("/x/embed/", SecurityHeaders.STRICT),
    ],
)
def test_paths(path, policy):
    app = SecurityHeadersMiddleware(everything.bare, SecurityHeaders.STRICT, paths=PATHS, remove=())
    for reply in (asgi.call(app, path), asgi.call(app, "/api" + path, root_path="/api")):
        assert reply.raw[2:] == [(n.encode(), v.encode()) for n, v in policy.items(https=False)]


def fails(scope):
    raise LookupError("no policy")


@pytest.mark.parametrize("choose", [fails, lambda scope: "STRICT", lambda scope: False, lambda: SecurityHeaders.API])
def test_a_failing_policy_function_costs_no_header_and_is_logged(choose, caplog):
    app = SecurityHeadersMiddleware(everything.bare, SecurityHeaders.EMPTY, paths={"/*": choose}, remove=())
    reply = asgi.call(app, "/x")
    assert reply.raw[2:] == [(n.encode(), v.encode()) for n, v in SecurityHeaders.STRICT.items(https=False)]
    (record,) = caplog.records
    assert record.name == "sallet.headers" and 'paths: "/*"' in record.getMessage()
    assert "in fails" in record.getMessage() if choose is fails else "TypeError: " in record.getMessage()


def test_what_a_failing_policy_function_says_is_not_in_the_log(caplog):
    def tells(scope):
        raise ValueError(scope["path"], scope["headers"])

    app = SecurityHeadersMiddleware(everything.bare, paths={"/*": tells})
    asgi.call(app, "/x\nsallet.auth INFO admitted: root", [("authorization", "Bearer secret")])
    (line,) = caplog.text.splitlines()[:1]
    assert "choosing the policy failed" in line and "admitted" not in caplog.text and "secret" not in caplog.text


def test_an_interrupt_is_no_failure_of_a_policy_function():
    def stops(scope):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(asgi.send_to(SecurityHeadersMiddleware(everything.bare, paths={"/*": stops}), asgi.http_scope("GET", "/")))


async def later(scope):
    return SecurityHeaders.API


class Later:
    async def __call__(self, scope):
        return SecurityHeaders.API


@pytest.mark.parametrize("choose", [later, functools.partial(later), Later(), Later().__call__])
def test_an_async_policy_function_is_refused_at_once(choose):
    with pytest.raises(TypeError, match="write def instead of async def"):
        SecurityHeadersMiddleware(everything.bare, paths={"/x": choose})


def test_none_is_no_policy():
    with pytest.raises(TypeError, match=r"no headers is SecurityHeaders\.EMPTY"):
        SecurityHeadersMiddleware(everything.bare, paths={"/x": None})


@pytest.mark.parametrize("rule", ["embed", "", "//", "/a/../b", "*", "/a*", "/a "])
def test_a_bad_path_rule_is_refused(rule):
    with pytest.raises(ValueError):
        SecurityHeadersMiddleware(everything.bare, paths={rule: SecurityHeaders.EMPTY})


def test_lifespan_and_unknown_scopes_pass():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    async def receive(): ...
    async def send(message): ...

    for kind in ("lifespan", "something.else"):
        scope = {"type": kind}
        asyncio.run(SecurityHeadersMiddleware(app)(scope, receive, send))
        assert seen[-1] == ({"type": kind}, receive, send)


BOTH = [SecurityHeadersMiddleware, lambda app: AuthMiddleware(app, Bearer(keyring()), public=["/"])]


@pytest.mark.parametrize("wrap", BOTH)
def test_a_wrapped_application_shows_the_three_arguments_of_asgi(wrap):
    wrapped = wrap(everything.bare)
    assert list(inspect.signature(wrapped).parameters) == ["scope", "receive", "send"]
    assert inspect.getfullargspec(wrapped).args == ["scope", "receive", "send"]
    assert "app" in inspect.signature(type(wrapped)).parameters  # of the class it is the constructor's


@pytest.mark.parametrize("wrap", BOTH)
def test_falcons_own_test_client_takes_a_wrapped_application(wrap):
    class Hello:
        async def on_get(self, request, response):
            response.media = {"hello": "falcon"}

    app = falcon.asgi.App()
    app.add_route("/", Hello())
    result = falcon.testing.TestClient(wrap(app)).simulate_get("/")
    assert (result.status_code, result.json) == (200, {"hello": "falcon"})
    if wrap is SecurityHeadersMiddleware:
        assert result.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("wrap", [SecurityHeadersMiddleware, lambda app: AuthMiddleware(app, Bearer(keyring()))])
def test_a_dropped_application_is_collected(wrap):
    """Reloaders and tests make applications by the hundred; one that holds its own middleware is a cycle."""

    class App:
        async def __call__(self, scope, receive, send): ...

    app = App()
    app.wrapped = wrap(app)
    watched = weakref.ref(app)
    del app
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize("kind", [*KINDS, "uvicorn --http h11"])
def test_every_server_sends_what_items_says(server, kind):
    kind, *arguments = kind.split()
    answer = server(kind, "everything:app", *arguments).get("/ok")
    assert_policy_once(answer)
    sent = [(name, value) for name, value in answer.headers if name in dict(POLICY.items(https=False))]
    assert sent == POLICY.items(https=False)
