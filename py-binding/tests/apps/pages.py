"""Pages with inline scripts that need the request's nonce."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from sallet import NONCE, SELF, ContentSecurityPolicy, SecurityHeaders
from sallet.fastapi import protect
from sallet.templates import csp_nonce

POLICY = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy(
        {"default-src": [SELF], "script-src": [SELF, NONCE], "style-src": [NONCE], "base-uri": [SELF]}
    ),
    content_security_policy_report_only=ContentSecurityPolicy({"script-src": [NONCE], "base-uri": [SELF]}),
)

templates = Jinja2Templates(directory=Path(__file__).parent / "templates", context_processors=[csp_nonce])


class DataPage(JSONResponse):
    """JSON that calls itself a page, so that its policy has the nonce."""

    media_type = "text/html"


def page(nonce: str) -> str:
    return f'<!doctype html><style nonce="{nonce}"></style><script nonce="{nonce}">1</script>'


def make() -> FastAPI:
    app = FastAPI()

    @app.get("/slow")
    async def slow(request: Request) -> Response:
        before = request.state.csp_nonce
        # Let the others in between.
        await asyncio.sleep(random.random() / 100)  # noqa: S311
        assert request.state.csp_nonce == before
        return HTMLResponse(page(before))

    @app.get("/template")
    async def template(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html")

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("boom")

    @app.exception_handler(404)
    async def not_found(request: Request, error: Exception) -> Response:
        return HTMLResponse(page(request.state.csp_nonce), 404)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return HTMLResponse(page(request.state.csp_nonce), 500)

    return app


async def bare(scope: Any, receive: Any, send: Any) -> None:
    body = page(scope["state"]["csp_nonce"]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


app = make()
protect(app, headers=POLICY)
