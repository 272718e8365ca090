"""One decision for each request: in the log, and for `on_decision`."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException, Security
from harness import asgi
from keys import READER, UNKNOWN, WRITER, keyring
from sallet import ApiKey, AuthMiddleware, Basic, Bearer, Decision, Principal
from sallet.fastapi import Bearer as Dependency
from sallet.fastapi import protect
from starlette.responses import JSONResponse


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await JSONResponse({})(scope, receive, send)


def broken(credentials: Any) -> Any:
    raise LookupError(credentials.token)


async def broken_later(credentials: Any) -> Any:
    broken(credentials)


def busy(credentials: Any) -> Any:
    raise HTTPException(503)


def redirects(credentials: Any) -> Any:
    raise HTTPException(302, headers={"Location": "/login"})


BEARER, UNKNOWN_TOKEN = Bearer(keyring()), "no key matches the credentials"
CASES: dict[str, tuple[Any, list[Any], dict[str, Any], list[Any]]] = {
    "admitted": (BEARER, [asgi.bearer(READER)], {}, ["admitted", "Bearer", "reader-1", None, None]),
    "refused": (BEARER, [asgi.bearer(UNKNOWN)], {}, ["refused", "Bearer", None, UNKNOWN_TOKEN, 401]),
    "too few scopes": (
        Bearer(keyring(), scopes=["items:write"]), [asgi.bearer(READER)], {},
        ["refused", "Bearer", "reader-1", "the credentials do not have a required scope", 403],
    ),
    "anonymous": (BEARER, [], {"public": ["/x"]}, ["anonymous", "Bearer", None, "no credentials of an accepted scheme were sent", 401]),
    "anonymous with a bad one": (BEARER, [asgi.bearer(UNKNOWN)], {"public": ["/x"]}, ["anonymous", "Bearer", None, UNKNOWN_TOKEN, 401]),
    "public with a good one": (BEARER, [asgi.bearer(READER)], {"public": ["/x"]}, ["admitted", "Bearer", "reader-1", None, None]),
    "failed": (Bearer(authenticate=broken), [asgi.bearer(READER)], {}, ["failed", "Bearer", None, "authenticate raised LookupError", None]),
    "failed later": (
        Bearer(authenticate=broken_later), [asgi.bearer(READER)], {}, ["failed", "Bearer", None, "authenticate raised LookupError", None],
    ),
    "failed on a public path": (
        Bearer(authenticate=broken), [asgi.bearer(READER)], {"public": ["/x"]},
        ["anonymous", "Bearer", None, "authenticate raised LookupError", None],
    ),
    "busy": (Bearer(authenticate=busy), [asgi.bearer(READER)], {}, ["refused", "Bearer", None, "authenticate raised HTTPException 503", 503]),
    "no refusal": (
        Bearer(authenticate=redirects), [asgi.bearer(READER)], {},
        ["failed", "Bearer", None, "authenticate raised HTTPException 302, which refuses nothing: redirect in on_refusal=", None],
    ),
    "nobody of several": ([BEARER, ApiKey(keyring())], [], {}, ["refused", None, None, "no credentials of an accepted scheme were sent", 401]),
    "one of several": ([BEARER, ApiKey(keyring())], [("x-api-key", WRITER)], {}, ["admitted", "ApiKey", "writer-1", None, None]),
    "another scheme": (Basic(authenticate=broken), [], {}, ["refused", "Basic", None, "no credentials of an accepted scheme were sent", 401]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", [asgi.call, asgi.connect])
def test_each_request_is_one_decision_and_one_record(name, kind, caplog):
    caplog.set_level(logging.DEBUG, "sallet.auth")
    auth, headers, options, (outcome, scheme, key_id, reason, status) = CASES[name]
    told: list[Decision] = []
    app = AuthMiddleware(inside, auth, on_decision=told.append, **options)
    kind(app, "/x", headers)
    method = "GET" if kind is asgi.call else "WEBSOCKET"
    wanted = Decision(outcome, scheme, key_id, reason, status, "127.0.0.1", method, "/x")
    assert told == [wanted]
    (record,) = [record for record in caplog.records if hasattr(record, "decision")]
    assert record.decision == wanted and record.getMessage().startswith(f"{outcome}: {reason}" if reason else f"{outcome} (")
    assert not any(token in record.getMessage() for token in (READER, UNKNOWN, WRITER))


LEVELS = {"admitted": "DEBUG", "refused": "INFO", "anonymous": "DEBUG", "anonymous with a bad one": "INFO", "failed on a public path": "ERROR"}


@pytest.mark.parametrize("name", LEVELS)
def test_what_goes_as_it_should_is_below_info(name, caplog):
    auth, headers, options, _ = CASES[name]
    app = AuthMiddleware(inside, auth, **options)
    asgi.call(app, "/x", headers)  # the line about the start
    levels = []
    # The logger's own memory of its levels is asked, so each change of it must be seen.
    for level in (logging.DEBUG, logging.CRITICAL, logging.DEBUG, logging.ERROR, LEVELS[name]):
        caplog.set_level(level, "sallet.auth")
        caplog.clear()
        asgi.call(app, "/x", headers)
        levels.append([record.levelname for record in caplog.records])
    is_error = [LEVELS[name]] if LEVELS[name] == "ERROR" else []
    assert levels == [[LEVELS[name]], [], [LEVELS[name]], is_error, [LEVELS[name]]]


def test_an_error_that_nobody_else_logs_is_shown_with_its_place(caplog):
    auth, headers, options, _ = CASES["failed on a public path"]
    asgi.call(AuthMiddleware(inside, auth, **options), "/x", headers)
    first, *lines = caplog.messages[-1].splitlines()
    assert first.endswith("from '127.0.0.1')") and lines[-1].strip() == "raise LookupError(credentials.token)"


@pytest.mark.parametrize("public", [[], ["/x"]])
def test_what_is_no_user_is_told_by_its_class_with_the_fix(public, caplog):
    """It was returned and not raised; its value may be the token."""
    caplog.set_level(logging.INFO, "sallet.auth")
    told: list[Decision] = []
    app = AuthMiddleware(inside, Bearer(authenticate=lambda credentials: credentials.token), public=public, on_decision=told.append)
    asgi.call(app, "/x", [asgi.bearer(READER)])
    (decision,) = told
    assert decision.reason is not None and decision.reason.startswith("authenticate returned an instance of str, which is not a user")
    assert "write return Principal(id, scopes=[...])" in decision.reason and "raised" not in decision.reason
    assert decision.reason in caplog.text and READER not in caplog.text


def test_what_a_dependency_refuses_is_told_too():
    told: list[Decision] = []
    app, bearer = FastAPI(), Dependency(keyring())

    @app.get("/items")
    async def items(who: Principal = Security(bearer, scopes=["items:write"])) -> None: ...

    protect(app, auth=bearer, on_decision=told.append)
    assert asgi.call(app, "/items", [asgi.bearer(READER)]).status == 403
    assert [(one.outcome, one.key_id, one.status) for one in told] == [("admitted", "reader-1", None), ("refused", "reader-1", 403)]


def test_one_that_fails_changes_nothing(caplog):
    def failing(decision: Decision) -> None:
        raise RuntimeError("no metrics")

    app = AuthMiddleware(inside, BEARER, public=["/open"], on_decision=failing)
    for path, headers, status in [("/x", [asgi.bearer(READER)], 200), ("/x", [asgi.bearer(UNKNOWN)], 401), ("/open", [], 200)]:
        caplog.clear()
        reply = asgi.call(app, path, headers)
        assert (reply.error, reply.status) == (None, status)
        assert any("on_decision failed" in message for message in caplog.messages)


def test_a_cancelled_request_is_no_decision():
    told: list[Decision] = []

    async def slow(credentials: Any) -> Any:
        await asyncio.sleep(60)

    async def cancelled() -> None:
        app = AuthMiddleware(inside, Bearer(authenticate=slow), on_decision=told.append, hide=True)
        scope = asgi.http_scope("GET", "/x", [asgi.bearer(READER)])
        task = asyncio.create_task(asgi.send_to(app, scope))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert READER not in repr(scope)

    asyncio.run(cancelled())
    assert told == []


# Public paths: the guard has judged, and a dependency answers by that


@pytest.mark.parametrize("auto_error", [True, False])
@pytest.mark.parametrize(
    ("authenticate", "statuses"),
    [
        (lambda credentials: Principal("1") if credentials.token == READER else None, (200, 401)),
        (busy, (503, 503)),
        (broken, (None, None)),
        (broken_later, (None, None)),
    ],
)
def test_a_dependency_on_a_public_path_answers_by_the_verdict_of_the_guard(authenticate, statuses, auto_error):
    asked: list[Any] = []

    def counted(credentials: Any) -> Any:
        asked.append(credentials)
        return authenticate(credentials)

    async def counted_later(credentials: Any) -> Any:
        return await counted(credentials)

    bearer = Dependency(authenticate=counted_later if authenticate is broken_later else counted, auto_error=auto_error)
    app = FastAPI()

    @app.get("/open")
    async def nobody_asks() -> str:
        return "open"

    @app.get("/asks")
    async def asks(who: Any = Depends(bearer), again: Any = Security(bearer, scopes=[])) -> str:
        return "nobody" if who is None else "somebody"

    protect(app, auth=bearer, public=["/open", "/asks"])
    for token, status in zip((READER, UNKNOWN), statuses, strict=True):
        assert asgi.call(app, "/open", [asgi.bearer(token)]).status == 200
        asked.clear()
        reply = asgi.call(app, "/asks", [asgi.bearer(token)])
        assert len(asked) == 1
        if status is None:
            assert isinstance(reply.error, LookupError)
        else:
            assert reply.status == status
    assert asgi.call(app, "/asks").status == (401 if auto_error else 200)


@pytest.mark.parametrize("token", [READER, UNKNOWN, None])
def test_an_own_identify_is_asked_once_on_a_public_path(token):
    asked: list[Any] = []

    class Own(Dependency):
        async def identify(self, scope: Any, scopes: Any = ()) -> Any:
            asked.append(scope)
            return await super().identify(scope)

    own, app = Own(keyring()), FastAPI()

    @app.get("/")
    async def asks(who: Any = Depends(own)) -> None: ...

    protect(app, auth=own, public=["/"])
    assert asgi.call(app, "/", [asgi.bearer(token)] if token else []).status == (200 if token == READER else 401)
    assert len(asked) == 1
