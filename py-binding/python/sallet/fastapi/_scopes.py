"""What a route asks for is looked at when the app starts, and not when the first client comes."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

import sallet
from sallet import PolicyError, Principal
from sallet._routes import contexts, unwrap
from sallet.auth import Scheme
from sallet.fastapi._any_of import AnyOf

# FastAPI keeps no trace of a `scopes=` that was a str, only its characters; so many scopes of one
# letter each are taken for it.
_LETTERS = 4


def mistakes(app: Any, prefix: str = "", seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """A sentence for each `Security(bearer, scopes=...)` that no token can satisfy, and each `Principal` that no scheme finds."""
    routes: Sequence[BaseRoute] = getattr(app, "routes", ())
    for context in contexts(routes):
        route = context.original_route
        path = prefix + (context.path or "")
        dependant = getattr(context, "dependant", None) or getattr(route, "dependant", None)
        if dependant is not None:
            for scopes in _asked(dependant):
                if (wrong := _mistake(scopes)) is not None:
                    yield f"{path}: {wrong}"
            for name in _read_from_request(dependant):
                yield (
                    f"{path}: {name} is a Principal and nothing says who finds it, so FastAPI would read it from the query or the body, "
                    f"which the client writes: write {name}: Annotated[Principal, Depends(bearer)]"
                )
        inner = unwrap(getattr(route, "app", None))
        if inner is not None and id(inner) not in seen:
            yield from mistakes(inner, path, seen | {id(inner)})


def _asked(dependant: Any) -> Iterator[list[str]]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Scheme | AnyOf) and inner.own_oauth_scopes:
            yield inner.own_oauth_scopes
        yield from _asked(inner)


def _read_from_request(dependant: Any) -> Iterator[str]:
    for place in ("path", "query", "header", "cookie", "body"):
        for field in getattr(dependant, f"{place}_params"):
            if _is_principal(field.field_info.annotation):
                yield field.name
    for inner in dependant.dependencies:
        if _makes_principal(inner.call):
            yield inner.name or "a dependency"
        yield from _read_from_request(inner)


def _is_principal(kind: Any) -> bool:
    return kind is Principal or any(map(_is_principal, get_args(kind)))


def _makes_principal(call: Any) -> bool:
    """`Depends()` without a scheme calls the class itself, with what the query says."""
    while isinstance(call, functools.partial):
        call = call.func
    return _is_principal(call)


def _mistake(scopes: list[str]) -> str | None:
    if len(scopes) >= _LETTERS and all(len(scope) == 1 for scope in scopes):
        return f'scopes is a list: write scopes=["{"".join(scopes)}"]'
    for scope in scopes:
        try:
            sallet.Bearer(authenticate=_nobody, scopes=[scope])
        except PolicyError as error:
            return f"scopes={scopes}: {error}"
    return None


def _nobody(_: sallet.Credentials) -> None:
    return None


class FailedApp:
    """Stands in for an app that must not start.

    To raise would not do: uvicorn takes an exception on the lifespan scope for an app that has no
    lifespan, and serves on.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": self._reason})
        raise PolicyError(self._reason)
