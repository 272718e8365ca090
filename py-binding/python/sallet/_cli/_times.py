"""When a key begins and ends, as people write it."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from sallet._cli._arguments import Misuse

_UNITS = {"min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_HOW = 'write a time from now, as 90d (min, h, d, w, y), a date as 2027-02-01, or a moment as 2027-02-01T12:00:00Z'


def span(text: str, option: str) -> int:
    """Seconds, of `90d`.

    Raises:
        Misuse: It is not written like that.
    """
    if text == "0":
        return 0
    found = re.fullmatch(r"([0-9]{1,6}) ?(min|h|d|w|y)", text)
    if not found:
        raise Misuse(f"{option} {text[:32]!r} is no span of time: write a number with min, h, d, w or y, as 7d")
    return int(found[1]) * _UNITS[found[2]]


def moment(text: str, option: str, now: int) -> int:
    """Seconds since 1970, of a span from now, a date (its first second, in UTC) or a moment.

    Raises:
        Misuse: It is none of these.
    """
    if re.fullmatch(r"[0-9]+ ?[a-z]+", text):
        return now + span(text, option)
    try:
        # Python 3.10 reads no Z.
        read = datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", text))
    except ValueError:
        raise Misuse(f"{option} {text[:32]!r}: {_HOW}") from None
    if read.tzinfo is None:
        if not re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
            raise Misuse(f"{option} {text[:32]!r} has no time zone, so nobody knows when it is: add Z for UTC, or +01:00")
        read = read.replace(tzinfo=timezone.utc)
    seconds = int(read.timestamp())
    if seconds < 0:
        raise Misuse(f"{option} {text[:32]!r} is before 1970")
    return seconds


def shown(seconds: int | None, none: str = "") -> str:
    """A moment for people and for JSON."""
    if seconds is None:
        return none
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)
