"""The authentication half of `sallet._sallet`; a stub only, there is no such module to import."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, ClassVar, final

from typing_extensions import Self

_Scope = MutableMapping[str, Any]
_ASGIApp = Callable[..., Awaitable[None]]
_HeaderList = Iterable[tuple[bytes, bytes]]

@final
class Credentials:
    """A scheme and its token, as they stood in `Authorization`; `repr` does not show the token."""

    @staticmethod
    def parse(value: str | bytes) -> Credentials:
        """Reads the value of one `Authorization` field that has a token, of any scheme.

        Raises:
            CredentialsError: It is not a scheme, one or more spaces and a token68
                (RFC 9110 section 11.4).
        """

    @property
    def scheme(self) -> str:
        """The scheme, such as `Bearer`."""
    @property
    def token(self) -> str:
        """The token. It is a secret: keep it out of logs."""

@final
class Key:
    """One key of a keyring: who may come in with which token, for what, and when.

    ```python
    Key("ci-2026", digest="9f86d081…", principal="ci", scopes=["items:read"],
        not_after=datetime(2027, 1, 1, tzinfo=timezone.utc))
    ```
    """

    def __new__(
        cls,
        id: str,
        *,
        digest: str | None = None,
        token: str | None = None,
        principal: str | None = None,
        scopes: Iterable[str] | None = None,
        not_before: datetime | float | None = None,
        not_after: datetime | float | None = None,
    ) -> Self:
        """
        Args:
            id: Names the key in logs; unique in its keyring.
            digest: SHA-256 of the token as 64 hex digits, `sha256:` in front allowed.
            token: The token itself, instead of `digest`; only its digest is kept.
            principal: Whom it belongs to; the id by default. Two keys of one principal let a
                token be changed without a gap.
            scopes: What it is good for.
            not_before: First moment at which it is good, aware or in seconds since 1970.
            not_after: Last such moment.

        Raises:
            KeyringError: Both or neither of `digest` and `token`, a bad digest, an empty id, a
                token that is empty, under 16 characters, mistyped or could never arrive in a
                header, a scope that is no scope-token (RFC 6749 section 3.3), a datetime without
                a time zone, a window that is never open.
            TypeError: `scopes` is one string, or a time is neither datetime nor number.
        """

    @property
    def id(self) -> str:
        """Names the key in logs."""
    @property
    def principal(self) -> str:
        """Whom the key belongs to."""
    @property
    def scopes(self) -> tuple[str, ...]:
        """What the key is good for."""
    @property
    def not_before(self) -> int | None:
        """The first second at which the key is good, since 1970."""
    @property
    def not_after(self) -> int | None:
        """The last second at which the key is good, since 1970."""

@final
class Principal:
    """Who a request comes from. Equal when id, name and scopes are; works as a Starlette user."""

    def __new__(
        cls, id: str, name: str | None = None, scopes: Iterable[str] | None = None
    ) -> Self: ...
    @property
    def id(self) -> str:
        """The id of the key that was shown."""
    @property
    def name(self) -> str:
        """The principal the key belongs to."""
    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may do."""
    @property
    def is_authenticated(self) -> bool:
        """Always true; the name that Starlette and Django use."""
    @property
    def display_name(self) -> str:
        """The name, as Starlette calls it."""
    @property
    def identity(self) -> str:
        """The id, as Starlette calls it."""
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Anonymous:
    """Nobody in particular: `request.user` on a public path, with the names of Starlette's users."""

    @property
    def is_authenticated(self) -> bool:
        """Always false."""
    @property
    def display_name(self) -> str:
        """Empty."""
    @property
    def identity(self) -> str:
        """Empty."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

@final
class AuthCredentials:
    """What Starlette keeps at `request.auth`, so that its `@requires` works."""

    @property
    def scopes(self) -> list[str]:
        """`"authenticated"` and the user's scopes, nothing for an anonymous one; a new list each time."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

class Keyring:
    """The native half of `sallet.Keyring`, which says all about it."""

    def __new__(cls, keys: Iterable[Key]) -> Self: ...
    def verify(self, token: str | bytes) -> Principal | None:
        """The principal of a token, or `None`: unknown, expired and not yet valid look alike.

        Time does not depend on the ring's content, nor on whether or where a token matches.
        """
    def __len__(self) -> int: ...
    def __bool__(self) -> bool:
        """Always true: a keyring whose last key was taken out is still one."""
    def _ticket(self) -> int: ...
    def _swap(self, keys: Iterable[Key], ticket: int) -> None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

@final
class Refusal:
    """A request that is refused: the answer, ready to send (RFC 6750 section 3), and the reason."""

    CLOSE_CODE: ClassVar[int]
    """How a WebSocket is closed before it is accepted, where the server cannot send a response."""
    @property
    def status(self) -> int:
        """401, 400 or 403."""
    @property
    def reason(self) -> str:
        """One sentence for the log. It says more than the client may know, such as that a key has expired."""
    @property
    def detail(self) -> str:
        """One sentence for the client."""
    @property
    def is_missing(self) -> bool:
        """Whether no credentials of the scheme were sent: the client has not tried yet."""
    @property
    def headers(self) -> list[tuple[str, str]]:
        """`www-authenticate`, `cache-control: no-store` and `content-type`, in lower case."""
    @property
    def body(self) -> bytes:
        """`{"detail": ...}` as JSON."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

class Scheme:
    """The native half of `sallet.Bearer`, which says all about it, and of every other scheme."""

    def __init__(
        self,
        scheme: str,
        keyring: Keyring | None = None,
        *,
        authenticate: Callable[[Credentials], Any] | None = None,
        realm: str = "api",
        scopes: Iterable[str] | None = None,
    ) -> None: ...
    @property
    def realm(self) -> str:
        """The name of what is protected."""
    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that every request needs."""
    @property
    def keyring(self) -> Keyring | None:
        """The keyring, if that is where the users come from."""
    def authorize(self, user: Any, scopes: Iterable[str] | None = None) -> Refusal | None:
        """Checks the scopes of a user who is already verified: `None` when they are enough."""
    def _begin(self, headers: _HeaderList) -> tuple[Any, bool]: ...
    def _finish(self, user: Any) -> Any: ...
    @staticmethod
    def _accept(found: Any) -> Any: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

class AuthMiddleware:
    """The native half of `sallet.AuthMiddleware`, which says all about it."""

    def __init__(
        self,
        app: _ASGIApp,
        auth: Any,
        *,
        public: Iterable[str] | None = None,
        protected: Iterable[str] | None = None,
        preflights: Iterable[str] | bool | None = None,
    ) -> None: ...
    def __call__(self, scope: _Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The ASGI call."""
    def _verdict_on(self, scope: _Scope, awaited: Any) -> Refusal | None: ...
    @property
    def app(self) -> _ASGIApp:
        """The wrapped app."""
    @property
    def auth(self) -> Any:
        """Who says who sent a request."""
    @property
    def public(self) -> tuple[str, ...]:
        """The rules of the paths that need no credentials."""
    @property
    def protected(self) -> tuple[str, ...] | None:
        """The rules of the paths that need credentials; `None` where all do."""
    @property
    def preflights(self) -> tuple[str, ...]:
        """The rules of the paths whose preflights pass."""

@final
class PathRules:
    """Which requests need credentials: all but `public`, or only `protected` but for `public`.

    Raises:
        SalletError: A rule is no path, is a pattern, or is not one for its list.
        TypeError: `protected` is empty, or a list is one string.
    """

    def __new__(
        cls,
        public: Iterable[str] | None = None,
        *,
        protected: Iterable[str] | None = None,
        preflights: Iterable[str] | bool | None = None,
    ) -> Self: ...
    def needs_credentials(
        self, method: str, path: str, raw_path: bytes | None = None, root_path: str = ""
    ) -> bool:
        """Whether a request needs credentials.

        Args:
            method: In capitals; empty for a WebSocket.
            path: The decoded path, with root_path in front.
            raw_path: The path as it was sent, where the server says so.
            root_path: The prefix under which the app is mounted.
        """

@final
class ByPath:
    """Something that depends on the path; the most exact rule decides.

    Raises:
        SalletError: A rule is malformed.
    """

    def __new__(cls, entries: Mapping[str, Any]) -> Self: ...
    def matching(self, method: str, path: str) -> list[Any]:
        """What the rules that apply stand for, the most exact first."""

def can_deny_websocket(scope: _Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with a response."""

def generate_token(prefix: str = "slt") -> str:
    """A fresh token: the prefix, `_`, 256 random bits in base62, and a checksum against typos.

    Raises:
        SalletError: The prefix is empty, too long, or not of letters, digits and `_`.
    """
