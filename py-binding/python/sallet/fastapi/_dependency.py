"""A scheme as FastAPI's dependency, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from fastapi import HTTPException, WebSocketException
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.security import SecurityScopes
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection

from sallet import Refusal
from sallet._coroutines import awaitable
from sallet._decision import tell
from sallet._refuse import as_reason, closes, note
from sallet._sallet import signed_in_user
from sallet.auth import Scheme
from sallet.fastapi._subclass import NOT_SAID, asked, keep_scopes, passed


class OfRoute(NamedTuple):
    """A link of the chain in `scope["sallet.auth"]` that a dependency has added; those of guards are plain tuples."""

    by: Any
    outcome: Any
    earlier: Any


def is_verdict_for(scheme: Any, by: Any, outcome: Any) -> bool:
    """Whether a guard's or dependency's verdict is that of `scheme`.

    What a guard of several refuses without asking one of them is each one's, so that a throttled client is not judged here instead.
    """
    if isinstance(by, tuple):
        return any(one is scheme for one in by) and not (isinstance(outcome, Refusal) and outcome.is_missing)
    return by is scheme


class Dependency(Scheme):
    """The flow of a scheme in routes: it comes before the scheme itself among the bases of a class."""

    model: SecurityModel
    scheme_name: str
    auto_error: bool

    def __init__(
        self, *args: Any, scheme_name: str | None = None, auto_error: bool = True, **options: Any
    ) -> None:
        keep_scopes(type(self), Dependency)  # again: it may have been assigned since
        super().__init__(*args, **options)
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        keep_scopes(cls, Dependency)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__call__":
            # Calls pass it by, but FastAPI asks it whether there is something to await.
            raise TypeError("__call__ of one object is not called: override it in a subclass")
        super().__setattr__(name, value)

    async def __call__(
        self, request: HTTPConnection, security_scopes: SecurityScopes = NOT_SAID
    ) -> Any:
        """The verified user, or `None` when `auto_error` is off and no credential was sent."""
        outcome = await self._verdict(request.scope)
        if isinstance(outcome, Refusal) and outcome.is_missing and not self.auto_error:
            return None
        self._admit(outcome, asked(self, security_scopes), request.scope)
        passed(self, outcome)
        return outcome

    def make_not_authenticated_error(self) -> Exception:
        """What this dependency raises for a missing credential, as in FastAPI's own schemes.

        Override it to answer otherwise, such as with 403. Behind `protect(app, auth=...)` and
        `AuthMiddleware` it is not asked: they have answered before any dependency runs, except on
        public paths. A WebSocket is closed with 1008 where the server cannot send a response.
        """
        missing, _ = self._begin({"type": "http", "headers": []})
        return exception_of(missing, {"type": "http"})

    async def _verdict(self, scope: Any) -> Any:
        """The user or refusal: the guard's, an earlier dependency's, or else a new one. An error that the guard has met is raised."""
        if (outcome := self._earlier_verdict(scope)) is not None:
            return outcome
        if (user := signed_in_user(self, scope)) is not None:
            outcome = user
        else:
            try:
                if type(self).identify is Scheme.identify:
                    outcome = await self._authenticate(scope)
                else:
                    outcome = self._accept(await awaitable(self, self.identify(scope)), scope)
            except Exception as error:
                outcome = self._answer(error)
                if outcome is None:
                    tell("failed", scope, self, error)
                    raise
        scope["sallet.auth"] = OfRoute(self, outcome, scope.get("sallet.auth"))
        return outcome

    def _earlier_verdict(self, scope: Any) -> Any:
        """The user or refusal of a guard, or of a dependency before this one; `None` if there is none yet."""
        link = scope.get("sallet.auth")
        while link is not None:
            by, outcome, link = link
            if is_verdict_for(self, by, outcome):
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
        return None

    def _admit(self, outcome: Any, scopes: Iterable[str], scope: Any) -> None:
        """Raises a refusal: that one, or the one of a user whose scopes are not enough."""
        refusal = outcome if isinstance(outcome, Refusal) else self.authorize(outcome, scopes)
        if refusal is not None:
            note(refusal, scope, self)
            if refusal.is_missing and not closes(scope):
                raise self.make_not_authenticated_error()
            raise exception_of(refusal, scope)


class _Fields(dict[str, str]):
    """Fields of which one name may have several lines, as Starlette sends them; to look one up gives all its lines as one list."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        for name, value in lines:
            # RFC 9110 section 5.3
            self[name] = f"{self[name]}, {value}" if name in self else value
        self._lines = lines

    def items(self) -> Any:
        return self._lines

    def copy(self) -> _Fields:
        return _Fields(self._lines)


def exception_of(refusal: Refusal, scope: Any) -> Exception:
    """A refusal as what FastAPI answers."""
    if closes(scope):
        return WebSocketException(Refusal.CLOSE_CODE, as_reason(refusal.detail if isinstance(refusal.detail, str) else ""))
    headers = _Fields([(name, value) for name, value in refusal.headers if name != "content-type"])
    raised = refusal._error
    if isinstance(raised, StarletteHTTPException):
        # The app may have a handler for its class. One exception may be raised for many requests, and of several schemes.
        own = type(raised).__new__(type(raised), *raised.args)
        vars(own).update(vars(raised), headers=headers)
        return own
    return HTTPException(refusal.status, refusal.detail, headers)
