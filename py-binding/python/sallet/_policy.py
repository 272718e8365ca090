"""`policy`: a policy for one route, as a decorator or a dependency."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sallet import _sallet
from sallet._sallet import SecurityHeaders

__all__ = ["policy"]

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class policy:  # noqa: N801 - read as a decorator
    """The policy of one route, or of all routes of a router.

    ```python
    @app.get("/embed")
    @policy(EMBEDDABLE)
    async def embed(): ...

    router = APIRouter(prefix="/ui", dependencies=[Depends(policy(SecurityHeaders.THIRD_PARTY_UI))])
    ```

    The decorator goes below the one that makes the route, on a function or an `HTTPEndpoint` class. It
    holds for every response of the route: also for the 422 of its parameters and for the answer to an
    exception. It reads the endpoint from the scope; behind a middleware that hands the app a copy of
    the scope, use the dependency. Of a decorator's policy with `NONCE` the page gets its nonce by
    `sallet.csp_nonce(request)`: before the route is known, `request.state.csp_nonce` is there only where the
    app's other policies may have one. The dependency holds from when it runs, and wins over the decorator.
    `set_policy` in the handler wins over both.

    Args:
        headers: A `SecurityHeaders` (`SecurityHeaders.EMPTY` for no headers), or a plain function that is
            given the policy that would be sent otherwise, as dependencies before it and the decorator have it, and returns
            one: `lambda policy: policy.replace(x_frame_options=None)`.

    Raises:
        TypeError: It is something else, or `async`.
    """

    def __init__(
        self, headers: SecurityHeaders | Callable[[SecurityHeaders], SecurityHeaders | None], /
    ) -> None:
        _sallet.check_route_policy(headers)
        self._headers = headers

        async def __call__(request: Any) -> None:
            await self(request)

        # FastAPI asks the instance whether its `__call__` is a coroutine function, and then awaits what
        # the type's returns: so a dependency needs no thread.
        vars(self)["__call__"] = __call__

    @property
    def __signature__(self) -> inspect.Signature:
        from starlette.requests import HTTPConnection  # noqa: PLC0415 - only FastAPI asks

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter("request", kind, annotation=HTTPConnection)])

    @overload
    def __call__(self, request: HTTPConnection) -> Awaitable[None]: ...
    @overload
    def __call__(self, request: _Endpoint) -> _Endpoint: ...
    def __call__(self, request: Any) -> Any:
        if isinstance(getattr(request, "scope", None), dict):
            _sallet.set_route_policy(request, self._headers)
            return _nothing()
        request.__sallet_policy__ = self._headers
        return request


async def _nothing() -> None:
    pass
