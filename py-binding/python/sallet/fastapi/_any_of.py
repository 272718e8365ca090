"""`AnyOf`: a dependency that any of several schemes satisfies."""

from __future__ import annotations

import inspect
from typing import Any

from fastapi import Depends
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from sallet import Refusal
from sallet._refuse import note
from sallet._sallet import Alternatives, signed_in_user
from sallet.fastapi._dependency import Dependency, OfRoute, exception_of, is_verdict_for

__all__ = ["AnyOf"]


class AnyOf:
    """Any of several schemes, with the scopes of a route:

    ```python
    either = AnyOf(bearer, key)
    protect(app, auth=either)

    @app.get("/items")
    async def items(who: Annotated[Principal, Security(either, scopes=["items:read"])]): ...
    ```

    The first scheme whose credentials are there decides, alone and finally, as in a list that `protect` is given; where a guard has
    decided by one of them, its verdict holds. The verdict and the challenges are the guard's own: a 401 has one for each scheme, a 403
    that of the scheme that decided. OpenAPI has the schemes as alternatives, each with the scopes.

    Args:
        *schemes: A `Bearer`, a `Basic` or an `ApiKey` of `sallet.fastapi`, in the order in which they are asked.
        auto_error: `False` gives `None` where none of them is there, as of `Bearer`. That of the schemes does not count here.

    Raises:
        TypeError: No scheme, one that is not of `sallet.fastapi`, two that read the same credential, or one whose class overrides
            `__call__`, which is not called here.
    """

    schemes: tuple[Dependency, ...]
    auto_error: bool

    def __init__(self, *schemes: Dependency, auto_error: bool = True) -> None:
        for scheme in schemes:
            if not isinstance(scheme, Dependency):
                # The value is not shown: it may be a token that was put in the wrong place.
                raise TypeError(
                    "AnyOf takes schemes of sallet.fastapi: write AnyOf(Bearer(keyring), ApiKey(keyring)), without a list"
                )
            if type(scheme).__call__ is not Dependency.__call__:
                raise TypeError(
                    f"{type(scheme).__name__} overrides __call__, which AnyOf does not call: override identify, and refuse there"
                )
        self.schemes = schemes
        self.auto_error = auto_error
        self._alternatives = Alternatives(schemes)
        shown = [_Shown(scheme) for scheme in schemes]
        self.__signature__: inspect.Signature = inspect.Signature(
            [
                _parameter("connection", HTTPConnection),
                _parameter("security_scopes", SecurityScopes),
                *(_parameter(f"shown_{at}", None, Depends(each)) for at, each in enumerate(shown)),
            ]
        )

    async def __call__(
        self, connection: HTTPConnection, security_scopes: SecurityScopes, **_shown: None
    ) -> Any:
        """The verified user, or `None` when `auto_error` is off and no credential was sent."""
        scope = connection.scope
        by, outcome = await self._verdict(scope)
        if not isinstance(outcome, Refusal):
            by._admit(outcome, security_scopes.scopes, scope)
            return outcome
        if outcome.is_missing and not self.auto_error:
            return None
        note(outcome, scope, by)
        raise exception_of(outcome, scope)

    async def _verdict(self, scope: Any) -> tuple[Any, Any]:
        """Who has judged, which is all of them where none could, and the user or refusal."""
        link = scope.get("sallet.auth")
        while link is not None:
            by, outcome, earlier = link
            if by is self:
                who, found = outcome
                return who, found
            # That a guard has found nothing is said of its own schemes alone.
            found_nothing = isinstance(outcome, Refusal) and outcome.is_missing
            if not isinstance(link, OfRoute) and not found_nothing and any(is_verdict_for(scheme, by, outcome) for scheme in self.schemes):
                if isinstance(outcome, Exception):
                    raise outcome
                return by, outcome
            link = earlier
        found = await self._judge(scope)
        scope["sallet.auth"] = OfRoute(self, found, scope.get("sallet.auth"))
        return found

    async def _judge(self, scope: Any) -> tuple[Any, Any]:
        if (user := signed_in_user(self, scope)) is not None:
            return self.schemes[0], user
        at = self._which(scope)
        if at is None:
            return self.schemes, self._alternatives.missing()
        outcome = await self.schemes[at]._verdict(scope)
        self._alternatives.take_out(scope)
        return self.schemes[at], self._alternatives.among(at, outcome) if isinstance(outcome, Refusal) else outcome

    def _which(self, scope: Any) -> int | None:
        """The scheme that decides. A dependency of one that was asked before may have taken its token out of the scope."""
        at = self._alternatives.which(scope)
        for earlier, scheme in enumerate(self.schemes[:at]):
            outcome = scheme._earlier_verdict(scope)
            if outcome is not None and not (isinstance(outcome, Refusal) and outcome.is_missing):
                return earlier
        return at


class _Shown(SecurityBase):
    """One of the schemes, for OpenAPI alone: FastAPI takes the schemes among a route's dependencies for alternatives."""

    def __init__(self, scheme: Dependency) -> None:
        self.model = scheme.model
        self.scheme_name = scheme.scheme_name

    async def __call__(self) -> None: ...


def _parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
