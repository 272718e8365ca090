"""What one HTML page needs of a Content-Security-Policy, read from the page itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from sallet import UNSAFE_HASHES, script_hash, style_hash
from sallet._sallet import url_source

log = logging.getLogger("sallet.headers")

Needs = dict[str, list[str]]
"""Directive name to the sources that page uses, in the order they appear."""


def scan(html: str) -> Needs:
    """Reads the inline scripts, styles and event handlers (as hashes) and the things the page links to (as URLs).

    A URL is allowed whole, not by its host: a public CDN serves every package there is, so its
    host in a policy would allow any script in the world.
    """
    scanner = _Scanner()
    scanner.feed(html)
    scanner.close()
    return scanner.needs


def named(directive: str, url: str, name: Callable[[str], str | None] = url_source) -> list[str]:
    """The source that names `url` in `directive`: one, or none that CSP has."""
    found = name(url)
    if found is None:
        log.warning("docs page: %s is left out of %s: CSP has no name for it", url, directive)
        return []
    return [found]


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
        for name, value in attributes.items():
            # CSP3, section 8.3: a hash of an attribute counts only beside 'unsafe-hashes'.
            if name.startswith("on"):
                self._add("script-src-attr", UNSAFE_HASHES, script_hash(value))
            elif name == "style":
                self._add("style-src-attr", UNSAFE_HASHES, style_hash(value))
        for directive, url in _links(tag, attributes):
            for allowed in named(directive, url):
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

    def _add(self, directive: str, *allowed: str) -> None:
        sources = self.needs.setdefault(directive, [])
        sources.extend(source for source in allowed if source not in sources)


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
