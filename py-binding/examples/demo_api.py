"""The second half of `make demo`: an open page, a guarded API, a browser's WebSocket, and the log of it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
)
PATIENCE = 30.0


class Log(logging.Handler):
    """Keeps what `sallet.auth` says, as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname:<7} {record.getMessage()}")


def watch() -> Log:
    """From here on every decision is noted, those that admit too."""
    log, logger = Log(), logging.getLogger("sallet.auth")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(log)
    logger.propagate = False
    return log


def open_in_a_browser(url: str, is_done: Callable[[], bool]) -> str:
    """Opens the page until the server has seen its WebSocket; `""`, or why that was not to be."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return "SKIPPED: the WebSocket of a real browser, there is no Chromium, apt-get install chromium"
    with tempfile.TemporaryDirectory(prefix="sallet-demo-browser-") as profile:
        process = subprocess.Popen(
            [browser, *SWITCHES, f"--user-data-dir={profile}", "--remote-debugging-port=0", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while not is_done() and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait()
    return "" if is_done() else "the browser's WebSocket was not admitted"
