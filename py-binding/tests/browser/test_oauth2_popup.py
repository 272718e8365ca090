"""Swagger UI's OAuth2 log-in opens a window that must find its way back through the oauth2-redirect page.

That page is an inline script that calls `window.opener`: the page policy must allow the script, and the opener policies
of both pages must leave the link between the two windows alone (with `same-origin` on either it is cut).
"""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from fastapi import FastAPI, Security
from fastapi.security import OAuth2AuthorizationCodeBearer
from sallet import ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import protect
from starlette.types import Receive, Scope, Send

from .apps import TOKEN, bearer
from .chromium import Watched
from .serving import serve
from .swagger import open_docs, operation, try_out

IN_A_SANDBOX = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy({**ContentSecurityPolicy.STRICT.directives, "sandbox": []})
)


async def identity_provider(scope: Scope, receive: Receive, send: Send) -> None:
    """Agrees at once: sends the window back with a code."""
    if scope["type"] != "http":
        return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    back = f"{query['redirect_uri']}?{urlencode({'code': 'a-code', 'state': query['state']})}"
    page = f'<link rel="icon" href="data:,"><meta http-equiv="refresh" content="0; url={html.escape(back)}">'
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": page.encode()})


def app_with_login(provider: str, **options: Any) -> FastAPI:
    app = FastAPI()
    scheme = OAuth2AuthorizationCodeBearer(authorizationUrl=f"{provider}/authorize", tokenUrl="/token")

    @app.get("/items")
    async def items(token: str = Security(scheme)) -> str:
        return token

    @app.post("/token", include_in_schema=False)
    async def token() -> dict[str, str]:
        return {"access_token": TOKEN, "token_type": "bearer"}

    protect(app, auth=bearer(), public=["POST /token"], **options)
    return app


@pytest.mark.parametrize("headers", [SecurityHeaders.STRICT, IN_A_SANDBOX], ids=["strict", "sandbox"])
def test_the_window_comes_back_with_a_token(watch: Watched, headers: SecurityHeaders) -> None:
    # Another host name than the application's, so that the window crosses origins as in real life.
    with serve(identity_provider) as provider, serve(
        app_with_login(f"http://localhost:{provider}", headers=headers)
    ) as port:
        page = watch.page
        open_docs(page, f"http://127.0.0.1:{port}")
        page.get_by_role("button", name="Authorize").click()
        login = page.locator(".auth-container").filter(has=page.locator("#client_id_authorizationCode"))
        login.locator("#client_id_authorizationCode").fill("browser-test")
        with page.context.expect_page() as opened:
            login.locator("button.authorize").click()
        page.locator(".auth-btn-wrapper button", has_text="Logout").wait_for()
        assert opened.value.is_closed()
        page.locator(".auth-btn-wrapper .btn-done").first.click()
        assert try_out(operation(page, "get", "/items")) == "200"
    assert watch.complaints() == []
