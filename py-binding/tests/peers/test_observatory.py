"""MDN's HTTP Observatory, its own code: STRICT and API get the best grade there is, on a real uvicorn over TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme
from browser.serving import serve
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from sallet import SecurityHeaders
from sallet.fastapi import protect

from .node import node

POLICIES = {"STRICT": SecurityHeaders.STRICT, "API": SecurityHeaders.API}
PAGE = "<!doctype html><title>A page</title><p>Text"


def site(**options: Any) -> FastAPI:
    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(lambda: PAGE)
    protect(app, **options)
    return app


def scan(app: FastAPI, folder: Path) -> dict[str, Any]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    with serve(app) as http, serve(app, ssl_certfile=str(folder / "server.pem")) as https:
        report: dict[str, Any] = node(
            "observatory.mjs",
            {"http": http, "https": https},
            {"NODE_EXTRA_CA_CERTS": str(folder / "authority.pem")},
        )
    return report


@pytest.mark.parametrize("name", POLICIES)
def test_a_plus_for_the_headers(name: str, tmp_path: Path) -> None:
    report = scan(site(headers=POLICIES[name]), tmp_path)
    assert report["headers"]["grade"] == "A+", report
    # A scan sees that the site stays on HTTP.
    assert [test for test, found in report["tests"].items() if not found["pass"]] == ["redirection"]


@pytest.mark.parametrize("name", POLICIES)
def test_a_plus_for_a_site_that_redirects_to_https(name: str, tmp_path: Path) -> None:
    report = scan(site(headers=POLICIES[name], https_redirect=True), tmp_path)
    assert report["grade"] == "A+", report
    assert [test for test, found in report["tests"].items() if not found["pass"]] == []


def test_a_site_without_headers_gets_the_worst(tmp_path: Path) -> None:
    report = scan(site(headers=SecurityHeaders.EMPTY), tmp_path)
    assert report["headers"]["grade"] in ("D", "D-", "F"), report
