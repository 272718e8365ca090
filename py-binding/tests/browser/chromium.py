"""One headless Chromium, kept away from the network, that reports every CSP violation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from .cdn import HOSTS
from .tab import Tab

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 20_000

# Put into every page and frame by the browser's debugger, so no policy can hold it back.
LISTENER = """
document.addEventListener("securitypolicyviolation", (event) => {
  reportViolation({
    directive: event.effectiveDirective,
    blocked: event.blockedURI,
    sample: event.sample,
    source: event.sourceFile + ":" + event.lineNumber,
    disposition: event.disposition,
    page: location.pathname,
  });
});
"""


def arguments(cdn_port: int) -> list[str]:
    """The switches: nothing but the loopback addresses is ever looked up or called."""
    rules = [f"MAP {host} 127.0.0.1:{cdn_port}" for host in HOSTS]
    rules += ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE localhost"]
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--ignore-certificate-errors",
        f"--host-resolver-rules={','.join(rules)}",
    ]


@contextlib.contextmanager
def chromium(path: str, cdn_port: int) -> Iterator[Browser]:
    """Starts the browser with an empty profile of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, headless=True, args=arguments(cdn_port)
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page and all that it complained about."""

    page: Page
    violations: list[dict[str, Any]] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def said(self, *words: str) -> list[str]:
        """The console lines that hold one of `words`."""
        return [line for line in self.console if any(word in line for word in words)]

    def complaints(self) -> list[Any]:
        """Every sign of something blocked or broken; empty when all is well."""
        # A worker's violations reach the console alone.
        spoken = self.said("Content Security Policy", "Content-Security-Policy", "Refused to", "error:")
        return [*self.violations, *spoken, *self.crashes]


@contextlib.contextmanager
def watched(browser: Browser) -> Iterator[Watched]:
    """A fresh page in a fresh context, with its violations and console recorded."""
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watch = Watched(page)

    def on_console(message: ConsoleMessage) -> None:
        watch.console.append(f"{message.type}: {message.text}")

    page.expose_function("reportViolation", lambda event: watch.violations.append(event))
    page.add_init_script(LISTENER)
    page.on("console", on_console)
    page.on("pageerror", lambda error: watch.crashes.append(str(error)))
    try:
        yield watch
    finally:
        context.close()


class ChromiumTab(Tab):
    """A page in a context of its own, seen as a `Tab`."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch

    def goto(self, url: str) -> None:
        self._watch.page.goto(url)

    def evaluate(self, expression: str) -> Any:
        return self._watch.page.evaluate(f"async () => (await ({expression})) ?? null")

    @property
    def violations(self) -> list[dict[str, Any]]:
        self._watch.page.evaluate("null")  # what was reported before has arrived
        return self._watch.violations
