"""Where the policy of a response comes from: the handler, the route, the path, a function of the request, the app."""

from __future__ import annotations

import gc
import weakref

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from harness import asgi
from sallet import NONCE, SELF, SecurityHeaders, SecurityHeadersMiddleware, policy, set_policy
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

EMPTY = SecurityHeaders.EMPTY


def named(name):
    """A policy that can be told from others."""
    return EMPTY.replace(custom={"x-from": name})


def sent(app, path="/", **scope):
    reply = asgi.call(app, path, **scope)
    return ",".join(reply.all("x-from"))


def site(**options):
    """An app with something said at every level."""
    app = FastAPI()
    router = APIRouter(dependencies=[Depends(policy(named("router")))])

    @app.get("/rule/plain")
    @app.get("/plain")
    def plain():
        return "plain"

    @app.get("/rule/route")
    @policy(named("route"))
    def route():
        return "route"

    @app.get("/rule/handler")
    @policy(named("route"))
    async def handler(request: Request):
        set_policy(request, named("handler"))
        return "handler"

    @app.get("/rule/none")
    @policy(named("route"))
    def none(request: Request):
        set_policy(request, named("handler"))
        set_policy(request, None)
        return "none"

    @router.get("/routed")
    @policy(named("route"))
    def routed():
        return "routed"

    @app.get("/asks")
    @policy(named("route"))
    def asks(number: int):
        return number

    app.include_router(router, prefix="/rule")
    protect(app, headers=options.pop("headers", named("app")), paths={"/rule/*": named("rule")}, **options)
    return app


def test_the_nearest_place_speaks():
    app = site(headers=lambda scope: named("function") if scope["path"] == "/plain" else None)
    assert sent(app, "/rule/handler") == "handler"
    assert sent(app, "/rule/none") == "route"
    assert sent(app, "/rule/route") == "route"
    assert sent(app, "/rule/routed") == "router"
    assert sent(app, "/rule/plain") == sent(app, "/rule/missing") == "rule"
    assert sent(app, "/plain") == "function"
    assert asgi.call(app, "/other").one("x-frame-options") == "DENY"  # STRICT
    assert sent(site(), "/other") == "app"


def test_a_policy_of_a_route_is_on_what_answers_for_it():
    """FastAPI's own 422, for one."""
    reply = asgi.call(site(), "/asks")
    assert reply.status == 422 and reply.one("x-from") == "route"


def test_a_class_of_an_endpoint_has_one_too():
    @policy(named("class"))
    class Page(HTTPEndpoint):
        async def get(self, request):
            return PlainTextResponse("page")

    app = Starlette(routes=[Route("/", Page)])
    assert sent(SecurityHeadersMiddleware(app, named("app"))) == "class"
    assert asgi.call(SecurityHeadersMiddleware(app, named("app")), method="POST").all("x-from") == ["class"]  # its 405


def test_one_header_is_dropped_or_changed_by_a_function_of_the_policy():
    app = FastAPI()

    @app.get("/")
    def page(request: Request):
        set_policy(request, lambda policy: policy.replace(x_frame_options=None))
        csp = "content_security_policy"
        set_policy(request, lambda policy: policy.replace(**{csp: getattr(policy, csp).extend({"img-src": ["https://a.example"]})}))
        return HTMLResponse("page")

    protect(app)
    reply = asgi.call(app)
    assert reply.all("x-frame-options") == [] and reply.one("referrer-policy")
    assert "img-src 'self' data: https://a.example" in reply.one("content-security-policy")
    assert "upgrade-insecure-requests" not in reply.one("content-security-policy")
    assert "upgrade-insecure-requests" in asgi.call(app, scheme="https").one("content-security-policy")


def test_a_policy_of_a_route_may_be_a_function_too():
    app = Starlette(routes=[Route("/", policy(lambda policy: policy.replace(x_frame_options=None))(lambda r: Response()))])
    reply = asgi.call(SecurityHeadersMiddleware(app))
    assert reply.all("x-frame-options") == [] and reply.one("referrer-policy")


def test_a_csp_is_widened_under_a_nonce():
    app = FastAPI()

    @app.get("/")
    def page(request: Request):
        def widened(policy):
            csp = policy.content_security_policy.extend({"script-src": ["https://cdn.example"]})
            return policy.replace(content_security_policy=csp)

        set_policy(request, widened)
        return HTMLResponse(request.state.csp_nonce)

    protect(app, headers=EMPTY.replace(content_security_policy={"script-src": [SELF, NONCE]}))
    for _ in range(2):
        reply = asgi.call(app)
        nonce = reply.body.decode()
        assert reply.one("content-security-policy") == f"script-src 'self' 'nonce-{nonce}' https://cdn.example"
        assert reply.one("cache-control") == "private"


@pytest.mark.parametrize("override", [False, True, "add"])
def test_every_layer_sends_it(override):
    def endpoint(request):
        set_policy(request, named("handler"))
        return PlainTextResponse("")

    inner = SecurityHeadersMiddleware(Starlette(routes=[Route("/", endpoint)]), named("inner"))
    app = SecurityHeadersMiddleware(inner, SecurityHeaders.STRICT, paths={"/": named("rule")}, override=override)
    reply = asgi.call(app)
    assert reply.all("x-from") == ["handler"] and not reply.has("x-frame-options")


def copies(app):
    async def copying(scope, receive, send):
        await app(dict(scope), receive, send)

    return copying


def test_a_copy_of_the_scope_leads_to_the_same_layers():
    async def endpoint(request):
        set_policy(request, EMPTY)
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/", endpoint)])
    assert not asgi.call(SecurityHeadersMiddleware(copies(app))).has("x-frame-options")
    assert not asgi.call(SecurityHeadersMiddleware(copies(SecurityHeadersMiddleware(copies(app))))).has("x-frame-options")


def test_a_dependency_or_a_middleware_may_say_it():
    def dependency(connection: HTTPConnection):
        set_policy(connection, named("dependency"))

    app = FastAPI(dependencies=[Depends(dependency)])
    app.get("/")(lambda: "page")
    protect(app)
    assert sent(app) == "dependency"

    class Says(BaseHTTPMiddleware):
        async def dispatch(self, request, call_next):
            set_policy(request, named("middleware"))
            return await call_next(request)

    assert sent(SecurityHeadersMiddleware(Says(Starlette()))) == "middleware"


def test_it_holds_for_the_answer_to_an_exception_and_for_a_304():
    app = FastAPI()

    @app.get("/{what}")
    def page(what: str, request: Request):
        set_policy(request.scope, named("handler"))
        if what == "teapot":
            raise HTTPException(418)
        if what == "boom":
            raise RuntimeError
        return Response(status_code=304)

    protect(app)
    for path, status in (("/teapot", 418), ("/boom", 500), ("/304", 304)):
        reply = asgi.call(app, path)
        assert (reply.status, reply.all("x-from")) == (status, ["handler"])
        assert not reply.has("x-frame-options")


def test_it_holds_for_the_denial_of_a_websocket():
    app = FastAPI()

    @app.websocket("/closes")
    async def closes(websocket: WebSocket):
        set_policy(websocket, named("handler"))
        await websocket.close()

    @app.websocket("/denies")
    async def denies(websocket: WebSocket):
        set_policy(websocket, named("handler"))
        await websocket.send_denial_response(PlainTextResponse("no", 403))

    @app.websocket("/accepts")
    async def accepts(websocket: WebSocket):
        await websocket.accept()
        with pytest.raises(RuntimeError, match="the response has started"):
            set_policy(websocket, named("handler"))
        await websocket.close()
        seen.append("raised")

    seen: list[str] = []
    protect(app)
    for path in ("/closes", "/denies"):
        reply = asgi.connect(app, path)
        assert (reply.status, reply.all("x-from")) == (403, ["handler"])
    asgi.connect(app, "/accepts")
    assert seen == ["raised"]


def test_once_the_response_has_started_it_is_too_late():
    seen = []

    async def endpoint(request):
        async def body():
            with pytest.raises(RuntimeError, match="the response has started"):
                set_policy(request, EMPTY)
            seen.append("raised")
            yield b""

        return StreamingResponse(body())

    app = Starlette(routes=[Route("/", endpoint)])
    asgi.call(SecurityHeadersMiddleware(app))
    asgi.call(SecurityHeadersMiddleware(copies(app)))
    assert seen == ["raised"] * 2


def test_without_a_layer_it_says_so():
    def endpoint(request):
        set_policy(request, EMPTY)

    with pytest.raises(RuntimeError, match="no SecurityHeadersMiddleware is around this request: add one"):
        raise asgi.call(Starlette(routes=[Route("/", endpoint)])).error
    for forged in ("x", {}, SecurityHeadersMiddleware):
        scope = {"type": "http", "sallet.response": forged}
        with pytest.raises(RuntimeError):
            set_policy(scope, EMPTY)


@pytest.mark.parametrize("wrong", ["STRICT", {"x_frame_options": None}, 1, SecurityHeaders.STRICT.items()])
def test_what_is_no_policy(wrong):
    with pytest.raises(TypeError, match=r"set_policy: give a SecurityHeaders \(SecurityHeaders.EMPTY for no headers\)"):
        set_policy({}, wrong)
    with pytest.raises(TypeError, match="policy: give a SecurityHeaders"):
        policy(wrong)


def test_the_class_is_no_function_that_chooses():
    for place, make in {
        "headers": lambda: SecurityHeadersMiddleware(site, SecurityHeaders),
        'paths: "/a"': lambda: SecurityHeadersMiddleware(site, paths={"/a": SecurityHeaders}),
        "set_policy": lambda: set_policy({}, SecurityHeaders),
        "policy": lambda: policy(SecurityHeaders),
    }.items():
        with pytest.raises(TypeError, match=rf"^{place}: SecurityHeaders is the class: write SecurityHeaders\(\)"):
            make()


async def never(policy):
    return policy


def test_nobody_waits_for_a_policy():
    for make in (lambda: set_policy({}, never), lambda: policy(never), lambda: SecurityHeadersMiddleware(site, never)):
        with pytest.raises(TypeError, match="write def instead of async def"):
            make()
    with pytest.raises(TypeError, match="no headers is SecurityHeaders.EMPTY"):
        policy(None)
    with pytest.raises(TypeError, match="give the request first"):
        set_policy(SecurityHeaders.STRICT, None)


@pytest.mark.parametrize("bad", [lambda policy: 1 / 0, lambda policy: "STRICT", lambda policy: policy.nothing])
def test_a_function_that_fails_is_logged_and_strict_is_sent(bad, caplog):
    def endpoint(request):
        set_policy(request, bad)
        return PlainTextResponse("")

    reply = asgi.call(SecurityHeadersMiddleware(Starlette(routes=[Route("/", endpoint)]), named("app")))
    assert reply.one("x-frame-options") == "DENY" and not reply.has("x-from")
    assert "set_policy: choosing the policy failed, so STRICT was sent" in caplog.text


def test_a_function_without_an_opinion_changes_nothing():
    def endpoint(request):
        set_policy(request, lambda policy: None)
        return PlainTextResponse("")

    assert sent(SecurityHeadersMiddleware(Starlette(routes=[Route("/", endpoint)]), named("app"))) == "app"


def test_functions_see_the_request_as_it_came():
    """Routers write into the scope on the way, and functions are called when the response starts."""
    seen = []

    def chosen(scope):
        seen.append((scope["path"], scope["method"], scope.get("root_path"), "endpoint" in scope))

    def endpoint(request):
        request.scope["path"] = "/elsewhere"
        request.scope["method"] = "PUT"
        return JSONResponse({})

    app = Starlette(routes=[Mount("/sub", routes=[Route("/page", endpoint)])])
    asgi.call(SecurityHeadersMiddleware(app, chosen, paths={"/sub/page": chosen}), "/sub/page")
    assert seen == [("/sub/page", "GET", "", True)] * 2


def test_what_a_middleware_has_found_out_decides():
    """As a tenant: the function is called when the response starts."""

    def tenant(app):
        async def finds(scope, receive, send):
            scope["state"] = {"tenant": scope["path"][1:]}
            await app(scope, receive, send)

        return finds

    app = SecurityHeadersMiddleware(tenant(Starlette()), lambda scope: named(scope["state"]["tenant"]))
    assert [sent(app, path) for path in ("/a", "/b")] == ["a", "b"]


def test_no_request_is_kept_by_its_layers():
    class Marked:
        pass

    async def app(scope, receive, send):
        set_policy(scope, lambda policy: policy)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    gc.collect()
    gc.disable()
    try:
        mark = Marked()
        alive = weakref.ref(mark)
        asgi.call(SecurityHeadersMiddleware(app), mark=mark)
        del mark
        assert alive() is None, "a cycle that only the collector would find"
    finally:
        gc.enable()
