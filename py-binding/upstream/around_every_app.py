"""A pytest plugin that puts Sallet around every app of a test suite that does not know Sallet.

`SALLET_MODE` names one of `MODES`, and `SALLET_OUTCOMES` the JSON file for the outcome of each test. Except in the mode `bare`,
a test fails if its client receives a response that Sallet did not touch, so no app is missed in silence.
"""

from __future__ import annotations

import functools
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
import starlette.testclient
from fastapi import FastAPI
from sallet import NONCE, SELF, AuthMiddleware, Bearer, ContentSecurityPolicy, Principal, SecurityHeaders, SecurityHeadersMiddleware
from sallet.fastapi import protect
from starlette.applications import Starlette
from starlette.middleware import Middleware

App = Callable[..., Awaitable[None]]

NONCE_POLICY = SecurityHeaders(
    content_security_policy=ContentSecurityPolicy(
        {"default-src": [SELF], "script-src": [NONCE], "base-uri": [SELF], "form-action": [SELF], "frame-ancestors": [SELF]}
    )
)


class AdmitsEveryone(Bearer):
    """Needs no token, so that the requests of the suites stay as they are."""

    async def identify(self, scope: MutableMapping[str, Any], scopes: Iterable[str] = ()) -> Principal:
        return Principal("anyone")


auth = AdmitsEveryone(authenticate=lambda credentials: None)


def protect_with_auth(app: Starlette) -> None:
    """What `protect(app, auth=auth)` does, except for the marks in the schema, which hundreds of tests compare word for word."""
    protect(app)
    app.user_middleware.append(Middleware(AuthMiddleware, auth=auth))


@dataclass(frozen=True)
class Mode:
    around: Callable[[App], App]  # for any app that a client calls
    protect: Callable[[Starlette], None] | None = None  # instead, for every FastAPI and Starlette app, mounted ones too


MODES = {
    "bare": None,
    "headers": Mode(SecurityHeadersMiddleware),
    "protect": Mode(SecurityHeadersMiddleware, protect),
    "nonce": Mode(
        functools.partial(SecurityHeadersMiddleware, headers=NONCE_POLICY), functools.partial(protect, headers=NONCE_POLICY)
    ),
    "auth": Mode(lambda app: SecurityHeadersMiddleware(AuthMiddleware(app, auth=auth)), protect_with_auth),
}


def install(mode: Mode) -> None:
    def around(app: Any) -> Any:
        return app if mode.protect and isinstance(app, Starlette) else mode.around(app)

    if mode.protect:
        for kind in (Starlette, FastAPI):
            replace(kind, "build_middleware_stack", protected_first(mode.protect))
    testclient = starlette.testclient
    replace(testclient.TestClient, "__init__", given(around))
    replace(testclient._TestClientTransport, "handle_request", checked)
    for transport in (httpx.ASGITransport, httpx2.ASGITransport):
        replace(transport, "__init__", given(around))
        replace(transport, "handle_async_request", checked_later)


def replace(kind: type, name: str, change: Callable[[Any], Any]) -> None:
    original = getattr(kind, name)
    setattr(kind, name, functools.wraps(original)(change(original)))


def protected_first(protect: Callable[[Starlette], None]) -> Callable[[Any], Any]:
    def change(build: Any) -> Any:
        def build_middleware_stack(app: Starlette) -> Any:
            if "_sallet" in vars(app):
                return build(app)
            protect(app)
            return app.build_middleware_stack()

        return build_middleware_stack

    return change


def given(around: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change(make: Any) -> Any:
        def __init__(self: Any, app: Any, *args: Any, **kwargs: Any) -> None:
            if not starlette.testclient._is_asgi3(app):
                app = starlette.testclient._WrapASGI2(app)
            make(self, around(app), *args, **kwargs)

        return __init__

    return change


def checked(handle: Any) -> Any:
    return lambda self, request: check(handle(self, request))


def checked_later(handle: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        return check(await handle(self, request))

    return handle_async_request


nonces: set[str] = set()


def check(response: Any) -> Any:
    headers = response.headers
    if (response.status_code, len(headers)) != (500, 0):  # the client's own, for an app that sent nothing
        assert headers.get_list("x-content-type-options") == ["nosniff"], f"Sallet did not touch {headers}"
    for nonce in re.findall("'nonce-([^']*)'", headers.get("content-security-policy", "")):
        assert nonce not in nonces
        nonces.add(nonce)
    return response


outcomes: dict[str, str] = {}


def pytest_configure(config: pytest.Config) -> None:
    # FastAPI's tests name groups for pytest-xdist.
    config.addinivalue_line("markers", "xdist_group(name): run in one worker")
    if mode := MODES[os.environ["SALLET_MODE"]]:
        install(mode)


def pytest_collection_finish() -> None:
    """FastAPI's tests of other packages run in interpreters of their own: Sallet goes there too."""
    if module := sys.modules.get("tests.test_telemetry._subprocess"):

        def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
            assert command[:2] == [sys.executable, "-m"], command
            return subprocess.run([*command[:2], __name__, *command[2:]], **options)

        setattr(module, "subprocess", SimpleNamespace(run=run))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Set-up, call and teardown each have a report: the first that did not pass is the outcome."""
    outcome = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
    if outcomes.get(report.nodeid, "passed") == "passed":
        outcomes[report.nodeid] = outcome


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    Path(os.environ["SALLET_OUTCOMES"]).write_text(json.dumps(outcomes, indent=0, sort_keys=True), "utf-8")


if __name__ == "__main__":
    if mode := MODES[os.environ["SALLET_MODE"]]:
        install(mode)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
