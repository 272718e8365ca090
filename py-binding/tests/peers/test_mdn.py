"""Every header for security, CSP directive and keyword, sandbox flag and feature of MDN's compatibility data is typed here.

What is not is in `UNTYPED`, each with the reason, and can be sent all the same. A release of the data that knows a new name fails
here and names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from needs import need
from sallet import PolicyError, SecurityHeaders, _sallet, unchecked

from .node import NPM

FILE = NPM / "node_modules/@mdn/browser-compat-data/data.json"

# At most 15: a name, and why Sallet has no type for it.
UNTYPED = {
    "connection-allowlist": "An experiment of one browser whose grammar still changes from version to version.",
    "connection-allowlist-report-only": "As connection-allowlist.",
    "expect-ct": "No browser reads it: Chrome 107 removed it, because certificate transparency is demanded everywhere.",
    "feature-policy": "The former name and grammar of Permissions-Policy; browsers that read it are older than 2021.",
    "nel": "Reports failed connections: monitoring, not a rule for a page, in JSON without a specification that is kept up.",
    "report-to": "The JSON before Reporting-Endpoints, which every browser that reports reads.",
    "access-control-allow-credentials": "CORS answers one request, by its Origin: that is a decision of the app or its CORSMiddleware.",
    "access-control-allow-headers": "As access-control-allow-credentials.",
    "access-control-allow-methods": "As access-control-allow-credentials.",
    "access-control-allow-origin": "As access-control-allow-credentials.",
    "access-control-expose-headers": "As access-control-allow-credentials.",
    "access-control-max-age": "As access-control-allow-credentials.",
    "timing-allow-origin": "Opens timing to other origins, as CORS opens content: which origins is for the app to decide.",
    "block-all-mixed-content": "Browsers block mixed content by themselves and have dropped the directive.",
    "prefetch-src": "Dropped by every browser, and from CSP3.",
}

# Headers that are not for security, or that no policy can set, by what they are for.
OTHER_HEADERS = {
    "sent by clients": """
        accept accept-encoding accept-language access-control-request-headers access-control-request-method
        attribution-reporting-eligible attribution-reporting-support authorization available-dictionary cookie device-memory
        dictionary-id dnt downlink dpr ect from host idempotency-key if-match if-modified-since if-none-match if-range
        if-unmodified-since origin range referer rtt save-data sec-browsing-topics sec-ch-device-memory sec-ch-dpr
        sec-ch-prefers-color-scheme sec-ch-prefers-reduced-motion sec-ch-prefers-reduced-transparency sec-ch-ua sec-ch-ua-arch
        sec-ch-ua-bitness sec-ch-ua-form-factors sec-ch-ua-full-version sec-ch-ua-full-version-list sec-ch-ua-mobile
        sec-ch-ua-model sec-ch-ua-platform sec-ch-ua-platform-version sec-ch-ua-wow64 sec-ch-viewport-height
        sec-ch-viewport-width sec-ch-width sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-storage-access sec-fetch-user
        sec-gpc sec-private-state-token sec-private-state-token-crypto-version sec-private-state-token-lifetime sec-purpose
        sec-redemption-record sec-secure-session-id sec-speculation-tags sec-websocket-key sec-websocket-version
        secure-session-response service-worker service-worker-navigation-preload te upgrade-insecure-requests user-agent
        viewport-width width""",
    "the connection and the form of one message": """
        connection content-encoding content-length content-range content-type keep-alive sec-websocket-accept
        sec-websocket-extensions sec-websocket-protocol trailer transfer-encoding upgrade""",
    "of the one response that a route makes: its content, its cookies, its user": """
        activate-storage-access content-disposition content-dpr content-language content-location date etag last-modified link
        location proxy-authenticate refresh retry-after secure-session-challenge secure-session-registration
        secure-session-skipped server-timing set-cookie set-login signature signature-input snapshot-content-location sourcemap
        unencoded-digest vary via warning www-authenticate""",
    "caching, hints, advertising and speed": """
        accept-ch accept-ranges age alt-svc attribution-reporting-register-source attribution-reporting-register-trigger
        critical-ch expires no-vary-search observe-browsing-topics pragma priority server service-worker-allowed
        speculation-rules supports-loading-mode use-as-dictionary""",
}  # fmt: skip

# What is below a name in the data and is not a name itself: a remark on support.
REMARKS = """
    meta-element-support worker_support external_scripts blocks_redirects wildcards wildcard secure_context_required
    default_strict-origin-when-cross-origin report-to_parameter default crash-reporting receives_crash_type
    receives_deprecation_type""".split()  # fmt: skip

NAMES = {row["name"]: row["keyword"] for row in _sallet._rows()["headers"]}


@pytest.fixture(scope="module")
def data() -> Any:
    if not FILE.is_file():
        need("MDN's compatibility data", "tests/npm/node_modules is not there", "make setup, with npm installed")
    return json.loads(FILE.read_text(encoding="utf-8"))


def names(entry: dict[str, Any]) -> Iterator[str]:
    """The names below an entry, at any depth."""
    for name, below in entry.items():
        if name != "__compat":
            yield name
            yield from names(below)


def is_taken(header: str, *values: str) -> bool:
    """Whether one of the values is, checked."""
    for value in values:
        try:
            SecurityHeaders.EMPTY.replace(**{NAMES[header]: value})
        except PolicyError:
            continue
        return True
    return False


def value(header: str, name: str) -> list[str]:
    """What the values of a header may look like in which this word is."""
    member, _, word = name.partition("_")
    return [name, f'"{name}"', f"{member}=({word})", f"max-age=1, {name}", f"max-age=1, {name}=1", f"{name}=1; max-age=1"]


def new_to_us(data: Any) -> Iterator[str]:
    """Every name of the data for which there is no type."""
    headers = {name.lower(): entry for name, entry in data["http"]["headers"].items()}
    others = " ".join(OTHER_HEADERS.values()).split()
    yield from (name for name in headers if name not in NAMES and name not in others)
    for name in NAMES.keys() & headers.keys() - {"content-security-policy", "permissions-policy"}:
        yield from (word for word in names(headers[name]) if not is_taken(name, *value(name, word)))
    yield from (name for name in names(headers["permissions-policy"]) if name not in _sallet._rows()["features"])
    for name in names(headers["content-security-policy"]):
        # A directive, with what one or the other takes, or a keyword.
        directive = [f"{name} {rest}".strip() for rest in ("'none'", "", "/r", "allow-forms", "'script'", "a")]
        if not is_taken("content-security-policy", *directive, f"script-src 'nonce-{{one-for-each-request}}' '{name}'"):
            yield name
    for flag in names(data["html"]["elements"]["iframe"]["sandbox"]):
        if not is_taken("content-security-policy", f"sandbox {flag}"):
            yield flag


def test_every_name_is_typed_or_has_a_reason(data):
    untyped = set(new_to_us(data)) - set(REMARKS)
    assert sorted(untyped - set(UNTYPED)) == [], f"new in {data['__meta']['version']}: give it a type, or a reason in UNTYPED"
    assert sorted(set(UNTYPED) - untyped) == [], "typed by now: take it off the list"
    assert len(UNTYPED) <= 15


def test_a_new_name_is_named(data):
    known = set(new_to_us(data))
    headers = {**data["http"]["headers"], "New-Policy": {}}
    headers["Permissions-Policy"] = {**headers["Permissions-Policy"], "new-feature": {}}
    headers["Referrer-Policy"] = {**headers["Referrer-Policy"], "new-policy-word": {}}
    headers["Content-Security-Policy"] = {**headers["Content-Security-Policy"], "new-src": {}, "script-src": {"new-keyword": {}}}
    sandbox = {"allow-new": {}}
    changed = {"http": {"headers": headers}, "html": {"elements": {"iframe": {"sandbox": sandbox}}}}
    assert set(new_to_us(changed)) - known == {
        "new-policy", "new-feature", "new-policy-word", "new-src", "new-keyword", "allow-new"
    }  # fmt: skip


def test_remarks_and_others_are_in_the_data(data):
    headers = {name.lower() for name in data["http"]["headers"]}
    others = " ".join(OTHER_HEADERS.values()).split()
    assert sorted(set(others) - headers) == []
    assert sorted(set(REMARKS) - {name for entry in data["http"]["headers"].values() for name in names(entry)}) == []
    assert len(others) == len(set(others))
    assert not set(others) & set(NAMES)


@pytest.mark.parametrize("name", UNTYPED)
def test_what_has_no_type_can_be_sent(name, data):
    if name in {header.lower() for header in data["http"]["headers"]}:
        assert SecurityHeaders.EMPTY.replace(custom={name: "x"}).items() == [(name, "x")]
    else:
        policy = f"default-src 'none'; {unchecked(name)}"
        assert SecurityHeaders.EMPTY.replace(content_security_policy=policy).items() == [
            ("content-security-policy", f"default-src 'none'; {name}")
        ]


def test_every_feature_and_a_new_one_can_be_sent():
    for feature in (*_sallet._rows()["features"], "new-feature"):
        policy = SecurityHeaders.EMPTY.replace(permissions_policy=f"{feature}=(), {unchecked('newer-feature=(new-word)')}")
        assert policy.items() == [("permissions-policy", f"{feature}=(), newer-feature=(new-word)")]
