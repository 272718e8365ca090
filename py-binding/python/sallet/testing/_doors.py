"""Every way into an app: routes, WebSockets, mounts, static files, hosts, with a path that can be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from sallet import AuthMiddleware, PathRules
from sallet._routes import PARAMETER, as_path, contexts, frontends, is_files, is_host, is_mount, layers, unwrap
from sallet.testing._ask import FRONTEND, WEBSOCKET

ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

PROBE = "sallet-probe"
"""The name of a file or page that no app has."""

# For parameters: the first that the route's convertor and its type take.
_VALUES = (
    "1", "a", "00000000-0000-4000-8000-000000000000", "2030-01-01", "2030-01-01T00:00:00Z", "12:00:00", "a@example.com",
    "127.0.0.1", "https://example.com", "abc", "a-1", "A1", "abcdefgh",
)  # fmt: skip


@dataclass(frozen=True)
class Door:
    """One route, or an app whose routes cannot be seen.

    `template` is the path as it was written, `path` with values for its parameters. `endpoint` is what a router leaves in the
    scope when it chooses this one.
    """

    template: str
    path: str
    methods: tuple[str, ...]
    endpoint: Any = None
    host: str | None = None
    missing: str = ""
    """A parameter for which no value is known."""
    any_method: bool = False
    """It names no methods: one that answers says enough."""
    below: bool = False
    """An app is mounted here, or serves files, and `path` is one below it."""
    blind: bool = False
    """There may be other paths below it, which behave otherwise."""

    @property
    def name(self) -> str:
        path = PARAMETER.sub(r"{\1}", self.template)
        if self.below:
            path = path.removesuffix(_BELOW) + "/*"
        return path if self.host is None else f"{path} (host {self.host})"


_BELOW = "/{path}"


def doors(app: Any, examples: Mapping[str, str]) -> Iterator[Door]:
    """Every way into the app, whose stack of middleware is made already."""
    yield from _below(app, Door("", "", ()), (), examples, frozenset())


Guards = tuple[tuple[AuthMiddleware, str], ...]


def _below(app: Any, at: Door, guards: Guards, examples: Mapping[str, str], above: frozenset[int]) -> Iterator[Door]:
    """`at` is the place where the app is mounted; `guards` are those around it, each with the path that it sees the app at."""
    inside = unwrap(app)
    around = [*layers(app), *layers(getattr(inside, "middleware_stack", None))]
    guards += tuple((layer, at.template) for layer in around if isinstance(layer, AuthMiddleware))
    if inside is None:
        yield _blind(app, at, guards)
        return
    if id(inside) in above:  # mounted in itself
        return
    above |= {id(inside)}
    for route, context in _routes(inside):
        inner = getattr(context, "app", None) or getattr(route, "app", None)
        if is_host(route):
            host, missing = _fill(route.host, route.param_convertors, context, examples)
            yield from _below(inner, replace(at, host=host, missing=at.missing or missing, endpoint=inner), guards, examples, above)
            continue
        template = getattr(context, "path", None)
        if not isinstance(template, str):
            yield replace(at, missing=f"the path of a {type(route).__name__}")
            continue
        convertors = getattr(context, "param_convertors", None) or getattr(route, "param_convertors", {})
        path, missing = _fill(template, convertors, context, examples)
        here = replace(at, template=at.template + template, path=at.path + path, missing=at.missing or missing)
        if is_mount(route):
            yield from _below(inner, replace(here, endpoint=inner), guards, examples, above)
        else:
            endpoint = getattr(context, "endpoint", None) or getattr(route, "endpoint", None)
            methods = getattr(context, "methods", None) or getattr(route, "methods", None)
            if not hasattr(route, "methods"):
                methods = [WEBSOCKET]
            # In this order, so that what changes nothing is tried first.
            ordered = [*filter((methods or ALL_METHODS).__contains__, ALL_METHODS), *sorted({*(methods or ())} - {*ALL_METHODS})]
            yield replace(here, methods=tuple(ordered), endpoint=endpoint, any_method=not methods)
    for prefix in frontends(inside):
        base = at.template + prefix.rstrip("/")
        yield replace(at, template=base + _BELOW, path=f"{at.path}{prefix.rstrip('/')}/{PROBE}", methods=("GET", "HEAD"), endpoint=FRONTEND, any_method=True, below=True)


def _routes(app: Any) -> Iterator[tuple[Any, Any]]:
    for context in contexts(app.routes):
        yield context.original_route, _Written(context)


class _Written:
    """A route as its router has it: with the prefix of the router that was included, where FastAPI knows one."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._context, name)
        except AttributeError:
            return getattr(self._context.original_route, name)


def _blind(app: Any, at: Door, guards: Guards) -> Door:
    """An app that is not Starlette's or FastAPI's. One of static files is the same below every path; others may not be."""
    template = at.template.rstrip("/") + _BELOW
    is_static = is_files(app)
    is_guarded = any(_guards_all(guard, template.removeprefix(prefix)) for guard, prefix in guards)
    path = f"{at.path.rstrip('/')}/{PROBE}"
    methods = ("GET", "HEAD") if is_static else (*ALL_METHODS, WEBSOCKET)
    return replace(at, template=template, path=path, methods=methods, any_method=True, below=True, blind=not is_static and not is_guarded)


def _guards_all(guard: AuthMiddleware, template: str) -> bool:
    rules = PathRules(guard.public, protected=guard.protected)
    return rules.needs_credentials("GET", as_path(template))


def _fill(template: str, convertors: Mapping[str, Any], context: Any, examples: Mapping[str, str]) -> tuple[str, str]:
    """The template with values, and the name of a parameter for which there is none."""
    missing = ""

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name = match[1]
        found = examples.get(name) or _value(convertors.get(name), list(_fields(getattr(context, "dependant", None), name)))
        if found is None:
            missing = name
            return match[0]
        return found

    return PARAMETER.sub(value, template), missing


def _value(convertor: Any, fields: list[Any]) -> str | None:
    fitting = [one for one in (*_choices(fields), *_VALUES) if _takes(convertor, one)]
    for one in fitting:
        if all(not field.validate(one, {}, loc=("path",))[1] for field in fields):
            return one
    # A constraint that none of them meets, such as a pattern: credentials are asked for before it is looked at.
    return fitting[0] if fitting else None


def _takes(convertor: Any, value: str) -> bool:
    return re.fullmatch(getattr(convertor, "regex", "[^/]+"), value) is not None


def _fields(dependant: Any, name: str) -> Iterator[Any]:
    """FastAPI's fields for a path parameter, those of dependencies too."""
    if dependant is not None:
        yield from (field for field in dependant.path_params if field.alias == name)
        for inner in dependant.dependencies:
            yield from _fields(inner, name)


def _choices(fields: Iterable[Any]) -> Iterator[str]:
    for field in fields:
        kind = getattr(getattr(field, "field_info", None), "annotation", None)
        if isinstance(kind, type) and issubclass(kind, Enum):
            yield from (str(member.value) for member in kind)
        elif get_origin(kind) is Literal:
            yield from map(str, get_args(kind))
