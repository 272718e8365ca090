"""The function that a scheme calls for the user, as the native half calls it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from sallet._coroutines import is_async

_WITH = "authenticate is called with the Credentials, or with them and the connection, and this one cannot be"


class Unavailable(Exception):
    """What an `authenticate` that takes too long has raised. It has the shape of Starlette's `HTTPException`."""

    status_code = 503
    detail = "Credentials cannot be checked just now, try again later"
    headers = None


def prepared(authenticate: Any, timeout: float | None, threaded: bool) -> dict[str, Any]:
    """The options of the native scheme for this function. What cannot be called is found here, and not when a request comes."""
    if authenticate is None:
        if timeout is not None or threaded:
            raise TypeError("timeout and threaded are about authenticate=, and a keyring never waits: leave them out")
        return {}
    if not callable(authenticate):
        return {"authenticate": authenticate}  # refused by the native half, which says what it takes
    wants_connection = _wants_connection(authenticate)
    function = _with_connection(authenticate) if wants_connection else authenticate
    if threaded:
        function = _in_thread(authenticate, function)
    if timeout is not None:
        function = _timed(authenticate, function, timeout)
    return {"authenticate": function, "takes_scope": wants_connection}


def _wants_connection(authenticate: Callable[..., Any]) -> bool:
    """Whether a second argument is required. One that may be left out is: `dict.get` has such, and would return the connection."""
    try:
        signature = inspect.signature(authenticate)
    except (TypeError, ValueError):
        return False  # some callables written in C have none
    try:
        signature.bind(object())
    except TypeError:
        pass
    else:
        return False
    taken = list(signature.parameters)
    if "password" in taken[:2]:
        # It would compare the connection with a password, and refuse everybody without a word.
        raise TypeError(
            "authenticate is called with the Credentials, not with a user and a password: write def authenticate(credentials): ... "
            "and read credentials.username and credentials.password"
        )
    try:
        signature.bind(object(), object())
    except TypeError as error:
        raise TypeError(
            f"{_WITH} ({error}): write def authenticate(credentials): ... or def authenticate(credentials, connection): ..."
        ) from None
    return True


def _with_connection(authenticate: Callable[..., Any]) -> Callable[..., Any]:
    try:
        from starlette.requests import HTTPConnection
    except ImportError:
        return authenticate
    if is_async(authenticate):

        async def call(credentials: Any, scope: Any) -> Any:
            return await authenticate(credentials, HTTPConnection(scope))

        return call
    return lambda credentials, scope: authenticate(credentials, HTTPConnection(scope))


def _anyio(option: str) -> Any:
    try:
        import anyio.to_thread
    except ImportError:
        raise TypeError(f"{option} needs anyio, which comes with Starlette: pip install anyio") from None
    return anyio


def _in_thread(authenticate: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    if is_async(authenticate):
        raise TypeError("threaded is for a plain function, and this authenticate is async: leave threaded out")
    anyio = _anyio("threaded")

    async def call(*args: Any) -> Any:
        # With the context of the request, and no more at once than anyio's limiter lets run (40, unless the app says otherwise).
        return await anyio.to_thread.run_sync(function, *args)

    return call


def _timed(authenticate: Any, function: Callable[..., Any], timeout: float) -> Callable[..., Any]:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise TypeError("timeout is a number of seconds above 0: write timeout=2.0")
    if not is_async(authenticate):
        raise TypeError("timeout is for an async function, because nothing else can be stopped: write async def authenticate(...)")
    anyio = _anyio("timeout")

    async def call(*args: Any) -> Any:
        with anyio.move_on_after(timeout):
            return await function(*args)
        raise Unavailable

    return call
