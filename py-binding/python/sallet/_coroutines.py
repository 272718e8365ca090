"""The parts of the ASGI work that need a coroutine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from sallet._refuse import refuse

if TYPE_CHECKING:
    from sallet import _sallet

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def mark_asgi3(middleware: Any) -> None:
    """Lets servers see that a native callable is ASGI 3.

    They ask `iscoroutinefunction(app.__call__)`, take a native `__call__` for ASGI 2, and call it
    with one argument. The attribute on the instance is what they see; a real call goes through
    the type and never meets it.
    """

    async def __call__(scope: Scope, receive: Receive, send: Send) -> None:
        await middleware(scope, receive, send)

    vars(middleware)["__call__"] = __call__
    # For those who count the arguments, as Falcon's test client does: a native `__call__` has no
    # signature.
    vars(middleware)["__signature__"] = inspect.signature(__call__)


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await, or to iterate over asynchronously."""
    while isinstance(function, functools.partial):
        function = function.func
    called = getattr(type(function), "__call__", None)
    return any(
        inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in (function, called)
    )


def awaitable(auth: Any, found: Any) -> Awaitable[Any]:
    """What an `identify` has returned, once it is sure that it can be awaited."""
    if not inspect.isawaitable(found):
        raise TypeError(
            f"identify of {type(auth).__name__} is not async: write async def identify(self, "
            "scope, scopes=())"
        )
    return found


async def finish(
    guard: _sallet.AuthMiddleware,
    auth: Any,
    pending: Any,
    is_open: bool,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """The rest of a request whose user had to be awaited, for the scheme that judges it."""
    found, raised = None, None
    try:
        found = await awaitable(auth, pending)
    except BaseException as error:  # a cancelled one too: the credentials are hidden, and it is raised again
        raised = error
    try:
        refusal = guard._settle(scope, auth, found, raised, is_open)
    finally:
        found = raised = pending = None  # their frames hold the credentials, and this one lasts as long as the request
    if refusal is None:
        await guard.app(scope, receive, send)
    else:
        await refuse(refusal, auth, guard.on_refusal, scope, receive, send)


async def watch_handshake(app: Any, scope: Scope, receive: Receive, send: Any) -> None:
    """Runs an app's side of a WebSocket, and answers the handshake if the app does not.

    A server makes a response of its own for an app that raises or returns before it accepts, and
    no middleware sees that one.
    """
    try:
        await app(scope, receive, send)
    except Exception:
        if not send.settled:
            await send.deny(500)
        raise
    if not send.settled:
        await send.deny(500)


async def deny_websocket(send: Send, start: MutableMapping[str, Any]) -> None:
    """Sends the denial that `start` begins, in place of a close that would carry no headers."""
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})
