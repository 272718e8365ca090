"""Docs pages of one's own, and Starlette's page for an exception: what each is allowed, and that nothing else is.

What a browser makes of them is tested in `browser/`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import HTMLResponse
from fastapi.security import OAuth2PasswordBearer
from harness import asgi
from sallet import NONCE, UNSAFE_HASHES, ContentSecurityPolicy, SecurityHeaders, script_hash
from sallet.fastapi import docs_page, protect
from starlette.applications import Starlette
from starlette.routing import Route
from test_docs_policy import STRICT_CSP, assert_page_works, csp

MADE = {
    "swagger-ui": lambda: get_swagger_ui_html(openapi_url="/openapi.json", title="Mine", swagger_js_url="/static/ui.js"),
    "redoc": lambda: get_redoc_html(openapi_url="/openapi.json", title="Mine"),
    "oauth2-redirect": get_swagger_ui_oauth2_redirect_html,
}


def app_with(make: Any, **options: Any) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.get("/mine", include_in_schema=False)
    async def mine(request: Request) -> HTMLResponse:
        return docs_page(request, make())

    @app.get("/bare", include_in_schema=False)
    async def bare() -> HTMLResponse:
        return make()

    protect(app, **options)
    return app


@pytest.mark.parametrize("kind", MADE)
def test_a_page_of_ones_own_is_allowed_what_it_holds(kind: str) -> None:
    app = app_with(MADE[kind])
    reply = asgi.call(app, "/mine")
    assert_page_works(reply)
    assert asgi.call(app, "/bare").one("content-security-policy") == STRICT_CSP
    if kind == "swagger-ui":
        assert "'self'" in csp(reply)["script-src"]
        assert reply.one("cross-origin-opener-policy") == "same-origin-allow-popups"


def test_the_policy_is_the_one_that_the_response_would_have() -> None:
    csp_given = ContentSecurityPolicy({"default-src": ["'none'"], "script-src": [NONCE], "sandbox": []})
    headers = SecurityHeaders.EMPTY.replace(content_security_policy=csp_given, referrer_policy="no-referrer")
    app = app_with(MADE["swagger-ui"], paths={"/mine": headers})
    reply = asgi.call(app, "/mine")
    text = re.sub(r"'nonce-[^']+'", NONCE, reply.one("content-security-policy"))
    policy = ContentSecurityPolicy(text).directives
    assert reply.one("referrer-policy") == "no-referrer" and not reply.has("x-frame-options")
    assert {"allow-scripts", "allow-same-origin"} <= set(policy["sandbox"])
    assert NONCE in policy["script-src"] and any(source.startswith("'sha256-") for source in policy["script-src"])
    bare = asgi.call(app_with(MADE["swagger-ui"], paths={"/bare": headers}), "/bare")
    assert bare.one("content-security-policy").endswith("; sandbox")


def test_the_oauth2_flow_may_reach_its_token_url() -> None:
    app = app_with(MADE["swagger-ui"])
    scheme = OAuth2PasswordBearer(tokenUrl="https://login.example/token")

    @app.get("/me", dependencies=[Depends(scheme)])
    async def me() -> str:
        return "ok"

    assert "https://login.example" in csp(asgi.call(app, "/mine"))["connect-src"]


def test_another_page_is_allowed_its_own_text_alone() -> None:
    html = '<script>go()</script><button onclick="go()">Go</button><img src="https://img.example/a.png">'
    policy = csp(asgi.call(app_with(lambda: HTMLResponse(html)), "/mine"))
    assert policy["script-src"] == ["'self'", script_hash("go()")]
    assert policy["script-src-attr"] == [UNSAFE_HASHES, script_hash("go()")]
    assert "https://img.example/a.png" in policy["img-src"]
    assert "connect-src" not in policy


def test_without_a_layer_it_says_so() -> None:
    app = FastAPI()

    @app.get("/mine")
    async def mine(request: Request) -> HTMLResponse:
        return docs_page(request, MADE["redoc"]())

    assert isinstance(asgi.call(app, "/mine").error, RuntimeError)


# Starlette's page for an exception

HTML = [("accept", "text/html")]


def failing(**options: Any) -> Starlette:
    async def fail(request: Request) -> None:
        raise RuntimeError("<script>alert(1)</script>")

    app = Starlette(routes=[Route("/fail", fail)], **options)
    protect(app)
    return app


def test_the_debug_page_is_allowed_its_script_and_styles() -> None:
    reply = asgi.call(failing(debug=True), "/fail", HTML)
    assert reply.status == 500 and b"Starlette Debugger" in reply.body
    policy = csp(reply)
    assert len([source for source in policy["script-src"] if source.startswith("'sha")]) == 1
    assert policy["script-src-attr"] == [UNSAFE_HASHES, script_hash("collapse(this)")]
    assert "'unsafe-inline'" not in str(policy)


def test_nothing_else_is_relaxed_by_it() -> None:
    app = failing(debug=True)
    asgi.call(app, "/fail", HTML)
    assert asgi.call(app, "/nowhere", HTML).one("content-security-policy") == STRICT_CSP
    assert asgi.call(failing(debug=False), "/fail", HTML).one("content-security-policy") == STRICT_CSP
    own = failing(debug=False, exception_handlers={500: lambda request, error: HTMLResponse("sorry", 500)})
    assert asgi.call(own, "/fail", HTML).one("content-security-policy") == STRICT_CSP
