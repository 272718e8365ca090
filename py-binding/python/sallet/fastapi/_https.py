"""The redirect from plain HTTP to TLS."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

from sallet import PathRules, PolicyError, Refusal
from sallet._refuse import closes
from sallet._routes import routed
from sallet._sallet import https_authority, https_redirect

Scope = MutableMapping[str, Any]
ASGIApp = Callable[..., Awaitable[None]]

_LOG = logging.getLogger("sallet.headers")
_SECURE = {"http": "https", "ws": "wss"}


def redirect_host(https_redirect: Any, https: Any) -> str | None:
    """The host that `https_redirect` names; `None` for the one that each request was sent to.

    Raises:
        TypeError: It is of another kind, or `https` leaves nothing to decide.
        PolicyError: It is not a host.
    """
    if isinstance(https, bool):
        which = "no request is ever redirected" if https else "every request is redirected, without end"
        raise TypeError(
            f"https={https} says the same of every request, so that with https_redirect {which}: leave https "
            "out, and the server says which requests came over TLS, or give a callable of the scope"
        )
    if https_redirect is True:
        return None
    if not isinstance(https_redirect, str):
        raise TypeError('https_redirect is True, False or a host: write https_redirect="www.example.com"')
    host = https_authority(https_redirect)
    if host is None:
        raise PolicyError(
            f"https_redirect={https_redirect!r} is not a host: write it without scheme and path, "
            'https_redirect="www.example.com" or "www.example.com:8443"'
        )
    return host


class HttpsRedirect:
    """Answers a request that came over plain HTTP with a redirect to the same URL over TLS.

    It sits inside every middleware of the app, so that one that trusts a proxy has spoken, and in front of
    the check, so that no credentials are read that were sent in the clear.
    """

    def __init__(self, app: ASGIApp, host: str | None, https: Any, public: Iterable[str]) -> None:
        self.app = app
        self._host = host
        self._https = https
        # A load balancer asks for health inside, without TLS. Whole trees are for people, who follow redirects.
        exact = [rule for rule in public if not rule.endswith("/*")]
        self._exempt = PathRules(exact) if exact else None
        self._has_warned = False

    def __call__(self, scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        if scope["type"] not in ("http", "websocket") or self._came_over_tls(scope) or self._is_exempt(scope):
            return self.app(scope, receive, send)
        return self._answer(scope, receive, send)

    def _came_over_tls(self, scope: Scope) -> bool:
        if self._https is not None:
            answer = self._https(scope)
            # `lambda scope: scope["scheme"]` is true of both.
            if not isinstance(answer, bool):
                kind = type(answer).__name__
                raise TypeError(f"https: the function returned a {kind}: return True or False")
            return answer
        return scope.get("scheme") in ("https", "wss")

    def _is_exempt(self, scope: Scope) -> bool:
        if self._exempt is None:
            return False
        raw_path = scope.get("raw_path") or None
        return not self._exempt.needs_credentials(
            scope.get("method", ""), scope["path"], raw_path, scope.get("root_path", "")
        )

    async def _answer(self, scope: Scope, receive: Any, send: Any) -> None:
        self._warn_of_a_proxy(scope)
        prefix = ""
        if scope["type"] == "websocket":
            # ASGI has the handshake received before it is answered.
            if (await receive())["type"] != "websocket.connect":
                return
            if closes(scope):
                await send({"type": "websocket.close", "code": Refusal.CLOSE_CODE, "reason": "use wss://"})
                return
            prefix = "websocket."
        host = self._host or _host(scope)
        found = https_redirect(_SECURE[_scheme(scope)], host, _path(scope), scope.get("query_string", b""))
        if found is None:
            body, (status, headers) = b"Bad Request", (400, [(b"content-type", b"text/plain")])
        else:
            body, (status, headers) = b"", found
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        await send({"type": f"{prefix}http.response.start", "status": status, "headers": headers})
        await send({"type": f"{prefix}http.response.body", "body": body})

    def _warn_of_a_proxy(self, scope: Scope) -> None:
        """A proxy that says https and is not believed makes a redirect to the same URL, without end."""
        if self._has_warned or self._https is not None:
            return
        for name, value in scope["headers"]:
            if name == b"x-forwarded-proto" and value.strip().lower() in (b"https", b"wss"):
                self._has_warned = True
                _LOG.warning(
                    "https_redirect: a request has X-Forwarded-Proto: https, and the server does not believe the proxy "
                    "that sent it, so that it is redirected once more. If that proxy is yours, tell the server its "
                    "address (uvicorn and gunicorn: --forwarded-allow-ips=ADDRESS)"
                )


def _scheme(scope: Scope) -> str:
    return "http" if scope["type"] == "http" else "ws"


def _host(scope: Scope) -> str:
    """The host that the request was sent to; `""`, which is none, where that is not sure."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return hosts[0].decode("latin-1") if len(hosts) == 1 else ""


def _path(scope: Scope) -> bytes:
    """The path as the client sent it, with the prefix that a proxy has taken off."""
    path, root_path = scope["path"], scope.get("root_path", "").rstrip("/")
    sent: bytes = scope.get("raw_path") or quote(path).encode()
    # Some servers leave the query in it.
    sent = sent.partition(b"?")[0]
    is_stripped = bool(root_path) and routed(path, root_path) == path
    return quote(root_path).encode() + sent if is_stripped else sent
