"""What is inside an ASGI app: middleware, routers, mounts, as deep as they go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sallet._routes import contexts

# Where middleware, Starlette and FastAPI keep what they call; the first is the custom.
_INNER = ("app", "_app", "inner", "application", "middleware_stack", "router")

# More than any app has. A mock has each of these in each of these, without end.
_MAX = 20_000


def everything_inside(app: Any) -> Iterator[Any]:
    """The app, and each middleware, router, route and app in it, once."""
    waiting, seen = [app], set[int]()
    while waiting and len(seen) < _MAX:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [getattr(found, name, None) for name in _INNER]
        routes = getattr(found, "routes", None)
        for context in contexts(routes) if isinstance(routes, list) else ():
            waiting += [context.original_route, getattr(context, "app", None)]
