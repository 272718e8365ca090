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

    Behind the middleware a request is authenticated once: the dependency takes the user the
    middleware has verified and looks at scopes only. On a public path, or without the
    middleware, it does the whole check. It works on WebSocket routes too.

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
        super().__init__(keyring, authenticate=authenticate, realm=realm, scopes=scopes)
        self.model = HTTPBearerModel(bearerFormat=bearer_format, description=description)
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    async def __call__(self, conn: HTTPConnection, security_scopes: SecurityScopes) -> Any:
        """The verified user, or `None` when `auto_error` is off and no credential was sent."""
        scopes = tuple(security_scopes.scopes)
        scope = conn.scope
        known = scope.get("sallet.auth")
        # An `identify` of one's own may judge scopes in its own way, and so is asked again.
        own = type(self).identify is not sallet.Bearer.identify
        if known is not None and known[0] is self and not own:
            user = known[1]
            outcome = self.authorize(user, scopes) or user
        else:
            outcome = await self.identify(scope["headers"], scopes)
        if not isinstance(outcome, Refusal):
            # Spares a second dependency on this scheme the second look.
            scope.setdefault("sallet.auth", (self, outcome))
            return outcome
        if outcome.is_missing and not self.auto_error:
            return None
        raise _exception(outcome, scope)


def _exception(refusal: Refusal, scope: Any) -> Exception:
    extensions = scope.get("extensions") or {}
    if scope["type"] == "websocket" and "websocket.http.response" not in extensions:
        return WebSocketException(WS_1008_POLICY_VIOLATION, refusal.detail)
    headers = {name: value for name, value in refusal.headers if name != "content-type"}
    return HTTPException(refusal.status, refusal.detail, headers)
