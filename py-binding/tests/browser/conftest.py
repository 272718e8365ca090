"""One browser of each kind and one stand-in CDN for this folder.

The scope is the package, not the session: while Playwright's synchronous API is open it keeps an event loop running in
the main thread, and the asyncio tests of the other folders could not start theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from needs import program
from playwright.sync_api import Browser

from .cdn import Cdn, cdn
from .chromium import NAMES, ChromiumTab, Watched, chromium, watched
from .firefox import NAMES as FIREFOX
from .firefox import Firefox, FirefoxTab, firefox
from .tab import Tab


@pytest.fixture(scope="package")
def stand_in() -> Iterator[tuple[Cdn, int]]:
    with cdn() as running:
        yield running


@pytest.fixture(scope="package")
def browser(stand_in: tuple[Cdn, int]) -> Iterator[Browser]:
    path = program(*NAMES, how="apt-get install chromium, or put any Chrome on PATH")
    with chromium(path, stand_in[1]) as running:
        yield running


@pytest.fixture(scope="package")
def fox() -> Iterator[Firefox]:
    with firefox(program(*FIREFOX, how="apt-get install firefox-esr, or put any Firefox on PATH")) as running:
        yield running


@pytest.fixture(params=["chromium", "firefox"])
def tab(request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A fresh tab of each browser in turn."""
    if request.param == "chromium":
        with watched(request.getfixturevalue("browser")) as page:
            yield ChromiumTab(page)
    else:
        opened = FirefoxTab(request.getfixturevalue("fox"))
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture
def watch(browser: Browser) -> Iterator[Watched]:
    """A fresh page; see `Watched` for what it records."""
    with watched(browser) as page:
        yield page
