"""The nonce in pages: `sallet.csp_nonce`, and what Jinja2 is given."""

from __future__ import annotations

import re

import jinja2
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.templating import Jinja2Templates
from harness import asgi
from sallet import NONCE, SELF, SecurityHeaders, SecurityHeadersMiddleware, csp_nonce, set_policy, templates
from sallet.fastapi import protect

POLICY = SecurityHeaders.EMPTY.replace(content_security_policy={"script-src": [SELF, NONCE]})
PAGES = {
    "attribute.html": "<script {{ csp_nonce_attr }}>1</script>",
    "value.html": '<script nonce="{{ csp_nonce }}">1</script>',
    "macro.html": "{% macro script(request) %}<script {{ csp_nonce_attr_of(request) }}>1</script>{% endmacro %}",
    "imports.html": '{% import "macro.html" as macros %}{{ macros.script(request) }}',
    "function.html": '<script nonce="{{ csp_nonce_of(request) }}">1</script>',
}


def site(policy):
    environment = jinja2.Environment(loader=jinja2.DictLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined)
    environment.globals.update(templates.globals())
    pages = Jinja2Templates(env=environment, context_processors=[templates.csp_nonce])
    app = FastAPI()

    @app.get("/{page}")
    def show(request: Request, page: str):
        return pages.TemplateResponse(request, page)

    if policy is not None:
        protect(app, headers=policy)
    return app


@pytest.mark.parametrize("page", [name for name in PAGES if name != "macro.html"])
def test_each_way_to_write_it(page):
    reply = asgi.call(site(POLICY), f"/{page}")
    [nonce] = re.findall("'nonce-([^']{22})'", reply.one("content-security-policy"))
    assert reply.body.decode() == f'<script nonce="{nonce}">1</script>'


@pytest.mark.parametrize("page", ["attribute.html", "value.html"])
def test_a_page_shared_with_a_policy_that_has_none_still_renders(page):
    """Under `StrictUndefined` a missing name would be a 500."""
    reply = asgi.call(site(SecurityHeaders.STRICT), f"/{page}")
    assert reply.status == 200 and re.search(rb'nonce="[^"]{22}"', reply.body)
    assert "nonce" not in reply.one("content-security-policy") and not reply.has("cache-control")


def test_without_a_layer_a_strict_template_says_so():
    with pytest.raises(jinja2.UndefinedError, match="csp_nonce"):
        raise asgi.call(site(None), "/value.html").error
    with pytest.raises(RuntimeError, match="csp_nonce: no SecurityHeadersMiddleware is around this request"):
        raise asgi.call(site(None), "/function.html").error


def test_it_is_a_str_and_the_same_wherever_it_is_asked_for():
    seen = []

    async def app(scope, receive, send):
        seen.extend([scope["state"]["csp_nonce"], csp_nonce(scope), csp_nonce(Request(scope))])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(csp_nonce(scope))
        await send({"type": "http.response.body", "body": b""})
        seen.append(csp_nonce(scope))

    reply = asgi.call(SecurityHeadersMiddleware(app, POLICY))
    [nonce] = re.findall("'nonce-([^']*)'", reply.one("content-security-policy"))
    assert seen == [nonce] * 5 and {type(one) for one in seen} == {str}


def test_a_streamed_page_has_it():
    app = FastAPI()

    @app.get("/")
    def page(request: Request):
        def body():
            yield f'<script nonce="{csp_nonce(request)}">'

        return StreamingResponse(body(), media_type="text/html")

    protect(app, headers=POLICY)
    reply = asgi.call(app)
    [nonce] = re.findall("'nonce-([^']*)'", reply.one("content-security-policy"))
    assert reply.body.decode() == f'<script nonce="{nonce}">'
    # Where none was drawn before, none can be in the policy any more.
    plain = FastAPI()
    plain.get("/")(page)
    protect(plain)
    cut = asgi.call(plain)
    assert cut.body == b"" and "csp_nonce: the response has started" in repr(cut.error)


def test_a_policy_that_only_the_handler_chooses_has_it():
    app = FastAPI()

    @app.get("/before")
    def before(request: Request):
        nonce = csp_nonce(request)
        set_policy(request, POLICY)
        return HTMLResponse(nonce)

    @app.get("/never")
    def never(request: Request):
        set_policy(request, POLICY)
        return HTMLResponse("a page without scripts of its own")

    protect(app)
    reply = asgi.call(app, "/before")
    assert reply.one("content-security-policy") == f"script-src 'self' 'nonce-{reply.body.decode()}'"
    never_asked = asgi.call(app, "/never").one("content-security-policy")
    assert re.fullmatch("script-src 'self' 'nonce-[A-Za-z0-9_-]{22}'", never_asked)


def test_the_text_of_a_policy_can_be_sent_as_it_is():
    """`str(policy)` has a placeholder, and over http `upgrade-insecure-requests` has no place."""
    csp = SecurityHeaders.STRICT.content_security_policy.extend({"script-src": [NONCE]})
    app = FastAPI()

    @app.get("/{kind}")
    def page(request: Request, kind: str):
        own = {"content-security-policy": str(csp.extend({"img-src": ["https://a.example"]}))}
        if kind == "json":
            return own
        return HTMLResponse(request.state.csp_nonce, headers=own)

    protect(app, headers=SecurityHeaders.STRICT.replace(content_security_policy=csp))
    for scheme in ("http", "https"):
        reply = asgi.call(app, "/page", scheme=scheme)
        sent = reply.one("content-security-policy")
        assert f"script-src 'self' 'nonce-{reply.body.decode()}'" in sent and "https://a.example" in sent
        assert ("upgrade-insecure-requests" in sent) == (scheme == "https")
        assert reply.one("cache-control") == "private"


def test_a_head_is_answered_as_its_get():
    app = FastAPI()
    app.api_route("/page", methods=["GET", "HEAD"])(lambda: HTMLResponse(""))
    app.api_route("/data", methods=["GET", "HEAD"])(lambda: {})
    protect(app, headers=POLICY)
    for path, nonce in (("/page", True), ("/data", False)):
        for method in ("GET", "HEAD"):
            reply = asgi.call(app, path, method=method)
            assert ("'nonce-" in reply.one("content-security-policy")) == nonce
            assert reply.has("cache-control") == nonce
