"""Sallet's native half; import `sallet` instead.

What is between `# <…>` and `# </…>` is written from the core's tables by `tests/stub.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, TypedDict, final

from typing_extensions import Self, Unpack

# What `sallet` has of it. The rest is what the package builds upon.
__all__ = [
    "ContentSecurityPolicy",
    "Credentials",
    "CredentialsError",
    "Key",
    "KeyringError",
    "Lint",
    "PathRules",
    "PolicyError",
    "Principal",
    "Refusal",
    "SalletError",
    "SecurityHeaders",
    "csp_nonce",
    "generate_token",
    "script_hash",
    "set_policy",
    "style_hash",
    "unchecked",
]
# <exported>
__all__ += [
    "SELF",
    "NONE",
    "NONCE",
    "STRICT_DYNAMIC",
    "UNSAFE_INLINE",
    "UNSAFE_EVAL",
    "UNSAFE_HASHES",
    "WASM_UNSAFE_EVAL",
    "TRUSTED_TYPES_EVAL",
    "REPORT_SAMPLE",
    "INLINE_SPECULATION_RULES",
    "SCRIPT",
    "ALLOW_DUPLICATES",
    "ALLOW",
    "BLOCK",
    "DATA",
    "BLOB",
    "HTTPS",
]
# </exported>

_Scope = MutableMapping[str, Any]
_ASGIApp = Callable[..., Awaitable[None]]
_HeaderList = Iterable[tuple[bytes, bytes]]

class SalletError(ValueError):
    """Base of every error Sallet raises."""

class PolicyError(SalletError):
    """A header policy is wrong; the message names the fix."""

class CredentialsError(SalletError):
    """Credentials cannot be read."""

class KeyringError(SalletError):
    """A key, keyring or keyring file is wrong."""

class _Headers(TypedDict, total=False):
    """The keywords of `SecurityHeaders`."""

    # <keywords>
    content_security_policy: ContentSecurityPolicy | _Directives | str | None
    content_security_policy_report_only: ContentSecurityPolicy | _Directives | str | None
    strict_transport_security: str | None
    x_content_type_options: str | None
    x_frame_options: str | None
    referrer_policy: str | None
    cross_origin_opener_policy: str | None
    cross_origin_opener_policy_report_only: str | None
    cross_origin_embedder_policy: str | None
    cross_origin_embedder_policy_report_only: str | None
    document_isolation_policy: str | None
    document_isolation_policy_report_only: str | None
    cross_origin_resource_policy: str | None
    permissions_policy: str | None
    permissions_policy_report_only: str | None
    integrity_policy: str | None
    integrity_policy_report_only: str | None
    origin_agent_cluster: str | None
    reporting_endpoints: str | None
    cache_control: str | None
    clear_site_data: str | None
    x_dns_prefetch_control: str | None
    x_download_options: str | None
    x_permitted_cross_domain_policies: str | None
    x_xss_protection: str | None
    # </keywords>
    custom: Mapping[str, str] | None

_Directives = Mapping[str, str | Iterable[str]]

@final
class ContentSecurityPolicy:
    """A Content-Security-Policy, checked as it is made.

    ```python
    ContentSecurityPolicy({"default-src": [SELF], "script-src": [SELF, NONCE, "https://cdn.example"]})
    ContentSecurityPolicy("default-src 'self'; img-src 'self' data:")
    ```

    Frozen, comparable and hashable; `str()` gives the header's value.
    """

    STRICT: ClassVar[ContentSecurityPolicy]
    """That of the preset `SecurityHeaders.STRICT`, to extend."""

    def __init__(self, directives: _Directives | str) -> None:
        """From `{directive: [source, ...]}`, in that order, or from the header's text.

        A directive without a value, as `upgrade-insecure-requests`, has the list `[]`.

        Raises:
            PolicyError: An unknown or repeated directive, an unquoted keyword, `'none'` beside
                something, a separator inside a source, `'strict-dynamic'` alone, a fixed nonce,
                and whatever else a browser would skip in silence.
        """

    @property
    def directives(self) -> dict[str, list[str]]:
        """The directives and their sources, in order; a copy."""

    def extend(self, directives: _Directives) -> ContentSecurityPolicy:
        """A policy that allows these sources too.

        A fetch directive that is not there first takes over what it falls back to, so that
        `extend({"img-src": ["https://img.example"]})` of `default-src 'self'` gives
        `img-src 'self' https://img.example`. `'none'` makes room for what is added. What no
        directive rules is allowed already, and stays so.

        Raises:
            PolicyError: As the constructor.
        """

    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SecurityHeaders:
    """A policy: the security headers of a response.

    A keyword per header, in snake case of the header's own name: a value, or `None` to leave
    the header out. Headers that are not named keep the value they have in `STRICT`. Headers that
    have no keyword go into `custom={"x-robots-tag": "noindex"}`.

    ```python
    SecurityHeaders(referrer_policy="no-referrer", permissions_policy=None)
    ```

    Frozen, comparable, hashable and printable.
    """

    EMPTY: ClassVar[SecurityHeaders]
    """No header: a place to start from."""
    STRICT: ClassVar[SecurityHeaders]
    """The default, for apps that serve pages and JSON."""
    API: ClassVar[SecurityHeaders]
    """For services that answer with JSON alone."""
    CLASSIC: ClassVar[SecurityHeaders]
    """The seven headers of the FastAPI article, with its values."""
    THIRD_PARTY_UI: ClassVar[SecurityHeaders]
    """For the pages of somebody else's web app on your origin: `paths={"/ui/*": SecurityHeaders.THIRD_PARTY_UI}`."""

    def __init__(self, **headers: Unpack[_Headers]) -> None:
        """
        Raises:
            PolicyError: A value is wrong, or there is no such header; the message names the fix.
            TypeError: A value is neither text nor a policy nor `None`.
        """

    def items(self, *, https: bool = True) -> list[tuple[str, str]]:
        """`(name, value)` pairs as they are sent, names in lower case.

        Args:
            https: `False` leaves out Strict-Transport-Security and `upgrade-insecure-requests`.
        """

    def replace(self, **headers: Unpack[_Headers]) -> SecurityHeaders:
        """A policy with these headers changed, or left out (`None`), and the others as they are.

        Raises:
            PolicyError, TypeError: As the constructor.
        """

    def report_only(self) -> SecurityHeaders:
        """The policy for trying it out: each header that has a report-only twin is sent as that.

        Browsers then report what the policy would block, and block nothing. The other headers stay, but for
        X-Frame-Options where `frame-ancestors` is tried out. Browsers ignore `upgrade-insecure-requests` and
        `sandbox` in a policy that only reports, so these are left out.
        """

    def lint(self) -> list[Lint]:
        """What is legal but weak in this policy."""

    @property
    def custom(self) -> dict[str, str]:
        """The headers that have no keyword of their own; a copy."""
    # <properties>
    @property
    def content_security_policy(self) -> ContentSecurityPolicy | None:
        """What a page may load, run and send to."""
    @property
    def content_security_policy_report_only(self) -> ContentSecurityPolicy | None:
        """A policy that is only reported on: for trying one out."""
    @property
    def strict_transport_security(self) -> str | None:
        """HTTPS only, from now on. Sent over HTTPS alone."""
    @property
    def x_content_type_options(self) -> str | None:
        """No guessing of media types."""
    @property
    def x_frame_options(self) -> str | None:
        """Who may frame the page, for browsers without `frame-ancestors`."""
    @property
    def referrer_policy(self) -> str | None:
        """How much of the address the next site learns."""
    @property
    def cross_origin_opener_policy(self) -> str | None:
        """Who shares a browsing context group."""
    @property
    def cross_origin_opener_policy_report_only(self) -> str | None:
        """Who would share a browsing context group, only reported on."""
    @property
    def cross_origin_embedder_policy(self) -> str | None:
        """What the page may load from others."""
    @property
    def cross_origin_embedder_policy_report_only(self) -> str | None:
        """What the page could not load from others, only reported on."""
    @property
    def document_isolation_policy(self) -> str | None:
        """Isolation of one document, without conditions on its opener and its frames."""
    @property
    def document_isolation_policy_report_only(self) -> str | None:
        """What an isolated document could not load, only reported on."""
    @property
    def cross_origin_resource_policy(self) -> str | None:
        """Who may load this response."""
    @property
    def permissions_policy(self) -> str | None:
        """Which powerful features the page and its frames may use."""
    @property
    def permissions_policy_report_only(self) -> str | None:
        """Which uses of powerful features are reported, and not stopped."""
    @property
    def integrity_policy(self) -> str | None:
        """Which resources must have an `integrity` attribute."""
    @property
    def integrity_policy_report_only(self) -> str | None:
        """A policy on integrity that is only reported on."""
    @property
    def origin_agent_cluster(self) -> str | None:
        """A process of its own for each origin."""
    @property
    def reporting_endpoints(self) -> str | None:
        """Where browsers send their reports."""
    @property
    def cache_control(self) -> str | None:
        """Who may keep the response."""
    @property
    def clear_site_data(self) -> str | None:
        """What the browser forgets of the site. For the answer of a sign-out."""
    @property
    def x_dns_prefetch_control(self) -> str | None:
        """Whether links are looked up before a click."""
    @property
    def x_download_options(self) -> str | None:
        """No opening of downloads in the site's context."""
    @property
    def x_permitted_cross_domain_policies(self) -> str | None:
        """Policy files of Flash and Acrobat."""
    @property
    def x_xss_protection(self) -> str | None:
        """The filter that browsers have removed."""
    # </properties>

    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Lint:
    """One thing that is legal but weak; `str()` gives it as a sentence."""

    @property
    def severity(self) -> Literal["low", "medium", "high"]:
        """`high` switches a protection off, `medium` weakens one, `low` is good to know."""
    @property
    def header(self) -> str:
        """The header, in lower case."""
    @property
    def directive(self) -> str:
        """The directive or feature, or an empty string where the finding is about the whole header."""
    @property
    def value(self) -> str:
        """The part of the value that it is about, as `'unsafe-inline'`, or an empty string where something is missing."""
    @property
    def reason(self) -> str:
        """Why it is weak."""
    @property
    def remedy(self) -> str:
        """What to do."""

# Source expressions that need quotes, as constants, so that the quotes cannot be forgotten.

# <constants>
SELF: Final[str]
"""The page's own origin."""
NONE: Final[str]
"""Nothing; stands alone."""
NONCE: Final[str]
"""A nonce, new for each response. In text it is written `'nonce-{one-for-each-request}'`."""
STRICT_DYNAMIC: Final[str]
"""Trust what a trusted script loads; needs a nonce or a hash beside it."""
UNSAFE_INLINE: Final[str]
"""Every inline script or style: the hole that a policy is there to close."""
UNSAFE_EVAL: Final[str]
"""`eval()` and its like."""
UNSAFE_HASHES: Final[str]
"""Hashes count for event handlers and `style` attributes too."""
WASM_UNSAFE_EVAL: Final[str]
"""WebAssembly, without `eval()`."""
TRUSTED_TYPES_EVAL: Final[str]
"""`eval()` of what went through a Trusted Types policy, in browsers that enforce them."""
REPORT_SAMPLE: Final[str]
"""Reports hold the first 40 characters of what was blocked."""
INLINE_SPECULATION_RULES: Final[str]
"""Inline speculation rules."""
SCRIPT: Final[str]
"""For `require-trusted-types-for`: every place where text becomes code."""
ALLOW_DUPLICATES: Final[str]
"""For `trusted-types`: a policy's name may be used again."""
ALLOW: Final[str]
"""For `webrtc`: connections are allowed."""
BLOCK: Final[str]
"""For `webrtc`: connections are blocked."""
DATA: Final[str]
"""`data:` URLs."""
BLOB: Final[str]
"""`blob:` URLs."""
HTTPS: Final[str]
"""Anything over HTTPS."""
# </constants>

class SecurityHeadersMiddleware:
    """The native half of `sallet.SecurityHeadersMiddleware`, which says all about it."""

    def __init__(self, *args: Any, **options: Any) -> None: ...
    def __call__(self, scope: _Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The ASGI call; returns what the inner app returned."""

    @property
    def app(self) -> _ASGIApp:
        """The wrapped app."""

def set_policy(
    request: Any,
    policy: SecurityHeaders | Callable[[SecurityHeaders], SecurityHeaders | None] | None,
    /,
) -> None:
    """Chooses the policy of this response, in a handler, a dependency or a middleware.

    ```python
    set_policy(request, SecurityHeaders.EMPTY)  # no headers
    set_policy(request, lambda policy: policy.replace(x_frame_options=None))  # one header dropped
    set_policy(request, lambda policy: policy.replace(
        content_security_policy=policy.content_security_policy.extend({"img-src": ["https://maps.example"]})
    ))
    ```

    Every Sallet layer around sends it, whatever rules they have, also with the answer to an exception, a
    304 and the denial of a WebSocket. A later call replaces an earlier one; a function is given the policy
    that would be sent otherwise, which is each layer's own, or what earlier calls made of it.

    Args:
        request: A Starlette `Request`, `HTTPConnection` or `WebSocket`, anything with a `scope`, or the ASGI scope.
        policy: A `SecurityHeaders`, or a plain function of the policy that would be sent otherwise. One that
            raises or returns something else is logged, and STRICT is sent. `None`, given or returned, is
            no opinion.

    Raises:
        RuntimeError: The response has started, or no Sallet layer is around.
        TypeError: An argument is of another kind.
    """

def csp_nonce(request: Any, /) -> str:
    """The nonce of this request: for the `nonce` attribute of its scripts and styles, wherever they are written.

    The same as `request.state.csp_nonce`, and there too where no policy of the layer could be seen to need one.
    The policy of the response has it where it says `NONCE`.

    Raises:
        RuntimeError: No Sallet layer is around, or the response started before a nonce was drawn.
    """

def set_route_policy(request: Any, policy: object, /) -> None: ...
def check_route_policy(policy: object, /) -> None: ...
def script_hash(text: str | bytes) -> str:
    """`'sha256-…'` of an inline script, quotes included, for `script-src`.

    The text is everything between `<script>` and `</script>`, every space and newline of it; a
    `str` is taken as UTF-8, which the page must then be in. CRLF and CR are hashed as LF, and NUL as
    U+FFFD, because that is what a browser does with a page. A file that `src` names is hashed byte
    for byte, so this is not for files.
    """

def style_hash(text: str | bytes) -> str:
    """`'sha256-…'` of an inline style, quotes included, for `style-src`; as `script_hash`."""

def unchecked(text: str) -> str:
    """A text that Sallet does not know, to be sent as it is: a directive, source, sandbox flag, feature or a header's whole value.

    Only what would make it unsafe to send is refused, and `lint()` reports it.
    """

def url_source(url: str) -> str | None:
    """The narrowest source for what a page loads from `url`; `None` where CSP has none for it."""

def url_origin(url: str) -> str | None:
    """The source for all of `url`'s origin; `None` where CSP has none for it."""

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

    def __init__(self, *args: Any, **options: Any) -> None: ...
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

    def __init__(self, *args: Any, **options: Any) -> None: ...
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
