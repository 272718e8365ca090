"""Which handlers the rules open, read from DESIGN's grammar of paths and without Sallet's code.

It is given the path under which a handler was really reached, so it knows nothing of `raw_path`, of `root_path` or of
mounts: where the guard and the router read a request differently, the answer here is that of the router.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

# `//`, a dot segment, `;`, a backslash, a control character, and in a decoded path `%`, which was `%25`.
DOUBT = re.compile(r"//|/\.\.?(?:/|$)|[;\\%\x00-\x1f\x7f-\x9f]")
# The same in a raw path, where a percent-encoding must be one that RFC 3986 requires.
RAW_DOUBT = re.compile(rb"//|/\.\.?(?:/|$)|[;\\\x00-\x1f\x7f]|%(?!2[023]|3[CEF]|5[BDE]|60|7[BCD]|[89A-F][0-9A-F])", re.I)


@dataclass(frozen=True)
class Rules:
    public: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    preflights: tuple[str, ...] = ()

    def opens(self, method: str, path: str, *, sent: str = "", preflight: bool = False) -> bool:
        """Whether a request of this method may reach what is at `path` without a credential.

        A path is protected as it was `sent`, too, with the root_path that the router takes off.
        """
        if DOUBT.search(path):
            return False
        if preflight and any(matches(rule, method, path) for rule in self.preflights):
            return True
        opened = max((size(rule) for rule in self.public if matches(rule, method, path)), default=-1)
        covered = max((size(rule) for rule in self.protected if covers(rule, path) or covers(rule, sent)), default=-1)
        return opened > covered or (bool(self.protected) and covered < 0)


def matches(rule: str, method: str, path: str) -> bool:
    """Exact, or with `/*` everything below; `GET` counts for HEAD."""
    only, _, wanted = rule.rpartition(" ")
    if only and method != only and (only, method) != ("GET", "HEAD"):
        return False
    return path.startswith(wanted[:-1]) if wanted.endswith("/*") else path == wanted


def covers(rule: str, path: str) -> bool:
    """The path, the same with a slash, everything below; upper and lower case are one."""
    return f"{path}/".lower().startswith(f"{stem(rule)}/".lower())


def stem(rule: str) -> str:
    return rule.rpartition(" ")[2].removesuffix("*").removesuffix("/")


def size(rule: str) -> int:
    """How long a rule is: neither a slash nor `/*` at the end counts, but the root page is inside of `/*`."""
    return 1 if rule.endswith(" /") or rule == "/" else len(stem(rule).encode())


def sent_in_doubt(path: str, raw_path: bytes | None, *roots: str | None) -> bool:
    """Whether the path as sent is one that no rule ever opens: not plain, or not what the server made of it."""
    if DOUBT.search(path) or not path.startswith("/"):
        return True
    if not raw_path:
        return False
    raw_path = raw_path.split(b"?")[0]
    meant = unquote(raw_path.decode("latin-1"))
    agree = any(meant in (path, f"{root}{path}") or f"{root}{meant}" == path for root in (root or "" for root in roots))
    return not agree or bool(RAW_DOUBT.search(raw_path))
