"""A request that is refused: the answer to it."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from sallet._decision import tell
from sallet._sallet import Refusal, can_deny_websocket

_LOG = logging.getLogger("sallet.auth")


class _Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    background: Callable[[], Awaitable[Any]] | None = None


def note(refusal: Refusal, scope: MutableMapping[str, Any], by: Any) -> None:
    """Tells of a refusal, and marks the request for the layers around, which see only the response."""
    tell("throttled" if refusal.is_throttled else "refused", scope, by, refusal)
    scope["sallet.refusal"] = refusal


def closes(scope: MutableMapping[str, Any]) -> bool:
    """Whether all that can be sent is a close: a WebSocket, whose server takes no response for it."""
    return scope["type"] == "websocket" and not can_deny_websocket(scope)


async def refuse(
    refusal: Refusal,
    by: Any,
    on_refusal: Callable[[Refusal, Any], Any] | None,
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answers a refusal. The body of a request is not read: the answer does not depend on it."""
    note(refusal, scope, by)
    answer = None if on_refusal is None else await _own_answer(on_refusal, refusal, scope)
    prefix = ""
    if scope["type"] == "websocket":
        # The handshake is an event like any other; ASGI has it received before it is answered.
        if (await receive())["type"] != "websocket.connect":
            return
        if closes(scope):
            reason = refusal.detail if isinstance(refusal.detail, str) else ""
            await send({"type": "websocket.close", "code": Refusal.CLOSE_CODE, "reason": as_reason(reason)})
            return
        prefix = "websocket."
    if answer is None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers]
        answer = _Answer(refusal.status, headers, refusal.body)
    length = (b"content-length", b"%d" % len(answer.body))
    await send(
        {"type": f"{prefix}http.response.start", "status": answer.status, "headers": [*answer.headers, length]}
    )
    await send({"type": f"{prefix}http.response.body", "body": answer.body})
    if answer.background is not None:
        await answer.background()


def as_reason(text: str) -> str:
    """What fits into a close frame (RFC 6455 section 5.5): 125 bytes, two of them for the code."""
    return text.encode()[:123].decode(errors="ignore")


async def _own_answer(
    on_refusal: Callable[[Refusal, Any], Any], refusal: Refusal, scope: MutableMapping[str, Any]
) -> _Answer | None:
    """What `on_refusal` has returned, as the answer; `None` where that is Sallet's own.

    It is read and not called: whatever runs with the scope, as the app itself would, could serve the request.
    """
    try:
        response = on_refusal(refusal, scope)
        if inspect.isawaitable(response):
            response = await response
        if response is None:
            return None
        status, body, raw = (getattr(response, name, None) for name in ("status_code", "body", "raw_headers"))
    except Exception as error:
        # Where it was raised, and not what it says: that may be a token.
        _log_unusable(f"raised {type(error).__name__}", "\n" + "".join(traceback.format_tb(error.__traceback__)).rstrip())
        return None
    if not isinstance(status, int) or not isinstance(body, bytes | memoryview) or raw is None:
        _log_unusable(f"returned an instance of {type(response).__name__}, which is no response with a body")
        return None
    if not Refusal._is_answered_by(status):
        _log_unusable(f"returned the status {int(status)}, which does not refuse")
        return None
    try:
        headers = refusal._dress(raw)
    except (TypeError, IndexError):
        headers = None
    if headers is None:
        _log_unusable("returned headers that cannot be sent")
        return None
    return _Answer(int(status), headers, bytes(body), getattr(response, "background", None))


def _log_unusable(what: str, where: str = "") -> None:
    _LOG.error(
        "on_refusal %s, so the standard answer was sent: return a JSONResponse, a RedirectResponse or another Response of Starlette "
        "whose status is 300 or above, or None%s",
        what,
        where,
    )
