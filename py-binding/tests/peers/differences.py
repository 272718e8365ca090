"""Compares the headers of another library with Sallet's. Each difference must be listed with its reason.

A difference that is not listed fails, and so does an entry for one that no longer happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sallet import SecurityHeaders

NONCE_SENT = re.compile(r"'nonce-[^']+'")


class Spelling(NamedTuple):
    """Other bytes with the same meaning: how Sallet writes what the other library sends, or what it adds (`None` there)."""

    header: str
    reason: str
    ours: Callable[[str | None], str | None]


class Case(NamedTuple):
    name: str
    theirs: Mapping[str, str] | None
    """What the other library sends, or nothing where it refuses."""
    ours: Callable[[], SecurityHeaders]
    """Makes the same policy."""


def compare(
    cases: Iterable[Case],
    *,
    spellings: Sequence[Spelling] = (),
    refused_here: Mapping[str, str] = {},
    accepted_here: Mapping[str, str] = {},
) -> None:
    """`refused_here` and `accepted_here`: the reason for each case, by its name."""
    found: list[str] = []
    refused, accepted, used = set[str](), set[str](), set[Spelling]()
    for name, theirs, make in cases:
        try:
            ours = dict(make().items())
        except (ValueError, TypeError) as error:
            if theirs is not None:
                refused.add(name)
                if name not in refused_here:
                    found.append(f"{name}: only the other sends it; here: {error}")
            continue
        if theirs is None:
            accepted.add(name)
            if name not in accepted_here:
                found.append(f"{name}: only the other refuses it")
            continue
        sent = {header.lower(): shown(value) for header, value in theirs.items()}
        for header in sorted({*ours, *sent}):
            value = sent.get(header)
            for spelling in (one for one in spellings if one.header == header):
                if value != ours.get(header) and (respelled := spelling.ours(value)) != value:
                    value = respelled
                    used.add(spelling)
            if value != ours.get(header):
                found.append(f"{name}: {header} is {ours.get(header)!r} here and {value!r} there")
    found += [f"{name}: listed, but no longer refused here alone" for name in sorted(set(refused_here) - refused)]
    found += [f"{name}: listed, but no longer accepted here alone" for name in sorted(set(accepted_here) - accepted)]
    found += [f"{one.header}, {one.reason}: listed, but no longer happens" for one in spellings if one not in used]
    assert not found, f"{len(found)} differences:\n" + "\n".join(found)


def shown(value: str) -> str:
    """With the placeholder of a policy where the other library sent the nonce of a request."""
    return NONCE_SENT.sub("'nonce-{one-for-each-request}'", value)
