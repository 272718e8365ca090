"""The FastAPI apps inside an app, and which route a path really reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Host, Match, Mount

from sallet._routes import contexts, unwrap


@dataclass(frozen=True)
class Step:
    """One mount on the way down: its path, the routes it sits in, and itself."""

    path: str
    route: BaseRoute
    routes: Sequence[BaseRoute]
    own_root_path: str


@dataclass(frozen=True)
class Mounted:
    """A FastAPI app and the way to it from the outermost one."""

    app: FastAPI
    steps: tuple[Step, ...] = ()

    @property
    def prefix(self) -> str:
        """The path the outermost router sees before the app's own paths."""
        return "".join(step.path for step in self.steps)

    def root_path(self, outer: str) -> str:
        """What `scope["root_path"]` is inside the app when it is `outer` outside."""
        inner = outer
        for step in self.steps:
            # FastAPI(root_path=...) replaces what the mount computed.
            inner = step.own_root_path or inner + step.path
        return inner

    def reaches(self, route: BaseRoute, path: str) -> bool:
        """Whether a GET of the app's own `path` ends at `route` and not at an earlier one.

        Opening a path to the world is safe only when we know what answers there.
        """
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": self.prefix + path,
            "root_path": "",
            "headers": [],
        }
        levels = [(step.routes, step.route) for step in self.steps]
        for routes, wanted in [*levels, (self.app.router.routes, route)]:
            found = _first(routes, scope)
            if found is None or found[0] is not wanted:
                return False
            scope.update(found[1])
        return True


def mounted_apps(app: Any) -> Iterator[Mounted]:
    """The app itself, if it is FastAPI, and every FastAPI app mounted in it, at any depth.

    A mount whose path has parameters, and a `Host` route, are left out: neither can be written
    as an exact path.
    """
    if isinstance(app, FastAPI):
        yield Mounted(app)
    yield from _below(app, (), frozenset({id(app)}))


def _below(app: Any, steps: tuple[Step, ...], seen: frozenset[int]) -> Iterator[Mounted]:
    routes: Sequence[BaseRoute] = getattr(app, "routes", ())
    for context in contexts(routes):
        route = context.original_route
        if not isinstance(route, Mount):
            continue
        inner = unwrap(route.app)
        path = context.path or ""
        if inner is None or id(inner) in seen or "{" in path:
            continue
        own = inner.root_path if isinstance(inner, FastAPI) else ""
        down = (*steps, Step(path, route, routes, own))
        if isinstance(inner, FastAPI):
            yield Mounted(inner, down)
        yield from _below(inner, down, seen | {id(inner)})


def _first(routes: Sequence[BaseRoute], scope: dict[str, Any]) -> tuple[BaseRoute, Any] | None:
    for context in contexts(routes):
        if isinstance(context.original_route, Host):
            # Which app it leads to depends on the request; what comes behind it is not sure.
            return None
        match, child_scope = context.matches(scope)
        if match is Match.FULL:
            return context.original_route, child_scope
    return None
