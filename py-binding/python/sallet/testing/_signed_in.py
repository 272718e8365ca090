"""`signed_in`: a user for the requests of a test, in place of what the guard and the dependencies would find."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Generic, TypeVar

from sallet import Refusal, _sallet
from sallet.testing._inside import everything_inside

_LOG = logging.getLogger("sallet.testing")


_User = TypeVar("_User")


class signed_in(Generic[_User]):
    """Admits the requests of a `with` block as a user of your choice, for tests.

    ```python
    with signed_in(app, Principal("alice", scopes=["items:read"])):
        assert client.get("/items").status_code == 200
        assert client.post("/items").status_code == 403     # it needs items:write
    assert client.get("/items").status_code == 401
    ```

    Inside the block no credential is read: `AuthMiddleware`, `protect` and each Sallet dependency take the principal for
    the verified user, and neither a keyring nor `authenticate=` nor an `identify` of your own is asked. Everything else is
    as ever: scopes are compared, so too few are answered 403, and on a public path the guard asks for no user.

    It holds for requests that this block makes, to guards and dependencies inside `app`: those of Starlette's `TestClient`
    and of `httpx.ASGITransport`, WebSockets among them, and those of tasks that the block starts, as long as the block is
    open. Other threads and tasks do not see it, and neither does a request that comes over a network to a server that runs
    outside the block. Blocks may be nested; the innermost one whose `app` has the guard counts.

    No client can turn it on: there is nothing in a request that is looked at. It works as a context manager only, each object
    once; one that is forgotten in an open state closes when it is collected, with a `ResourceWarning`.

    Args:
        app: The app that the client is given, as FastAPI or Starlette app, or wrapped in middleware.
        principal: The user: a `Principal`, or what your `authenticate=` returns.

    Raises:
        TypeError: `app` is not an ASGI app, or `principal` is nothing that `authenticate=` may return.
        RuntimeError: The object is entered twice.
    """

    def __init__(self, app: Callable[..., Any], principal: _User) -> None:
        if not callable(app):
            raise TypeError("app is not an ASGI app: write signed_in(app, Principal(...))")
        _check_user(principal)
        self._principal = principal
        self._block = Block(app, principal)
        self._token: Token[Block | None] | None = None

    def __enter__(self) -> _User:
        """Returns the principal."""
        if self._token is not None:
            raise RuntimeError("this signed_in was entered before: make another one for each block")
        self._block.outer = _block.get()
        self._token = _block.set(self._block)
        self._block.is_open = True
        _sallet.count_signed_in(True)
        return self._principal

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        # What the context variable holds is the block, so this object goes with its last user.
        block = getattr(self, "_block", None)
        if block is not None and block.is_open:
            self._close()
            warnings.warn("signed_in was left open: write with signed_in(app, principal): ...", ResourceWarning, stacklevel=2)

    def _close(self) -> None:
        if not self._block.is_open:
            return
        # Tasks that outlive the block have a copy of the variable; what they see in it is closed.
        self._block.is_open = False
        _sallet.count_signed_in(False)
        if self._token is not None:
            try:
                _block.reset(self._token)
            except ValueError:
                pass  # left in another context than entered, as fixtures may be; there it is not set


class Block:
    """What one open `with` says; shared by all contexts that were copied inside it."""

    def __init__(self, app: Callable[..., Any], user: Any) -> None:
        self.user = user
        self.is_open = False
        self.outer: Block | None = None
        self._app = app
        self._inside: dict[int, Any] = {}

    def is_about(self, owner: Any) -> bool:
        """Whether this is the app or something inside it."""
        if id(owner) not in self._inside:
            # Again each time: the stack of middleware is made at the first request, and routes may be added.
            self._inside = {id(found): found for found in everything_inside(self._app)}
        return id(owner) in self._inside


_block: ContextVar[Block | None] = ContextVar("sallet_signed_in", default=None)


def user(owner: Any, scope: MutableMapping[str, Any]) -> Any:
    """What `signed_in_user` asks while any block is open: the user for this guard or dependency, or `None`."""
    block = _block.get()
    # A dependency is no part of an app; the app that has called it is, and Starlette and FastAPI name it.
    owner = owner if isinstance(owner, _sallet.AuthMiddleware) else scope.get("app", owner)
    missed = False
    while block is not None:
        if block.is_open:
            if block.is_about(owner):
                return block.user
            missed = True
        block = block.outer
    if missed:
        _LOG.warning(
            "signed_in: %s is not inside the app that signed_in was given, so it judged this request by itself; "
            "give signed_in the app that the client has",
            type(owner).__name__,
        )
    return None


def _check_user(principal: Any) -> None:
    wrong = "principal is not a user: write signed_in(app, Principal(id, scopes=[...])), or give what your authenticate= returns"
    if principal is None or isinstance(principal, Refusal):
        raise TypeError(wrong)
    try:
        _sallet.Scheme._accept(principal)
    except TypeError as error:
        raise TypeError(wrong) from error
