"""The schemes as FastAPI's dependencies and OpenAPI schemes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.openapi.models import APIKey as APIKeyModel
from fastapi.openapi.models import HTTPBase as HTTPModel
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security.base import SecurityBase

import sallet
from sallet import Keyring
from sallet._near import arguments
from sallet.auth import Authenticate, Scheme
from sallet.fastapi._dependency import Dependency

__all__ = ["ApiKey", "Basic", "Bearer"]


def model_of(auth: Scheme) -> SecurityModel:
    """The scheme as OpenAPI has it, whether it is one of these or a plain one of `sallet`."""
    if isinstance(auth, Dependency):
        return auth.model
    return _key_model(auth) if isinstance(auth, sallet.ApiKey) else _http_model(auth)


def _key_model(auth: Scheme, description: str | None = None) -> APIKeyModel:
    # By the aliases of the document: `in` is a keyword.
    return APIKeyModel.model_validate({"in": "header", "name": auth.header, "description": description})


def _http_model(
    auth: Scheme, description: str | None = None, bearer_format: str | None = None
) -> HTTPModel:
    # The word in lower case, as the examples of the specification have it.
    word = auth.word.lower()
    if word == "bearer":
        return HTTPBearerModel(bearerFormat=bearer_format, description=description)
    return HTTPModel(scheme=word, description=description)


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
        authenticate, timeout, threaded: As those of `sallet.Bearer`: instead of a keyring, a callable that
            is given `Credentials` and returns a user, or `None` to refuse.
        realm: Named in every challenge.
        scopes: Scopes every request needs.
        scheme, max_length, resource_metadata, websocket_subprotocol, query: As those of `sallet.Bearer`.
            Without a guard around, an app that accepts a WebSocket chooses `websocket_subprotocol` itself, and
            caches are kept off only where a `SecurityHeadersMiddleware` is around.
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

    model: HTTPModel

    @arguments()
    def __init__(
        self,
        keyring: Keyring | None = None,
        *,
        authenticate: Authenticate | None = None,
        timeout: float | None = None,
        threaded: bool = False,
        realm: str = "api",
        scopes: Iterable[str] = (),
        scheme: str = "Bearer",
        max_length: int | None = None,
        resource_metadata: str | None = None,
        websocket_subprotocol: str | None = None,
        query: str | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        bearer_format: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(
            keyring,
            authenticate=authenticate,
            timeout=timeout,
            threaded=threaded,
            realm=realm,
            scopes=scopes,
            scheme=scheme,
            max_length=max_length,
            resource_metadata=resource_metadata,
            websocket_subprotocol=websocket_subprotocol,
            query=query,
            scheme_name=scheme_name,
            auto_error=auto_error,
        )
        self.model = _http_model(self, description, bearer_format)


class Basic(Dependency, sallet.Basic, SecurityBase):
    """Basic authentication (RFC 7617) for FastAPI: what `Bearer` is for tokens.

    ```python
    basic = Basic(authenticate=sign_in, realm="items")

    @app.get("/me")
    async def me(who: Annotated[User, Depends(basic)]): ...
    ```

    Args:
        keyring, authenticate, realm, scopes, cross_site: As those of `sallet.Basic`.
        scheme_name, description, auto_error: As those of `Bearer`.

    Raises:
        TypeError, PolicyError: As `sallet.Bearer`.
    """

    model: HTTPModel

    @arguments()
    def __init__(
        self,
        keyring: Keyring | None = None,
        *,
        authenticate: Authenticate | None = None,
        timeout: float | None = None,
        threaded: bool = False,
        realm: str = "api",
        scopes: Iterable[str] = (),
        cross_site: bool = False,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(
            keyring,
            authenticate=authenticate,
            timeout=timeout,
            threaded=threaded,
            realm=realm,
            scopes=scopes,
            cross_site=cross_site,
            scheme_name=scheme_name,
            auto_error=auto_error,
        )
        self.model = _http_model(self, description)


class ApiKey(Dependency, sallet.ApiKey, SecurityBase):
    """A key in a header for FastAPI: what `Bearer` is for tokens.

    ```python
    key = ApiKey(Keyring.from_file("keys.toml"), header="X-Items-Key")

    @app.get("/items")
    async def items(who: Annotated[Principal, Security(key, scopes=["items:read"])]): ...
    ```

    Args:
        keyring, authenticate, realm, scopes, header, max_length, websocket_subprotocol, query: As those of
            `sallet.ApiKey`.
        scheme_name, description, auto_error: As those of `Bearer`.

    Raises:
        TypeError, PolicyError: As `sallet.Bearer`.
    """

    model: APIKeyModel

    @arguments()
    def __init__(
        self,
        keyring: Keyring | None = None,
        *,
        authenticate: Authenticate | None = None,
        timeout: float | None = None,
        threaded: bool = False,
        realm: str = "api",
        scopes: Iterable[str] = (),
        header: str = "X-API-Key",
        max_length: int | None = None,
        websocket_subprotocol: str | None = None,
        query: str | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(
            keyring,
            authenticate=authenticate,
            timeout=timeout,
            threaded=threaded,
            realm=realm,
            scopes=scopes,
            header=header,
            max_length=max_length,
            websocket_subprotocol=websocket_subprotocol,
            query=query,
            scheme_name=scheme_name,
            auto_error=auto_error,
        )
        self.model = _key_model(self, description)
