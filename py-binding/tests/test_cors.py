"""Starlette's CORSMiddleware together with authentication: preflights pass, refusals can be read by the browser."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from harness import asgi
from harness.asgi import bearer
from keys import READER, UNKNOWN, keyring
from sallet import AuthMiddleware, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import Bearer, protect

ORIGIN = "https://app.example"
PREFLIGHT = [
    ("origin", ORIGIN),
    ("access-control-request-method", "PUT"),
    ("access-control-request-headers", "authorization"),
]
CORS = {
    "allow_origins": [ORIGIN],
    "allow_methods": ["GET", "PUT"],
    "allow_headers": ["authorization"],
    "expose_headers": ["WWW-Authenticate"],
}


def auth():
    return Bearer(keyring(), realm="items")


def with_routes(app):
    @app.get("/items")
    async def items() -> str:
        return "ok"

    @app.put("/items")
    async def put_items() -> str:
        return "ok"

    return app


def cors_first():
    app = with_routes(FastAPI())
    app.add_middleware(CORSMiddleware, **CORS)
    protect(app, auth=auth())
    return app


def protect_first():
    app = with_routes(FastAPI())
    protect(app, auth=auth())
    app.add_middleware(CORSMiddleware, **CORS)
    return app


def middleware_cors_last():
    app = with_routes(FastAPI())
    app.add_middleware(AuthMiddleware, auth=auth())
    app.add_middleware(CORSMiddleware, **CORS)
    app.add_middleware(SecurityHeadersMiddleware)
    return app


ORDERS = [cors_first, protect_first, middleware_cors_last]


@pytest.fixture(params=ORDERS, ids=lambda make: make.__name__)
def app(request):
    return request.param()


def test_a_preflight_is_answered(app):
    reply = asgi.call(app, "/items", PREFLIGHT, method="OPTIONS")
    assert reply.status == 200
    assert reply.one("access-control-allow-origin") == ORIGIN
    assert "PUT" in reply.one("access-control-allow-methods")
    assert "authorization" in reply.one("access-control-allow-headers").lower()
    assert reply.one("x-frame-options") == SecurityHeaders.STRICT.x_frame_options


def test_a_preflight_of_another_origin_is_refused_by_cors_and_not_by_us(app):
    headers = [("origin", "https://evil.example"), *PREFLIGHT[1:]]
    reply = asgi.call(app, "/items", headers, method="OPTIONS")
    assert (reply.status, reply.has("access-control-allow-origin")) == (400, False)


@pytest.mark.parametrize("credentials", [[], [bearer(UNKNOWN)], [bearer("a b")], [bearer(READER)] * 2])
def test_a_cross_origin_refusal_can_be_read(app, credentials):
    for _ in range(2):  # a second time: nothing may pile up in what we send
        reply = asgi.call(app, "/items", [("origin", ORIGIN), *credentials])
        assert reply.status in (400, 401)
        assert reply.one("access-control-allow-origin") == ORIGIN
        assert reply.one("access-control-expose-headers") == "WWW-Authenticate"
        assert reply.one("vary") == "Origin"
        assert reply.one("www-authenticate").startswith('Bearer realm="items"')
        assert reply.one("cache-control") == "no-store"


def test_a_refusal_for_another_origin_stays_unreadable(app):
    reply = asgi.call(app, "/items", [("origin", "https://evil.example")])
    assert (reply.status, reply.has("access-control-allow-origin")) == (401, False)
    assert not asgi.call(app, "/items").has("access-control-allow-origin")


def test_the_request_itself_works(app):
    for method in ("GET", "PUT"):
        reply = asgi.call(app, "/items", [("origin", ORIGIN), bearer(READER)], method=method)
        assert (reply.status, reply.one("access-control-allow-origin")) == (200, ORIGIN)


def test_auth_outside_cors_says_what_to_change_and_refuses_preflights(caplog):
    """Added last it is outermost: browsers could not use the app, and the log says which order or argument they need."""
    app = with_routes(FastAPI())
    app.add_middleware(CORSMiddleware, **CORS)
    app.add_middleware(AuthMiddleware, auth=auth())
    assert asgi.call(app, "/items", PREFLIGHT, method="OPTIONS").status == 401
    assert asgi.call(app, "/items").status == 401
    (told,) = [record.getMessage() for record in caplog.records if record.name == "sallet.auth"]
    assert "put it in front" in told and "preflights=['/*']" in told


def test_auth_outside_cors_lets_preflights_through_where_it_is_told_to(caplog):
    app = with_routes(FastAPI())
    app.add_middleware(CORSMiddleware, **CORS)
    app.add_middleware(AuthMiddleware, auth=auth(), preflights=True)
    preflight = asgi.call(app, "/items", PREFLIGHT, method="OPTIONS")
    assert (preflight.status, preflight.one("access-control-allow-origin")) == (200, ORIGIN)
    assert asgi.call(app, "/items", [("origin", ORIGIN)]).status == 401
    assert not caplog.records


def test_a_mounted_app_with_cors_of_its_own_is_named(caplog):
    inner, app = with_routes(FastAPI()), FastAPI()
    inner.add_middleware(CORSMiddleware, **CORS)
    app.mount("/sub", inner)
    protect(app, auth=auth())
    assert asgi.call(app, "/sub/items", PREFLIGHT, method="OPTIONS").status == 401
    assert "at /sub " in caplog.text and "preflights=['/sub/*']" in caplog.text


def test_without_cors_middleware_a_preflight_learns_nothing_of_the_routes():
    app = with_routes(FastAPI())
    protect(app, auth=auth())
    for path in ("/items", "/nowhere"):
        assert asgi.call(app, path, PREFLIGHT, method="OPTIONS").status == 401


def test_a_plain_options_needs_credentials(app):
    assert asgi.call(app, "/items", method="OPTIONS").status == 401
    assert asgi.call(app, "/items", [("origin", ORIGIN)], method="OPTIONS").status == 401


def test_a_cors_middleware_in_the_constructor_counts_too():
    from starlette.middleware import Middleware

    app = with_routes(FastAPI(middleware=[Middleware(CORSMiddleware, **CORS)]))
    protect(app, auth=auth())
    reply = asgi.call(app, "/items", [("origin", ORIGIN)])
    assert (reply.status, reply.one("access-control-allow-origin")) == (401, ORIGIN)
