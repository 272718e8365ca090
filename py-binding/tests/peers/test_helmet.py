"""helmet with all its options: Sallet sends the same headers, except for the differences listed here.

`helmet.mjs` has the configurations and runs the real helmet. `moved` writes each of them for Sallet, as you would when you
move an app from Express.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import pytest
from sallet import NONCE, SecurityHeaders

from .differences import Case, Spelling, compare
from .node import node

# What a header says for one of helmet's options.
Value = Callable[[Mapping[str, Any]], str]


def after_semicolons(sent: str | None) -> str | None:
    return sent and re.sub(";(?=[^ ])", "; ", sent)


def after_commas(sent: str | None) -> str | None:
    return sent and re.sub(",(?=[^ ])", ", ", sent)


SPELLINGS = [
    Spelling("content-security-policy", "a blank after each semicolon", after_semicolons),
    Spelling(
        "content-security-policy", "keywords in lower case", lambda sent: sent and sent.replace("'SELF'", "'self'")
    ),
    Spelling("content-security-policy-report-only", "a blank after each semicolon", after_semicolons),
    Spelling("referrer-policy", "a blank after each comma", after_commas),
    Spelling(
        "cache-control",
        "a page with a nonce is for one client, so Sallet keeps it from shared caches",
        lambda sent: sent or "private",
    ),
]

PRELOAD = "hstspreload.org takes no site for less than a year or without its subdomains"
QUOTES = "a keyword without its quotes is read as a host name; helmet sends this one"
REFUSED_HERE = {
    "strictTransportSecurity preload 0 true": PRELOAD,
    "strictTransportSecurity preload 0 false": PRELOAD,
    "strictTransportSecurity preload 86400 true": PRELOAD,
    "strictTransportSecurity preload 86400 false": PRELOAD,
    "strictTransportSecurity preload 31536000 false": PRELOAD,
    "strictTransportSecurity preload 63072000 false": PRELOAD,
    "strictTransportSecurity maxAge: 1234.5": "max-age is a whole number of seconds (RFC 6797 section 6.1.1); helmet rounds",
    'xFrameOptions action: "same-origin"': "X-Frame-Options has no such value; helmet sends SAMEORIGIN for it",
    'referrerPolicy policy: ""': "the header has no empty token (Referrer Policy section 4.1); it says what no header says",
    "csp a string": "the sources of a directive are a list; a text of two would be one source with a blank in it",
    "csp a nonce that is fixed": "a nonce is drawn for each response (CSP3 section 7.1): NONCE",
    "csp an empty list": "CSP3's grammar has no empty source list: 'none'",
    "csp no and another": "'none' is alone (CSP3 section 2.3.1), and browsers ignore it next to others",
    "csp an unknown directive": "browsers ignore it, as they do a typo: {unchecked} sends one that Sallet does not know yet",
    "csp a line break": "a line break ends the field (RFC 9110 section 5.5); helmet hands it to the server",
    "csp curly quotes": "they are not ASCII, and browsers ignore the source",
    "csp trusted-types-eval without quotes": QUOTES,
    "csp an obsolete directive": "browsers have dropped it: {unchecked} sends it",
}
NO_DEFAULT = "legal, and lint names what it leaves open; helmet wants a symbol that says so"
ACCEPTED_HERE = {
    "xPoweredBy and hidePoweredBy": "what is removed is an argument of the middleware, not of the policy",
    'referrerPolicy policy: ["no-referrer","no-referrer"]': "legal: the last that a browser knows counts",
    "strictTransportSecurity includeSubdomains": "the value is text, whose letter case does not count",
    "csp default-src null": NO_DEFAULT,
    "csp alone, no default-src": NO_DEFAULT,
}


def moved(options: Mapping[str, Any], defaults: Mapping[str, list[str]]) -> SecurityHeaders:
    """The policy that someone would write who knows helmet's options."""
    said = [(name, option) for name, option in options.items()]
    names = {HEADERS[name][0] for name, _ in said if name in HEADERS}
    said += [(name, name != "crossOriginEmbedderPolicy") for name in DEFAULTS if HEADERS[name][0] not in names]
    policy, seen = SecurityHeaders.EMPTY, set[str]()
    for name, option in said:
        if name not in HEADERS:
            continue  # xPoweredBy: `remove=` of the middleware
        keyword, value = HEADERS[name]
        if keyword in seen:
            raise TypeError(f"got multiple values for keyword argument {keyword!r}")  # as Python itself
        seen.add(keyword)
        if option is False:
            continue
        option = {} if option is True else option
        if keyword == "content_security_policy":
            keyword += "_report_only" * bool(option.get("reportOnly"))
            policy = policy.replace(**cast(Any, {keyword: csp(option, defaults)}))
        else:
            policy = policy.replace(**cast(Any, {keyword: value(option)}))
    return policy


def hsts(option: Mapping[str, Any]) -> str:
    known = {"maxAge": "max-age", "includeSubDomains": "includeSubDomains", "preload": "preload"}
    said = {"maxAge": 31536000, "includeSubDomains": True, **option}
    pieces = [(known.get(name, name), value) for name, value in said.items() if value is not False]
    return "; ".join(name if value is True else f"{name}={value}" for name, value in pieces)


def csp(option: Mapping[str, Any], defaults: Mapping[str, list[str]]) -> Any:
    directives: dict[str, Any] = dict(defaults) if option.get("useDefaults", True) else {}
    own: list[tuple[str, Any]] = []
    for name, sources in option.get("directives", {}).items():
        name = re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name)
        if sources is None or (sources == "<off>" and name == "default-src"):
            directives.pop(name, None)
        else:
            own.append((name, sources_of(sources)))
    if len(dict(own)) < len(own):  # a dict cannot say it
        return "; ".join(f"{name} {' '.join(sources)}" for name, sources in own)
    return {**directives, **dict(own)}


def sources_of(sources: object) -> object:
    return [source_of(source) for source in sources] if isinstance(sources, list) else sources


def source_of(source: Any) -> Any:
    if not isinstance(source, dict):
        return source
    text = source["each_request"]
    return NONCE if text.startswith("'nonce-") else text


def choice(default: str, name: str = "policy") -> Value:
    return lambda option: str(option.get(name, default))


def referrers(option: Mapping[str, Any]) -> str:
    policy = option.get("policy", "no-referrer")
    return policy if isinstance(policy, str) else ", ".join(policy)


def fixed(value: str) -> Value:
    return lambda _: value


DEFAULTS: dict[str, tuple[str, Value]] = {
    "contentSecurityPolicy": ("content_security_policy", fixed("")),
    "crossOriginEmbedderPolicy": ("cross_origin_embedder_policy", choice("require-corp")),
    "crossOriginOpenerPolicy": ("cross_origin_opener_policy", choice("same-origin")),
    "crossOriginResourcePolicy": ("cross_origin_resource_policy", choice("same-origin")),
    "originAgentCluster": ("origin_agent_cluster", fixed("?1")),
    "referrerPolicy": ("referrer_policy", referrers),
    "strictTransportSecurity": ("strict_transport_security", hsts),
    "xContentTypeOptions": ("x_content_type_options", fixed("nosniff")),
    "xDnsPrefetchControl": ("x_dns_prefetch_control", lambda option: "on" if option.get("allow") else "off"),
    "xDownloadOptions": ("x_download_options", fixed("noopen")),
    "xFrameOptions": ("x_frame_options", choice("sameorigin", "action")),
    "xPermittedCrossDomainPolicies": ("x_permitted_cross_domain_policies", choice("none", "permittedPolicies")),
    "xXssProtection": ("x_xss_protection", fixed("0")),
}
ALIASES = {
    "hsts": "strictTransportSecurity",
    "noSniff": "xContentTypeOptions",
    "dnsPrefetchControl": "xDnsPrefetchControl",
    "ieNoOpen": "xDownloadOptions",
    "frameguard": "xFrameOptions",
    "permittedCrossDomainPolicies": "xPermittedCrossDomainPolicies",
    "xssFilter": "xXssProtection",
}
HEADERS = {**DEFAULTS, **{alias: DEFAULTS[name] for alias, name in ALIASES.items()}}


@pytest.fixture(scope="module")
def helmet() -> dict[str, Any]:
    return cast("dict[str, Any]", node("helmet.mjs"))


def test_helmet_with_all_its_options(helmet: dict[str, Any]) -> None:
    answers = helmet["answers"]
    assert len(answers) >= 110
    compare(
        (
            Case(case["name"], case.get("headers"), partial(moved, case["options"], helmet["defaults"]))
            for case in answers
        ),
        spellings=SPELLINGS,
        refused_here=REFUSED_HERE,
        accepted_here=ACCEPTED_HERE,
    )
