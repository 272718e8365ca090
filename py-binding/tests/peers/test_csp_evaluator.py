"""csp_evaluator: whatever it calls HIGH or MEDIUM in a policy, `lint()` reports too, for the directive that it is about."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest
from sallet import PolicyError, SecurityHeaders

from .node import node

NONCE_SENT = "'nonce-rAnd0m4nd10ngEn0ugh='"
NONCE_HELD = "'nonce-{one-for-each-request}'"
HASH = "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='"

# Policies as sites have them, and the ones that csp_evaluator's page and Google's guide show.
CLASSICS = [
    "default-src 'self'",
    "default-src *",
    "default-src 'none'",
    "default-src https:",
    "default-src https: 'unsafe-inline' 'unsafe-eval'",
    "script-src 'self'",
    "script-src 'self' https://www.google-analytics.com",
    "script-src 'self' https://cdnjs.cloudflare.com; object-src 'none'",
    "script-src 'self' https://cdn.jsdelivr.net https://ajax.googleapis.com; object-src 'none'; base-uri 'none'",
    "script-src 'unsafe-inline' 'unsafe-eval' 'self' data: https://www.google.com http://www.google-analytics.com/gtm/js"
    " https://*.gstatic.com/feedback/ https://ajax.googleapis.com; style-src 'self' 'unsafe-inline'; default-src 'self' *"
    " 127.0.0.1 https://foobar.example; img-src https: data:; child-src data: https://foobar.example",
    f"script-src {NONCE_HELD} 'strict-dynamic' 'unsafe-inline' https:; object-src 'none'; base-uri 'none'",
    f"script-src {NONCE_HELD} 'strict-dynamic'; object-src 'none'",
    f"script-src {HASH} 'strict-dynamic'; object-src 'none'",
    "script-src 'strict-dynamic'; object-src 'none'; base-uri 'none'",
    "default-src 'none'; script-src https://a.example; style-src https://a.example; img-src 'self'; connect-src 'self'",
    "upgrade-insecure-requests",
    "frame-ancestors 'none'",
    "object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "script-src 'none'; object-src *",
    "base-uri *; script-src 'self'; object-src 'none'",
    "script-src https://*; object-src 'none'; base-uri https://*:*",
    "script-src-attr 'unsafe-inline'; script-src 'self'; object-src 'none'; base-uri 'none'",
    "script-src 'self'; script-src-elem data: *; object-src 'none'",
    "default-src 'self'; img-src http://a.example; report-uri http://a.example/csp",
    "default-src 'self'; object-src https:; frame-src http://a.example",
]
NAMES = [
    *(
        "default-src script-src script-src-elem script-src-attr object-src base-uri style-src img-src connect-src"
    ).split(),
    *("font-src frame-src child-src worker-src form-action frame-ancestors media-src manifest-src").split(),
]
SOURCES = [
    *(
        "* https: http: data: blob: 'self' 'none' 'unsafe-inline' 'unsafe-eval' 'unsafe-hashes' 'strict-dynamic'"
    ).split(),
    *(
        "'wasm-unsafe-eval' 'report-sample' https://* http://* wss: http://a.example https://a.example a.example"
    ).split(),
    *("*.a.example https://a.example:* https://a.example/lib/ http://127.0.0.1 10.0.0.1:8000").split(),
    *(
        "https://cdn.jsdelivr.net ajax.googleapis.com https://*.googleapis.com www.google.com cdnjs.cloudflare.com"
    ).split(),
    NONCE_HELD,
    HASH,
]


class Missed(NamedTuple):
    severity: str
    type: str
    directive: str
    value: str


# What csp_evaluator reports and lint does not have to, with the reason.
EXCUSED: dict[str, Callable[[Missed], bool]] = {
    "Flash is gone since 2021": lambda one: one.type == "OBJECT_ALLOWLIST_BYPASS",
    "a loopback address is not on the network": lambda one: one.value.startswith("http://127.0.0.1"),
    "no <base> can have this scheme (HTML section 4.2.3): low": lambda one: one[2:] == ("base-uri", "data:"),
    "an event handler has no address: low": lambda one: one.directive == "script-src-attr" and not one.value.startswith("'"),
}


def generated(count: int) -> list[str]:
    chance = random.Random(11)
    policies = []
    for _ in range(count):
        names = chance.sample(NAMES, chance.randint(1, 6))
        policies.append("; ".join(f"{name} {' '.join(chance.sample(SOURCES, chance.randint(1, 3)))}" for name in names))
    return policies


def missed(policy: str, findings: list[dict[str, str]]) -> set[Missed]:
    return {one for one in (Missed(**finding) for finding in findings) if not is_reported(policy, one)}


def is_reported(policy: str, one: Missed) -> bool:
    """Lint says something of this directive, and says it because of this very value, or because the directive is missing."""
    # That a host is known to bypass policies is news of one day, and a matter of its paths: any severity will do.
    is_high = one.severity == "HIGH" and one.type != "SCRIPT_ALLOWLIST_BYPASS"
    enough = ("medium", "high") if is_high else ("low", "medium", "high")
    said = {lint[:2] for lint in lints(policy) if lint[0] in about(one.directive) and lint[1] in enough}
    harmless = lints(with_sources(policy, one.directive, "'none'"))
    because = lints(with_sources(policy, one.directive, one.value) if one.value else policy) - harmless
    return any(lint[:2] in said for lint in because)


@functools.cache
def lints(policy: str) -> frozenset[tuple[str, str, str]]:
    headers = SecurityHeaders.STRICT.replace(content_security_policy=policy)
    found = (lint for lint in headers.lint() if lint.header == "content-security-policy")
    return frozenset((lint.directive, lint.severity, lint.reason) for lint in found)


def with_sources(policy: str, name: str, sources: str) -> str:
    others = [text for text in policy.split("; ") if text.split()[0] != name]
    one = [] if name == "report-uri" and sources == "'none'" else [f"{name} {sources}"]
    return "; ".join([*others, *one]) or "sandbox"


def about(directive: str) -> set[str]:
    """It names the directive that rules; lint may name the one that falls back to it (CSP3 section 6.8.3)."""
    falls_back = {
        "default-src": {"script-src", "script-src-elem", "script-src-attr", "object-src"},
        "script-src": {"script-src-elem", "script-src-attr"},
    }
    return {directive, *falls_back.get(directive, ())}


@pytest.fixture(scope="module")
def hosts() -> list[str]:
    known = node("csp_evaluator.mjs")
    return sorted({*known["jsonp"], *known["angular"]})


def findings_of(policies: list[str]) -> list[list[dict[str, str]]]:
    sent = [policy.replace(NONCE_HELD, NONCE_SENT) for policy in policies]
    return cast("list[list[dict[str, str]]]", node("csp_evaluator.mjs", sent)["findings"])


def is_accepted(policy: str) -> bool:
    try:
        SecurityHeaders.EMPTY.replace(content_security_policy=policy)
    except PolicyError:
        return False
    return True


def check(policies: list[str]) -> None:
    found: Counter[Missed] = Counter()
    example: dict[Missed, Any] = {}
    for policy, findings in zip(policies, findings_of(policies), strict=True):
        for one in missed(policy, findings):
            found[one] += 1
            example.setdefault(one, policy)
    new = {one: count for one, count in found.items() if not any(is_excused(one) for is_excused in EXCUSED.values())}
    lines = [f"{count} x {' '.join(one)}, as in: {example[one]}" for one, count in sorted(new.items())]
    assert not lines, f"csp_evaluator reports {len(lines)} kinds that lint does not:\n" + "\n".join(lines)


def test_lint_reports_what_it_reports_in_known_policies() -> None:
    assert [policy for policy in CLASSICS if not is_accepted(policy)] == []
    check(CLASSICS)


def test_lint_reports_what_it_reports_in_generated_policies() -> None:
    policies = [policy for policy in generated(800) if is_accepted(policy)]
    assert len(policies) > 300
    check(policies)


def test_lint_names_every_host_that_bypasses_a_policy(hosts: list[str]) -> None:
    """Each host in a script-src is named. Those of the list that still serve anyone's scripts are high; most of the others are gone."""
    found = {host: severity_of(f"https://{host}") for host in hosts}
    assert None not in found.values()
    assert {severity_of(f"https://{host}") for host in ("cdn.jsdelivr.net", "ajax.googleapis.com", "www.google.com")} == {"high"}
    assert sum(severity == "high" for severity in found.values()) > 60


def severity_of(source: str) -> str | None:
    csp = f"default-src 'self'; script-src {source}"
    return next((lint.severity for lint in SecurityHeaders(content_security_policy=csp).lint() if lint.value == source), None)


def test_a_strict_policy_has_no_finding() -> None:
    policies = [str(SecurityHeaders.STRICT.content_security_policy), str(SecurityHeaders.API.content_security_policy)]
    assert findings_of(policies) == [[], []]
