"""The header peers: the FastAPI article's middleware, `secure` 2 and Secweb 2, each as its own page shows it."""

from __future__ import annotations

from typing import Any

import secure
import secure.middleware
from Secweb import SecWeb  # type: ignore[attr-defined]
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from bare import App

ARTICLE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=31556926; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "1; mode=block",
}


class ArticleMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(ARTICLE_HEADERS)
        return response


def article(app: App) -> Any:
    return ArticleMiddleware(app)


def secure2(app: App) -> Any:
    return secure.middleware.SecureASGIMiddleware(app, secure=secure.Secure.with_default_headers())


def secweb(app: App) -> Any:
    """`SecWeb(app=app)` calls `app.add_middleware`; Starlette would later do what `Stack` does at once."""

    class Stack:
        wrapped: Any = None

        def add_middleware(self, factory: Any, **options: Any) -> None:
            self.wrapped = factory(app, **options)

    stack = Stack()
    SecWeb(app=stack)  # type: ignore[arg-type]
    return stack.wrapped
