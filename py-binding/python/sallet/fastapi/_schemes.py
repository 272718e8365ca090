"""The schemes as FastAPI's dependencies and OpenAPI schemes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase

import sallet
from sallet import Credentials, Keyring
from sallet._near import arguments
from sallet.auth import Scheme
from sallet.fastapi._dependency import Dependency

__all__ = ["Bearer"]


def model_of(auth: Scheme) -> SecurityModel:
    """The scheme as OpenAPI has it, whether it is one of these or the plain one of `sallet`."""
    return auth.model if isinstance(auth, Dependency) else HTTPBearerModel()


class Bearer(Dependency, sallet.Bearer, SecurityBase):
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

    @arguments()
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
        super().__init__(
            keyring,
            authenticate=authenticate,
            realm=realm,
            scopes=scopes,
            scheme_name=scheme_name,
            auto_error=auto_error,
        )
        self.model = HTTPBearerModel(bearerFormat=bearer_format, description=description)
