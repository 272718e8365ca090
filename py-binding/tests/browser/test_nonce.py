"""A page policy with a nonce: the page's own inline script runs, an injected one does not."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import protect

from .chromium import Watched
from .serving import serve

POLICY = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy({"default-src": [SELF], "script-src": [NONCE], "base-uri": [SELF]})
)


def app() -> FastAPI:
    application = FastAPI()
    protect(application, headers=POLICY)

    @application.get("/page", response_class=HTMLResponse)
    async def page(request: Request, comment: str = "") -> str:
        # Escapes nothing, as the page that a policy is the second line of defence for.
        nonce = request.state.csp_nonce
        return f"""<!doctype html><title>nonce</title><link rel="icon" href="data:,"><body>
        <script nonce="{nonce}">document.body.dataset.own = "ran"</script>
        <div>{comment}</div></body>"""

    return application


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
