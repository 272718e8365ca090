"""The table of cases that all hosts share (`cases/` at the root): here, what Python sends and says.

The hyper adapter's tests read the same two files, so that one policy and one credential mean the same in both.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import sallet
from fastapi import Depends, FastAPI, WebSocket
from harness import asgi
from sallet import (
    NONCE,
    AuthMiddleware,
    Bearer,
    Key,
    Keyring,
    PolicyError,
    Principal,
    SecurityHeaders,
    SecurityHeadersMiddleware,
    fastapi,
)
from starlette.applications import Starlette
from starlette.routing import Mount

CASES = Path(__file__).parents[2] / "cases"
HEADERS: dict[str, Any] = json.loads((CASES / "headers.json").read_text("utf-8"))
AUTH: dict[str, Any] = json.loads((CASES / "auth.json").read_text("utf-8"))
PATHS: dict[str, Any] = json.loads((CASES / "paths.json").read_text("utf-8"))
KINDS = {"bearer": "Bearer", "basic": "Basic", "api-key": "ApiKey"}
# Options whose name in Python is another.
RENAMED = {"word": "scheme", "subprotocol": "websocket_subprotocol"}
# What Python does not have: another field for Bearer, and another length for keys of a ring.
UNKNOWN = {("bearer", "header"), ("bearer", "max_len")}


def schemes(case: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The schemes of a case, by name, and their options."""
    named = [{"scheme": one} if isinstance(one, str) else one for one in case.get("auth", ["bearer"])]
    return [(one["scheme"], {name: value for name, value in one.items() if name != "scheme"}) for one in named]


def can_be_set_up(case: dict[str, Any]) -> bool:
    return not UNKNOWN & {(name, option) for name, options in schemes(case) for option in options}


# Python's clock cannot be set: those of a certain second are for hosts that are handed the time.
TIMELESS = [case for case in AUTH["cases"] if "now" not in case and can_be_set_up(case)]


def policy(spec: dict[str, Any] | None) -> SecurityHeaders | None:
    if spec is None:
        return None
    changes = {
        name.replace("-", "_"): value and value.replace("'nonce'", NONCE) for name, value in spec.get("set", {}).items()
    }
    return getattr(SecurityHeaders, spec["preset"]).replace(**changes, custom=spec.get("custom", {}))


@pytest.mark.parametrize("case", HEADERS["cases"], ids=lambda case: case["name"])
def test_headers(case):
    own = [(name.encode(), value.encode()) for name, value in case["app"]]
    seen = {}

    async def app(scope, receive, send):
        seen["nonce"] = scope.get("state", {}).get("csp_nonce", "none was drawn")
        await send({"type": "http.response.start", "status": case.get("status", 200), "headers": own})
        await send({"type": "http.response.body", "body": b""})

    def layer(app, case):
        return SecurityHeadersMiddleware(
            app,
            policy(case["policy"]),
            paths={rule: policy(spec) for rule, spec in case.get("paths", {}).items()},
            override=case.get("override", False),
            remove=case.get("remove"),
        )

    wrapped = layer(layer(app, case["inside"]) if "inside" in case else app, case)
    reply = asgi.call(
        wrapped, case.get("path", "/"), method=case.get("method", "GET"), scheme=case.get("scheme", "http")
    )
    assert reply.error is None and reply.status == case.get("status", 200)
    expected = [(name, value.replace("{nonce}", seen["nonce"])) for name, value in case["expect"]]
    # Stable: lines of one name keep their order, those of different names need not.
    by_name = lambda pair: pair[0]  # noqa: E731
    assert sorted(reply.headers, key=by_name) == sorted(expected, key=by_name)


def keyring() -> Keyring:
    return Keyring(
        [
            Key(
                key["id"],
                digest=key["sha256"],
                principal=key["principal"],
                scopes=key["scopes"].split(),
                not_before=key.get("not_before"),
                not_after=key.get("not_after"),
            )
            for key in AUTH["keys"]
        ]
    )


@pytest.mark.parametrize("case", TIMELESS, ids=lambda case: case["name"])
def test_auth(case, caplog):
    caplog.set_level("INFO", "sallet.auth")
    seen = {}

    async def app(scope, receive, send):
        user = scope.get("state", {}).get("user")
        seen.update(id=user and user.id, principal=user and user.name)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        caching = asgi.encode(case.get("caching", ()))
        await send({"type": "http.response.start", "status": 200, "headers": caching})
        await send({"type": "http.response.body", "body": b""})

    auth = list(schemes_of(case, sallet))
    guard = AuthMiddleware(app, auth, public=case.get("public", ()), preflights=case.get("preflights", ()))
    scope = scope_of(case)
    reply = asyncio.run(asgi.send_to(guard, scope))
    expect = case["expect"]
    assert reply.error is None
    if expect["status"] == 200:
        accepted = reply.types == ["websocket.accept"] if scope["type"] == "websocket" else reply.status == 200
        # On a public path a good token is a user, and where it is none there is nobody.
        who = expect.get("brought", expect)
        assert accepted and seen == {"id": who.get("id"), "principal": who.get("principal")}
        if scope["type"] == "http":
            said = expect.get("caching", [["cache-control", "private"]] if who.get("id") else case.get("caching", []))
            by_name = lambda pair: pair[0]  # noqa: E731
            assert sorted(((name.lower(), value) for name, value in reply.headers), key=by_name) == [(name, value) for name, value in said]
    else:
        assert reply.status == expect["status"]
        assert seen == {}
        assert reply.all("www-authenticate") == expect["www-authenticate"]
        assert reply.one("cache-control") == "no-store"
        assert reply.one("content-type") == "application/json"
        assert reply.json() == {"detail": expect["detail"]}
    told = [message for message in caplog.messages if message.startswith("refused: ")]
    assert len(told) == ("reason" in expect)
    for line in told:
        assert line.startswith(f"refused: {expect['reason']} (")
        assert f", {scope.get('method', 'WEBSOCKET')!r} {scope['path']!r} from " in line


# A route has methods in capitals.
BY_A_DEPENDENCY = [
    case
    for case in TIMELESS
    if "public" not in case and len(schemes(case)) == 1 and case.get("method", "GET").isupper()
]


@pytest.mark.parametrize("case", BY_A_DEPENDENCY, ids=lambda case: case["name"])
def test_auth_by_a_dependency(case):
    """The same answers by FastAPI's routes alone, with no guard in front of them."""
    seen = {}
    [scheme] = schemes_of(case, fastapi)
    user = Depends(scheme)
    app = FastAPI()

    @app.api_route("/items", methods=[case.get("method", "GET")])
    async def items(who: Principal = user) -> None:
        seen.update(id=who.id, principal=who.name)

    @app.websocket("/items")
    async def socket(websocket: WebSocket, who: Principal = user) -> None:
        seen.update(id=who.id, principal=who.name)
        await websocket.accept()

    reply = asyncio.run(asgi.send_to(app, scope_of(case)))
    expect = case["expect"]
    if expect["status"] == 200:
        assert seen == {"id": expect["id"], "principal": expect["principal"]}
    else:
        assert (reply.status, seen) == (expect["status"], {})
        assert reply.all("www-authenticate") == expect["www-authenticate"]
        assert reply.one("cache-control") == "no-store"
        assert reply.json() == {"detail": expect["detail"]}


def schemes_of(case, module):
    common = {"realm": case.get("realm", "items"), "scopes": case.get("scopes", "").split()}
    for name, options in schemes(case):
        renamed = {RENAMED.get(option, option): value for option, value in options.items()}
        yield getattr(module, KINDS[name])(keyring(), **common, **renamed)


def scope_of(case: dict[str, Any]) -> dict[str, Any]:
    lines = [("authorization", line) for line in case.get("authorization", ())]
    headers = asgi.encode([*case.get("headers", ()), *lines])
    if not any(name == b"host" for name, _ in headers):
        headers.insert(0, (b"host", b"testserver"))
    path = case.get("path", "/items")
    if case.get("websocket"):
        return asgi.websocket_scope(path) | {"headers": headers}
    return asgi.http_scope(case.get("method", "GET"), path) | {"headers": headers}


async def inside(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def refused(call):
    """What `call` says, or None where the rule is refused for that use."""
    try:
        return call()
    except PolicyError:
        return None


def is_open(method, path, raw_path, root_path="", **rules):
    # An ASGI app whose routes are seen, so that a root_path need not be carried.
    app = Starlette(routes=[Mount("/", app=inside)])
    guard = AuthMiddleware(app if root_path else inside, Bearer(keyring()), **rules)
    return ask(guard, method, path, raw_path, root_path).status != 401


def ask(app, method, path, raw_path, root_path=""):
    # The path as it is: a decoded one may hold a "?".
    scope = asgi.http_scope(method, "/") if method else asgi.websocket_scope("/")
    scope |= {"path": path, "raw_path": raw_path, "root_path": root_path}
    return asyncio.run(asgi.send_to(app, scope))


@pytest.mark.parametrize("row", PATHS["raw"], ids=str)
def test_paths(row):
    rule, method, sent, public, protected, policy = row
    path = unquote(sent.partition("?")[0])
    raw = sent.encode()
    assert refused(lambda: is_open(method, path, raw, public=[rule])) == public
    assert refused(lambda: not is_open(method, path, raw, protected=[rule])) == protected
    seen = SecurityHeaders.EMPTY.replace(x_frame_options="DENY")
    wrapped = SecurityHeadersMiddleware(inside, SecurityHeaders.EMPTY, paths={rule: seen})
    if method:
        assert ask(wrapped, method, path, raw).has("x-frame-options") == policy


@pytest.mark.parametrize("rule", PATHS["refused"], ids=repr)
def test_what_is_no_rule(rule):
    for rules in ({"public": [rule]}, {"protected": [rule]}, {"preflights": [rule]}):
        assert refused(lambda rules=rules: is_open("GET", "/", b"/", **rules)) is None


@pytest.mark.parametrize("row", PATHS["both"], ids=str)
def test_both_lists(row):
    public, protected, sent, expected = row
    assert refused(lambda: is_open("GET", unquote(sent), sent.encode(), public=public, protected=protected)) == expected


@pytest.mark.parametrize("row", PATHS["asgi"], ids=str)
def test_root_paths(row):
    rule, path, raw_path, root_path, public, protected = row
    raw = raw_path and raw_path.encode()
    assert is_open("GET", path, raw, root_path, public=[rule]) == public
    assert is_open("GET", path, raw, root_path, protected=[rule]) != protected


def test_the_table_is_there():
    assert len(PATHS["raw"]) > 80 and len(PATHS["both"]) > 20 and len(PATHS["asgi"]) > 20
    assert len(HEADERS["cases"]) >= 106 and len(AUTH["cases"]) >= 400 and len(TIMELESS) > 380
