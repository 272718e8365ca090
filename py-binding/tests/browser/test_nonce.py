"""A page policy with a nonce: the page's own inline script runs, an injected one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import protect

from .chromium import Watched
from .serving import serve

POLICY = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy({"default-src": [SELF], "script-src": [NONCE], "base-uri": [SELF]})
)


ON_TRIAL = SecurityHeaders.EMPTY.replace(content_security_policy_report_only={"script-src": [NONCE]})
WITH_REPORTS = SecurityHeaders.EMPTY.replace(
    content_security_policy={"script-src": [NONCE]}, content_security_policy_report_only={"script-src": [NONCE]}
)


def app() -> FastAPI:
    application = FastAPI()
    protect(application, headers=POLICY)
    return with_page(application)


def one_on_trial_inside() -> FastAPI:
    application = app()
    application.add_middleware(SecurityHeadersMiddleware, headers=ON_TRIAL)
    return application


def one_on_trial_outside() -> Any:
    return SecurityHeadersMiddleware(app(), ON_TRIAL)


def one_that_overrides() -> Any:
    return SecurityHeadersMiddleware(app(), WITH_REPORTS, override=True)


def a_mounted_child() -> FastAPI:
    parent = FastAPI()
    parent.mount("/sub", app())
    parent.mount("/", app())
    protect(parent, headers=WITH_REPORTS, override=True)
    return parent


def with_page(application: FastAPI) -> FastAPI:
    @application.get("/page", response_class=HTMLResponse)
    async def page(request: Request, comment: str = "") -> str:
        # Escapes nothing, as the page that a policy is the second line of defence for.
        nonce = request.state.csp_nonce
        return f"""<!doctype html><title>nonce</title><link rel="icon" href="data:,"><body>
        <script nonce="{nonce}">document.body.dataset.own = "ran"</script>
        <div>{comment}</div></body>"""

    return application


@pytest.mark.parametrize(
    "make", [one_on_trial_inside, one_on_trial_outside, one_that_overrides, a_mounted_child]
)
def test_the_page_of_two_layers_runs_and_nothing_is_reported(watch: Watched, make: Callable[[], Any]) -> None:
    with serve(make()) as port:
        watch.page.goto(f"http://127.0.0.1:{port}/page")
        assert watch.page.locator("body").get_attribute("data-own") == "ran"
        assert [violation for violation in watch.violations if violation["directive"].startswith("script-src")] == []


def test_only_the_script_with_the_nonce_runs(watch: Watched) -> None:
    page = watch.page
    with serve(app()) as port:
        base = f"http://127.0.0.1:{port}/page"
        page.goto(base)
        first = page.locator("script").evaluate("script => script.nonce")
        assert page.locator("body").get_attribute("data-own") == "ran"
        assert not [violation for violation in watch.violations if violation["directive"].startswith("script-src")]

        # Injected without a nonce, then with the nonce of another answer.
        for guess in ("", f'nonce="{first}"'):
            watch.violations.clear()
            page.goto(f"{base}?comment=<script {guess}>document.body.dataset.injected='ran'</script>")
            assert page.locator("body").get_attribute("data-own") == "ran"
            assert page.locator("body").get_attribute("data-injected") is None
            blocked = [(violation["directive"], violation["blocked"]) for violation in watch.violations]
            assert ("script-src-elem", "inline") in blocked
