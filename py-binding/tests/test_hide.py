"""`hide=True`: the credentials leave the scope once they were checked, and no verdict changes."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Security
from harness import asgi
from keys import READER, UNKNOWN, WRITER, keyring
from sallet import ApiKey, AuthMiddleware, Bearer, Principal
from sallet.fastapi import ApiKey as KeyDependency
from sallet.fastapi import Bearer as Dependency
from sallet.fastapi import protect
from starlette.datastructures import Headers
from test_secrets import texts


def capture(auth: Any, headers: Any, **options: Any) -> tuple[dict[str, Any], list[Any]]:
    """The scope that the app sees, and the list of headers as the server made it."""
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)

    scope = asgi.http_scope("GET", "/", headers)
    around = Headers(scope=scope)
    reply = asyncio.run(asgi.send_to(AuthMiddleware(app, auth, **options), scope))
    return seen or {**scope, "error": reply.error}, around.raw


async def by_function(credentials: Any) -> Any:
    await asyncio.sleep(0)
    return Principal("1") if credentials.token == READER else None


class Own(Bearer):
    async def identify(self, scope: Any, scopes: Any = ()) -> Any:
        await asyncio.sleep(0)
        return await super().identify(scope)


async def broken(credentials: Any) -> Any:
    raise LookupError("the database is away")


AUTHS = {
    "keyring": Bearer(keyring()),
    "authenticate": Bearer(authenticate=by_function),
    "identify": Own(keyring()),
    "raises": Bearer(authenticate=broken),
    "raises at once": Bearer(authenticate=lambda credentials: 1 / 0),
    "list": [ApiKey(keyring()), Bearer(keyring())],
}


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("token", [READER, UNKNOWN])
@pytest.mark.parametrize("public", [[], ["/"]])
def test_nobody_finds_it_in_the_scope_any_more(auth, token, public):
    headers = [asgi.bearer(token), ("x-other", "1"), *([("x-api-key", token)] if auth == "list" else [])]
    scope, around = capture(AUTHS[auth], headers, hide=True, public=public)
    assert (b"x-other", b"1") in scope["headers"]
    for name, value in (*scope.items(), ("around", around)):
        assert not any(token in text for text in texts(value)), name
    # Copied as hypercorn's dispatcher does; not written to a disk.
    hidden = scope["sallet.hidden"]
    assert copy.deepcopy(hidden) is copy.copy(hidden) is hidden
    with pytest.raises(TypeError, match=r"take out its sallet\.hidden"):
        pickle.dumps(hidden)


def test_without_it_everything_stays():
    scope, _ = capture(Bearer(keyring()), [asgi.bearer(READER)])
    assert (b"authorization", b"Bearer " + READER.encode()) in scope["headers"] and "sallet.hidden" not in scope


def test_headers_in_a_tuple():
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["headers"])

    given = ((b"a", b"b"), (b"Authorization", b"Bearer " + READER.encode()))
    asyncio.run(asgi.send_to(AuthMiddleware(app, Bearer(keyring()), hide=True), asgi.http_scope() | {"headers": given}))
    assert seen == [[(b"a", b"b")]] and len(given) == 2


ROUTES = ["/guards", "/other-ring", "/key", "/optional", "/inner"]
REQUESTS = [
    [],
    *([asgi.bearer(token)] for token in (READER, WRITER, UNKNOWN)),
    [asgi.bearer(READER)] * 2,
    [("authorization", "Bearer")],
    [("x-api-key", READER)],
    [("x-api-key", UNKNOWN)],
    [asgi.bearer(WRITER), ("x-api-key", READER)],
    [asgi.bearer(UNKNOWN), ("x-api-key", READER)],
]


@pytest.mark.parametrize("public", [[], ["/*"]])
def test_every_dependency_comes_to_the_same_verdict(public):
    """The guard's own scheme, one with other keys, one that reads another field, and a guard further in."""

    def answers(hide: bool) -> list[Any]:
        app, inner = FastAPI(), FastAPI()
        bearer, key = Dependency(keyring()), KeyDependency(keyring())
        other = Dependency(authenticate=lambda credentials: Principal("w") if credentials.token == WRITER else None)
        optional = Dependency(keyring(), auto_error=False)
        for path, dependency in zip(
            ROUTES, [Security(bearer, scopes=["items:write"]), Depends(other), Depends(key), Depends(optional)], strict=False
        ):
            app.get(path)(route(dependency))
        inner.get("/")(route(Depends(key)))
        protect(inner, auth=key)
        app.mount("/inner", inner)
        protect(app, auth=[bearer, key], public=[rule.replace("/*", path) for rule in public for path in ROUTES], hide=hide)
        return [
            (reply.status, reply.all("www-authenticate"), reply.body)
            for path in (*ROUTES, "/inner/")
            for headers in REQUESTS
            for reply in [asgi.call(app, path, headers)]
        ]

    assert answers(True) == answers(False)
    assert {status for status, *_ in answers(True)} >= {200, 400, 401, 403}


def route(dependency: Any) -> Any:
    async def endpoint(who: Any = dependency) -> Any:
        return who and who.id

    return endpoint
