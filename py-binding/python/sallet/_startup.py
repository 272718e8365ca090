"""What the middlewares tell the log: once when the app starts, and when something is set up wrongly."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sallet._near import nearest
from sallet._routes import PARAMETER, as_path, contexts, frontends, is_files, is_host, is_mount, layers, mounted, unwrap
from sallet._sallet import PathRules

if TYPE_CHECKING:
    from sallet import _sallet

auth = logging.getLogger("sallet.auth")
headers = logging.getLogger("sallet.headers")


def report(guard: _sallet.AuthMiddleware) -> None:
    """Says what is open, and what about that is probably not meant; whatever the app is, no request fails over it."""
    try:
        _report(guard)
    except Exception:
        auth.warning("the routes of this app cannot be read, so nobody looked at the rules", exc_info=True)


def _report(guard: _sallet.AuthMiddleware) -> None:
    auth.info("%s", _what_is_open(guard))
    paths = frozenset(_paths(guard.app))
    templates = paths.union(_files(guard.app))
    for rule in guard.protected or ():
        covered = [template for template in templates if _may_cover(rule, template)]
        # One that begins with a parameter, or serves the root, is below any rule, and so hides no slip.
        if not templates or not all(template.startswith("/{") for template in covered):
            continue
        near = nearest(rule, {around for around in map(_subtree, templates) if "{" not in around and not _is_inside(around, guard.protected)})
        if not covered:
            auth.warning(
                "protected: no route is at or below the path of %r%s", rule, f"; did you mean {near!r}?" if near else ", so it guards none"
            )
        elif near:
            auth.warning("protected: only a route for any first segment is at or below the path of %r; did you mean %r?", rule, near)
    for rule in guard.public:
        path = rule.rpartition(" ")[2]
        if not _is_inside(rule, guard.protected):
            auth.warning(
                "public: %r opens nothing, because no rule of protected (%s) covers it and it is open without one: remove it, or "
                "protect the path around it",
                rule,
                ", ".join(guard.protected or ()),
            )
            continue
        if not paths or path in paths or path.endswith("/*"):
            continue
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        if path.endswith("/") and path != "/":
            auth.warning(
                "public: %r opens that one path alone, and no route has it; for everything below it write %r", rule, rule + "*"
            )
        elif other in paths:
            auth.warning("public: no route has the path of %r; there is one for %r", rule, other)
    for where in sorted(set(_cors(guard.app))):
        rule = f"{where}/*"
        if not {"/*", rule} & set(guard.preflights):
            auth.warning(
                "a CORSMiddleware%s is behind the authentication, which refuses its preflights: put it in front "
                "(add it after AuthMiddleware, or use protect), or let them pass with preflights=[%r]",
                f" at {where}" if where else "",
                rule,
            )


def _what_is_open(guard: _sallet.AuthMiddleware) -> str:
    said = f"credentials are needed for {'every path' if guard.protected is None else ', '.join(guard.protected)}"
    if exceptions := [rule for rule in guard.public if _is_inside(rule, guard.protected)]:
        said += f", except for {', '.join(exceptions)}"
    if guard.protected is not None:
        said += "; every other path is open"
    if guard.preflights:
        said += f"; CORS preflights pass at {', '.join(guard.preflights)}"
    return said


def _is_inside(rule: str, protected: Iterable[str] | None) -> bool:
    method, _, path = rule.rpartition(" ")
    return PathRules(protected=protected).needs_credentials(method, path.removesuffix("*"))


# A parameter that may hold slashes: Starlette's `path`, or a convertor of the app's own.
_WIDE = re.compile(r"{\w+:(?!(?:str|int|float|uuid)})")


def _may_cover(rule: str, template: str) -> bool:
    """Whether the route can be at or below the path of a protected rule, whatever its parameters stand for."""
    if PathRules(protected=[rule]).needs_credentials("GET", as_path(template)):
        return True
    segments = template.lower().strip("/").split("/")
    for place, wanted in enumerate(rule.lower().removesuffix("*").strip("/").split("/")):
        if place == len(segments):
            return False
        literals = PARAMETER.split(segments[place])[::2]
        if _WIDE.search(segments[place]):
            return wanted.startswith(literals[0])
        if re.fullmatch("[^/]+".join(map(re.escape, literals)), wanted) is None:
            return False
    return True


def _subtree(path: str) -> str:
    return f"/{path.split('/')[1]}/*" if path.startswith("/") else path


def _paths(app: Any) -> Iterator[str]:
    """The paths of the routes inside, at any depth; what is below a mount whose routes cannot be seen is a parameter."""
    for prefix, inner in [("", app), *mounted(app)]:
        if inner is not app and unwrap(inner) is None and not is_files(inner):
            yield prefix + "/{path:path}"
        for context in contexts(getattr(unwrap(inner), "routes", ())):
            if not is_mount(context.original_route) and not is_host(context.original_route):
                yield prefix + (context.path or "")


def _files(app: Any) -> Iterator[str]:
    """Where files are served, any of which may be there: below mounts of `StaticFiles`, and by `app.frontend(...)`."""
    for prefix, inner in [("", app), *mounted(app)]:
        if is_files(inner):
            yield prefix + "/{path:path}"
        for path in frontends(unwrap(inner)):
            yield prefix + path.rstrip("/") + "/{path:path}"


def _cors(app: Any) -> Iterator[str]:
    """The prefixes below which a CORSMiddleware sits inside."""
    for prefix, inner in [("", app), *mounted(app)]:
        added = [middleware.cls for middleware in getattr(unwrap(inner), "user_middleware", ()) if inner is not app]
        around = [type(layer) for layer in layers(inner)]
        if any(getattr(kind, "__name__", "") == "CORSMiddleware" for kind in [*around, *added]):
            yield prefix


_told: set[tuple[str, bytes | None, str]] = set()
# Each is told once, and no more than so many: how many there are, a client decides.
_MAX_TOLD = 100


def _is_new(*paths: Any) -> bool:
    if paths in _told or len(_told) >= _MAX_TOLD:
        return False
    _told.add(paths)
    return True


def log_disagreement(path: str, raw_path: bytes | None, root_path: str) -> None:
    """A rule would have opened this request, were it sure that the router sees the same path."""
    if _is_new(path, raw_path, root_path):
        auth.warning(
            "not public: the path sent, %r, and the path to route, %r with root_path %r, do not agree; a proxy, a "
            "mount or a middleware changes one of them",
            raw_path,
            path,
            root_path,
        )


def log_spelling(path: str, raw_path: bytes | None, root_path: str) -> None:
    """A rule would have opened this request, were it spelt as everybody reads it."""
    if _is_new(path, raw_path, root_path):
        auth.info(
            "credentials needed: %r is spelt in a way that servers may read differently (//, ;, dots, or an encoding that "
            "is not needed), so that no rule opens it",
            path if raw_path is None else raw_path,
        )


def log_bad_choice(place: str, error: BaseException) -> None:
    """A callable that chooses a policy has failed."""
    _log_failed("%s: choosing the policy failed, so STRICT was sent: %s%s", place, error)


def _log_failed(message: str, place: str, error: BaseException) -> None:
    # Where the callable raised it, and not what it says: that may be a path or a token, and so a client's to write into the log.
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    name, why = type(error).__name__, f"\n{where}" if where else f": {str(error)!r}"
    headers.error(message, place, name, why)


def log_bad_https(place: str, error: BaseException) -> None:
    """The function of `https=` has failed."""
    _log_failed("%s: the function failed, so the headers for HTTPS only were left out: %s%s", place, error)
