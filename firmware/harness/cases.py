"""What the firmware must answer where the shared table (`shared.py`) says nothing: its routes, its bodies, its limits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

# Minted for these tests. src/app.rs holds their digests.
SENSOR = "slt_ScLhexGZEy0RQGEA9nUhVnhCd0GW5G73j02jSADdbp51RRSS9"
OPERATOR = "slt_VMaJyjvHs6ltO5N0G0mg6qbTojvaghrcu6xLekhjYKr067UqX"
RETIRED = "slt_Eod6WkiK25hnMNMxHO83Wlz7pIBnbKpsAZL1qtxh6BV18xvjI"
NEXT_YEAR = "slt_0umOsGXXokPRIhqpL3A4wORPJoM1dFRuaxDN7niERy94XFsRK"
UNKNOWN = "slt_ScLhexGZEy0RQGEA9nUhVnhCd0GW5G73j02jSADdbp51RRSS8"

PERMISSIONS = (
    "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
)
# `SecurityHeaders::API` over plain HTTP.
API = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": PERMISSIONS,
    "cache-control": "no-store",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}
# `SecurityHeaders::STRICT` over plain HTTP, with a policy of its own for the page.
PAGE = {
    "content-security-policy": (
        "default-src 'self'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": PERMISSIONS,
    "origin-agent-cluster": "?1",
    "cache-control": "private",
    "x-dns-prefetch-control": "off",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}
PAGE_BODY = (
    "<!doctype html><title>Device</title><h1>Device</h1>"
    "<script nonce=\"{nonce}\">document.querySelector('h1').textContent += ' is up'</script>"
)


def block(policy: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in policy.items()).encode()


@dataclass(frozen=True)
class Case:
    """One request and its whole answer: status, every field but `content-length`, and body."""

    name: str
    status: int
    body: str
    path: str = "/readings"
    method: str = "GET"
    authorization: tuple[str | bytes, ...] = ()
    # Beside curl's own; `None` takes one of those away.
    fields: tuple[tuple[str, str | None], ...] = ()
    data: str | None = None
    key: str = "-"
    # Beside the policy and the content type.
    own: dict[str, str] = field(default_factory=dict)
    policy: dict[str, str] = field(default_factory=lambda: API)


def detail(text: str) -> str:
    return json.dumps({"detail": text}, separators=(",", ":"))


REALM = 'Bearer realm="device"'
READINGS = '{"celsius":21.5}'
CLOSE = {"connection": "close"}


def bearer(token: str) -> tuple[str]:
    return (f"Bearer {token}",)


def admitted(name: str, authorization: str | bytes, key: str = "sensor-7") -> Case:
    return Case(name, 200, READINGS, authorization=(authorization,), key=key)


READ, WRITE = ', scope="readings:read"', ', scope="led:write"'


def missing(
    name: str, *authorization: str | bytes, path: str = "/readings", method: str = "GET", **more: object
) -> Case:
    own = {"www-authenticate": REALM + (WRITE if method == "PUT" else READ)}
    return Case(name, 401, detail("Not authenticated"), path, method, authorization, own=own, **more)


def invalid(name: str, token: str) -> Case:
    own = {"www-authenticate": f'{REALM}, error="invalid_token"{READ}'}
    return Case(name, 401, detail("The credentials are not valid"), authorization=bearer(token), own=own)


LED_ON, LED_OFF = '{"led":"on"}', '{"led":"off"}'
FORBIDDEN = f'{REALM}, error="insufficient_scope"{WRITE}'

# In this order: some set the LED that later ones ask for, and the last of them as the first found it.
CASES = [
    Case("health is public", 200, '{"status":"ok"}', "/health"),
    Case("health by HEAD", 200, "", "/health", "HEAD"),
    Case("the page has a nonce", 200, PAGE_BODY, "/", policy=PAGE),
    admitted("the right token", f"Bearer {SENSOR}"),
    admitted("another key", f"Bearer {OPERATOR}", "operator"),
    missing("no credentials"),
    invalid("an unknown token", UNKNOWN),
    invalid("an expired token", RETIRED),
    invalid("a token of the future", NEXT_YEAR),
    Case("the LED", 200, LED_OFF, "/led", authorization=bearer(SENSOR), key="sensor-7"),
    Case("on", 200, LED_ON, "/led", "PUT", bearer(OPERATOR), data="on", key="operator"),
    Case("it is on", 200, LED_ON, "/led", authorization=bearer(SENSOR), key="sensor-7"),
    Case(
        "a scope too few", 403, detail("The credentials do not have the required scope"), "/led", "PUT", bearer(SENSOR),
        data="off", own={"www-authenticate": FORBIDDEN},
    ),
    Case("still on", 200, LED_ON, "/led", authorization=bearer(SENSOR), key="sensor-7"),
    Case("neither on nor off", 400, detail("Send on or off"), "/led", "PUT", bearer(OPERATOR), data="of", key="operator"),
    Case("off", 200, LED_OFF, "/led", "PUT", bearer(OPERATOR), data="off", key="operator"),
    Case(
        "the largest body", 400, detail("Send on or off"), "/led", "PUT", bearer(OPERATOR), data="x" * 64, key="operator"
    ),
    Case(
        "a body too large", 413, detail("The body may have 64 bytes"), "/led", "PUT", bearer(OPERATOR), data="x" * 65,
        key="operator", own=CLOSE,
    ),
    Case(
        "a body far too large", 413, detail("The body may have 64 bytes"), "/led", "PUT", bearer(OPERATOR),
        data="GET /led HTTP/1.1\r\nhost: a\r\n\r\n" * 4_000, key="operator", own=CLOSE,
    ),
    missing(
        "a stranger's body is not read as a request", path="/led", method="PUT",
        data="GET /health HTTP/1.1\r\nhost: a\r\n\r\n",
    ),
    Case(
        "a body that waits to be asked for", 200, LED_ON, "/led", "PUT", bearer(OPERATOR),
        fields=(("expect", "100-continue"),), data="on", key="operator",
    ),
    Case("as it was at first", 200, LED_OFF, "/led", "PUT", bearer(OPERATOR), data="off", key="operator"),
    Case(
        "a body by HEAD", 413, "", "/readings", "HEAD", bearer(SENSOR), fields=(("content-length", "65"),), key="sensor-7",
        own=CLOSE,
    ),
    missing("a stranger's body in chunks", path="/led", method="PUT", data="on", fields=(("transfer-encoding", "chunked"),)),
    Case(
        "a body in chunks", 411, detail("Send a Content-Length"), "/led", "PUT", bearer(OPERATOR),
        fields=(("transfer-encoding", "chunked"),), data="on", key="operator", own=CLOSE,
    ),
    Case("not there", 404, detail("Not found"), "/nowhere", authorization=bearer(SENSOR), key="sensor-7"),
    missing("not there, says nobody to a stranger", path="/nowhere"),
    Case(
        "a method that is not allowed", 405, detail("Use GET"), "/readings", "DELETE", bearer(SENSOR), key="sensor-7",
        own={"allow": "GET, HEAD"},
    ),
    Case(
        "too many fields", 431, detail("The request head is too long"), "/health",
        fields=tuple((f"x-{i}", str(i)) for i in range(30)), own=CLOSE,
    ),
    Case(
        "a head longer than the buffer", 431, detail("The request head is too long"), "/health",
        fields=(("x-long", "x" * 2_000),), own=CLOSE,
    ),
    Case("and the next request is served", 200, '{"status":"ok"}', "/health"),
    Case("no host", 400, detail("This is not a proper request"), "/health", fields=(("Host", None),), own=CLOSE),
]
