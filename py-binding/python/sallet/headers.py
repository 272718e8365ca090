"""`SecurityHeadersMiddleware`: the ASGI middleware, dressed so that every server knows it for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from sallet import _sallet
from sallet._asgi import mark_asgi3
from sallet._sallet import SecurityHeaders

__all__ = ["SecurityHeadersMiddleware"]


class SecurityHeadersMiddleware(_sallet.SecurityHeadersMiddleware):
    """Puts a policy's headers on every response that passes through.

    Pure ASGI, for any framework and as the outermost app too:

    ```python
    app.add_middleware(SecurityHeadersMiddleware, headers=SecurityHeaders.API)
    ```

    Added with `add_middleware` it sits inside Starlette's own 500, which then goes without; wrap
    the app itself, or use `sallet.fastapi.protect`, and nothing goes without.

    Strict-Transport-Security and `upgrade-insecure-requests` are sent when the server says the
    request came over https (`scope["scheme"]`), and only then. A policy with a `NONCE` draws a
    fresh one per request; it is at `request.state.csp_nonce` before the app runs.

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
        remove: Header names taken off every response. A server adds its own `server` header
            later than any app can see; uvicorn has `--no-server-header` for that.

    Raises:
        PolicyError: A policy cannot be sent, or a rule is malformed.
        TypeError: `paths` holds something that is neither, or an `async` callable.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        headers: SecurityHeaders | None = None,
        *,
        paths: Mapping[
            str,
            SecurityHeaders | Callable[[MutableMapping[str, Any]], SecurityHeaders | None],
        ]
        | None = None,
        override: bool = False,
        remove: Iterable[str] = ("server", "x-powered-by"),
    ) -> None:
        super().__init__(app, headers, paths=paths, override=override, remove=remove)
        mark_asgi3(self)
