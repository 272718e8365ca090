"""`Bearer` as FastAPI's dependency and OpenAPI scheme."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import HTTPException, WebSocketException
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.status import WS_1008_POLICY_VIOLATION

import sallet
from sallet import Credentials, Keyring, Refusal
from sallet._asgi import awaitable
from sallet.fastapi._subclass import NOT_SAID, asked, keep_scopes, passed


class Bearer(sallet.Bearer, SecurityBase):
    """Bearer authentication (RFC 6750) for FastAPI: a dependency, a scheme, a guard.

    The same object goes into `protect(app, auth=bearer)`, which refuses before the body is read,
    and into routes, where it gives the verified user and asks for scopes:

    ```python
    bearer = Bearer(Keyring.from_file("keys.toml"), realm="items")

    @app.get("/me")
    async def me(who: Annotated[Principal, Depends(bearer)]): ...

    @app.get("/items")
    async def items(who: Annotated[Principal, Security(bearer, scopes=["items:read"])]): ...
    ```

    A request is authenticated once. Behind the middleware the dependency takes the user that the
    middleware has verified and looks at scopes only; on a public path, or without the middleware,
    the first dependency does the whole check and the others take its verdict. It works on
    WebSocket routes too.

    Args:
        keyring: The keys that are accepted; the user is then a `Principal`.
        authenticate: Instead of a keyring: a plain or `async` callable that is given
            `Credentials` and returns a user, or `None` to refuse.
        realm: Named in every challenge.
        scopes: Scopes every request needs.
        scheme_name: The scheme's name in OpenAPI; the name of the class by default, as FastAPI's
            own schemes have it. Name it when an app has two.
        description: Its description there, shown by the Authorize button.
        bearer_format: A hint for readers of the schema, such as `"JWT"`.
        auto_error: `False` makes a *missing* credential `None` instead of 401, for a route that
            is open to both. A credential that is there and wrong is refused all the same: a
            client with an expired token must hear of it, and not be served as a stranger.

    A refusal is the middleware's own, status, body and headers alike: 401 for a missing or
    invalid token, 400 for one that cannot be read, 403 for too few scopes. A WebSocket gets it as
    a denial response, or a close with code 1008 where the server has no such thing.

    A subclass may override `__call__`, as those of FastAPI's own schemes do; the scopes that a
    route asks for are compared whether or not it hands them on. A user that it finds without
    `super().__call__`, or after that has refused, needs scopes of its own.

    Raises:
        TypeError, PolicyError: As `sallet.Bearer`.
    """

    model: HTTPBearerModel
    scheme_name: str

    def __init__(
        self,
        keyring: Keyring | None = None,
        *,
        authenticate: Callable[[Credentials], Any | Awaitable[Any]] | None = None,
        realm: str = "api",
        scopes: Iterable[str] = (),
        scheme_name: str | None = None,
        description: str | None = None,
        bearer_format: str | None = None,
        auto_error: bool = True,
    ) -> None:
        keep_scopes(type(self), Bearer)  # again: it may have been assigned since
        super().__init__(keyring, authenticate=authenticate, realm=realm, scopes=scopes)
        self.model = HTTPBearerModel(bearerFormat=bearer_format, description=description)
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        keep_scopes(cls, Bearer)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__call__":
            # Calls pass it by, but FastAPI asks it whether there is something to await.
            raise TypeError("__call__ of one object is not called: override it in a subclass")
        super().__setattr__(name, value)

    async def __call__(
        self, request: HTTPConnection, security_scopes: SecurityScopes = NOT_SAID
    ) -> Any:
        """The verified user, or `None` when `auto_error` is off and no credential was sent."""
        outcome = await self._verdict(request.scope)
        if isinstance(outcome, Refusal):
            if not outcome.is_missing:
                raise _exception(outcome, request.scope)
            if not self.auto_error:
                return None
            if _needs_close(request.scope):
                raise _exception(outcome, request.scope)
            raise self.make_not_authenticated_error()
        self._authorize(outcome, asked(self, security_scopes), request.scope)
        passed(self, outcome)
        return outcome

    def make_not_authenticated_error(self) -> Exception:
        """What this dependency raises for a missing credential, as in FastAPI's own schemes.

        Override it to answer otherwise, such as with 403. Behind `protect(app, auth=...)` and
        `AuthMiddleware` it is not asked: they have answered before any dependency runs, except on
        public paths. A WebSocket is closed with 1008 where the server cannot send a response.
        """
        missing, _ = self._begin([])
        return _exception(missing, {"type": "http"})

    async def _verdict(self, scope: Any) -> Any:
        """The user or refusal: the guard's, an earlier dependency's, or else a new one."""
        earlier = scope.get("sallet.auth")
        link = earlier
        while link is not None:
            scheme, outcome, link = link
            if scheme is self:
                return outcome
        if type(self).identify is sallet.Bearer.identify:
            outcome = await self._authenticate(scope["headers"])
        else:
            outcome = self._accept(await awaitable(self, self.identify(scope["headers"])))
        scope["sallet.auth"] = (self, outcome, earlier)
        return outcome

    def _authorize(self, user: Any, scopes: Iterable[str], scope: Any) -> None:
        refusal = self.authorize(user, scopes)
        if refusal is not None:
            raise _exception(refusal, scope)


def _needs_close(scope: Any) -> bool:
    extensions = scope.get("extensions") or {}
    return scope["type"] == "websocket" and "websocket.http.response" not in extensions


def _exception(refusal: Refusal, scope: Any) -> Exception:
    if _needs_close(scope):
        return WebSocketException(WS_1008_POLICY_VIOLATION, refusal.detail)
    headers = {name: value for name, value in refusal.headers if name != "content-type"}
    return HTTPException(refusal.status, refusal.detail, headers)
