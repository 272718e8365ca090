"""`protect`: headers outermost, authentication innermost, docs that work, a schema that tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

import sallet
from sallet import AuthMiddleware, Decision, FailureThrottle, PathRules, PolicyError, Refusal, SecurityHeaders, SecurityHeadersMiddleware
from sallet._near import arguments
from sallet._sallet import ByPath
from sallet.auth import Scheme, check_hooks
from sallet.fastapi._any_of import AnyOf
from sallet.fastapi._dependency import Dependency
from sallet.fastapi._docs import Docs, PagePolicy, find_docs
from sallet.fastapi._https import HttpsRedirect, redirect_host
from sallet.fastapi._mounts import mounted_apps
from sallet.fastapi._openapi import mark
from sallet.fastapi._own_page import allow_debug_page
from sallet.fastapi._resource_metadata import public_documents
from sallet.fastapi._scopes import FailedApp, mistakes
from sallet.headers import HeadersOptions, PolicyRule

if TYPE_CHECKING:
    from typing_extensions import Unpack


class _Hooks(TypedDict):
    on_refusal: Callable[[Refusal, Any], Any] | None
    on_decision: Callable[[Decision], object] | None
    hide: bool
    throttle: FailureThrottle | None


class _LeftOut:
    def __repr__(self) -> str:
        return "<left out>"


_LEFT_OUT: Any = _LeftOut()


@arguments(*HeadersOptions.__annotations__)
def protect(
    app: Starlette,
    *,
    headers: PolicyRule | None = None,
    auth: Scheme | Sequence[Scheme] | AnyOf = _LEFT_OUT,
    public: Iterable[str] = (),
    protected: Iterable[str] | None = None,
    preflights: Iterable[str] | bool = False,
    on_refusal: Callable[[Refusal, Any], Any] | None = None,
    on_decision: Callable[[Decision], object] | None = None,
    hide: bool = False,
    throttle: FailureThrottle | None = None,
    docs: bool = True,
    https_redirect: bool | str = False,
    **options: Unpack[HeadersOptions],
) -> None:
    """Puts security headers on every response of `app`, and `auth` in front of every route.

    - **Headers sit outermost**, outside even Starlette's own 500, so that 404, 405, 413, 422, an
      unhandled exception, a redirect, a stream, a mounted app and a WebSocket denial carry them.
      A WebSocket closed before it is accepted becomes an empty 403 with headers, instead of the
      server's bare 403; Starlette's `TestClient` still sees the close's code and reason.
      HTTPS-only headers follow `scope["scheme"]` as the response starts, so a
      `ProxyHeadersMiddleware` inside the app is heard.
    - **Authentication sits innermost**, just around the router and its mounts, whatever
      middleware is added before or after this call. A refusal therefore still gets the CORS
      headers of a `CORSMiddleware`, and it is answered before the request body is read.
    - **The docs keep working**: FastAPI's own `/docs`, `/redoc`, OAuth2 redirect and
      `openapi.json` (those of FastAPI apps mounted inside too) are public, and each page gets
      the hashes and URLs it needs, on that path alone, under any `root_path`. A docs page you
      made yourself is not touched: give it its policy with `docs_page`. Starlette's page for an
      exception works too, where `debug=True`.
    - **`app.openapi()`** gains the security scheme, and on every operation that is not public
      `security`, so that the Authorize button works, and the answers 400 and 401; 403 where scopes
      are needed, and where `Basic` refuses what another site's page makes a browser send; 429 with a `throttle`.
      Those that you have described yourself stay.

    Args:
        app: The FastAPI (or plain Starlette) app. Routes, mounts and middleware may be added
            later; everything is put together when the app starts.
        headers: The policy, or a function of the ASGI scope; `SecurityHeaders.STRICT` by default.
        auth: A `Bearer`, a `Basic` or an `ApiKey` of `sallet.fastapi` (or a plain one of `sallet`), or a list of
            them, as `[Bearer(keys), ApiKey(keys)]`, or an `AnyOf`: the first whose credentials are there decides. Leave it
            out for headers only.
        public: Paths that need no credentials: `"/health"` opens that path alone, `"/static/*"`
            everything below, `"GET /items"` one method of it (HEAD counts as GET).
        protected: Guards these paths alone and leaves the others open; `public` then opens
            exceptions inside.
        preflights: Path rules (`True` is `["/*"]`) where CORS preflights pass to the routes; a
            `CORSMiddleware` of this app answers them in front of the guard and needs none.
        on_refusal, on_decision, hide, throttle: As those of `AuthMiddleware`: an answer of your own to what is refused, a
            function that is told of each decision, whether the credentials leave the scope once they were checked,
            and a `FailureThrottle` against guessing.
        docs: Whether FastAPI's docs get their page policies and are public. `False` opens nothing,
            and closes nothing that `protected` leaves open.
        https_redirect: `True` answers a request that came over plain HTTP with 308 and the same URL over
            TLS, on the host that it was sent to; a name such as `"www.example.com"` sends it there. The
            redirect comes from inside all middleware of the app, so that a `ProxyHeadersMiddleware` is heard
            and CORS headers are on it, and in front of `auth`. Exact paths in `public` are answered
            over plain HTTP too (a load balancer's `"/health"`), those below a `/*` are not; without `auth` let
            `https=` say so: `lambda scope: scope["scheme"] == "https" or scope["path"] == "/health"`. A request whose
            `Host` is not one host is 400. Where TLS ends at a proxy, the server must be told to believe it,
            or the redirect never ends: see "Behind a proxy" in the README.
        **options: What else `SecurityHeadersMiddleware` takes: `paths={rule: policy}` for another
            policy on some paths, `override`, `remove`, `https`.

    Raises:
        RuntimeError: The app has already started, or is already protected.
        PolicyError: A rule in `public` or `paths` is malformed, a name in `remove` is none, or the host of
            `https_redirect` is none.
        TypeError: An argument is not of its kind.
        RuntimeError: `auth` is of a subclass that has not called `super().__init__`.

    A `Security(bearer, scopes=...)` of a route that no token can satisfy keeps the app from
    starting: a str where a list belongs, which FastAPI takes apart, or a scope with a space. So does a `Principal` that a
    route would read from the request, because its `Depends(bearer)` was forgotten or is an empty `Depends()`.

    An app instrumented by `opentelemetry-instrumentation-fastapi` must be instrumented before
    this call: the contrib package insists on wrapping Starlette's own stack. When it is taken out
    again, the check stays; the headers move inside Starlette's own 500 and your middleware.
    """
    if not isinstance(app, Starlette):
        raise TypeError(
            "protect() takes a FastAPI or Starlette app: include your routers in one. Around another "
            "ASGI app, such as socketio.ASGIApp, write SecurityHeadersMiddleware(AuthMiddleware(app, "
            "auth=...))"
        )
    if "_sallet" in vars(app):
        raise RuntimeError("protect() was already called on this app; call it once, with everything")
    if app.middleware_stack is not None:
        raise RuntimeError("protect() came too late: the app has started; call it before serving")
    hooks = _Hooks(on_refusal=on_refusal, on_decision=on_decision, hide=hide, throttle=throttle)
    protection = _Protection(
        app, headers, auth, public, protected, preflights, hooks, docs, https_redirect, options
    )
    vars(app)["_sallet"] = protection
    # On the instance, so that the class and other apps stay as they are.
    vars(app)["build_middleware_stack"] = protection.build_middleware_stack


class _Protection:
    def __init__(
        self,
        app: Starlette,
        headers: PolicyRule | None,
        auth: Scheme | Sequence[Scheme] | AnyOf,
        public: Iterable[str],
        protected: Iterable[str] | None,
        preflights: Iterable[str] | bool,
        hooks: _Hooks,
        docs: bool,
        https_redirect: bool | str,
        options: HeadersOptions,
    ) -> None:
        self._app = app
        # As in SecurityHeadersMiddleware, for those who pass a setting through.
        self._headers: PolicyRule = headers if headers is not None else SecurityHeaders.STRICT
        if auth is None:
            # A setting that was not there: the app would be open.
            raise TypeError(
                "auth is None, so everything would be open: give auth=Bearer(...), or leave auth out for headers only"
            )
        auth = auth.schemes if isinstance(auth, AnyOf) else auth
        schemes = tuple(auth) if isinstance(auth, (list, tuple)) else (auth,)
        for scheme in schemes:
            if scheme is not _LEFT_OUT and not isinstance(scheme, Scheme):
                # The value is not shown: it may be a token that was put in the wrong place.
                raise TypeError(
                    "auth is a sallet.fastapi.Bearer, Basic or ApiKey, a plain one of sallet, an instance of your subclass "
                    "of one, whose identify may be your own, or a list of them: write auth=Bearer(keyring)"
                )
            if isinstance(scheme, Dependency) and not hasattr(scheme, "model"):
                raise RuntimeError("the scheme was not set up: call super().__init__(...) in the subclass")
        self._auth: Any = None if auth is _LEFT_OUT else schemes if isinstance(auth, (list, tuple)) else auth
        public, protected, preflights = map(_once, (public or (), protected, preflights or ()))
        check_hooks(**hooks)
        if self._auth is None and any(hooks.values()):
            raise TypeError(
                "on_refusal, on_decision, hide and throttle are about auth, and auth is left out: add auth=Bearer(keyring), or remove them"
            )
        self._hooks = hooks
        if self._auth is None and (public or protected is not None or preflights):
            raise TypeError(
                "public, protected and preflights are about auth, and auth is left out, so everything "
                "would be open: add auth=Bearer(keyring), or remove them"
            )
        self._https = options.get("https")
        self._redirects = https_redirect is not False
        self._redirect_host = redirect_host(https_redirect, self._https) if self._redirects else None
        self._options: Any = {name: _once(value) for name, value in options.items()}
        paths = self._options.pop("paths", None)
        self._paths: Mapping[str, PolicyRule] = {} if paths is None else paths
        self._docs = docs
        self._build_inner = app.build_middleware_stack
        # Everything that can be wrong in the arguments is found here, where the user's own line
        # is in the traceback, and not when the first request comes.
        self._rules = PathRules(public, protected=protected, preflights=preflights)
        self._public, self._protected, self._preflights = public, protected, preflights
        self._wrap(app, self._paths)
        self._by_path = ByPath(self._paths)
        if self._auth is not None:
            AuthMiddleware(
                app,
                self._auth,
                public=self._public,
                protected=self._protected,
                preflights=self._preflights,
                **hooks,
            )
        self._mark_openapi()
        self._building: Docs | None = None
        self._placed = False
        self._layer = Middleware(_Innermost, protection=self)
        app.user_middleware.append(self._layer)

    def build_middleware_stack(self) -> ASGIApp:
        app = self._app
        if wrong := "\n".join(mistakes(app)):
            return FailedApp(wrong)
        docs = self._find_docs()
        # Last again: anything may have been appended since.
        others = [layer for layer in app.user_middleware if layer is not self._layer]
        app.user_middleware[:] = [*others, self._layer]
        self._building, self._placed = docs, self._auth is None and not self._redirects
        try:
            stack = self._build_inner()
            allow_debug_page(stack)
        finally:
            self._building = None
        if not self._placed:
            return FailedApp(
                "protect() cannot check the requests: build_middleware_stack of this app leaves out "
                "app.user_middleware: let it call super().build_middleware_stack()"
            )
        return self._wrap(stack, self._with_pages(docs))

    def innermost(self, app: ASGIApp) -> ASGIApp:
        """The layer just around the router, for whatever builds the stack.

        It stays in `app.user_middleware`: an instrumentation that is taken out puts back the
        `build_middleware_stack` that it found, which may be from before `protect()`
        (OpenTelemetry's `uninstrument_app`). The check must not go with it, and the headers,
        which have lost their place outside everything, are put here.
        """
        docs = self._find_docs() if self._building is None else self._building
        if self._auth is not None:
            opened = (*(f"GET {path}" for path in docs.public), *public_documents(self._app))
            public = (*self._public, *filter(self._may_open, opened))
            app = AuthMiddleware(
                app,
                self._auth,
                public=public,
                protected=self._protected,
                preflights=self._preflights,
                **self._hooks,
            )
        if self._redirects:
            app = HttpsRedirect(app, self._redirect_host, self._https, self._public)
        self._placed = True
        return app if self._building is not None else self._wrap(app, self._with_pages(docs))

    def _may_open(self, rule: str) -> bool:
        """Not what `protected` names itself, nor what is open without a rule."""
        try:
            PathRules([rule], protected=self._protected)
        except PolicyError:
            return False
        method, _, path = rule.rpartition(" ")
        return PathRules(protected=self._protected).needs_credentials(method or "GET", path)

    def _find_docs(self) -> Docs:
        # Mounts, and an app.openapi replaced by the user, may have come since protect().
        self._mark_openapi()
        docs = find_docs(self._app) if self._docs else Docs((), {})
        root_path = self._app.root_path if isinstance(self._app, FastAPI) else ""
        for page in docs.pages.values():
            page.prepare(root_path)
        return docs

    def _wrap(self, app: ASGIApp, paths: Mapping[str, PolicyRule]) -> ASGIApp:
        return SecurityHeadersMiddleware(app, self._headers, paths=paths, **self._options)

    def _with_pages(self, docs: Docs) -> dict[str, PolicyRule]:
        """The user's rules and those of the docs pages; a rule the user wrote himself stands."""
        rules = dict(self._paths)
        for path, page in docs.pages.items():
            rule = f"GET {path}"
            if path not in rules and rule not in rules:
                bases = (*self._by_path.matching("GET", path), self._headers, SecurityHeaders.STRICT)
                rules[rule] = PagePolicy(path, page, bases)
        return rules

    def _mark_openapi(self) -> None:
        if self._auth is not None:
            mark(mounted_apps(self._app), self._auth, self._rules, self._hooks["throttle"] is not None)


def _once(rules: Any) -> Any:
    """What can be read only once as a tuple, and what may change later as it is now. What is no list is told by its reader."""
    if isinstance(rules, Mapping):
        return dict(rules)
    return tuple(rules) if isinstance(rules, Iterable) and not isinstance(rules, str) else rules


class _Innermost:
    """`_Protection.innermost` as a class: Sentry's SDK sets `__call__` of what `Middleware` is given."""

    def __new__(cls, app: ASGIApp, protection: _Protection) -> Any:
        return protection.innermost(app)
