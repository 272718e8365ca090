"""A scheme says whose request it is; `AuthMiddleware` asks it before the app runs."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sallet import _sallet
from sallet._coroutines import mark_asgi3
from sallet._near import arguments
from sallet._sallet import Credentials, Refusal

__all__ = ["AuthMiddleware", "Bearer"]


class _NoDependency:
    """`inspect.signature` asks for this, and so does FastAPI where the route is written."""

    def __get__(self, scheme: Any, owner: Any) -> Any:
        if scheme is None or owner.__call__ is not Scheme.__call__:
            raise AttributeError("__signature__")
        raise TypeError(_NO_DEPENDENCY)


_NO_DEPENDENCY = (
    "this scheme is not a FastAPI dependency: for Depends(bearer) and Security(bearer) write "
    "from sallet.fastapi import Bearer, and leave Bearer out of the import from sallet"
)


class Scheme(_sallet.Scheme):
    """What every scheme does; which one it is, its subclass tells the native half by name."""

    __signature__: Any = _NoDependency()

    def __init__(self, *args: Any, authenticate: Any = None, **options: Any) -> None:
        super().__init__(*args, authenticate=authenticate, **options)
        if authenticate is not None:
            _check_signature(authenticate)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Not to be called: it is here so that FastAPI asks for the signature, and hears why not."""
        raise TypeError(_NO_DEPENDENCY)

    async def identify(
        self, headers: Iterable[tuple[bytes, bytes]], scopes: Iterable[str] = ()
    ) -> Any:
        """The whole check of one request.

        Args:
            headers: The header list of its ASGI scope.
            scopes: Scopes it needs beside those of this scheme.

        Returns:
            The user, or the `Refusal` to answer with.

        A subclass may find the user another way; `AuthMiddleware` and the FastAPI dependency ask
        here, once for each request. They compare the scopes of what it returns themselves, those
        of the scheme and those of the route, so it need not look at `scopes`.
        """
        found = await self._authenticate(headers)
        if isinstance(found, Refusal):
            return found
        return self.authorize(found, scopes) or found

    async def _authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Any:
        """The user or the refusal, before any scope is looked at."""
        found, pending = self._begin(headers)
        return self._finish(await found) if pending else found


class Bearer(Scheme):
    """Bearer authentication (RFC 6750), from a keyring or from your own callable.

    ```python
    Bearer(Keyring.from_file("keys.toml"), realm="items")
    Bearer(authenticate=fetch_user, scopes=["items:read"])
    ```

    Exactly one `Authorization` line is read, by the grammar of RFC 9110. A line too many or a
    malformed one is answered 400, none (or one of another scheme) 401, an unknown, expired or
    withdrawn token 401 with `invalid_token`, too few scopes 403.

    Args:
        keyring: The keys that are accepted; the user is then a `Principal`.
        authenticate: Instead of a keyring, a callable that is given `Credentials` and returns a
            user, or `None` to refuse; plain or `async`. A plain one runs on the event loop, so it
            must not block. What it raises is not caught: a broken database is a 500 and never an
            open door, and so is an HTTPException, for which there is no handler this far out:
            return `None` to refuse.
        realm: Named in every challenge.
        scopes: Scopes every request needs. A user of your own has theirs in the attribute
            `scopes`, or under the key `"scopes"` of a mapping.

    A user is a `Principal`; a mapping that has something in it and no key `"error"`; or an
    instance of a class of your own: a dataclass, a model of pydantic, attrs, Django or
    SQLAlchemy. If it has `is_authenticated`, that is exactly `True`. Everything else that
    `authenticate` returns is a mistake, which would admit everybody, and so a TypeError: text,
    numbers, tuples and rows, classes, functions, an exception or response that was returned and
    not raised, an iterator, what is empty or not awaited.

    Raises:
        TypeError: Both of keyring and authenticate, or neither, or something else in their place.
        PolicyError: The realm or a scope cannot stand in a header.
    """

    @arguments()
    def __init__(
        self,
        keyring: _sallet.Keyring | None = None,
        *,
        authenticate: Callable[[Credentials], Any | Awaitable[Any]] | None = None,
        realm: str = "api",
        scopes: Iterable[str] = (),
    ) -> None:
        super().__init__("Bearer", keyring, authenticate=authenticate, realm=realm, scopes=scopes)


def _check_signature(authenticate: Callable[..., Any]) -> None:
    """Found here, and not when the first request comes."""
    try:
        signature = inspect.signature(authenticate)
    except (TypeError, ValueError):
        return  # some callables written in C have none
    try:
        signature.bind(object())
    except TypeError as error:
        raise TypeError(
            "authenticate is called with one argument, the Credentials, and this one cannot be "
            f"({error}): write def authenticate(credentials): ..."
        ) from None


class AuthMiddleware(_sallet.AuthMiddleware):
    """Admits a request if `auth` authenticates it or its path is public.

    Pure ASGI, for any framework and as the outermost app too:

    ```python
    app.add_middleware(AuthMiddleware, auth=Bearer(keyring), public=["/health"])
    ```

    HTTP requests and WebSockets are guarded alike, and refused before a byte of the body is read.
    A WebSocket is refused with a response where the server can send one, else closed with 1008.
    Lifespan passes untouched, an unknown kind of scope is an error.

    The authenticated user is in `scope["state"]["user"]` (`request.state.user`), and where
    Starlette has `request.user` and `request.auth`, so that `@requires` works. If another
    middleware around this one has set those two, such as Starlette's `AuthenticationMiddleware`,
    they stay as they are. On a public path no credentials are checked: `request.user` is anonymous (its
    `is_authenticated` is `False`), unless another middleware has set it, and `request.state` has
    no `user`. Some servers share one `scope["state"]` dict between requests, so the outermost
    Sallet layer replaces it with a copy. Middleware outside that layer should read `request.user`.

    Args:
        app: The ASGI app inside.
        auth: A `Bearer`, or any object with the same `async identify(headers, scopes=())`. Only a
            `Bearer` has scopes that are compared here; for any other object, `identify` must check
            the scopes itself.
        public: Paths that need no credentials. A rule is exact, `"/health"` that path alone,
            unless it ends with `/*`: `"/static/*"` is everything below. `"GET /items"` is one
            method (HEAD counts as GET). Rules are written decoded and compared with the path that
            the router matches, without `root_path`. Only a plain path is public: with `//`, a `.`
            or `..` segment, `;`, a backslash, a needless percent-encoding, or where the path sent
            and the path to route do not agree, credentials are needed whatever the rules say.
        protected: Guards these paths alone and leaves the others open. A rule covers its path,
            that path with a slash, and everything below, whatever the case of letters, and takes
            no method; `public` then opens exceptions where its rule is longer.
        preflights: Path rules (`True` is `["/*"]`) where CORS preflights pass. They are refused by
            default: a `CORSMiddleware` in front answers them itself.

    Raises:
        TypeError: `auth` cannot judge, a list of rules is one string, or `protected` is empty.
        RuntimeError: `auth` is of a subclass that has not called `super().__init__`.
        PolicyError: A rule can never match, opens nothing, or looks like a pattern.
    """

    @arguments()
    def __init__(
        self,
        app: Callable[..., Any],
        auth: Any,
        *,
        public: Iterable[str] = (),
        protected: Iterable[str] | None = None,
        preflights: Iterable[str] | bool = False,
    ) -> None:
        super().__init__(app, auth, public=public, protected=protected, preflights=preflights)
        mark_asgi3(self)
