"""`protect(app, https_redirect=...)`: what is redirected, where to, and by which of the layers.

With a real proxy in front it is tested in `test_behind_a_proxy.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from harness import asgi
from harness.asgi import bearer
from keys import READER, keyring
from sallet import PolicyError, SecurityHeaders
from sallet.fastapi import Bearer, protect
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


def redirecting(app: FastAPI | None = None, https_redirect: bool | str = True, **options: Any) -> FastAPI:
    app = app or FastAPI()

    @app.get("/items")
    async def items() -> str:
        return "items"

    @app.get("/health")
    async def health() -> str:
        return "fine"

    @app.get("/static/{path:path}")
    async def static(path: str) -> str:
        return path

    @app.websocket("/ws")
    async def ws(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    protect(app, https_redirect=https_redirect, **options)
    return app


def location(app: Any, path: str = "/items", **scope: Any) -> str:
    reply = asgi.call(app, path, **scope)
    assert reply.status == 308, reply
    return reply.one("location")


def test_plain_http_is_sent_to_the_same_url_over_tls() -> None:
    app = redirecting()
    assert location(app, "/items?a=b%20c&d") == "https://testserver/items?a=b%20c&d"
    assert location(app, "/nowhere") == "https://testserver/nowhere"
    assert location(app, method="POST", body=[b"never", b"read"]) == "https://testserver/items"
    assert asgi.call(app, "/items", scheme="https").json() == "items"


def test_the_redirect_is_stored_by_nobody_and_carries_the_headers() -> None:
    reply = asgi.call(redirecting(), "/items")
    assert reply.one("cache-control") == "no-store"
    assert reply.one("content-length") == "0"
    for name, value in SecurityHeaders.STRICT.items(https=False):
        assert reply.one(name) == value
    assert not reply.has("strict-transport-security")


def test_the_body_is_not_read() -> None:
    assert asgi.call(redirecting(), method="POST", body=[b"x" * 1000]).received == 0


def test_the_path_is_the_one_that_was_sent() -> None:
    app = redirecting()
    sent = b"/a%2Fb/caf%C3%A9;v=1"
    assert location(app, "/a/b/café;v=1", raw_path=sent) == "https://testserver/a%2Fb/caf%C3%A9;v=1"
    # A server that tells no raw path, and one that leaves the query in it.
    assert location(app, "/café 100%", raw_path=b"") == "https://testserver/caf%C3%A9%20100%25"
    assert location(app, "/items?x", raw_path=b"/items?x") == "https://testserver/items?x"


def test_a_prefix_that_a_proxy_has_taken_off_is_put_back() -> None:
    app = redirecting()
    assert location(app, "/items", root_path="/api") == "https://testserver/api/items"
    assert location(app, "/api/items", root_path="/api") == "https://testserver/api/items"
    with pytest.warns(match="`root_path` parameter is deprecated"):
        own = FastAPI(root_path="/v1")
    assert location(redirecting(own), "/items") == "https://testserver/v1/items"


def test_the_host_can_be_named() -> None:
    hostile = [("host", "evil.example")]
    assert location(redirecting(https_redirect="www.example.com"), headers=hostile) == "https://www.example.com/items"
    assert location(redirecting(https_redirect="localhost:8443"), headers=hostile) == "https://localhost:8443/items"
    assert location(redirecting(https_redirect="www.example.com:80")) == "https://www.example.com/items"


@pytest.mark.parametrize(
    "host",
    ["a.example@evil.example", "evil.example/", "a b", "", "a.example, evil.example", "evil.example\\", "https://evil.example",
     "evil.example#", "evil.example?", "a.example:1e3", "[::1", b"\xff.example", b"a.example\r\nset-cookie: x"],
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host: str | bytes) -> None:
    scope = asgi.http_scope(path="/items")
    scope["headers"] = asgi.encode([("host", host)])
    reply = _send(redirecting(), scope)
    assert (reply.status, reply.body) == (400, b"Bad Request")
    assert not reply.has("location")
    assert reply.has("content-security-policy")


@pytest.mark.parametrize("headers", [[], [("host", "a.example"), ("host", "evil.example")]])
def test_no_host_and_two_are_refused(headers: Any) -> None:
    scope = asgi.http_scope(path="/items")
    scope["headers"] = asgi.encode(headers)
    assert _send(redirecting(), scope).status == 400


@pytest.mark.parametrize("path", ["*", ".evil.example/", "@evil.example/", "http://evil.example/", ":80/"])
def test_a_target_without_a_slash_in_front_is_refused(path: str) -> None:
    """It would become a part of the host."""
    assert asgi.call(redirecting(https_redirect="a.example"), path).status == 400


def _send(app: Any, scope: Any) -> asgi.Reply:
    return asyncio.run(asgi.send_to(app, scope))


def test_a_middleware_that_trusts_a_proxy_is_heard_wherever_it_is_added() -> None:
    told = [("x-forwarded-proto", "https")]
    before = FastAPI()
    before.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.1")
    after = redirecting()
    after.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.1")
    for app in (redirecting(before), after):
        reply = asgi.call(app, "/items", told)
        assert reply.json() == "items"
        assert reply.has("strict-transport-security")
        assert location(app) == "https://testserver/items"


def test_a_proxy_that_is_not_believed_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    app = redirecting()
    with caplog.at_level(logging.WARNING, "sallet.headers"):
        for _ in range(3):
            location(app, headers=[("x-forwarded-proto", "https")])
    assert [record.name for record in caplog.records] == ["sallet.headers"]
    assert "--forwarded-allow-ips" in caplog.text


def test_cors_headers_are_on_the_redirect() -> None:
    app = redirecting()
    app.add_middleware(CORSMiddleware, allow_origins=["https://front.example"])
    reply = asgi.call(app, "/items", [("origin", "https://front.example")])
    assert (reply.status, reply.one("access-control-allow-origin")) == (308, "https://front.example")


def test_it_comes_before_the_check_and_exact_public_paths_are_exempt() -> None:
    app = redirecting(auth=Bearer(keyring()), public=["GET /health", "/static/*"])
    assert location(app, "/items") == "https://testserver/items"
    assert location(app, "/items", headers=[bearer(READER)]) == "https://testserver/items"
    assert asgi.call(app, "/health").json() == "fine"
    assert asgi.call(app, "/health", method="HEAD").status == 405  # answered by the route
    assert location(app, "/health", method="POST") == "https://testserver/health"
    assert location(app, "/static/app.js") == "https://testserver/static/app.js"
    assert location(app, "/docs") == "https://testserver/docs"
    assert location(app, "//health") == "https://testserver//health"
    assert asgi.call(app, "/items", scheme="https").status == 401
    assert asgi.call(app, "/items", [bearer(READER)], scheme="https").status == 200


def test_a_websocket() -> None:
    app = redirecting()
    denied = asgi.connect(app, "/ws?x=1")
    assert (denied.status, denied.one("location")) == (308, "wss://testserver/ws?x=1")
    assert denied.types[0] == "websocket.http.response.start"
    closed = asgi.connect(app, "/ws", denial=False)
    assert closed.messages[0] == {"type": "websocket.close", "code": 1008, "reason": "use wss://"}
    assert asgi.connect(app, "/ws", scheme="wss").types[0] == "websocket.accept"


def test_https_may_be_asked_of_a_function() -> None:
    def https(scope: Any) -> bool:
        return scope["path"] == "/health" or scope["scheme"] == "https"

    app = redirecting(https=https)
    assert asgi.call(app, "/health").json() == "fine"
    assert asgi.call(app, "/items", scheme="https").json() == "items"
    assert location(app) == "https://testserver/items"


@pytest.mark.parametrize("https", [True, False])
def test_https_that_leaves_nothing_to_decide_is_a_type_error(https: bool) -> None:
    with pytest.raises(TypeError, match=f"https={https} says the same of every request"):
        redirecting(https=https)


@pytest.mark.parametrize("wrong", [None, 1, b"a.example", ["a.example"]])
def test_something_else_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="https_redirect is True, False or a host"):
        redirecting(https_redirect=wrong)


@pytest.mark.parametrize("wrong", ["", "https://a.example", "a.example/", "a.example:x", "two words", "café.example"])
def test_a_name_that_is_no_host_is_found_at_once(wrong: str) -> None:
    with pytest.raises(PolicyError, match='write it without scheme and path, https_redirect="www.example.com"'):
        redirecting(https_redirect=wrong)


def test_an_https_function_says_true_or_false() -> None:
    """`lambda scope: scope["scheme"]` would be true of plain HTTP, and nothing would ever be redirected."""
    reply = asgi.call(redirecting(https_redirect=True, https=lambda scope: scope["scheme"]), "/items")
    assert reply.status == 500 and "returned a str" in str(reply.error)


def test_false_redirects_nothing() -> None:
    assert asgi.call(redirecting(https_redirect=False), "/items").json() == "items"


def test_a_plain_starlette_app_and_an_included_router() -> None:
    async def home(request: Any) -> PlainTextResponse:
        return PlainTextResponse("home")

    plain = Starlette(routes=[Route("/", home)])
    protect(plain, https_redirect=True)
    assert location(plain, "/") == "https://testserver/"
    assert asgi.call(plain, "/", scheme="https").body == b"home"

    app, router = FastAPI(), APIRouter(prefix="/v1")
    router.add_api_route("/home", home)
    protect(app, https_redirect=True)
    app.include_router(router)
    assert location(app, "/v1/home") == "https://testserver/v1/home"


def test_an_app_whose_stack_leaves_it_out_does_not_start() -> None:
    class Bare(FastAPI):
        def build_middleware_stack(self) -> Any:
            return self.router

    app = Bare()
    protect(app, https_redirect=True)
    reply = asgi.call(app, "/")
    assert isinstance(reply.error, PolicyError)
