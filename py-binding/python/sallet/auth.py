"""A scheme says whose request it is; `AuthMiddleware` asks it before the app runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from sallet import _sallet
from sallet._authenticate import prepared
from sallet._coroutines import is_async, mark_asgi3
from sallet._decision import Decision
from sallet._near import arguments
from sallet._sallet import Credentials, Refusal
from sallet.passwords import Passwords
from sallet.throttle import FailureThrottle

__all__ = ["ApiKey", "AuthMiddleware", "Basic", "Bearer", "Decision"]

_Scope = MutableMapping[str, Any]
Authenticate = Callable[[Credentials], Any] | Callable[[Credentials, Any], Any]
"""What `authenticate=` is: plain or async, with or without the connection."""


class _NoDependency:
    """`inspect.signature` asks for this, and so does FastAPI where the route is written."""

    def __get__(self, scheme: Any, owner: Any) -> Any:
        if scheme is None or owner.__call__ is not Scheme.__call__:
            raise AttributeError("__signature__")
        raise TypeError(_no_dependency(owner))


def _no_dependency(kind: type) -> str:
    name = next(base.__name__ for base in kind.__mro__ if base.__module__ == __name__)
    return (
        f"this scheme is not a FastAPI dependency: for Depends and Security write from sallet.fastapi import {name}, "
        f"and leave {name} out of the import from sallet"
    )


class Scheme(_sallet.Scheme):
    """What every scheme does; which one it is, its subclass tells the native half by name."""

    __signature__: Any = _NoDependency()

    def __init__(
        self, *args: Any, authenticate: Any = None, timeout: float | None = None, threaded: bool = False, **options: Any
    ) -> None:
        if isinstance(authenticate, Passwords) and not isinstance(self, Basic):
            name = type(self).__name__
            raise TypeError(
                f"Passwords asks for a user and a password, which {name} does not read: write Basic(authenticate=Passwords(...)), "
                f"or give {name} a Keyring"
            )
        super().__init__(*args, **prepared(authenticate, timeout, threaded), **options)
        if type(self).identify is not Scheme.identify:
            check_identify(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Not to be called: it is here so that FastAPI asks for the signature, and hears why not."""
        raise TypeError(_no_dependency(type(self)))

    async def identify(self, scope: _Scope, scopes: Iterable[str] = ()) -> Any:
        """The whole check of one request.

        Args:
            scope: Its ASGI scope. A token that was among the subprotocols or in the query leaves it.
            scopes: Scopes it needs beside those of this scheme.

        Returns:
            The user, or the `Refusal` to answer with.

        A subclass may find the user another way; `AuthMiddleware` and the FastAPI dependency ask
        here, once for each request. They compare the scopes of what it returns themselves, those
        of the scheme and those of the route, so it need not look at `scopes`.
        """
        found = await self._authenticate(scope)
        if isinstance(found, Refusal):
            return found
        return self.authorize(found, scopes) or found

    async def _authenticate(self, scope: _Scope) -> Any:
        """The user or the refusal, before any scope is looked at."""
        found, pending = self._begin(scope)
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
            user, or `None` to refuse; plain or `async`. If it requires a second argument, it is given the
            connection: Starlette's `HTTPConnection` if Starlette is installed, else the ASGI scope. A plain
            one runs on the event loop, so it must not block. An `HTTPException` that it raises is the answer, with its
            status, detail and headers, here as in a dependency (any class with `status_code` from 400,
            `detail` and `headers`). What else it raises is not caught: a broken database is a 500 and never
            an open door.
        timeout: Seconds after which an `async` `authenticate` is cancelled, and the answer is 503.
        threaded: Runs a plain `authenticate` in a thread, with the context variables of the request, and no more
            at once than anyio's limiter of threads lets run.
        realm: Named in every challenge.
        scopes: Scopes every request needs. A user of your own has theirs in the attribute
            `scopes`, or under the key `"scopes"` of a mapping; of a JWT's claims in the string `"scope"` (RFC 8693).
            Where a provider names them otherwise, return `Principal(claims["sub"], scopes=claims["scp"].split())`.
        scheme: The word in front of the token and in challenges, such as `"Token"` for clients of
            Django REST framework.
        max_length: How many bytes of credentials `authenticate` is given, 8192 by default, for JWTs
            with much in them. The server has a limit for all fields of a request, which must be higher.
        resource_metadata: The URL of the document by which OAuth clients such as those of MCP learn
            where to get a token (RFC 9728), for challenges; `sallet.fastapi.resource_metadata` serves it.
        websocket_subprotocol: Takes a token of a WebSocket also from its subprotocols, after this name:
            browsers let a page send it nowhere else, by `new WebSocket(url, ["bearer", token])`. The app does
            not see the token, and the handshake is answered with the name unless the app chooses another.
        query: Takes a token also from the parameter of this name in the URL. It leaves
            `scope["query_string"]`, and so the log of uvicorn; proxies, histories and `Referer` keep it, so
            this is for clients that can send it nowhere else.

    A response to a request that was admitted is `Cache-Control: private`, unless the app says that or `no-store`
    itself. Caches that obey RFC 9111 keep off by themselves where there is `Authorization` (section 3.5), but
    nginx's `proxy_cache` does not look at it. An app that says `public` or `s-maxage` means every client: what
    `Authorization` admitted is sent as it says, what anything else admitted is made private all the same.
    `must-revalidate` is no such permission here: it is often written to have less cached. A dependency alone
    needs a layer of headers around, such as `protect`.

    A user is a `Principal`; a mapping that has something in it and tells of no failure (by a key `"error"`, by
    `"errors"`, a `"detail"` or a `"message"`, or by an `"active"` that is false); or an
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
    ) -> None:
        super().__init__(
            "Bearer",
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
        )


class Basic(Scheme):
    """Basic authentication (RFC 7617): a user and a password in `Authorization`.

    ```python
    Basic(authenticate=lambda credentials: find(credentials.username, credentials.password))
    Basic(Keyring([Key("ada", digest=hashlib.sha256(f"ada:{password}".encode()).hexdigest())]))
    ```

    `authenticate` is given the two as `credentials.username` and `credentials.password`: the first colon
    ends the user. A keyring looks up `user:password` as one token, in constant time; it keeps only a fast
    digest, so it is for passwords that a machine has drawn, never for one that a person has chosen.

    Both are UTF-8 and have no control characters, the pair has at most 1024 bytes, and its base64 has one spelling: anything else is 400.

    Browsers send Basic by themselves once they know it, also with requests that a page of another site
    makes. So a request that may change something (a method other than GET, HEAD, OPTIONS and TRACE) and a
    WebSocket are 403 where `Sec-Fetch-Site` is neither `same-origin` nor `none`, or where there is none and
    `Origin` is not the request's `Host`. A proxy must hand on `Host` as the browser has sent it. Clients that are no browsers
    send neither, and are not affected.

    Args:
        keyring, authenticate, realm, scopes: As those of `Bearer`.
        cross_site: `True` admits those too.

    Raises:
        TypeError, PolicyError: As `Bearer`.
    """

    @arguments()
    def __init__(
        self,
        keyring: _sallet.Keyring | None = None,
        *,
        authenticate: Authenticate | None = None,
        timeout: float | None = None,
        threaded: bool = False,
        realm: str = "api",
        scopes: Iterable[str] = (),
        cross_site: bool = False,
    ) -> None:
        super().__init__(
            "Basic", keyring, authenticate=authenticate, timeout=timeout, threaded=threaded, realm=realm, scopes=scopes, cross_site=cross_site
        )


class ApiKey(Scheme):
    """A key that is the whole value of a header.

    ```python
    ApiKey(Keyring.from_file("keys.toml"))
    ApiKey(authenticate=find_client, header="X-Items-Key")
    ```

    The key is visible ASCII; blanks around it do not count. No RFC has this scheme: the challenge names the
    header, as `ApiKey realm="api", header="X-API-Key"`.

    Args:
        keyring, authenticate, realm, scopes, max_length: As those of `Bearer`.
        header: The header. Not `Cookie`, which browsers send by themselves.
        websocket_subprotocol, query: Other places for the key, as of `Bearer`.

    Responses are `Cache-Control: private`, as `Bearer` says, also where the app says `public`: shared caches know
    nothing of the header.

    Raises:
        TypeError, PolicyError: As `Bearer`.
    """

    @arguments()
    def __init__(
        self,
        keyring: _sallet.Keyring | None = None,
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
    ) -> None:
        super().__init__(
            "ApiKey",
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
        )


def check_identify(auth: Any) -> None:
    """Sees whether an `identify` of one's own takes the scope, and not the headers as it once did."""
    name = type(auth).__name__
    instead = "write async def identify(self, scope, scopes=())"
    try:
        signature = inspect.signature(auth.identify)
    except (TypeError, ValueError):
        return  # some callables written in C have none
    try:
        signature.bind({})
    except TypeError as error:
        raise TypeError(
            f"identify of {name} is called with one argument, the ASGI scope, and this one cannot be ({error}): {instead}"
        ) from None
    if next(iter(signature.parameters)) == "headers":
        raise TypeError(
            f"identify of {name} takes headers, and is given the ASGI scope: {instead}, read scope[\"headers\"] in it, "
            "and hand scope on to super().identify(scope)"
        )


class AuthMiddleware(_sallet.AuthMiddleware):
    """Admits a request if `auth` authenticates it or its path is public.

    Pure ASGI, for any framework and as the outermost app too:

    ```python
    app.add_middleware(AuthMiddleware, auth=Bearer(keyring), public=["/health"])
    ```

    An `@app.exception_handler(Exception)` answers outside of every middleware that `app.add_middleware` adds, this one too: what
    such a handler says to a signed-in user is not made `private` for an API key, so give its responses no `Cache-Control: public`.
    `sallet.fastapi.protect` is outside of that handler as well.

    HTTP requests and WebSockets are guarded alike, and refused before a byte of the body is read.
    A WebSocket is refused with a response where the server can send one, else closed with 1008.
    Lifespan passes untouched, an unknown kind of scope is an error.

    The authenticated user is in `scope["state"]["user"]` (`request.state.user`), and where
    Starlette has `request.user` and `request.auth`, so that `@requires` works. If another
    middleware around this one has set those two, such as Starlette's `AuthenticationMiddleware`,
    they stay as they are. A user of your own is there as `authenticate` returned it, so a mapping has no
    `is_authenticated`: ask `"authenticated" in request.auth.scopes`, which works for every user and for none. On a public path credentials are not needed, but good ones count: without them
    `request.user` is anonymous (its `is_authenticated` is `False`), unless another middleware has set it, and `request.state`
    has no `user`. What was wrong with bad ones is logged, and is the answer only where a dependency asks for the user. Some servers share one `scope["state"]` dict between requests, so the outermost
    Sallet layer replaces it with a copy. Middleware outside that layer should read `request.user`.

    Args:
        app: The ASGI app inside.
        auth: A `Bearer`, a `Basic` or an `ApiKey`; a list of them, as `[Bearer(keys), ApiKey(keys)]`; or any
            object with the same `async identify(scope, scopes=())`. Of a list the first whose credentials
            are there decides, alone and finally: a bad API key is refused whatever else the request
            shows. An `Authorization` of another scheme is nobody's, two lines of it are 400, and a 401 has a
            challenge for each. Only those schemes have scopes that are compared here; any other object's `identify` must
            check the scopes itself.
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
        on_refusal: A function of the `Refusal` and the scope, plain or async, that returns the response to send, a
            `JSONResponse`, `RedirectResponse` or another of Starlette with a body, or `None` for Sallet's own. The
            challenge (unless the response has one) and `no-store` are added. If it raises or returns anything else, or
            a status below 300, that is logged and the standard answer is sent. A WebSocket is denied
            with the response, or closed with 1008 where the server cannot send one. The refusal is also in
            `scope["sallet.refusal"]`, for layers around. Refusals of a dependency are `HTTPException`s: answer them in an
            exception handler.
        on_decision: A function of the `Decision`, for metrics: called once for each request, and for what dependencies
            refuse. What it raises is logged.
        hide: Takes the fields of the credentials out of the scope once they were checked, so that error trackers and
            handlers do not see them. Dependencies of Sallet come to the same verdict. Of an object with an `identify`
            that is no scheme of Sallet's, `Authorization` alone is known.
        throttle: A `FailureThrottle`, which answers 429 to who has shown too many wrong credentials.

    Each decision is a record in the log `sallet.auth`: `DEBUG` for who is admitted or shows nothing on a public path, `INFO` for
    what is refused. `record.decision` is the `Decision`.

    Raises:
        TypeError: `auth` cannot judge, its list is empty or two of it read the same credential, a list of rules is
            one string, or `protected` is empty.
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
        on_refusal: Callable[[Refusal, Any], Any] | None = None,
        on_decision: Callable[[Decision], object] | None = None,
        hide: bool = False,
        throttle: FailureThrottle | None = None,
    ) -> None:
        check_hooks(on_refusal, on_decision, hide, throttle)
        super().__init__(
            app,
            auth,
            public=public,
            protected=protected,
            preflights=preflights,
            on_refusal=on_refusal,
            on_decision=on_decision,
            hide=hide,
            throttle=throttle,
        )
        mark_asgi3(self)


def check_hooks(on_refusal: Any, on_decision: Any, hide: Any, throttle: Any) -> None:
    """Found where the app is set up, and not when the first request comes."""
    if on_refusal is not None and not callable(on_refusal):
        raise TypeError("on_refusal is a function: write def on_refusal(refusal, scope): return JSONResponse(...)")
    if on_refusal is not None:
        _check_call("on_refusal", "on_refusal(refusal, scope)", on_refusal, None, None)
    if on_decision is not None and (not callable(on_decision) or is_async(on_decision)):
        raise TypeError("on_decision is a plain function: write def on_decision(decision): ...")
    if on_decision is not None:
        _check_call("on_decision", "on_decision(decision)", on_decision, None)
    if not isinstance(hide, bool):
        raise TypeError("hide is True or False")
    if throttle is not None and not isinstance(throttle, FailureThrottle):
        raise TypeError('throttle is a FailureThrottle: write throttle=FailureThrottle("10/minute")')


def _check_call(name: str, shape: str, hook: Callable[..., Any], *args: Any) -> None:
    try:
        inspect.signature(hook).bind(*args)
    except TypeError as error:
        raise TypeError(f"{name} is called as {shape}, and this one cannot be ({error}): write def {shape}: ...") from None
    except ValueError:
        pass  # some callables written in C have no signature
