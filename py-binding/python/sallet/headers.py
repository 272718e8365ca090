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
"""What `headers` is, and what `paths={rule: ...}` maps a rule to: a policy, or a function of the ASGI scope that chooses one."""


if TYPE_CHECKING:
    Directives: TypeAlias = _Directives
    """Directives and their sources: for a variable that is given to `ContentSecurityPolicy` later."""
else:
    # The names of the directives are in the stub.
    Directives = Mapping


class HeadersOptions(TypedDict, total=False):
    """The keyword arguments of `SecurityHeadersMiddleware`, documented there; `protect` takes them too."""

    paths: Mapping[str, PolicyRule] | None
    override: bool | Literal["add"]
    remove: Iterable[str] | None
    https: bool | Callable[[MutableMapping[str, Any]], bool] | None


__all__ = ["Directives", "SecurityHeadersMiddleware"]


class SecurityHeadersMiddleware(_sallet.SecurityHeadersMiddleware):
    """Puts a policy's headers on every response that passes through.

    Pure ASGI, for any framework and as the outermost app too:

    ```python
    app.add_middleware(SecurityHeadersMiddleware, headers=SecurityHeaders.API)
    ```

    Added with `add_middleware` it sits inside Starlette's own 500, which then goes without; wrap
    the app itself, or use `sallet.fastapi.protect`, and nothing goes without.

    Strict-Transport-Security, `upgrade-insecure-requests` and what concerns reports are sent when the
    request came over https, and only then. What counts is `scope["scheme"]` when the response starts,
    so a middleware inside that trusts a proxy, such as uvicorn's `ProxyHeadersMiddleware`, counts too.
    Set `https=` to decide it yourself.

    **Where the policy of a response comes from**, first match: `set_policy(request, ...)` in a handler or
    dependency; `@policy(...)` of the route; the longest rule of `paths`; a function given as `headers`; the app's
    `headers`. It is chosen when the response starts, from the path and method as the request came.

    A policy with a `NONCE` is sent with the nonce of the request, which is at `request.state.csp_nonce`
    before the app runs and the same for every layer of Sallet around. It is there wherever the policy of
    this layer, of one of its `paths` or of a function could need it, and where `set_policy` or `policy` as a dependency
    has named one that does; `sallet.csp_nonce(request)` works everywhere.
    Responses in which no script can run by a nonce (JSON, CSS, JavaScript, images but SVG, ...) carry the
    policy without it and stay cacheable; one with a nonce says `Cache-Control: private`.

    If the app sets a `Content-Security-Policy` itself that holds the placeholder of the nonce, as
    `str(csp.extend(...))` does, it is filled.

    Where a nonce is drawn, or an `AuthMiddleware` is found inside, `scope["state"]` is replaced by
    a copy, which is this request's alone: some servers and test clients hand one dict to all.

    On the wire, a WebSocket that the app closes before it accepts is refused with an empty 403
    response that carries the headers, instead of the server's bare 403, and one whose app fails
    before that with such a 500 (where the server has the extension `websocket.http.response`). A
    close's code and reason reach no client in either case. Under Starlette's `TestClient` the close
    is passed on as it is, so that a test still sees both.

    Args:
        app: The ASGI app inside.
        headers: The policy; `SecurityHeaders.STRICT` by default. Or a plain function that is given the ASGI
            scope and returns one (`None` for STRICT).
        paths: Another policy for some paths: `{rule: policy}`, where `"/docs"` is that path
            alone, `"/static/*"` everything below and `"/*"` every path; the most exact rule wins.
            The policy is a `SecurityHeaders` (`SecurityHeaders.EMPTY` for no headers), or a plain
            function of the ASGI scope, or one that returns `None` where it has no opinion: the
            next rule then decides, and last `headers`. A client cannot avoid a
            policy by writing `//`, `;x` or an encoding. Where a function raises or returns something
            else, that is logged and STRICT is sent. It is called when the response starts, with the
            path, method and `root_path` as the request came.
        override: What happens to a header of the policy that the app has set itself. `False`: the app's
            own is sent alone. `True`: the policy's replaces it. `"add"`: the app's own
            `Content-Security-Policy` (and its report-only twin) and the policy's are both sent, and
            browsers enforce both; for any other header the app's own is sent alone. The policy
            of a Sallet layer further in is not added to.
        remove: Header names taken off every response, instead of `server` and `x-powered-by`. A
            server adds its own `server` header later than any app can see; uvicorn has `--no-server-header` for that.

        https: Whether requests travel over HTTPS: `True`, `False`, or a plain function of the ASGI scope that
            returns one of them. By default the scope's scheme decides.

    Raises:
        PolicyError: A policy cannot be sent, or a rule is malformed.
        TypeError: An argument is of another kind, or a function is `async`.
    """

    @arguments(*HeadersOptions.__annotations__)
    def __init__(
        self,
        app: Callable[..., Any],
        headers: PolicyRule | None = None,
        **options: Unpack[HeadersOptions],
    ) -> None:
        super().__init__(app, headers, **options)
        mark_asgi3(self)
