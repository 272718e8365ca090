"""Django 6.1 with every setting of its security and CSP middlewares: the same headers, except for what is listed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from needs import need
from sallet import NONCE, SecurityHeaders

from .differences import Case, Spelling, compare

HERE = Path(__file__).parent
DJANGO = HERE.parents[2] / "target" / "django"

# `django.utils.csp.CSP` is an enum of texts: these are what its members are.
DJANGO_NONCE = "<CSP_NONCE_SENTINEL>"
SELF = "'self'"

POLICIES: list[dict[str, object]] = [
    {"default-src": [SELF]},
    {"default-src": SELF},
    {"default-src": (SELF, "https://cdn.example")},
    {"default-src": {SELF, "https://cdn.example", "data:"}},
    {"default-src": [SELF], "img-src": None, "upgrade-insecure-requests": True},
    {"default-src": [SELF], "upgrade-insecure-requests": False},
    {"default-src": ["'none'"], "script-src": [SELF, DJANGO_NONCE]},
    {"script-src": [DJANGO_NONCE, "'strict-dynamic'"], "object-src": ["'none'"], "base-uri": ["'none'"]},
    {"script-src": ["'strict-dynamic'"]},
    {"style-src": [SELF, DJANGO_NONCE], "script-src": [DJANGO_NONCE, "'unsafe-inline'"]},
    {"default-src": [SELF], "report-uri": "/csp-reports", "report-to": "csp"},
    {"script-src": [SELF, "'report-sample'", "'unsafe-eval'", "'unsafe-hashes'", "'wasm-unsafe-eval'"]},
    {"sandbox": True},
    {"sandbox": ["allow-forms", "allow-scripts"]},
    {"require-trusted-types-for": ["'script'"], "trusted-types": ["dompurify"]},
    {"default-src": []},
    {"default-src": ["self"]},
    {"default-src": ["'none'", SELF]},
    {"script-sr": [SELF]},
    {"Default-Src": [SELF]},
    {"script-src": [SELF, "a.example; script-src *"]},
    {"default-src": True},
    {},
]

SETTINGS: list[dict[str, object]] = [{}]
SETTINGS += [
    {"SECURE_HSTS_SECONDS": seconds, "SECURE_HSTS_INCLUDE_SUBDOMAINS": subdomains, "SECURE_HSTS_PRELOAD": preload}
    for seconds, subdomains, preload in product([0, 3600, 31536000], [False, True], [False, True])
]
SETTINGS += [{"SECURE_CONTENT_TYPE_NOSNIFF": on} for on in (False, True)]
SETTINGS += [
    {"SECURE_REFERRER_POLICY": policy}
    for policy in (None, "no-referrer", "no-referrer, strict-origin", ["same-origin", "strict-origin"], "bogus")
]
SETTINGS += [
    {"SECURE_CROSS_ORIGIN_OPENER_POLICY": policy}
    for policy in (None, "same-origin", "same-origin-allow-popups", "unsafe-none", "bogus")
]
SETTINGS += [{"X_FRAME_OPTIONS": value} for value in ("DENY", "SAMEORIGIN", "sameorigin", "ALLOWALL")]
SETTINGS += [{"SECURE_CSP": policy} for policy in POLICIES]
SETTINGS += [{"SECURE_CSP_REPORT_ONLY": policy} for policy in POLICIES]
SETTINGS += [{"SECURE_CSP": POLICIES[6], "SECURE_CSP_REPORT_ONLY": POLICIES[7]}]

SPELLINGS = [
    Spelling("referrer-policy", "a blank after each comma", lambda sent: sent and re.sub(",(?=[^ ])", ", ", sent)),
    Spelling(
        "content-security-policy",
        "names in lower case",
        lambda sent: sent and sent.replace("Default-Src", "default-src"),
    ),
    Spelling(
        "content-security-policy-report-only",
        "names in lower case",
        lambda sent: sent and sent.replace("Default-Src", "default-src"),
    ),
    Spelling(
        "cache-control",
        "a page with a nonce is for one client, so Sallet keeps it from shared caches",
        lambda sent: sent or "private",
    ),
]

PRELOAD = "hstspreload.org takes no site for less than a year or without its subdomains"
WRONG = {
    "{'default-src': []}": "CSP3's grammar has no empty source list; Django leaves the directive out: None here",
    "{'default-src': ['self']}": "a keyword without its quotes is read as a host name",
    "{'default-src': [\"'none'\", \"'self'\"]}": "'none' is alone (CSP3 section 2.3.1), and browsers ignore it next to others",
    "{'script-sr': [\"'self'\"]}": "browsers ignore it, as they do a typo: {unchecked} sends one that Sallet does not know yet",
    "{'script-src': [\"'self'\", 'a.example; script-src *']}": "a semicolon ends the directive",
    "{'default-src': True}": "CSP3's grammar has no empty source list: 'none'",
}
REFUSED_HERE = {
    **{
        repr(
            {"SECURE_HSTS_SECONDS": seconds, "SECURE_HSTS_INCLUDE_SUBDOMAINS": subdomains, "SECURE_HSTS_PRELOAD": True}
        ): PRELOAD
        for seconds, subdomains in ((3600, False), (3600, True), (31536000, False))
    },
    **{
        f"{{'{name}': {policy}}}": why
        for name in ("SECURE_CSP", "SECURE_CSP_REPORT_ONLY")
        for policy, why in WRONG.items()
    },
    "{'SECURE_REFERRER_POLICY': 'bogus'}": "not a policy (Referrer Policy section 3); browsers ignore it",
    "{'SECURE_CROSS_ORIGIN_OPENER_POLICY': 'bogus'}": "not a value (HTML section 7.1.3.1); browsers take it as unsafe-none",
    "{'X_FRAME_OPTIONS': 'ALLOWALL'}": "not a value (HTML section 7.7): leave the header out",
}


def moved(settings: Mapping[str, Any]) -> SecurityHeaders:
    """The policy that someone would write who knows Django's settings."""
    get = {**DEFAULTS, **settings}.get
    referrer = get("SECURE_REFERRER_POLICY")
    return SecurityHeaders.EMPTY.replace(
        strict_transport_security=hsts(settings) if get("SECURE_HSTS_SECONDS") else None,
        x_content_type_options="nosniff" if get("SECURE_CONTENT_TYPE_NOSNIFF") else None,
        referrer_policy=referrer if referrer is None or isinstance(referrer, str) else ", ".join(referrer),
        cross_origin_opener_policy=get("SECURE_CROSS_ORIGIN_OPENER_POLICY"),
        x_frame_options=get("X_FRAME_OPTIONS"),
        content_security_policy=csp(get("SECURE_CSP")),
        content_security_policy_report_only=csp(get("SECURE_CSP_REPORT_ONLY")),
    )


DEFAULTS = {
    "SECURE_CONTENT_TYPE_NOSNIFF": True,
    "SECURE_REFERRER_POLICY": "same-origin",
    "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
    "X_FRAME_OPTIONS": "DENY",
}


def hsts(settings: Mapping[str, Any]) -> str:
    subdomains = "; includeSubDomains" if settings["SECURE_HSTS_INCLUDE_SUBDOMAINS"] else ""
    preload = "; preload" if settings["SECURE_HSTS_PRELOAD"] else ""
    return f"max-age={settings['SECURE_HSTS_SECONDS']}{subdomains}{preload}"


def csp(policy: Mapping[str, Any] | None) -> Any:
    """A set in order, True as no sources, None and False left out: all else is the same dict."""
    if not policy:
        return None
    return {name: sources_of(sources) for name, sources in policy.items() if sources not in (None, False)}


def sources_of(sources: Any) -> list[str]:
    if sources is True:
        return []
    if isinstance(sources, str):
        sources = [sources]
    each = sorted(sources) if isinstance(sources, set) else sources
    return [NONCE if source == DJANGO_NONCE else source for source in each]


def django(settings: list[dict[str, object]]) -> list[dict[str, str]]:
    if not (DJANGO / "installed.stamp").exists():
        need("Django 6.1", "target/django is not there", "make setup")
    if sys.version_info < (3, 11):
        need("Django 6.1", "it takes what Python 3.11 brought", "rm -r .venv && make setup PYTHON=python3.11")
    command: list[str | Path] = [sys.executable, HERE / "django_answers.py", DJANGO]
    done = subprocess.run(command, input=repr(settings), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, str]] = json.loads(done.stdout)
    return answers


def test_django_with_all_its_settings() -> None:
    compare(
        (
            Case(repr(given), sent, partial(moved, given))
            for given, sent in zip(SETTINGS, django(SETTINGS), strict=True)
        ),
        spellings=SPELLINGS,
        refused_here=REFUSED_HERE,
    )
