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

from sallet import (
    STRICT_DYNAMIC,
    UNSAFE_INLINE,
    ContentSecurityPolicy,
    PolicyError,
    SecurityHeaders,
)
from sallet._sallet import url_origin
from sallet.headers import PolicyRule
from sallet.fastapi._mounts import Mounted, mounted_apps
from sallet.fastapi._page import Needs, log, merge, named, scan

Scope = MutableMapping[str, Any]

# What the bundles do after they load, found in a real browser; none of it shows in the HTML.
_SWAGGER_UI: Needs = {
    "connect-src": ["'self'"],
    # Icons in its style sheet, and an image response shown by "Try it out".
    "img-src": ["data:", "blob:"],
    "media-src": ["'self'"],
}
_REDOC: Needs = {
    "connect-src": ["'self'"],
    "worker-src": ["blob:"],
    "img-src": ["data:", "https://cdn.redoc.ly/redoc/logo-mini.svg"],
    "font-src": ["https://fonts.gstatic.com"],
    # Its bundle injects <style> elements whose text changes from release to release, behind one
    # moving CDN address, so that no list of hashes holds. Styles only; scripts stay listed.
    "style-src": [UNSAFE_INLINE],
}

# Sources and directives under which the pages cannot work however many hashes are added.
_DIRECTIVES_DROPPED = ("require-trusted-types-for", "trusted-types")
# Headers under which they cannot work either, by keyword or custom.
_HEADERS_DROPPED = (
    # The hosts of the CDN's files do not promise Cross-Origin-Resource-Policy.
    "cross-origin-embedder-policy",
    "cross-origin-embedder-policy-report-only",
    # FastAPI's pages carry no integrity attributes.
    "integrity-policy",
    "integrity-policy-report-only",
)

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
        if self.kind == "swagger-ui":
            remote: Needs = {"connect-src": _servers(self._mounted.app)}
            return merge(page, _SWAGGER_UI, remote)
        return merge(page, _REDOC) if self.kind == "redoc" else page

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


def _servers(app: FastAPI) -> list[str]:
    """Origins that "Try it out" and "Authorize" call: the schema's servers and token URLs."""
    try:
        schema = app.openapi()
    except Exception:
        # A broken schema shows on the page itself; the page's headers are not the place to raise.
        return []
    schemes = schema.get("components", {}).get("securitySchemes", {}).values()
    urls = [server.get("url", "") for server in schema.get("servers", [])]
    for scheme in schemes:
        urls.append(scheme.get("openIdConnectUrl", ""))
        for flow in scheme.get("flows", {}).values():
            urls += [flow.get("tokenUrl", ""), flow.get("refreshUrl", "")]
    return [found for url in dict.fromkeys(urls) for found in named("connect-src", url, url_origin)]


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
        return policy if needs is None else self._relaxed_by(policy, needs)

    def _relaxed_by(self, policy: SecurityHeaders, needs: Needs) -> SecurityHeaders:
        dropped = [name for name, _ in policy.items() if name in _HEADERS_DROPPED]
        typed = {name.replace("-", "_"): None for name in dropped if name not in policy.custom}
        custom = {name: value for name, value in policy.custom.items() if name not in dropped}
        relaxed = policy.replace(custom=custom, **typed)
        enforced = policy.content_security_policy
        if enforced is not None:
            relaxed = relaxed.replace(content_security_policy=_extended(enforced, needs))
        reported = policy.content_security_policy_report_only
        if reported is not None:
            relaxed = relaxed.replace(content_security_policy_report_only=_extended(reported, needs))
        if policy.cross_origin_opener_policy is not None:
            relaxed = self._keeping_opener(relaxed)
        return relaxed

    def _keeping_opener(self, policy: SecurityHeaders) -> SecurityHeaders:
        """Keeps window.opener between Swagger UI and the OAuth2 pop-up it opens.

        The pop-up goes to the authorization server and comes back to the redirect page; a
        browser cuts it off from its opener unless the page allows pop-ups and the page that
        comes back asks for no isolation.
        """
        if self._page.kind == "oauth2-redirect":
            return policy.replace(cross_origin_opener_policy=None)
        if self._page.kind == "swagger-ui":
            return policy.replace(cross_origin_opener_policy="same-origin-allow-popups")
        return policy


def _extended(csp: ContentSecurityPolicy, needs: Needs) -> ContentSecurityPolicy | None:
    needs = dict(needs)
    directives = {
        # 'strict-dynamic' would switch off the URLs of the scripts.
        name: [source for source in sources if source != STRICT_DYNAMIC]
        for name, sources in csp.directives.items()
        if name not in _DIRECTIVES_DROPPED
    }
    for name in ("script-src", "style-src"):
        # The -elem form, where there is one, is what a browser asks about elements.
        if f"{name}-elem" in directives and name in needs:
            needs[f"{name}-elem"] = needs[name]
    if not directives:  # a policy about Trusted Types alone
        return None
    relaxed = ContentSecurityPolicy(directives)
    for name, source in ((name, source) for name, sources in needs.items() for source in sources):
        try:
            relaxed = relaxed.extend({name: source})
        except PolicyError as error:
            # One odd need must not cost the page all the others.
            log.warning("docs page: %s is left out of %s: %s", source, name, error)
    directives = relaxed.directives
    for name in directives.keys() & {name for name in needs if UNSAFE_INLINE in needs[name]}:
        # A hash or a nonce beside it, copied from default-src perhaps, would switch it off.
        directives[name] = [source for source in directives[name] if not _names_inline(source)]
    return ContentSecurityPolicy(directives)


def _names_inline(source: str) -> bool:
    return source.startswith(("'nonce", "'sha"))
