"""The header peers: the FastAPI article's middleware and three packages, each as its own page shows it."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import secure
import secure.middleware
from fastapi_security_headers import Presets, SecurityHeadersConfig, SecurityHeadersMiddleware
from Secweb import SecWeb  # type: ignore[attr-defined]
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from contenders.bare import App


def version(package: str) -> str:
    return metadata.version(package)


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


def fastapi_security_headers(app: App) -> Any:
    """The preset that its README recommends for FastAPI; the default one sends no Content-Security-Policy."""
    return SecurityHeadersMiddleware(app, config=Presets.swagger_friendly())


# The two that take fields of one's own, with as many as the growth of a policy asks for, and nothing else.


def fastapi_security_headers_custom(app: App, fields: dict[str, str]) -> Any:
    config = SecurityHeadersConfig(
        x_content_type_options=False,
        x_frame_options=None,
        x_xss_protection=None,
        strict_transport_security=None,
        referrer_policy=None,
        permissions_policy=None,
        cross_origin_opener_policy=None,
        cross_origin_resource_policy=None,
        custom_headers=fields,
    )
    return SecurityHeadersMiddleware(app, config=config)


def secure2_custom(app: App, fields: dict[str, str]) -> Any:
    custom = [secure.CustomHeader(name, value) for name, value in fields.items()]
    return secure.middleware.SecureASGIMiddleware(app, secure=secure.Secure(custom=custom))
