"""A request that is refused: the answer, and the line in the log."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sallet._sallet import Refusal, can_deny_websocket

_LOG = logging.getLogger("sallet.auth")


def log(refusal: Refusal, scope: MutableMapping[str, Any]) -> None:
    """One record per refused request. The client chose method and path, so they are quoted: a line
    break in one would forge a record.
    """
    _LOG.info("refused: %s (%r %r)", refusal.reason, scope.get("method", "WEBSOCKET"), scope.get("path"))


def closes(scope: MutableMapping[str, Any]) -> bool:
    """Whether all that can be sent is a close: a WebSocket, whose server takes no response for it."""
    return scope["type"] == "websocket" and not can_deny_websocket(scope)


async def refuse(
    refusal: Refusal,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answers a refusal. The body of a request is not read: the answer does not depend on it."""
    log(refusal, scope)
    prefix = ""
    if scope["type"] == "websocket":
        # The handshake is an event like any other; ASGI has it received before it is answered.
        if (await receive())["type"] != "websocket.connect":
            return
        if closes(scope):
            code, reason = refusal.CLOSE_CODE, refusal.detail
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        prefix = "websocket."
    body = refusal.body
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers]
    headers.append((b"content-length", b"%d" % len(body)))
    await send(
        {"type": f"{prefix}http.response.start", "status": refusal.status, "headers": headers}
    )
    await send({"type": f"{prefix}http.response.body", "body": body})
