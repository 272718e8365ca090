"""The scopes of a route, past a `__call__` that a subclass of `Bearer` has overridden.

FastAPI gives them to a parameter of type `SecurityScopes`. FastAPI's own schemes have none, so
neither has a subclass written after their pattern, and `Security(mine, scopes=["admin"])` would ask
for nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

# Stands for "no scopes were handed on"; FastAPI takes no default of another type.
NOT_SAID = SecurityScopes()


@dataclass
class _Asked:
    scheme: Any
    scopes: tuple[str, ...]
    passed: Any = None


_asked: ContextVar[_Asked | None] = ContextVar("sallet_asked", default=None)


def asked(scheme: Any, given: SecurityScopes) -> tuple[str, ...]:
    """The scopes to compare now: those given, and those that a subclass was asked for."""
    scopes = tuple(given.scopes)
    outer = _asked.get()
    if outer is None or outer.scheme is not scheme:
        return scopes
    return (*outer.scopes, *scopes)


def passed(scheme: Any, user: Any) -> None:
    """Remembers that the scopes of the token were enough. A subclass may give its user another form."""
    outer = _asked.get()
    if outer is not None and outer.scheme is scheme:
        outer.passed = user


def keep_scopes(cls: Any, base: Any) -> None:
    """Wraps the `__call__` that instances of a class will have, wherever in its bases it is."""
    call = cls.__call__
    # Compared with itself, because functools.wraps copies the mark to a decorator's function.
    if call is not base.__call__ and getattr(call, _MARK, None) is not call:
        cls.__call__ = with_scopes(call)


def with_scopes(call: Callable[..., Any]) -> Callable[..., Any]:
    """An overriding `__call__` that remembers the scopes it is asked for; it gains a parameter for
    them unless it has one itself.
    """
    signature = _signature(call)
    parameters = list(signature.parameters.values())
    annotations = (SecurityScopes, "SecurityScopes")
    own = [each.name for each in parameters if each.annotation in annotations]
    if inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call):
        raise TypeError(
            f"{call.__qualname__} yields, so the scopes of a route cannot be compared: return the "
            "user, and put what is to be undone into a dependency of its own"
        )

    @functools.wraps(call)
    async def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = kwargs[own[0]] if own and own[0] in kwargs else kwargs.pop(_PARAMETER, None)
        inner = _asked.get()
        if given is None and inner is not None and inner.scheme is self:
            return await _run(call, self, *args, **kwargs)  # called by a subclass of the subclass
        question = _Asked(self, tuple(given.scopes) if given is not None else ())
        token = _asked.set(question)
        try:
            user = await _run(call, self, *args, **kwargs)
        finally:
            _asked.reset(token)
        if user is not None and question.passed is None:
            # super().__call__ was not called, or has refused: what is returned is all that is known.
            scope = _scope((*args, *kwargs.values()))
            self._admit(self._accept(user, scope), question.scopes, scope)
        return user

    if not own:
        has_kwargs = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
        parameters.insert(len(parameters) - has_kwargs, _FOR_SCOPES)
    __call__.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    setattr(__call__, _MARK, __call__)
    return __call__


_MARK = "_sallet_keeps_scopes"
_PARAMETER = "sallet_scopes"
_FOR_SCOPES = inspect.Parameter(
    _PARAMETER, inspect.Parameter.KEYWORD_ONLY, default=NOT_SAID, annotation=SecurityScopes
)


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(call, eval_str=True)
    except NameError:  # a name that is imported for type checkers only: FastAPI says so itself
        return inspect.signature(call)


async def _run(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not inspect.iscoroutinefunction(call):
        found = await run_in_threadpool(call, *args, **kwargs)
        return await found if inspect.isawaitable(found) else found
    return await call(*args, **kwargs)


def _scope(values: Iterable[Any]) -> Any:
    connections = (value for value in values if isinstance(value, HTTPConnection))
    return next((connection.scope for connection in connections), {"type": "http"})
