"""`on_refusal=`: an answer of one's own, which cannot become an open door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from harness import asgi
from keys import READER, UNKNOWN, keyring
from sallet import ApiKey, AuthMiddleware, Bearer, FailureThrottle, Refusal
from sallet.fastapi import Bearer as Dependency
from sallet.fastapi import protect
from starlette.background import BackgroundTask
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from whoami import exact

CHALLENGE = 'Bearer realm="api", error="invalid_token"'


RAN: list[Any] = []


async def inside(scope: Any, receive: Any, send: Any) -> None:
    RAN.append(scope)
    await PlainTextResponse("secret")(scope, receive, send)


def problem(refusal: Any, scope: Any) -> Response:
    content = {"title": refusal.detail, "status": refusal.status, "instance": scope["path"]}
    return JSONResponse(content, refusal.status, media_type="application/problem+json")


def refused(on_refusal: Any, kind: str, auth: Any = None) -> asgi.Reply:
    app = AuthMiddleware(inside, auth or Bearer(keyring()), on_refusal=on_refusal)
    return CALLS[kind](app, "/x", [asgi.bearer(UNKNOWN)])


CALLS = {
    "http": asgi.call,
    "denial": asgi.connect,
    "close": lambda *args: asgi.connect(*args, denial=False),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("is_async", [False, True])
def test_its_answer_is_sent_with_the_challenge_and_no_store(kind, is_async):
    async def later(refusal, scope):
        await asyncio.sleep(0)
        return problem(refusal, scope)

    reply = refused(later if is_async else problem, kind)
    assert reply.error is None
    if kind == "close":
        assert reply.messages == [{"type": "websocket.close", "code": 1008, "reason": "The credentials are not valid"}]
        return
    assert reply.json() == {"title": "The credentials are not valid", "status": 401, "instance": "/x"}
    assert reply.one("content-type") == "application/problem+json"
    assert (reply.one("www-authenticate"), reply.one("cache-control")) == (CHALLENGE, "no-store")
    assert reply.one("content-length") == str(len(reply.body))


def test_a_browser_is_sent_to_the_page_to_log_in():
    reply = refused(lambda refusal, scope: RedirectResponse("/login", 303), "http")
    assert (reply.status, reply.one("location"), reply.one("cache-control"), reply.body) == (303, "/login", "no-store", b"")


def test_what_lets_caches_keep_it_is_taken_out_and_a_challenge_of_its_own_stays():
    headers = {"Cache-Control": "public, max-age=60", "CDN-Cache-Control": "max-age=60", "WWW-Authenticate": "None", "X-A": "1"}
    reply = refused(lambda refusal, scope: PlainTextResponse("no", 401, headers), "http")
    assert [name for name, _ in reply.headers if "cache" in name] == ["cache-control"]
    assert (reply.one("cache-control"), reply.one("www-authenticate"), reply.one("x-a")) == ("no-store", "None", "1")


async def generator() -> Any:
    yield b"secret"


class App:
    """An app that passes for a response."""

    status_code = 403

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await inside(scope, receive, send)


def broken(refusal: Any, scope: Any) -> Any:
    raise LookupError(READER)


NO_ANSWERS: dict[str, Any] = {
    "None": lambda refusal, scope: None,
    "the app": lambda refusal, scope: inside,
    "an app with a status": lambda refusal, scope: App(),
    "a FastAPI app": lambda refusal, scope: FastAPI(),
    "200": lambda refusal, scope: JSONResponse({}, 200),
    "204": lambda refusal, scope: Response(status_code=204),
    "304": lambda refusal, scope: Response(status_code=304),
    "101": lambda refusal, scope: Response(status_code=101),
    "700": lambda refusal, scope: Response(status_code=700),
    "raises": broken,
    "a stream": lambda refusal, scope: StreamingResponse(generator(), 403),
    "a file": lambda refusal, scope: FileResponse(__file__, 403),
    "text": lambda refusal, scope: "no",
    "True": lambda refusal, scope: True,
    "the refusal": lambda refusal, scope: refusal,
    "a line break": lambda refusal, scope: type("R", (), {"status_code": 403, "body": b"", "raw_headers": [(b"a", b"b\r\nc: d")]}),
    "no pairs": lambda refusal, scope: type("R", (), {"status_code": 403, "body": b"", "raw_headers": [b"a"]}),
}


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_is_no_answer_is_the_standard_one(answer, kind, caplog):
    RAN.clear()
    reply, standard = refused(NO_ANSWERS[answer], kind), refused(None, kind)
    assert reply.error is None and not RAN
    if kind == "close":
        assert reply.messages == standard.messages
    else:
        assert exact(reply) == exact(standard)
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(told) == (answer != "None")
    assert all(line.startswith("on_refusal ") and "return a JSONResponse" in line and READER not in line for line in told)
    assert answer != "raises" or all(line.endswith("raise LookupError(READER)") for line in told)


def test_the_challenges_of_every_scheme_are_kept():
    reply = CALLS["http"](AuthMiddleware(inside, [Bearer(keyring()), ApiKey(keyring())], on_refusal=problem), "/")
    assert reply.all("www-authenticate") == ['Bearer realm="api"', 'ApiKey realm="api", header="X-API-Key"']


def test_layers_around_see_the_refusal():
    for on_refusal in (None, problem):
        reply = refused(on_refusal, "http")
        assert reply.scope["sallet.refusal"].reason == "no key matches the credentials"


def test_under_protect_it_gets_headers_and_cors():
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
    protect(app, auth=Dependency(keyring()), on_refusal=problem)
    reply = asgi.call(app, "/x", [("origin", "https://a.example")])
    assert (reply.status, reply.one("content-type")) == (401, "application/problem+json")
    assert reply.has("content-security-policy") and reply.one("access-control-allow-origin") == "https://a.example"


def test_a_background_task_of_it_is_not_run_unseen(caplog):
    ran: list[int] = []
    task = BackgroundTask(ran.append, 1)
    reply = refused(lambda refusal, scope: JSONResponse({}, 403, background=task), "http")
    assert (reply.status, ran) == (403, [1])


@pytest.mark.parametrize(
    "wrong",
    [{"on_refusal": 1}, {"on_refusal": lambda: None}, {"on_decision": 1}, {"on_decision": generator}, {"on_decision": lambda: None}, {"hide": 1}],
)
def test_hooks_that_cannot_be_are_refused_at_once(wrong):
    for make in (lambda: AuthMiddleware(inside, Bearer(keyring()), **wrong), lambda: protect(FastAPI(), auth=Bearer(keyring()), **wrong)):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            make()


@pytest.mark.parametrize("name", ["on_refusal", "on_decision", "hide", "throttle"])
def test_hooks_without_auth_are_refused(name):
    with pytest.raises(TypeError, match=f"{name}.*add auth="):
        protect(FastAPI(), **{name: {"hide": True, "on_refusal": problem, "on_decision": print, "throttle": FailureThrottle("9/day")}[name]})


def test_a_refusal_can_be_made_to_test_ones_own_answer() -> None:
    bearer = Bearer(keyring(), realm="items", scopes=["read"])
    statuses = [Refusal("missing", bearer).status, Refusal("invalid_request", bearer).status]
    statuses += [Refusal("invalid_token", bearer).status, Refusal("insufficient_scope", bearer).status]
    statuses += [Refusal("cross_site", bearer).status, Refusal("unavailable", bearer).status]
    statuses += [Refusal("throttled", bearer).status]
    assert statuses == [401, 400, 401, 403, 403, 503, 429]
    assert Refusal("missing", bearer).is_missing
    invalid = Refusal("invalid_token", bearer)
    assert dict(invalid.headers)["www-authenticate"] == 'Bearer realm="items", error="invalid_token", scope="read"'
    assert problem(invalid, {"path": "/x"}).status_code == 401
    assert Refusal("insufficient_scope", bearer, key_id="ci").key_id == "ci"
    with pytest.raises(TypeError, match="did you mean invalid_token"):
        Refusal("invalid-token", bearer)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="auth is the scheme that refuses"):
        Refusal("missing", "Bearer")  # type: ignore[arg-type]
