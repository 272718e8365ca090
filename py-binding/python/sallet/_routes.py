"""What the routes behind a middleware make of a path, where that is not the path itself.

A `root_path` is a prefix that a proxy has taken off, or that a mount has. Starlette takes it off the
path where the path begins with it, and leaves the path as it is where not; a mount inside then hands
on a path with its own prefix still in it. A guard that knows only the outer path would open a door
with it that it has not seen. Works on what Starlette's and FastAPI's routers have, and needs neither.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


def unwrap(app: Any) -> Any:
    """The app or router inside the middleware around it, which by custom is at `.app`."""
    for layer in layers(app):
        if isinstance(getattr(layer, "routes", None), list):
            return layer
    return None


# More than any app has. A mock has an `app` in each `app` it makes, without end.
_MAX_LAYERS = 256


def layers(app: Any) -> Iterator[Any]:
    """The app and what is inside it, middleware by middleware."""
    for _ in range(_MAX_LAYERS):
        if app is None:
            return
        yield app
        app = getattr(app, "app", None)


@dataclass(frozen=True)
class _Context:
    """`fastapi.routing.RouteContext` for apps and versions that have none."""

    original_route: Any

    @property
    def path(self) -> str | None:
        return getattr(self.original_route, "path", None)

    def matches(self, scope: dict[str, Any]) -> Any:
        return self.original_route.matches(scope)


def contexts(routes: Sequence[Any]) -> Iterator[Any]:
    """Each route in matching order, those of included routers with their prefix."""
    flatten = getattr(sys.modules.get("fastapi.routing"), "iter_route_contexts", None)
    if flatten is not None:
        yield from flatten(routes)
    else:
        yield from map(_Context, routes)


def is_mount(route: Any) -> bool:
    return hasattr(route, "path_regex") and hasattr(route, "routes")


def is_host(route: Any) -> bool:
    return hasattr(route, "host_regex")


def is_files(app: Any) -> bool:
    """Whether it serves files, as Starlette's `StaticFiles` does: the same below every path."""
    return any(hasattr(layer, "lookup_path") for layer in layers(app))


def frontends(app: Any) -> Iterator[str]:
    """The paths of `app.frontend(...)`, which FastAPI keeps apart from the routes."""
    router = getattr(app, "router", app)
    candidates = getattr(router, "_iter_low_priority_routes", tuple)
    for candidate in candidates():
        group = getattr(candidate, "original_route", candidate)
        prefix = getattr(candidate, "frontend_prefix", "")
        for route in getattr(group, "routes", ()):
            yield prefix + route.path


PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(?::[a-zA-Z_][a-zA-Z0-9_]*)?}")


def as_path(template: str) -> str:
    """A route's path as one that rules can be compared with: `~item_id~` for `{item_id}`."""
    return PARAMETER.sub(r"~\1~", template)


def own_root_path(app: Any) -> str | None:
    """A `root_path` that the app sets on every request, as `FastAPI(root_path=...)` does."""
    own = getattr(unwrap(app), "root_path", None)
    return own if isinstance(own, str) and own else None


def mounts_set_root_path(app: Any) -> bool:
    """Whether something mounted inside sets a `root_path` of its own."""
    return any(own_root_path(inner) is not None for _, inner in mounted(app))


def mounted(app: Any) -> Iterator[tuple[str, Any]]:
    """What is mounted inside, at any depth, and where; what a `Host` route leads to, too.

    Each route once: an app may be mounted in itself, or in many places that are mounted in many.
    """
    waiting, seen = [("", app)], set[int]()
    while waiting:
        prefix, outer = waiting.pop(0)
        for context in contexts(getattr(unwrap(outer), "routes", ())):
            route = context.original_route
            if (is_mount(route) or is_host(route)) and id(route) not in seen:
                seen.add(id(route))
                path = prefix + (context.path or "" if is_mount(route) else "")
                yield path, route.app
                waiting.append((path, route.app))


def routed(path: str, root_path: str) -> str:
    """The path that Starlette's router matches (its `get_route_path`)."""
    rest = path.removeprefix(root_path)
    return rest if path.startswith(root_path) and (not rest or rest.startswith("/")) else path


def reads_otherwise(app: Any, path: str, root_path: str) -> bool:
    """Whether some router inside would match another path than the rest that its mounts leave.

    Where the routes cannot be seen, a `root_path` that the path does not carry is enough.
    """
    inner = unwrap(app)
    if inner is None:
        return bool(root_path) and routed(path, root_path) == path
    return _differs(inner, path, root_path, routed(path, root_path))


def _differs(app: Any, path: str, root_path: str, expected: str) -> bool:
    """`expected` is what those who write rules take the path to be from here on."""
    root_path = own_root_path(app) or root_path
    seen = routed(path, root_path)
    if seen != expected:
        return True
    for context in contexts(getattr(unwrap(app), "routes", ())):
        route = context.original_route
        if is_host(route):
            if _differs(route.app, path, root_path, expected):
                return True
        elif is_mount(route):
            # FastAPI's context knows the prefix of the router that includes the mount.
            scope = {"type": "http", "method": "GET", "path": path, "root_path": root_path, "headers": []}
            match, child = context.matches(scope)
            if match.value and _differs(
                route.app, path, child["root_path"], seen[len(child["root_path"]) - len(root_path) :]
            ):
                return True
    return False
