"""The header half of `sallet._sallet`; a stub only, there is no such module to import."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, ClassVar, Final, Literal, TypedDict, final

from typing_extensions import Self, Unpack

_Scope = MutableMapping[str, Any]
_ASGIApp = Callable[..., Awaitable[None]]

class _Headers(TypedDict, total=False):
    """The keywords of `SecurityHeaders`."""

    content_security_policy: ContentSecurityPolicy | _Directives | str | None
    content_security_policy_report_only: ContentSecurityPolicy | _Directives | str | None
    strict_transport_security: str | None
    x_content_type_options: str | None
    x_frame_options: str | None
    referrer_policy: str | None
    cross_origin_opener_policy: str | None
    cross_origin_embedder_policy: str | None
    cross_origin_resource_policy: str | None
    permissions_policy: str | None
    origin_agent_cluster: str | None
    reporting_endpoints: str | None
    cache_control: str | None
    x_dns_prefetch_control: str | None
    x_download_options: str | None
    x_permitted_cross_domain_policies: str | None
    x_xss_protection: str | None
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
    SecurityHeaders(x_frame_options="SAMEORIGIN", permissions_policy=None)
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

    def lint(self) -> list[Lint]:
        """What is legal but weak in this policy."""

    @property
    def custom(self) -> dict[str, str]:
        """The headers that have no keyword of their own; a copy."""
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
    def cross_origin_embedder_policy(self) -> str | None:
        """What the page may load from others."""
    @property
    def cross_origin_resource_policy(self) -> str | None:
        """Who may load this response."""
    @property
    def permissions_policy(self) -> str | None:
        """Which powerful features the page and its frames may use."""
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
        """The directive, or an empty string where the header has none."""
    @property
    def reason(self) -> str:
        """Why it is weak."""
    @property
    def remedy(self) -> str:
        """What to do."""

# Source expressions that need quotes, as constants, so that the quotes cannot be forgotten.

SELF: Final[str]
"""The page's own origin."""
NONE: Final[str]
"""Nothing; it stands alone."""
NONCE: Final[str]
"""A fresh nonce in every response; your code finds it at `request.state.csp_nonce`."""
STRICT_DYNAMIC: Final[str]
"""What a trusted script loads is trusted too; needs a nonce or a hash beside it."""
UNSAFE_INLINE: Final[str]
"""Any inline script or style, an injected one included."""
UNSAFE_EVAL: Final[str]
"""`eval` and its like."""
UNSAFE_HASHES: Final[str]
"""Hashes count for event handlers and style attributes too."""
WASM_UNSAFE_EVAL: Final[str]
"""Compiling WebAssembly."""
REPORT_SAMPLE: Final[str]
"""Reports quote the first 40 characters of what was blocked."""

_PolicyRule = SecurityHeaders | Callable[[_Scope], SecurityHeaders | None]

class SecurityHeadersMiddleware:
    """The native half of `sallet.SecurityHeadersMiddleware`, which says all about it."""

    def __init__(
        self,
        app: _ASGIApp,
        headers: SecurityHeaders | None = None,
        *,
        paths: Mapping[str, _PolicyRule] | None = None,
        override: bool = False,
        remove: Iterable[str] | None = None,
    ) -> None: ...
    def __call__(self, scope: _Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The ASGI call; returns what the inner app returned."""

    @property
    def app(self) -> _ASGIApp:
        """The wrapped app."""

def script_hash(text: str | bytes) -> str:
    """`'sha256-…'` of an inline script, quotes included, for `script-src`.

    The text is everything between `<script>` and `</script>`, every space and newline of it; a
    `str` is taken as UTF-8, which the page must then be in. CRLF and CR are hashed as LF, and NUL as
    U+FFFD, because that is what a browser does with a page. A file that `src` names is hashed byte
    for byte, so this is not for files.
    """

def style_hash(text: str | bytes) -> str:
    """`'sha256-…'` of an inline style, quotes included, for `style-src`; as `script_hash`."""

def url_source(url: str) -> str | None:
    """The narrowest source for what a page loads from `url`; `None` where CSP has none for it."""

def url_origin(url: str) -> str | None:
    """The source for all of `url`'s origin; `None` where CSP has none for it."""
