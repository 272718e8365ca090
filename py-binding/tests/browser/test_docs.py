"""`protect(app)` leaves FastAPI's docs pages working under STRICT, however the application is reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from sallet import SCRIPT, SELF, ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import docs_page, protect

from .apps import LAYOUTS, TOKEN, bearer, default_app, reached, with_routes
from .cdn import Cdn, bundles
from .chromium import Watched
from .serving import serve
from .swagger import authorize, open_docs, operation, try_out
from .tab import Tab


@pytest.fixture(scope="module", params=LAYOUTS)
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    with reached(request.param) as url:
        yield url


@pytest.fixture(autouse=True)
def nothing_unknown(stand_in: tuple[Cdn, int]) -> Iterator[None]:
    """A page that asks the CDN for a file the stand-in lacks is not the page that people see."""
    yield
    assert stand_in[0].unknown == []


def test_swagger_takes_a_token_and_calls_the_operations(watch: Watched, base: str) -> None:
    open_docs(watch.page, base)
    assert watch.page.locator(".opblock").count() == 3

    authorize(watch.page, TOKEN)
    listed = operation(watch.page, "get", "/items")
    assert try_out(listed) == "200"
    assert '"who": "browser"' in listed.locator(".live-responses-table .microlight").first.inner_text()
    assert try_out(operation(watch.page, "post", "/items")) == "201"

    # A picture is shown from a blob: URL.
    picture = operation(watch.page, "get", "/picture")
    assert try_out(picture) == "200"
    shown = picture.locator(".live-responses-table img")
    shown.wait_for()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 32

    assert watch.complaints() == []


def test_swagger_without_a_token_shows_the_refusal(watch: Watched, base: str) -> None:
    open_docs(watch.page, base)
    block = operation(watch.page, "get", "/items")
    assert try_out(block) == "401"
    assert "www-authenticate: bearer realm" in block.locator(".live-responses-table").inner_text().lower()
    assert watch.violations == []


def test_redoc_draws_the_operations_and_searches(watch: Watched, base: str) -> None:
    page = watch.page
    page.goto(f"{base}/redoc")
    page.locator('[data-section-id="tag/items"]').first.wait_for()
    # The page's own style and those of the script both hold.
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    assert page.locator(".menu-content").evaluate("menu => getComputedStyle(menu).position") == "sticky"
    # The search runs in a worker made from a blob.
    page.locator(".search-input").fill("newest")
    page.locator("[data-role='search:results'] li").first.wait_for()
    assert watch.complaints() == []


SANDBOX = ContentSecurityPolicy({**ContentSecurityPolicy.STRICT.directives, "sandbox": []})
HARD = {
    "sandbox": {"content_security_policy": SANDBOX},
    # Of embedder policy and isolation the stand-in shows nothing: it promises Cross-Origin-Resource-Policy for every file.
    "all others": {
        "content_security_policy": [
            ContentSecurityPolicy.STRICT.extend({"require-trusted-types-for": [SCRIPT]}),
            {"script-src": [SELF], "style-src": [SELF], "worker-src": [SELF]},
        ],
        "integrity_policy": "blocked-destinations=(script style)",
        "integrity_policy_report_only": "blocked-destinations=(script style)",
        "cross_origin_embedder_policy": "require-corp",
        "document_isolation_policy": "isolate-and-require-corp",
    },
}


@pytest.mark.parametrize("which", HARD)
def test_under_policies_that_are_harder(watch: Watched, which: str) -> None:
    with serve(default_app(headers=SecurityHeaders(**HARD[which]))) as port:
        base = f"http://127.0.0.1:{port}"
        open_docs(watch.page, base)
        authorize(watch.page, TOKEN)
        assert try_out(operation(watch.page, "get", "/items")) == "200"
        watch.page.goto(f"{base}/redoc")
        watch.page.locator(".search-input").fill("newest")
        watch.page.locator("[data-role='search:results'] li").first.wait_for()
    assert watch.complaints() == []


def test_the_pages_policies_hold_on_those_paths_alone(watch: Watched) -> None:
    """The control that can fail: the very same page at another path is blocked."""
    app = default_app()

    @app.get("/copy", include_in_schema=False)
    async def copy() -> object:
        from fastapi.openapi.docs import get_swagger_ui_html

        return get_swagger_ui_html(openapi_url="/openapi.json", title="Copy")

    with serve(app) as port:
        watch.page.set_extra_http_headers({"authorization": f"Bearer {TOKEN}"})
        answer = watch.page.goto(f"http://127.0.0.1:{port}/copy")
        assert answer is not None and answer.status == 200
        watch.page.wait_for_load_state("networkidle")
        assert watch.page.locator(".opblock").count() == 0
    blocked = {violation["directive"] for violation in watch.violations}
    assert {"script-src-elem", "style-src-elem"} <= blocked


def test_without_the_page_policies_strict_blocks_the_docs(watch: Watched) -> None:
    """The control that can fail: `docs=False` leaves STRICT as it is, and the page stays empty."""
    with serve(default_app(docs=False)) as port:
        watch.page.set_extra_http_headers({"authorization": f"Bearer {TOKEN}"})
        answer = watch.page.goto(f"http://127.0.0.1:{port}/docs")
        assert answer is not None and answer.status == 200
        watch.page.wait_for_load_state("networkidle")
        assert watch.page.locator(".opblock").count() == 0
    blocked = {(violation["directive"], violation["blocked"]) for violation in watch.violations}
    assert ("script-src-elem", "inline") in blocked
    assert any(directive == "script-src-elem" and "swagger-ui-bundle.js" in url for directive, url in blocked)
    assert watch.said("Content Security Policy")


def test_a_page_of_ones_own_from_ones_own_files(watch: Watched) -> None:
    """FastAPI's documented way to serve Swagger UI without a CDN, in a route."""
    app = with_routes(FastAPI(docs_url=None), auth := bearer())
    app.mount("/static", StaticFiles(directory=bundles() / "swagger-ui-dist"))

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Mine",
            swagger_js_url="/static/swagger-ui-bundle.js",
            swagger_css_url="/static/swagger-ui.css",
            swagger_favicon_url="/static/favicon-32x32.png",
        )
        return docs_page(request, page)

    protect(app, auth=auth, public=["/docs", "/static/*"], headers=SecurityHeaders(**HARD["sandbox"]))
    with serve(app) as port:
        open_docs(watch.page, f"http://127.0.0.1:{port}")
        authorize(watch.page, TOKEN)
        assert try_out(operation(watch.page, "get", "/items")) == "200"
    assert watch.complaints() == []


def test_the_page_for_an_exception_while_debugging(tab: Tab) -> None:
    app = FastAPI(debug=True)

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError("<img src='data:,' onerror='document.body.dataset.injected = 1'>")

    protect(app)
    with serve(app, log_level="critical") as port:
        tab.goto(f"http://127.0.0.1:{port}/fail")
        assert tab.evaluate("getComputedStyle(document.querySelector('.traceback-title')).padding") == "12px"
        source = "document.querySelector('.source-code.collapsed')"
        assert tab.evaluate(f"getComputedStyle({source}).display") == "none"
        tab.evaluate(f"window.source = {source}, document.querySelector(`[data-frame-id='${{source.id}}']`).click(), 1")
        assert tab.evaluate("getComputedStyle(window.source).display") == "block"
        assert [said for said in tab.violations if not said["blocked"].endswith("favicon.ico")] == []
