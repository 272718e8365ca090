"""`SecurityHeadersMiddleware`: the ASGI middleware, dressed so that every server knows it for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from sallet import _sallet
from sallet._coroutines import mark_asgi3
from sallet._near import arguments
from sallet._sallet import SecurityHeaders

if TYPE_CHECKING:
    from sallet._sallet import _Directives
    from typing_extensions import Unpack

PolicyRule = SecurityHeaders | Callable[[MutableMapping[str, Any]], SecurityHeaders | None]
"""What `paths={rule: ...}` maps a rule to."""


if TYPE_CHECKING:
    Directives: TypeAlias = _Directives
    """Directives and their sources: for a variable that is given to `ContentSecurityPolicy` later."""
else:
    # The names of the directives are in the stub.
    Directives = Mapping


class HeadersOptions(TypedDict, total=False):
    """The keyword arguments of `SecurityHeadersMiddleware`, which tells about them; `protect` takes them too."""

    paths: Mapping[str, PolicyRule] | None
    override: bool | Literal["add"]
    remove: Iterable[str] | None


__all__ = ["Directives", "SecurityHeadersMiddleware"]


class SecurityHeadersMiddleware(_sallet.SecurityHeadersMiddleware):
    """Puts a policy's headers on every response that passes through.

    Pure ASGI, for any framework and as the outermost app too:

    ```python
    app.add_middleware(SecurityHeadersMiddleware, headers=SecurityHeaders.API)
    ```

    Added with `add_middleware` it sits inside Starlette's own 500, which then goes without; wrap
    the app itself, or use `sallet.fastapi.protect`, and nothing goes without.

    Strict-Transport-Security and `upgrade-insecure-requests` are sent when the request came over
    https, and only then. What counts is `scope["scheme"]` at the time the response starts, so a
    middleware inside that trusts a proxy, as uvicorn's `ProxyHeadersMiddleware`, is heard too.

    A policy with a `NONCE` draws a fresh one per request; it is at `request.state.csp_nonce` before
    the app runs, and the same for every layer of Sallet that the request passes through.

    Where a nonce is drawn, or an `AuthMiddleware` is found inside, `scope["state"]` is replaced by
    a copy, which is this request's alone: some servers and test clients hand one dict to all.

    On the wire, a WebSocket that the app closes before it accepts is refused with an empty 403
    response that carries the headers, instead of the server's bare 403, and one whose app fails
    before that with such a 500 (where the server has the extension `websocket.http.response`). A
    close's code and reason reach no client in either case. Under Starlette's `TestClient` the close
    is passed on as it is, so that a test still sees both.

    Args:
        app: The ASGI app inside.
        headers: The policy; `SecurityHeaders.STRICT` by default.
        paths: Another policy for some paths: `{rule: policy}`, where `"/docs"` is that path
            alone, `"/static/*"` everything below and `"/*"` every path; the most exact rule wins.
            The policy is a `SecurityHeaders` (`SecurityHeaders.EMPTY` for no headers), or a plain
            callable that is given the ASGI scope and returns one, or `None` where it has no
            opinion: the next rule then decides, and last `headers`. Where a callable raises or
            returns something else, that is logged and STRICT is sent. A client cannot shake a
            policy off by `//`, `;x` or an encoding.
        override: Whether the policy replaces a header the app has set itself. By default the
            app's own stands, and is never doubled.
        remove: Header names taken off every response, instead of `server` and `x-powered-by`. A
            server adds its own `server` header later than any app can see; uvicorn has `--no-server-header` for that.

    Raises:
        PolicyError: A policy cannot be sent, or a rule is malformed.
        TypeError: `paths` holds something that is neither, or an `async` callable.
    """

    @arguments(*HeadersOptions.__annotations__)
    def __init__(
        self,
        app: Callable[..., Any],
        headers: SecurityHeaders | None = None,
        **options: Unpack[HeadersOptions],
    ) -> None:
        super().__init__(app, headers, **options)
        mark_asgi3(self)
