"""Policies that a handler, a dependency or a decorator has said: how they add up, and requests and endpoints that are odd."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from harness import asgi
from sallet import NONCE, SecurityHeadersMiddleware, policy, set_policy
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from test_levels import EMPTY, named, sent


def test_functions_of_dependencies_and_of_the_route_add_up():
    """Each is given the policy that would be sent without it."""
    app = FastAPI(dependencies=[Depends(policy(named("all")))])
    router = APIRouter(dependencies=[Depends(policy(lambda policy: policy.replace(x_frame_options="DENY")))])
    router.get("/")(lambda: "router")
    app.include_router(router)
    reply = asgi.call(SecurityHeadersMiddleware(app, named("app")))
    assert reply.one("x-from") == "all" and reply.one("x-frame-options") == "DENY"

    decorated = FastAPI(dependencies=[Depends(policy(lambda policy: policy.replace(x_frame_options="DENY")))])
    decorated.get("/")(policy(named("route"))(lambda: "route"))
    reply = asgi.call(SecurityHeadersMiddleware(decorated, named("app")))
    assert reply.one("x-from") == "route" and reply.one("x-frame-options") == "DENY"


@pytest.mark.parametrize("by", ["set_policy", "dependency"])
def test_a_policy_that_was_said_brings_its_nonce(by):
    """Also where no other policy has one."""
    noncy = EMPTY.replace(content_security_policy={"script-src": [NONCE]})
    app = FastAPI()

    @app.get("/", dependencies=[Depends(policy(noncy))] if by == "dependency" else [])
    def page(request: Request):
        if by == "set_policy":
            set_policy(request, noncy)
        return HTMLResponse(request.state.csp_nonce)

    protect(app)
    reply = asgi.call(app)
    assert reply.one("content-security-policy") == f"script-src 'nonce-{reply.body.decode()}'"


def test_a_request_that_is_tried_again_knows_nothing_of_the_first_time():
    """A middleware around may call the app once more, with the very scope, where nothing has been sent."""
    tries = []

    async def fails_once(scope, receive, send):
        tries.append(scope)
        if len(tries) == 1:
            set_policy(scope, named("first"))
            raise ConnectionError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with pytest.raises(RuntimeError, match="has started"):
            set_policy(scope, EMPTY)
        await send({"type": "http.response.body", "body": b""})

    inside = SecurityHeadersMiddleware(fails_once, named("app"))

    async def again(scope, receive, send):
        try:
            await inside(scope, receive, send)
        except ConnectionError:
            await inside(scope, receive, send)

    reply = asgi.call(again)
    assert reply.error is None and reply.all("x-from") == ["app"] and tries[0] is tries[1]


@pytest.mark.parametrize("answer", ["text", ValueError("no such name")])
def test_an_endpoint_that_answers_to_every_name_has_no_policy(answer):
    """A mounted proxy of another app, say, once some route has a policy."""

    class Proxy:
        def __getattr__(self, name):
            if isinstance(answer, str):
                return answer
            raise answer

        async def __call__(self, scope, receive, send):
            await Response()(scope, receive, send)

    policy(named("of another route"))(lambda request: None)
    assert sent(SecurityHeadersMiddleware(Starlette(routes=[Mount("/", Proxy())]), named("app"))) == "app"


def test_what_is_taken_back_may_call_back():
    """A function that is dropped while the policy of the response is set: nothing waits for itself."""
    called = []

    class CallsBack:
        def __init__(self, scope):
            self.scope = scope

        def __call__(self, policy):
            return named("dropped")

        def __del__(self):
            set_policy(self.scope, lambda policy: named("last"))
            called.append(True)

    async def app(scope, receive, send):
        set_policy(scope, CallsBack(scope))
        set_policy(scope, named("second"))
        await Response()(scope, receive, send)

    assert sent(SecurityHeadersMiddleware(app, named("app"))) == "last" and called
