"""One headless Firefox, kept away from the network, driven over WebDriver BiDi, which it speaks by itself.

https://www.w3.org/TR/webdriver-bidi/
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.child import child
from websockets.sync.client import ClientConnection, connect

from .tab import Tab

NAMES = ("firefox-esr", "firefox")
START_SECONDS = 60.0
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")

# A proxy that nobody serves: only the loopback addresses, which go round it, can be called.
_PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
}

_LISTENER = """(report) => document.addEventListener("securitypolicyviolation", (event) => report(JSON.stringify({
  directive: event.effectiveDirective,
  blocked: event.blockedURI,
  sample: event.sample,
  page: location.pathname,
})))"""


class Firefox:
    """A session of the running browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.events: list[dict[str, Any]] = []
        self.call("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self.call("session.subscribe", events=["script.message", "log.entryAdded"])
        report = {"type": "channel", "value": {"channel": "violation"}}
        self.call("script.addPreloadScript", functionDeclaration=_LISTENER, arguments=[report])

    def call(self, method: str, **params: Any) -> Any:
        """One command and its result; events that come meanwhile are kept."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=START_SECONDS))
            if message["type"] == "event":
                self.events.append(message)
            elif message["id"] == self._last:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]


class FirefoxTab(Tab):
    """A tab in a container of its own, so that it shares no cache entry and no cookie with another."""

    def __init__(self, browser: Firefox) -> None:
        self._browser = browser
        self._user = browser.call("browser.createUserContext")["userContext"]
        self._context = browser.call("browsingContext.create", type="tab", userContext=self._user)["context"]
        browser.events.clear()

    def goto(self, url: str) -> None:
        self._browser.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        answer = self._browser.call(
            "script.evaluate",
            # `undefined` has no JSON.
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] != "success":
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        return json.loads(answer["result"]["value"])

    @property
    def violations(self) -> list[dict[str, Any]]:
        self._browser.call("browsingContext.getTree")  # what was reported before has arrived
        told = [event["params"] for event in self._browser.events if event["method"] == "script.message"]
        return [json.loads(message["data"]["value"]) for message in told]

    def close(self) -> None:
        self._browser.call("browsingContext.close", context=self._context)
        self._browser.call("browser.removeUserContext", userContext=self._user)


@contextlib.contextmanager
def firefox(path: str) -> Iterator[Firefox]:
    """Starts the browser with an empty profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items())
        (Path(profile) / "user.js").write_text("".join(lines))
        arguments = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"]
        with child(path, *arguments) as written:
            with connect(f"{_address(written)}/session", max_size=None, proxy=None) as socket:
                yield Firefox(socket)


def _address(written: Callable[[], str]) -> str:
    limit = time.monotonic() + START_SECONDS
    while not (found := _LISTENING.search(written())):
        if time.monotonic() > limit:
            raise RuntimeError(f"Firefox did not start:\n{written()}")
        time.sleep(0.1)
    return found[1]
