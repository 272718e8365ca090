"""One decision about one request: for the log `sallet.auth`, and for the `on_decision` of a guard."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Literal

from sallet._sallet import NotAUser, Principal, Refusal, Scheme

__all__ = ["Decision"]

_LOG = logging.getLogger("sallet.auth")


@dataclass(frozen=True)
class Decision:
    """What was decided about one request. No field holds a credential.

    `method`, `path` and `client` are the client's to choose: do not make labels of a metric of them.
    """

    outcome: Literal["admitted", "refused", "throttled", "anonymous", "failed"]
    """`"admitted"`; `"refused"`; `"throttled"`: refused by a `FailureThrottle`, and not judged; `"anonymous"`: without a good credential, on a path that needs none; `"failed"`: `authenticate`
    has raised an error, and the server answers 500.
    """
    scheme: str | None
    """The word of the scheme that has decided, such as `"Bearer"`; `None` where several could have and none was used."""
    key_id: str | None
    """The id of the `Principal` that was admitted, or whose scopes were not enough."""
    reason: str | None
    """Why not, in one sentence of Sallet's; `None` if admitted."""
    status: int | None
    """What the refusal asks to answer, which `on_refusal` may change; on a public path what a dependency would answer; `None` if
    there is none.
    """
    client: str | None
    """The address in the scope."""
    method: str
    """`"WEBSOCKET"` for a handshake."""
    path: str


def tell(outcome: Any, scope: MutableMapping[str, Any], by: Any, about: Any) -> None:
    """Tells of a decision that the scheme `by` has made: `about` is the user, the refusal or the error."""
    key_id, reason, status = None, None, None
    if isinstance(about, Refusal):
        key_id, reason, status = about.key_id, about.reason, about.status
    elif isinstance(about, BaseException):
        # What was returned and is no user is said in words that show its class and no value.
        reason = str(about) if isinstance(about, NotAUser) else f"authenticate raised {type(about).__name__}"
        if isinstance(raised := getattr(about, "status_code", None), int) and raised < 400:
            reason += f" {int(raised)}, which refuses nothing: redirect in on_refusal="
    elif type(about) is Principal:
        key_id = about.id
    client = scope.get("client")
    decision = Decision(
        outcome,
        by.word if isinstance(by, Scheme) else None if isinstance(by, tuple) else type(by).__name__,
        key_id,
        reason,
        status,
        str(client[0]) if client else None,
        scope.get("method", "WEBSOCKET") if scope["type"] == "http" else "WEBSOCKET",
        scope.get("path", ""),
    )
    _write(decision, about)
    hook = scope.get("sallet.on_decision")
    if hook is not None:
        try:
            hook(decision)
        except Exception:
            # A metric that fails neither opens nor closes anything.
            _LOG.exception("on_decision failed")


def _write(decision: Decision, about: Any) -> None:
    """The client chose method, path and perhaps its address, so they are quoted: a line break in one would forge a record."""
    level = _level(decision, about)
    if not _LOG.isEnabledFor(level):
        return
    why, where = f": {decision.reason}" if decision.reason else "", ""
    who = decision.scheme or "no scheme"
    if decision.key_id is not None:
        who += f" {decision.key_id!r}"
    if level == logging.ERROR:
        # Where it was raised, and not what it says: that may be a token.
        where = "\n" + "".join(traceback.format_tb(about.__traceback__)).rstrip()
    _LOG.log(
        level,
        "%s%s (%s, %r %r from %r)%s",
        decision.outcome,
        why,
        who,
        decision.method,
        decision.path,
        decision.client,
        where,
        extra={"decision": decision},
    )


def _level(decision: Decision, about: Any) -> int:
    """What goes as it should is for those who look for it."""
    if decision.outcome == "admitted" or (decision.outcome == "anonymous" and getattr(about, "is_missing", False)):
        return logging.DEBUG
    # The server logs the error that is its answer; this one is nobody's.
    return logging.ERROR if decision.outcome == "anonymous" and decision.status is None else logging.INFO
