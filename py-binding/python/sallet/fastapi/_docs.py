"""FastAPI's own docs pages: which paths they live at, and the policy each of them needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.routing import Route

from sallet import SecurityHeaders
from sallet.fastapi._mounts import Mounted, mounted_apps
from sallet.fastapi._page import Needs, merge, scan
from sallet.fastapi._relax import relaxed, servers
from sallet.headers import PolicyRule

Scope = MutableMapping[str, Any]

# The page repeats root_path inside its script. A hash of a script that a stranger could shape
# (a proxy that forwards X-Forwarded-Prefix) would bless what he put there.
_PLAIN_ROOT_PATH = re.compile(r"[A-Za-z0-9/._~@:+-]*")

_CACHED_ROOT_PATHS = 64


@dataclass(frozen=True)
class Docs:
    """The paths of one app's docs, as the outermost router sees them."""

    public: tuple[str, ...]
    pages: Mapping[str, DocsPage]


def find_docs(app: Any) -> Docs:
    """The docs of `app` and of the FastAPI apps mounted in it, made by FastAPI itself.

    A path counts only when a request for it really ends at FastAPI's own endpoint: a page you
    made yourself, or a route that comes before it, is not touched.
    """
    seen: set[str] = set()
    public: list[str] = []
    pages: dict[str, DocsPage] = {}
    for mounted in mounted_apps(app):
        for kind, path, route in _own_routes(mounted.app):
            full = mounted.prefix + path
            if full in seen or not mounted.reaches(route, path):
                continue
            seen.add(full)
            public.append(full)
            if kind != "openapi":
                pages[full] = DocsPage(mounted, kind, path, route.endpoint)
    return Docs(tuple(public), pages)


def _own_routes(app: FastAPI) -> Iterator[tuple[str, str, Route]]:
    names = {
        "openapi": ("openapi", app.openapi_url),
        "swagger_ui_html": ("swagger-ui", app.docs_url),
        "swagger_ui_redirect": ("oauth2-redirect", app.swagger_ui_oauth2_redirect_url),
        "redoc_html": ("redoc", app.redoc_url),
    }
    for route in app.router.routes:
        endpoint = getattr(route, "endpoint", None)
        if not isinstance(route, Route) or getattr(endpoint, "__module__", "") != FastAPI.__module__:
            continue
        kind, path = names.get(getattr(endpoint, "__name__", ""), ("", None))
        if path is not None and route.path == path:
            yield kind, path, route


class DocsPage:
    """One page of one app: what it needs, for the root_path it is served under."""

    def __init__(
        self, mounted: Mounted, kind: str, path: str, endpoint: Callable[[Request], Any]
    ) -> None:
        self.kind = kind
        self._mounted = mounted
        self._path = path
        self._endpoint = endpoint
        self._scan = lru_cache(_CACHED_ROOT_PATHS)(lambda root_path: scan(self._html(root_path)))

    def prepare(self, root_path: str) -> None:
        """Renders the page and hashes its scripts now rather than at the first request."""
        self._scan(self._mounted.root_path(root_path))

    def needs(self, root_path: str) -> Needs | None:
        """Directives and sources when the outer root_path is this; `None` if it is not a plain one."""
        inner = self._mounted.root_path(root_path)
        if not _PLAIN_ROOT_PATH.fullmatch(inner):
            return None
        page = self._scan(inner)
        return merge(page, servers(self._mounted.app)) if self.kind == "swagger-ui" else page

    def _html(self, root_path: str) -> str:
        app = self._mounted.app
        scope = {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "path": root_path + self._path,
            "root_path": root_path,
            "query_string": b"",
            "headers": [],
            "app": app,
        }
        response = _finish(self._endpoint(Request(scope)))
        return bytes(response.body).decode(response.charset)


def _finish(coroutine: Any) -> Any:
    """Runs a coroutine that never really waits: FastAPI's docs endpoints only build a string."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("this version of FastAPI renders its docs pages with I/O; pass docs=False")


class PagePolicy:
    """The callable for `paths={"/docs": ...}`: the app's policy and what this page needs, no more."""

    # The middleware need not draw a nonce for it: it adds none to what it is given.
    changes_given_policies = True

    def __init__(self, path: str, page: DocsPage, bases: Sequence[PolicyRule]) -> None:
        self._path = path
        self._page = page
        self._bases = bases
        self._relaxed = lru_cache(_CACHED_ROOT_PATHS)(self._relax)

    def __call__(self, scope: Scope) -> SecurityHeaders | None:
        policy = self._base(scope)
        # The rule holds for "//docs" too, which is no docs page.
        if policy is None or get_route_path(scope) != self._path:
            return policy
        return self._relaxed(scope.get("root_path", ""), policy)

    def _base(self, scope: Scope) -> SecurityHeaders | None:
        """The policy that this request would have without the page's own rule."""
        for base in self._bases:
            policy = base if isinstance(base, SecurityHeaders) else base(scope)
            if policy is not None:
                return policy
        return None

    def _relax(self, root_path: str, policy: SecurityHeaders) -> SecurityHeaders:
        needs = self._page.needs(root_path)
        return policy if needs is None else relaxed(policy, self._page.kind, needs)
