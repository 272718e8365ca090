"""What one HTML page needs of a Content-Security-Policy, read from the page itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

from sallet import SELF, script_hash, style_hash

_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Needs = dict[str, list[str]]
"""Directive name to the sources that page uses, in the order they appear."""


def scan(html: str) -> Needs:
    """Reads the inline scripts and styles (as hashes) and the things the page links to (as URLs).

    A URL is allowed whole, not by its host: a public CDN serves every package there is, so its
    host in a policy would allow any script in the world.
    """
    scanner = _Scanner()
    scanner.feed(html)
    scanner.close()
    return scanner.needs


def origin(url: str) -> str | None:
    """`https://host[:port]` of an absolute http(s) URL; `None` for a relative or other one.

    `None` too where CSP has no name for the host: an IPv6 address, or a template such as
    `https://{tenant}.example`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return None
    return f"{parts.scheme}://{host}"


def source(url: str) -> str | None:
    """The narrowest source expression for `url`; `None` where CSP has none for it."""
    host = origin(url)
    if host is None:
        relative = not url.startswith("//") and not _SCHEME.match(url)
        return SELF if relative else None
    # A path in a source expression has no query (CSP3 section 2.3.1), and one that ends in "/"
    # allows everything below it, so that the host alone says it more honestly. `;` and `,` end
    # a directive and a policy.
    path = urlsplit(url).path
    return host if path.endswith("/") or not path else host + quote(path, safe="/@:!$&'()*+=~%")


def merge(*parts: Needs) -> Needs:
    """Joins needs, each source once."""
    merged: Needs = {}
    for part in parts:
        for directive, sources in part.items():
            known = merged.setdefault(directive, [])
            known.extend(s for s in sources if s not in known)
    return merged


@dataclass
class _Inline:
    tag: str
    text: list[str] = field(default_factory=list)


class _Scanner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.needs: Needs = {}
        self._inline: _Inline | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in ("script", "style") and "src" not in attributes:
            self._inline = _Inline(tag)
        for directive, url in _links(tag, attributes):
            allowed = source(url)
            if allowed is not None:
                self._add(directive, allowed)

    def handle_data(self, data: str) -> None:
        if self._inline is not None:
            self._inline.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        inline = self._inline
        if inline is None or inline.tag != tag:
            return
        self._inline = None
        text = "".join(inline.text)
        if tag == "script":
            self._add("script-src", script_hash(text))
        else:
            self._add("style-src", style_hash(text))

    def _add(self, directive: str, allowed: str) -> None:
        sources = self.needs.setdefault(directive, [])
        if allowed not in sources:
            sources.append(allowed)


def _links(tag: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The (directive, URL) pairs of one start tag."""
    if tag == "script" and "src" in attributes:
        yield "script-src", attributes["src"]
    elif tag == "img" and "src" in attributes:
        yield "img-src", attributes["src"]
    elif tag == "link" and "href" in attributes:
        relations = attributes.get("rel", "").lower().split()
        if "stylesheet" in relations:
            yield "style-src", attributes["href"]
        if "icon" in relations:
            yield "img-src", attributes["href"]
