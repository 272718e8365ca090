"""Sallet, as its README shows it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from sallet import (
    NONCE,
    SELF,
    AuthMiddleware,
    Bearer,
    ContentSecurityPolicy,
    Keyring,
    SecurityHeaders,
    SecurityHeadersMiddleware,
)
from sallet.fastapi import Bearer as FastAPIBearer
from sallet.fastapi import protect

from contenders.bare import App, Fields
from request import TOKENS

POLICY = {"default-src": [SELF], "base-uri": [SELF], "form-action": [SELF], "object-src": ["'none'"]}
NONCED = SecurityHeaders(content_security_policy=ContentSecurityPolicy({**POLICY, "script-src": [SELF, NONCE]}))
REALM = "bench"


def fields() -> Fields:
    """What STRICT sends, for the contenders that are to send the same."""
    return [(name.encode(), value.encode()) for name, value in SecurityHeaders.STRICT.items()]


def nonce_fields() -> Fields:
    """The same with a nonce in the policy, written `{nonce}`."""
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in POLICY.items())
    policy += "; script-src 'self' 'nonce-{nonce}'"
    rest = [(name, value) for name, value in fields() if name != b"content-security-policy"]
    return [*rest, (b"content-security-policy", policy.encode())]


def headers(app: App, policy: SecurityHeaders = SecurityHeaders.STRICT) -> Any:
    return SecurityHeadersMiddleware(app, headers=policy)


def nonce(app: App) -> Any:
    return headers(app, NONCED)


def bearer(app: App, tokens: dict[str, str] = TOKENS) -> Any:
    return AuthMiddleware(app, auth=Bearer(Keyring.from_tokens(tokens), realm=REALM))


def both(app: App) -> Any:
    return SecurityHeadersMiddleware(bearer(app))


def fastapi(app: App) -> FastAPI:
    """A FastAPI application whose router hands over to `app` at once: FastAPI's own layers, and no route's noise."""
    outer = FastAPI()
    outer.router.middleware_stack = app  # type: ignore[assignment]
    return outer


def protected_fastapi(app: App) -> FastAPI:
    outer = fastapi(app)
    protect(outer, auth=FastAPIBearer(Keyring.from_tokens(TOKENS), realm=REALM))
    return outer
