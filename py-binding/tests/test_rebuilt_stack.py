"""Instrumentations replace `app.build_middleware_stack`, and put back what they found: the check of `protect` stays."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from harness import asgi
from keys import READER, keyring
from sallet import SecurityHeaders
from sallet.fastapi import Bearer, protect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def make() -> FastAPI:
    app = FastAPI()

    @app.get("/secret")
    async def secret() -> str:
        return "secret"

    return app


class Own(Starlette):
    """Without `app.user_middleware`."""

    def build_middleware_stack(self):
        return self.router


def ask(app, path="/secret", *headers):
    return asgi.call(app, path, headers)


def put_back(app, found) -> None:
    """As OpenTelemetry's `uninstrument_app` does, at any time."""
    app.build_middleware_stack = found
    app.middleware_stack = app.build_middleware_stack()


@pytest.mark.parametrize("served", [False, True])
def test_the_stack_of_before_is_put_back(served):
    app = make()
    found = app.build_middleware_stack
    protect(app, auth=Bearer(keyring()), public=["/missing"])
    if served:
        assert ask(app).status == 401
    put_back(app, found)
    assert ask(app).status == 401
    assert ask(app).one("x-frame-options") == "DENY"
    assert ask(app, "/secret", asgi.bearer(READER)).json() == "secret"
    assert ask(app, "/missing").status == 404
    # The page has its own policy still.
    assert "cdn.jsdelivr.net" in ask(app, "/docs").one("content-security-policy")


def test_headers_alone_stay_too():
    app = make()
    found = app.build_middleware_stack
    protect(app, headers=SecurityHeaders.API)
    put_back(app, found)
    assert ask(app).one("x-content-type-options") == "nosniff"


def test_it_is_innermost_whatever_was_appended():
    app = make()
    protect(app, auth=Bearer(keyring()))
    app.user_middleware.append(Middleware(CORSMiddleware, allow_origins=["https://page.example"]))
    reply = ask(app, "/secret", ("origin", "https://page.example"))
    assert (reply.status, reply.one("access-control-allow-origin")) == (401, "https://page.example")
    assert len(reply.all("x-frame-options")) == 1


def test_the_layer_can_be_instrumented():
    """Sentry's SDK sets `__call__` of every class that a `Middleware` is given."""
    app = make()
    protect(app, auth=Bearer(keyring()))
    for layer in app.user_middleware:
        layer.cls.__call__ = layer.cls.__call__
    assert ask(app).status == 401


def test_a_replaced_list_of_middleware():
    app = make()
    protect(app, auth=Bearer(keyring()))
    app.user_middleware = []
    assert ask(app).status == 401


def test_a_stack_without_user_middleware_does_not_start():
    app = Own(routes=[Route("/secret", lambda request: PlainTextResponse("secret"))])
    protect(app, auth=Bearer(keyring()))
    reply = ask(app)
    assert reply.body != b"secret"
    assert "user_middleware" in str(reply.error)


def test_headers_alone_need_no_place_in_it():
    app = Own(routes=[Route("/", lambda request: PlainTextResponse("page"))])
    protect(app)
    assert ask(app, "/").one("x-frame-options") == "DENY"
