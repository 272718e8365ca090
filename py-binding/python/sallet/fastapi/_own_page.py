"""Docs pages that you make yourself, and Starlette's page for an exception while debugging."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import Any, TypeVar

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response

from sallet import SecurityHeaders, set_policy
from sallet._routes import layers
from sallet.fastapi._page import merge, scan
from sallet.fastapi._relax import relaxed, servers

_Response = TypeVar("_Response", bound=Response)

# What tells the kinds apart, in the HTML of FastAPI's functions.
_SIGNS = {"window.opener.swaggerUIRedirectOauth2": "oauth2-redirect", "SwaggerUIBundle(": "swagger-ui", "<redoc ": "redoc"}
_CACHED_PAGES = 64


def docs_page(request: Request, page: _Response) -> _Response:
    """Gives a docs page that you have made the policy that it needs, and returns it.

    FastAPI's own pages at `docs_url` and `redoc_url` need no such call. Use it for one that a route returns:

    ```python
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        page = get_swagger_ui_html(openapi_url="/openapi.json", title="Docs", swagger_js_url="/static/swagger-ui-bundle.js")
        return docs_page(request, page)
    ```

    The response gets the policy that it would have anyway, which also allows each inline script and style of the page by
    its hash, each file that it links to by its URL, and what Swagger UI or ReDoc do once they are loaded. Under `auth` the
    path is open only if you name it in `public`.

    Every script in `page` may run, so the page must not hold anything that a visitor has sent: not the query, and not a
    `root_path` that a proxy takes from a header.

    Raises:
        RuntimeError: As `set_policy`.
    """
    html = bytes(page.body).decode(page.charset)
    kind = next((kind for sign, kind in _SIGNS.items() if sign in html), "")
    app = request.scope.get("app")
    remote = tuple(servers(app).get("connect-src", ())) if kind == "swagger-ui" and isinstance(app, FastAPI) else ()
    set_policy(request, lambda policy: _for_page(policy, kind, html, remote))
    return page


@lru_cache(_CACHED_PAGES)
def _for_page(policy: SecurityHeaders, kind: str, html: str, remote: tuple[str, ...]) -> SecurityHeaders:
    return relaxed(policy, kind, merge(scan(html), {"connect-src": list(remote)}))


def allow_debug_page(stack: Any) -> None:
    """Lets the script and the styles of Starlette's page for an exception run, on that answer alone.

    It is there under `debug=True` only. What is allowed is what a page for an exception of our own holds, so that the
    text of a real one, which a visitor may have shaped, allows nothing.
    """
    for layer in layers(stack):
        if isinstance(layer, ServerErrorMiddleware) and layer.debug:
            _allow_page_of(layer)


def _allow_page_of(layer: ServerErrorMiddleware) -> None:
    make = layer.debug_response

    def debug_response(request: Request, exc: Exception) -> Response:
        # After the response has started the page is made too, and not sent.
        with contextlib.suppress(RuntimeError):
            set_policy(request, lambda policy: relaxed(policy, "debug", scan(_debug_page(layer))))
        return make(request, exc)

    layer.debug_response = debug_response  # type: ignore[method-assign]


def _debug_page(layer: ServerErrorMiddleware) -> str:
    try:
        raise RuntimeError
    except RuntimeError as error:
        return layer.generate_html(error)
