"""The header values that NetEscapades.AspNetCore.SecurityHeaders documents and promises in its tests.

`netescapades.json` gives the file and line of each. They are data, because the tests do not run .NET.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from sallet import SecurityHeaders

from .differences import Case, Spelling, compare, shown

DATA = json.loads(Path(__file__).with_name("netescapades.json").read_text())

SPELLINGS = [
    Spelling("strict-transport-security", "no last semicolon", lambda sent: sent and sent.rstrip(";")),
    Spelling("x-frame-options", "upper case, as it is sent by both", lambda sent: sent and sent.upper()),
    Spelling(
        "cache-control",
        "a page with a nonce is for one client, so Sallet keeps it from shared caches",
        lambda sent: sent or "private",
    ),
]
CORP = "the whole value is compared with three words (Fetch section 3.7), so with a parameter there is no policy"
REFUSED_HERE = {
    "content-security-policy: default-src: none; frame-ancestors 'none'": (
        "a typo of that README: its own code sends default-src 'none'; browsers ignore this directive"
    ),
    "content-security-policy: block-all-mixed-content": "browsers have dropped it: {unchecked} sends it",
    "content-security-policy: script-src 'report-sample' 'none'": "'none' is alone (CSP3 section 2.3.1)",
    "content-security-policy: report-to; plugin-types application/x-shockwave-flash": (
        "report-to takes a token (CSP3 section 6.5.2); plugin-types is gone, and {unchecked} sends it"
    ),
    "content-security-policy: script-src 'nonce-{one-for-each-request}'; style-src 'nonce-{one-for-each-request}'; "
    "test-directive 'nonce-{one-for-each-request}'": "no browser has test-directive: {unchecked} sends it",
    'cross-origin-resource-policy: same-site; report-to="default"': CORP,
    'cross-origin-resource-policy: same-origin; report-to="default"': CORP,
    'cross-origin-resource-policy: cross-origin; report-to="default"': CORP,
}


def written(header: str, value: str) -> SecurityHeaders:
    keyword: Any = {header.replace("-", "_"): value}
    return SecurityHeaders.EMPTY.replace(**keyword)


def test_documented_examples() -> None:
    # A nonce that the library draws for each request is the NONCE source here.
    examples = [(example["header"], shown(example["value"])) for example in DATA["examples"]]
    compare(
        (Case(f"{header}: {value}", {header: value}, partial(written, header, value)) for header, value in examples),
        spellings=SPELLINGS,
        refused_here=REFUSED_HERE,
    )
