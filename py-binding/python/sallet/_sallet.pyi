"""Sallet's native half; import `sallet` instead.

What is between `# <…>` and `# </…>` is written from the core's tables by `tests/stub.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, NewType, TypeAlias, TypedDict, final

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
    "StoreError",
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
    "REPORT_SHA256",
    "REPORT_SHA384",
    "REPORT_SHA512",
    "INLINE_SPECULATION_RULES",
    "UNSAFE_ALLOW_REDIRECTS",
    "UNSAFE_WEBTRANSPORT_HASHES",
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

class StoreError(SalletError):
    """A place that keeps keys cannot be read or written."""

class NotAUser(TypeError):
    """A function of the app's own returned what is no user. Its message names a class, and never shows a value."""

# The words that editors offer. `_Unchecked` is what `unchecked` returns, which may stand for each of them.
# <words>
_DirectiveName = Literal[
    "default-src", "child-src", "connect-src", "fenced-frame-src", "font-src", "frame-src", "img-src",
    "manifest-src", "media-src", "object-src", "script-src", "script-src-elem", "script-src-attr", "style-src",
    "style-src-elem", "style-src-attr", "worker-src", "base-uri", "form-action", "frame-ancestors", "sandbox",
    "report-to", "report-uri", "require-trusted-types-for", "trusted-types", "upgrade-insecure-requests", "webrtc"
]
_Word = Literal[
    "'self'", "'none'", "'nonce-{one-for-each-request}'", "'strict-dynamic'", "'unsafe-inline'", "'unsafe-eval'",
    "'unsafe-hashes'", "'wasm-unsafe-eval'", "'trusted-types-eval'", "'report-sample'", "'report-sha256'",
    "'report-sha384'", "'report-sha512'", "'inline-speculation-rules'", "'unsafe-allow-redirects'",
    "'unsafe-webtransport-hashes'", "'script'", "'allow-duplicates'", "'allow'", "'block'", "data:", "blob:",
    "https:", "allow-downloads", "allow-forms", "allow-modals", "allow-orientation-lock", "allow-pointer-lock",
    "allow-popups", "allow-popups-to-escape-sandbox", "allow-presentation", "allow-same-origin",
    "allow-same-site-none-cookies", "allow-scripts", "allow-storage-access-by-user-activation",
    "allow-top-navigation", "allow-top-navigation-by-user-activation", "allow-top-navigation-to-custom-protocols"
]
_Feature = Literal[
    "accelerometer", "ambient-light-sensor", "aria-notify", "attribution-reporting", "autoplay", "bluetooth",
    "browsing-topics", "camera", "captured-surface-control", "ch-device-memory", "ch-downlink", "ch-dpr",
    "ch-ect", "ch-prefers-color-scheme", "ch-prefers-reduced-motion", "ch-prefers-reduced-transparency", "ch-rtt",
    "ch-save-data", "ch-ua", "ch-ua-arch", "ch-ua-bitness", "ch-ua-form-factors", "ch-ua-full-version",
    "ch-ua-full-version-list", "ch-ua-high-entropy-values", "ch-ua-mobile", "ch-ua-model", "ch-ua-platform",
    "ch-ua-platform-version", "ch-ua-wow64", "ch-viewport-height", "ch-viewport-width", "ch-width",
    "clipboard-read", "clipboard-write", "compute-pressure", "cross-origin-isolated", "deferred-fetch",
    "deferred-fetch-minimal", "digital-credentials-create", "digital-credentials-get", "display-capture",
    "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "identity-credentials-get",
    "idle-detection", "interest-cohort", "join-ad-interest-group", "keyboard-map", "language-detector",
    "language-model", "local-fonts", "local-network", "local-network-access", "loopback-network", "magnetometer",
    "media-playback-while-not-visible", "microphone", "midi", "monetization", "on-device-speech-recognition",
    "otp-credentials", "payment", "picture-in-picture", "private-aggregation", "private-state-token-issuance",
    "private-state-token-redemption", "proofreader", "publickey-credentials-create", "publickey-credentials-get",
    "rewriter", "run-ad-auction", "screen-wake-lock", "serial", "shared-storage", "shared-storage-select-url",
    "speaker-selection", "storage-access", "summarizer", "sync-xhr", "translator", "unload", "usb",
    "web-app-installation", "web-share", "window-management", "writer", "xr-spatial-tracking"
]
_XContentTypeOptions = Literal["nosniff"]
_XFrameOptions = Literal["DENY", "SAMEORIGIN"]
_ReferrerPolicy = Literal[
    "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
    "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url"
]
_CrossOriginOpenerPolicy = Literal["same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none"]
_CrossOriginEmbedderPolicy = Literal["require-corp", "credentialless", "unsafe-none"]
_DocumentIsolationPolicy = Literal["isolate-and-require-corp", "isolate-and-credentialless", "none"]
_CrossOriginResourcePolicy = Literal["same-origin", "same-site", "cross-origin"]
_OriginAgentCluster = Literal["?1", "?0"]
_ClearSiteData = Literal[
    "\"cache\"", "\"cookies\"", "\"storage\"", "\"executionContexts\"", "\"clientHints\"", "\"prefetchCache\"",
    "\"prerenderCache\"", "\"*\""
]
_XDnsPrefetchControl = Literal["on", "off"]
_XDownloadOptions = Literal["noopen"]
_XPermittedCrossDomainPolicies = Literal["none", "master-only", "by-content-type", "by-ftp-filename", "all", "none-this-response"]
_XXssProtection = Literal["0", "1; mode=block", "1"]
# </words>
_Unchecked = NewType("_Unchecked", str)
_Source = _Word | str
_Sources = _Source | Iterable[_Source]
_Origin = Literal["*", "self"] | str
_Origins = _Origin | Iterable[_Origin]

# <dicts>
_DirectiveDict = TypedDict(
    "_DirectiveDict",
    {
        "default-src": _Sources,
        "child-src": _Sources,
        "connect-src": _Sources,
        "fenced-frame-src": _Sources,
        "font-src": _Sources,
        "frame-src": _Sources,
        "img-src": _Sources,
        "manifest-src": _Sources,
        "media-src": _Sources,
        "object-src": _Sources,
        "script-src": _Sources,
        "script-src-elem": _Sources,
        "script-src-attr": _Sources,
        "style-src": _Sources,
        "style-src-elem": _Sources,
        "style-src-attr": _Sources,
        "worker-src": _Sources,
        "base-uri": _Sources,
        "form-action": _Sources,
        "frame-ancestors": _Sources,
        "sandbox": _Sources,
        "report-to": _Sources,
        "report-uri": _Sources,
        "require-trusted-types-for": _Sources,
        "trusted-types": _Sources,
        "upgrade-insecure-requests": _Sources,
        "webrtc": _Sources,
    },
    total=False,
)
_FeatureDict = TypedDict(
    "_FeatureDict",
    {
        "accelerometer": _Origins,
        "ambient-light-sensor": _Origins,
        "aria-notify": _Origins,
        "attribution-reporting": _Origins,
        "autoplay": _Origins,
        "bluetooth": _Origins,
        "browsing-topics": _Origins,
        "camera": _Origins,
        "captured-surface-control": _Origins,
        "ch-device-memory": _Origins,
        "ch-downlink": _Origins,
        "ch-dpr": _Origins,
        "ch-ect": _Origins,
        "ch-prefers-color-scheme": _Origins,
        "ch-prefers-reduced-motion": _Origins,
        "ch-prefers-reduced-transparency": _Origins,
        "ch-rtt": _Origins,
        "ch-save-data": _Origins,
        "ch-ua": _Origins,
        "ch-ua-arch": _Origins,
        "ch-ua-bitness": _Origins,
        "ch-ua-form-factors": _Origins,
        "ch-ua-full-version": _Origins,
        "ch-ua-full-version-list": _Origins,
        "ch-ua-high-entropy-values": _Origins,
        "ch-ua-mobile": _Origins,
        "ch-ua-model": _Origins,
        "ch-ua-platform": _Origins,
        "ch-ua-platform-version": _Origins,
        "ch-ua-wow64": _Origins,
        "ch-viewport-height": _Origins,
        "ch-viewport-width": _Origins,
        "ch-width": _Origins,
        "clipboard-read": _Origins,
        "clipboard-write": _Origins,
        "compute-pressure": _Origins,
        "cross-origin-isolated": _Origins,
        "deferred-fetch": _Origins,
        "deferred-fetch-minimal": _Origins,
        "digital-credentials-create": _Origins,
        "digital-credentials-get": _Origins,
        "display-capture": _Origins,
        "encrypted-media": _Origins,
        "fullscreen": _Origins,
        "gamepad": _Origins,
        "geolocation": _Origins,
        "gyroscope": _Origins,
        "hid": _Origins,
        "identity-credentials-get": _Origins,
        "idle-detection": _Origins,
        "interest-cohort": _Origins,
        "join-ad-interest-group": _Origins,
        "keyboard-map": _Origins,
        "language-detector": _Origins,
        "language-model": _Origins,
        "local-fonts": _Origins,
        "local-network": _Origins,
        "local-network-access": _Origins,
        "loopback-network": _Origins,
        "magnetometer": _Origins,
        "media-playback-while-not-visible": _Origins,
        "microphone": _Origins,
        "midi": _Origins,
        "monetization": _Origins,
        "on-device-speech-recognition": _Origins,
        "otp-credentials": _Origins,
        "payment": _Origins,
        "picture-in-picture": _Origins,
        "private-aggregation": _Origins,
        "private-state-token-issuance": _Origins,
        "private-state-token-redemption": _Origins,
        "proofreader": _Origins,
        "publickey-credentials-create": _Origins,
        "publickey-credentials-get": _Origins,
        "rewriter": _Origins,
        "run-ad-auction": _Origins,
        "screen-wake-lock": _Origins,
        "serial": _Origins,
        "shared-storage": _Origins,
        "shared-storage-select-url": _Origins,
        "speaker-selection": _Origins,
        "storage-access": _Origins,
        "summarizer": _Origins,
        "sync-xhr": _Origins,
        "translator": _Origins,
        "unload": _Origins,
        "usb": _Origins,
        "web-app-installation": _Origins,
        "web-share": _Origins,
        "window-management": _Origins,
        "writer": _Origins,
        "xr-spatial-tracking": _Origins,
    },
    total=False,
)
# </dicts>
_Directives = _DirectiveDict | Mapping[_DirectiveName | _Unchecked, _Sources]
_Allowlists = _FeatureDict | Mapping[_Feature | _Unchecked, _Origins]

class _Headers(TypedDict, total=False):
    """The keywords of `SecurityHeaders`."""

    # <keywords>
    content_security_policy: _Policies | None
    content_security_policy_report_only: _Policies | None
    strict_transport_security: str | None
    x_content_type_options: _XContentTypeOptions | _Unchecked | None
    x_frame_options: _XFrameOptions | _Unchecked | None
    referrer_policy: _ReferrerPolicy | str | None
    cross_origin_opener_policy: _CrossOriginOpenerPolicy | str | None
    cross_origin_opener_policy_report_only: _CrossOriginOpenerPolicy | str | None
    cross_origin_embedder_policy: _CrossOriginEmbedderPolicy | str | None
    cross_origin_embedder_policy_report_only: _CrossOriginEmbedderPolicy | str | None
    document_isolation_policy: _DocumentIsolationPolicy | str | None
    document_isolation_policy_report_only: _DocumentIsolationPolicy | str | None
    cross_origin_resource_policy: _CrossOriginResourcePolicy | _Unchecked | None
    permissions_policy: _Allowlists | str | None
    permissions_policy_report_only: _Allowlists | str | None
    integrity_policy: str | None
    integrity_policy_report_only: str | None
    origin_agent_cluster: _OriginAgentCluster | str | None
    reporting_endpoints: str | None
    cache_control: str | None
    clear_site_data: _ClearSiteData | str | None
    x_dns_prefetch_control: _XDnsPrefetchControl | _Unchecked | None
    x_download_options: _XDownloadOptions | _Unchecked | None
    x_permitted_cross_domain_policies: _XPermittedCrossDomainPolicies | _Unchecked | None
    x_xss_protection: _XXssProtection | _Unchecked | None
    # </keywords>
    custom: Mapping[str, str] | None

_Policy: TypeAlias = "ContentSecurityPolicy | _Directives | str"
_Policies: TypeAlias = "_Policy | Sequence[_Policy]"

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

    def __init__(self, directives: _Policies) -> None:
        """From `{directive: [source, ...]}`, in that order, from the header's text, or from a list of several policies.

        A directive without a value, as `upgrade-insecure-requests`, has the list `[]`. A text may run over several lines.

        Several policies are sent in one line, and a browser enforces each of them: what one forbids, none allows.

        `unchecked` marks what Sallet does not know yet: a source or flag, as in
        `{"script-src": [SELF, unchecked("'new-keyword'")]}`, or a directive, as in `{unchecked("new-directive"): ["a"]}`.
        Only what is unsafe to send is refused then, and `lint` names each.

        Raises:
            PolicyError: An unknown or repeated directive, an unquoted keyword, `'none'` next to
                something, a separator inside a source, a fixed nonce, and whatever else a browser would skip in silence.
            TypeError: A set as a list of sources: its order, and with it the header, differs between processes.
        """

    @property
    def directives(self) -> dict[_DirectiveName | _Unchecked, list[str]]:
        """The directives and their sources, in order; a copy.

        Raises:
            PolicyError: There are several policies: ask each of `policies`.
        """

    @property
    def policies(self) -> list[ContentSecurityPolicy]:
        """Each policy by itself: a list of one, or of as many as there are in one header."""

    def extend(self, directives: _Directives) -> ContentSecurityPolicy:
        """A policy that allows these sources too.

        A fetch directive that is not there first takes over what it falls back to, so that
        `extend({"img-src": ["https://img.example"]})` of `default-src 'self'` gives
        `img-src 'self' https://img.example`. `'none'` makes room for what is added. What no
        directive rules is allowed already, and stays so. Of several policies, each is extended.

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
            https: `False` leaves out Strict-Transport-Security, `upgrade-insecure-requests`, Reporting-Endpoints and the
                directive `report-to`.
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
        """The settings of this policy that are legal but weak; `str()` of each says why, and what to do."""

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
    def x_content_type_options(self) -> _XContentTypeOptions | _Unchecked | None:
        """No guessing of media types."""
    @property
    def x_frame_options(self) -> _XFrameOptions | _Unchecked | None:
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
    def cross_origin_resource_policy(self) -> _CrossOriginResourcePolicy | _Unchecked | None:
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
    def x_dns_prefetch_control(self) -> _XDnsPrefetchControl | _Unchecked | None:
        """Whether links are looked up before a click."""
    @property
    def x_download_options(self) -> _XDownloadOptions | _Unchecked | None:
        """No opening of downloads in the site's context."""
    @property
    def x_permitted_cross_domain_policies(self) -> _XPermittedCrossDomainPolicies | _Unchecked | None:
        """Policy files of Flash and Acrobat."""
    @property
    def x_xss_protection(self) -> _XXssProtection | _Unchecked | None:
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
"""Trust what a trusted script loads; without a nonce or a hash next to it no script is trusted."""
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
REPORT_SHA256: Final[str]
"""Reports hold the SHA-256 hash of each script that is loaded."""
REPORT_SHA384: Final[str]
"""As `REPORT_SHA256`, with SHA-384."""
REPORT_SHA512: Final[str]
"""As `REPORT_SHA256`, with SHA-512."""
INLINE_SPECULATION_RULES: Final[str]
"""Inline speculation rules."""
UNSAFE_ALLOW_REDIRECTS: Final[str]
"""A navigation may pass through any address on its way to one that is listed."""
UNSAFE_WEBTRANSPORT_HASHES: Final[str]
"""WebTransport to servers that a script vouches for by the hash of their certificate."""
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
    """The native half of `sallet.SecurityHeadersMiddleware`; documented there."""

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

def unchecked(text: str) -> _Unchecked:
    """A text that Sallet does not know, to be sent as it is: a directive, source, sandbox flag, feature or a header's whole value.

    Only what would make it unsafe to send is refused, and `lint()` reports it.
    """

def url_source(url: str) -> str | None:
    """The narrowest source for what a page loads from `url`; `None` where CSP has none for it."""

def url_origin(url: str) -> str | None:
    """The source for all of `url`'s origin; `None` where CSP has none for it."""

@final
class Credentials:
    """What a client has presented; `repr` shows the word of the scheme and no more."""

    @staticmethod
    def parse(value: str | bytes) -> Credentials:
        """Reads the value of one `Authorization` field that has a token, of any scheme.

        Raises:
            CredentialsError: It is not a scheme, one or more spaces and a token68
                (RFC 9110 section 11.4).
        """

    @property
    def scheme(self) -> str:
        """The scheme's word, such as `Bearer`."""
    @property
    def token(self) -> str:
        """The token or key; of Basic `user:password`. It is a secret: keep it out of logs."""
    @property
    def username(self) -> str | None:
        """The user of Basic; `None` of any other scheme, and of what `parse` has read."""
    @property
    def password(self) -> str | None:
        """The password of Basic, which is what follows the first colon; else `None`. A secret."""

@final
class Key:
    """One key of a keyring: the digest of a token, whom it identifies, what it may do, and when.

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
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any, /) -> Any: ...
    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, handler: Any, /) -> Any: ...
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
    """The native half of `sallet.Keyring`; documented there."""

    def __new__(cls, keys: Iterable[Key]) -> Self: ...
    def verify(self, token: str | bytes) -> Principal | None:
        """The principal of a token, or `None`: unknown, expired and not yet valid look alike.

        Time does not depend on the ring's content, nor on whether or where a token matches.
        """
    def replace(self, keys: Iterable[Key]) -> None:
        """Takes other keys in the place of all that are there, in one step and for all threads.

        ```python
        keyring.replace(await load_keys())
        keyring.replace([key for key in keyring if key.id != "ci-2026"])
        keyring.replace([])                      # nobody is admitted
        ```

        Requests that are being checked finish with the keys they began with. A `reload` that began
        before is not taken, even if it ends after; a later one is, and so is the next change of a
        watched file.

        Args:
            keys: As for `Keyring`.

        Raises:
            KeyringError: Two keys have the same id or token; the old keys stay in force.
            TypeError: Something in it is no `Key`; the old keys stay in force.
        """
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Key]:
        """Goes through the keys, expired ones too, as they are when it begins: a change meanwhile
        changes nothing in it. Up to 256 come in the order in which they were given, more in none
        that means anything. A `Key` shows neither its token nor its digest.
        """
    def __contains__(self, id: str, /) -> bool:
        """Whether a key has this id, expired or not. For a token ask `verify`.

        Raises:
            TypeError: It is not a text, such as a `Key`: write `key.id in keyring`.
        """
    def __bool__(self) -> bool:
        """Always true: a keyring whose last key was taken out is still one."""
    def _ticket(self) -> int: ...
    def _swap(self, keys: Iterable[Key], ticket: int) -> None: ...
    def _load(self, rows: Iterable[tuple[object, ...]], ticket: int) -> list[tuple[str, str]]: ...
    def _load_blob(self, blob: bytes, ticket: int) -> list[tuple[str, str]]: ...
    def _blob(self) -> bytes: ...
    def _change(
        self, changes: Iterable[tuple[str, tuple[object, ...] | None]], ticket: int
    ) -> list[tuple[str, str]]: ...
    def _deadline(self, seconds: float | None) -> None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

@final
class Refusal:
    """A request that is refused: the answer, ready to send (RFC 6750 section 3), and the reason.

    Sallet makes them. To test an `on_refusal` of your own, make one: `Refusal("missing", bearer)` is what
    that scheme says to a request without credentials.
    """

    CLOSE_CODE: ClassVar[int]
    """How a WebSocket is closed before it is accepted, where the server cannot send a response."""
    def __new__(
        cls,
        error: Literal["missing", "invalid_request", "invalid_token", "insufficient_scope", "cross_site", "unavailable", "throttled"],
        auth: Scheme,
        *,
        key_id: str | None = None,
    ) -> Self: ...
    @property
    def status(self) -> int:
        """401, 400, 403, 429 or 503, or that of the exception that `authenticate` has raised."""
    @property
    def reason(self) -> str:
        """One sentence for the log. It says more than the client may know, such as that a key has expired."""
    @property
    def detail(self) -> Any:
        """One sentence for the client; of an exception that `authenticate` has raised its detail."""
    @property
    def key_id(self) -> str | None:
        """The id of the key, where its scopes are not enough."""
    @property
    def is_missing(self) -> bool:
        """Whether no credentials of an accepted scheme were sent: the client has not tried yet."""
    @property
    def is_throttled(self) -> bool:
        """Whether the request came after too many wrong credentials, and its own were not looked at."""
    @property
    def headers(self) -> list[tuple[str, str]]:
        """A `www-authenticate` for each scheme, `cache-control: no-store` and `content-type`, in lower case."""
    @property
    def body(self) -> bytes:
        """`{"detail": ...}` as JSON."""
    @property
    def _error(self) -> Any: ...
    @staticmethod
    def _is_answered_by(status: int, /) -> bool: ...
    @property
    def _is_guess(self) -> bool: ...
    def _dress(self, own: Any, /) -> list[tuple[bytes, bytes]] | None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

class Scheme:
    """The native half of `sallet.Bearer`, documented there, and of every other scheme."""

    def __init__(self, *args: Any, **options: Any) -> None: ...
    @property
    def realm(self) -> str:
        """The name of what is protected."""
    def _answer(self, error: BaseException, /) -> Refusal | None: ...
    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that every request needs."""
    @property
    def keyring(self) -> Keyring | None:
        """The keyring, if that is where the users come from."""
    @property
    def word(self) -> str:
        """The scheme's word in challenges, such as `Bearer`, and in `Authorization` where it is read from there."""
    @property
    def header(self) -> str:
        """The request field that is read, such as `X-API-Key`."""
    @property
    def _minds_the_site(self) -> bool: ...
    def authorize(self, user: Any, scopes: Iterable[str] | None = None) -> Refusal | None:
        """Checks the scopes of a user who is already verified: `None` when they are enough."""
    def _begin(self, scope: _Scope) -> tuple[Any, bool]: ...
    def _finish(self, user: Any) -> Any: ...
    @staticmethod
    def _accept(found: Any, scope: _Scope | None = None) -> Any: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

@final
class Alternatives:
    """The native half of `sallet.fastapi.AnyOf`; documented there."""

    def __new__(cls, schemes: tuple[Any, ...], /) -> Self: ...
    def which(self, scope: _Scope, /) -> int | None:
        """The place of the scheme that judges the request; `None` where it shows credentials of none of them."""
    def missing(self) -> Refusal:
        """The refusal of a request that shows none."""
    def among(self, at: int, refusal: Refusal, /) -> Refusal:
        """A refusal of the scheme at this place, with the challenges of all that would do."""
    def take_out(self, scope: _Scope, /) -> None:
        """Takes the tokens of all out of the query and the subprotocols."""

class AuthMiddleware:
    """The native half of `sallet.AuthMiddleware`; documented there."""

    def __init__(self, *args: Any, **options: Any) -> None: ...
    def __call__(self, scope: _Scope, receive: Any, send: Any) -> Awaitable[None]:
        """The ASGI call."""
    def _settle(self, scope: _Scope, by: Any, returned: Any, raised: Any, is_open: bool, /) -> Refusal | None: ...
    def _shown(self, scope: _Scope, /) -> tuple[bool, tuple[Literal["user", "token"], str] | None]: ...
    def _throttled(self, scope: _Scope, seconds: int, /) -> Refusal: ...
    def _judge(self, scope: _Scope, send: Any, /) -> tuple[Any, Any, Any, bool, Any]: ...
    @property
    def app(self) -> _ASGIApp:
        """The wrapped app."""
    @property
    def auth(self) -> Any:
        """Who says who sent a request; a tuple where it was a list."""
    @property
    def public(self) -> tuple[str, ...]:
        """The rules of the paths that need no credentials."""
    @property
    def protected(self) -> tuple[str, ...] | None:
        """The rules of the paths that need credentials; `None` where all do."""
    @property
    def preflights(self) -> tuple[str, ...]:
        """The rules of the paths whose preflights pass."""
    @property
    def on_refusal(self) -> Any:
        """What answers a refusal instead of Sallet, if anything does."""

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

def https_redirect(
    scheme: str, host: str, path: bytes, query: bytes
) -> tuple[int, list[tuple[bytes, bytes]]] | None:
    """The status and the fields of a redirect to TLS; `None` where the host is not one, or the path has no slash in front."""

def https_authority(host: str) -> str | None:
    """The authority that a host and port become in such a redirect; `None` where that is not one."""

def can_deny_websocket(scope: _Scope) -> bool:
    """Whether the server can answer a WebSocket handshake with a response."""

def signed_in_user(owner: object, scope: _Scope) -> Any:
    """The user of the `sallet.testing.signed_in` block that this request belongs to, or `None`."""

def count_signed_in(opens: bool) -> None:
    """Counts a block of `signed_in` that opens, or one that closes."""

def generate_token(prefix: str = "slt") -> str:
    """A fresh token: the prefix, `_`, 256 random bits in base62, and a checksum against typos.

    Raises:
        SalletError: The prefix is empty, too long, or not of letters, digits and `_`.
    """
