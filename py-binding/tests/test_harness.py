"""The harness against plain applications: what it reports is what was on the wire."""

from __future__ import annotations

import os

import pytest
from harness import asgi, http
from harness.servers import KINDS, Server


@pytest.fixture(params=KINDS)
def plain(request, server) -> Server:
    return server(request.param, "plain:app")


def test_starts_and_answers(plain):
    answer = plain.get("/")
    assert answer.status == 200
    # daphne has no lifespan protocol; the others run it.
    assert answer.json() == {"started": plain.kind != "daphne"}


def test_sends_duplicate_and_non_ascii_lines(plain):
    answer = plain.get("/lines", [("Authorization", "Bearer first"), ("Authorization", b"Bearer k\xe9y")])
    assert answer.json() == ["Bearer first", "Bearer k\xe9y"]


def test_reports_repeated_headers_in_order(plain):
    assert plain.get("/two").all("set-cookie") == ["a=1", "b=2"]


def test_websocket_accept_and_denial(plain):
    accepted = plain.websocket("/ws")
    assert accepted.status == 101
    assert http.receive_text(accepted) == "hello"
    assert plain.websocket("/denied").status == 403


def test_upload_tells_an_early_answer_from_a_late_one(server):
    uvicorn = server("uvicorn", "plain:app")
    assert http.upload(uvicorn.port, "/early", [], 20_000_000).sent < 20_000_000
    late = http.upload(uvicorn.port, "/late", [], 20_000_000, patience=0.2)
    assert (late.sent, late.json()) == (20_000_000, 20_000_000)


def test_in_process_driver_reports_what_the_application_asked_for():
    from plain import app

    assert asgi.call(app, "/late", method="POST", body=[b"x"] * 3).received == 3
    assert asgi.call(app, "/early", method="POST", body=[b"x"] * 3).received == 0
    assert asgi.call(app, "/two").all("set-cookie") == ["a=1", "b=2"]
    assert "websocket.accept" in asgi.connect(app, "/ws").types


def test_stop_ends_the_process():
    server = Server("uvicorn", "plain:app").start()
    pid = server._process.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(OSError):
        server.get("/")
