"""Starlette's AuthenticationMiddleware with a backend as its documentation shows, for bearer tokens.

Starlette brings no backend and refuses nobody by itself: a request without credentials goes on as UnauthenticatedUser,
and each route must say `@requires`. To stand beside guards that refuse, this backend refuses; the digests are compared
as `pure.PureBearer` compares them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response

from contenders.bare import App


class BearerBackend(AuthenticationBackend):
    def __init__(self, tokens: dict[str, str]) -> None:
        self.keys = [(hashlib.sha256(token.encode()).digest(), name) for name, token in tokens.items()]

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser]:
        lines = conn.headers.getlist("authorization")
        if len(lines) != 1:
            raise AuthenticationError("one Authorization header is needed")
        scheme, _, token = lines[0].partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("a bearer token is needed")
        digest = hashlib.sha256(token.strip(" ").encode("latin-1")).digest()
        user = None
        for known, name in self.keys:
            if hmac.compare_digest(digest, known):
                user = name
        if user is None:
            raise AuthenticationError("no such token")
        return AuthCredentials(["authenticated"]), SimpleUser(user)


def refuse(conn: HTTPConnection, error: AuthenticationError) -> Response:
    return PlainTextResponse(str(error), 401, {"www-authenticate": 'Bearer realm="api"'})


def bearer(app: App, tokens: dict[str, str]) -> Any:
    return AuthenticationMiddleware(app, backend=BearerBackend(tokens), on_error=refuse)
