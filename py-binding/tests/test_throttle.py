"""`FailureThrottle`: what counts, for whom, and what is answered then."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
import importlib
import logging
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from harness import asgi
from keys import EXPIRED, READER, UNKNOWN, keyring
from needs import program
from sallet import ApiKey, AuthMiddleware, Basic, Bearer, FailureThrottle, PolicyError, Principal
from sallet.fastapi import AnyOf, protect
from sallet.fastapi import ApiKey as ApiKeyDependency
from sallet.fastapi import Basic as BasicDependency
from sallet.fastapi import Bearer as Dependency
from starlette.responses import JSONResponse

GOOD, BAD = [asgi.bearer(READER)], [asgi.bearer(UNKNOWN)]


async def inside(scope: Any, receive: Any, send: Any) -> None:
    await JSONResponse({})(scope, receive, send)


def guard(auth: Any = None, throttle: Any = None, **options: Any) -> Any:
    return AuthMiddleware(inside, auth or Bearer(keyring()), throttle=throttle or FailureThrottle("3/minute"), **options)


def basic(user: str, password: str) -> list[Any]:
    return [("authorization", b"Basic " + base64.b64encode(f"{user}:{password}".encode()))]


def statuses(app: Any, *requests: tuple[Any, str | None]) -> list[int]:
    return [asgi.call(app, "/x", headers, client=(address, 1) if address else None).status for headers, address in requests]


def test_after_as_many_failures_as_the_rate_allows_nothing_is_judged():
    judged: list[str] = []

    def check(credentials: Any) -> Any:
        judged.append(credentials.token)
        return Principal("a") if credentials.token == "good" else None

    told: list[Any] = []
    app = guard(Bearer(authenticate=check), on_decision=told.append)
    bad, good = [asgi.bearer("bad")], [asgi.bearer("good")]
    assert statuses(app, *[(bad, "192.0.2.1")] * 4, (good, "192.0.2.1"), (good, "192.0.2.2")) == [401, 401, 401, 429, 429, 200]
    assert judged == ["bad"] * 3 + ["good"]
    assert [decision.outcome for decision in told] == ["refused"] * 3 + ["throttled"] * 2 + ["admitted"]
    assert (told[3].status, told[3].client) == (429, "192.0.2.1")


def test_the_answer_asks_for_nothing_and_says_when(caplog):
    caplog.set_level(logging.INFO, "sallet.auth")
    app = guard(throttle=FailureThrottle("1/minute"), on_refusal=lambda refusal, scope: JSONResponse({}, 429, dict(refusal.headers)) if scope["path"] == "/own" else None)
    asgi.call(app, "/x", BAD)
    reply = asgi.call(app, "/x", GOOD)
    assert (reply.status, reply.json()) == (429, {"detail": "Too many wrong credentials, try again later"})
    assert (reply.one("cache-control"), reply.has("www-authenticate")) == ("no-store", False)
    assert 58 <= int(reply.one("retry-after")) <= 60
    assert reply.scope["sallet.refusal"].is_throttled
    own = asgi.call(app, "/own", GOOD)
    assert (own.body, own.one("cache-control")) == (b"{}", "no-store") and int(own.one("retry-after")) > 0
    assert "throttled: too many wrong credentials came before" in caplog.text and READER not in caplog.text
    socket = asgi.connect(app, "/x", GOOD)
    assert socket.status == 429 and socket.has("retry-after")
    assert asgi.connect(app, "/x", GOOD, denial=False).messages[0]["code"] == 1008


def raising(status: int) -> Any:
    def authenticate(credentials: Any) -> Any:
        raise HTTPException(status)

    return Bearer(authenticate=authenticate)


COUNTS = {
    "wrong": (None, BAD, True),
    "malformed": (None, [("authorization", b"Bearer ")], True),
    "two lines": (None, GOOD * 2, True),
    "a raised 401": (raising(401), GOOD, True),
    "none": (None, [], False),
    "another scheme": (None, basic("a", "b"), False),
    "none of several": ([Bearer(keyring()), ApiKey(keyring())], [], False),
    "wrong of several": ([Bearer(keyring()), ApiKey(keyring())], [("x-api-key", UNKNOWN)], True),
    "good": (None, GOOD, False),
    "too few scopes": (Bearer(keyring(), scopes=["other"]), GOOD, False),
    "a raised 403": (raising(403), GOOD, False),
    "a raised 503": (raising(503), GOOD, False),
}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("public", [[], ["/x"]])
def test_only_wrong_credentials_count(name, public):
    auth, headers, counts = COUNTS[name]
    throttle = FailureThrottle("1/minute")
    asgi.call(guard(auth, throttle, public=public), "/x", headers)
    assert statuses(guard(None, throttle), (GOOD, "127.0.0.1")) == [429 if counts else 200]


def test_who_shows_nothing_is_answered_as_ever():
    app = guard(throttle=FailureThrottle("1/minute"), public=["/open"])
    assert statuses(app, (BAD, "192.0.2.1"), ([], "192.0.2.1")) == [401, 401]


def test_on_a_public_path_a_throttled_request_is_anonymous_and_refused_by_a_dependency():
    bearer, app = Dependency(keyring()), FastAPI()
    protect(app, auth=bearer, public=["/open", "/asks"], throttle=FailureThrottle("1/minute"))

    @app.get("/open")
    async def route() -> None: ...

    @app.get("/asks")
    async def asks(who: Any = Depends(bearer)) -> None: ...

    assert asgi.call(app, "/open", BAD).status == 200
    assert asgi.call(app, "/open", GOOD).status == 200
    reply = asgi.call(app, "/asks", GOOD)
    assert reply.status == 429 and reply.has("retry-after") and not reply.has("www-authenticate")


@pytest.mark.parametrize("of_guard", ["list", "any of"])
@pytest.mark.parametrize("of_route", ["one", "any of"])
def test_on_a_public_path_no_dependency_of_several_schemes_judges_what_is_throttled(of_guard, of_route):
    judged: list[str] = []

    def check(credentials: Any) -> Any:
        judged.append(credentials.password)
        return Principal("ada") if credentials.password == "right" else None

    password, key, app = BasicDependency(authenticate=check), ApiKeyDependency(keyring()), FastAPI()
    protect(app, auth=[password, key] if of_guard == "list" else AnyOf(password, key), public=["/p"], throttle=FailureThrottle("3/minute"))

    @app.get("/p")
    async def route(who: Any = Depends(password if of_route == "one" else AnyOf(password, key))) -> None: ...

    replies = [asgi.call(app, "/p", basic("ada", word)) for word in ["a", "b", "c", "d", "right"]]
    assert [reply.status for reply in replies] == [401, 401, 401, 429, 429] and judged == ["a", "b", "c"]
    assert replies[-1].has("retry-after") and not replies[-1].has("www-authenticate")
    assert asgi.call(app, "/p").status == 401


ADDRESSES = [
    ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("::ffff:192.0.2.1", "192.0.2.1", True),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ("192.0.2.1", "192.0.2.2", False),
    ("fe80::1%eth0", "fe80::2", True),
    ("testclient", "testclient", True),
    (None, None, True),
    (None, "192.0.2.1", False),
]


@pytest.mark.parametrize(("first", "second", "same"), ADDRESSES)
def test_an_address_is_that_of_one_client(first, second, same):
    app = guard(throttle=FailureThrottle("1/minute"))
    assert statuses(app, (BAD, first), (GOOD, second)) == [401, 429 if same else 200]


def test_a_forwarded_address_is_not_believed():
    app = guard(throttle=FailureThrottle("1/minute"))
    forwarded = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")]
    assert statuses(app, (BAD + forwarded, "192.0.2.1"), (GOOD + forwarded, "192.0.2.2"), (GOOD, "192.0.2.1")) == [401, 200, 429]


ABROAD = ("sec-fetch-site", "cross-site")
EVIL = ("origin", "https://evil.example")
SENDERS = [
    ([ABROAD], True),
    ([ABROAD, EVIL], True),
    ([EVIL], True),
    ([("origin", "null")], True),
    ([("origin", "https://testserver")], False),
    ([("origin", "https://TestServer:443")], False),
    ([("origin", "http://testserver:8000")], True),
    ([("origin", "http://testserver:80")], False),
    ([("sec-fetch-site", "same-origin"), EVIL], False),
    ([("sec-fetch-site", "same-site")], False),
    ([("sec-fetch-site", "none")], False),
    ([ABROAD, ABROAD], False),
    ([], False),
]


@pytest.mark.parametrize(("fields", "is_abroad"), SENDERS)
def test_what_a_page_of_another_site_sends_keeps_nobody_out_and_is_slowed_itself(fields, is_abroad):
    app = guard(Bearer(keyring(), query="token"))
    sent = [asgi.call(app, f"/x.png?token={UNKNOWN}", fields, client=("192.0.2.1", 1)).status for _ in range(4)]
    assert sent == [401, 401, 401, 429]
    assert statuses(app, (GOOD, "192.0.2.1")) == [200 if is_abroad else 429]
    # Who writes the field himself has one more counter, and no more.
    assert statuses(app, *[([*BAD, *fields], "192.0.2.1")] * 2, ([*GOOD, *fields], "192.0.2.1")) == [429] * 3
    assert statuses(app, ([*GOOD, ABROAD], "192.0.2.1")) == [429 if is_abroad else 200]


def test_a_websocket_of_another_site_keeps_nobody_out():
    app = guard(Bearer(keyring(), websocket_subprotocol="bearer"))
    fields = [EVIL, ("sec-websocket-protocol", f"bearer, {UNKNOWN}")]
    sent = [asgi.connect(app, "/x", fields, subprotocols=["bearer", UNKNOWN], client=("192.0.2.1", 1)).status for _ in range(4)]
    assert sent == [401, 401, 401, 429]
    assert statuses(app, (GOOD, "192.0.2.1")) == [200]


def test_an_exempt_address_counts_for_the_user_alone():
    check = Basic(authenticate=lambda credentials: Principal("a") if credentials.password == "good" else None)
    app = guard(check, FailureThrottle("1/minute", exempt=["10.0.0.0/8", "2001:db8::/32"]))
    good, bad = basic("ada", "good"), basic("Ada", "bad")
    assert statuses(app, (bad, "::ffff:10.1.1.1"), (basic("bob", "good"), "10.1.1.1"), (good, "10.1.1.1")) == [401, 200, 429]
    assert statuses(app, (good, "192.0.2.77")) == [429]
    app = guard(check, FailureThrottle("1/minute", per_user=False))
    assert statuses(app, (bad, "192.0.2.1"), (good, "192.0.2.2"), (good, "192.0.2.1")) == [401, 200, 429]


def test_a_token_counts_from_all_addresses_together_when_asked():
    """An expired one and an unknown one alike: what is answered says nothing about whose it is."""
    addresses = [f"192.0.2.{at}" for at in range(1, 5)]
    for wrong in ([asgi.bearer(EXPIRED)], BAD, [("x-api-key", UNKNOWN)]):
        schemes = [Bearer(keyring()), ApiKey(keyring())]
        app = guard(schemes, FailureThrottle("3/minute", per_token=True))
        assert statuses(app, *((wrong, address) for address in addresses)) == [401, 401, 401, 429]
        assert statuses(app, (GOOD, addresses[0]), ([("x-api-key", READER)], addresses[3])) == [200, 200]
        off = guard(schemes, FailureThrottle("3/minute"))
        assert statuses(off, *((wrong, address) for address in addresses)) == [401] * 4
    judged: list[str] = []
    app = guard(Bearer(authenticate=lambda credentials: judged.append(credentials.token)), FailureThrottle("1/minute", per_token=True))
    assert statuses(app, *((BAD, address) for address in addresses)) == [401, 429, 429, 429] and judged == [UNKNOWN]


def test_no_counter_is_named_as_a_token_or_a_digest():
    throttle = FailureThrottle("3/minute", per_token=True)
    statuses(guard(None, throttle), (BAD, "192.0.2.1"))
    (name,) = throttle._counters.memory["token"]._counters
    assert UNKNOWN not in name and hashlib.sha256(UNKNOWN.encode()).hexdigest() not in name


def test_a_window_ends():
    app = guard(throttle=FailureThrottle("1/second"))
    assert statuses(app, (BAD, "192.0.2.1"), (GOOD, "192.0.2.1")) == [401, 429]
    time.sleep(1.1)
    assert statuses(app, (GOOD, "192.0.2.1")) == [200]


def test_of_several_rates_each_holds():
    app = guard(throttle=FailureThrottle("2/second; 3/day"))
    assert statuses(app, *[(BAD, "192.0.2.1")] * 3) == [401, 401, 429]
    time.sleep(1.1)
    assert statuses(app, *[(BAD, "192.0.2.1")] * 2) == [401, 429]


def test_guesses_at_the_same_time_are_not_answered_beyond_the_limit():
    async def slow(credentials: Any) -> Any:
        await asyncio.sleep(float(credentials.token))
        return Principal("a") if credentials.token == "0.25" else None

    app = guard(Bearer(authenticate=slow))

    async def all_at_once() -> list[int]:
        tokens = [*(f"0.0{at}" for at in range(1, 10)), "0.25"]
        return [reply.status for reply in await asyncio.gather(*(asgi.send_to(app, asgi.http_scope(headers=[asgi.bearer(t)])) for t in tokens))]

    assert sorted(asyncio.run(all_at_once())) == [401] * 3 + [429] * 7


def test_a_token_leaves_the_scope_also_where_it_is_not_judged():
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["query_string"], scope["headers"]))
        await JSONResponse({})(scope, receive, send)

    open_app = AuthMiddleware(
        app, Bearer(keyring(), query="token"), public=["/x"], hide=True, throttle=FailureThrottle("1/minute")
    )
    asgi.call(open_app, "/x", BAD)
    asgi.call(open_app, f"/x?token={READER}&a=1")
    asgi.call(open_app, "/x", GOOD)
    assert [query for query, _ in seen] == [b"", b"a=1", b""] and READER not in str(seen) and UNKNOWN not in str(seen)


def test_a_million_failing_clients_take_the_memory_of_a_few():
    throttle = FailureThrottle("1/hour", max_counters=1000)
    counters, memory = throttle._counters, throttle._counters.memory["address"]

    first, last = [("address", "192.0.2.1")], [("address", "192.0.2.2")]
    asyncio.run(counters.count(first))
    assert asyncio.run(counters.wait(first))
    for at in range(1_000_000):
        memory.incr(str(at), 3600)
        assert len(memory) <= 1000
    asyncio.run(counters.count(last))
    assert len(memory) == 1000
    assert asyncio.run(counters.wait(last)) and asyncio.run(counters.wait(first)) is None


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_memory_is_flat_under_the_guard(scheme):
    """8,000 clients, each with an address and a credential of its own: the second half leaves nothing in memory that the first has not."""
    throttle = FailureThrottle("1/hour", max_counters=200, per_token=True)
    auth = Bearer(keyring()) if scheme == "Bearer" else Basic(authenticate=lambda credentials: None)
    app = guard(auth, throttle)

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    async def receive() -> Any:
        raise AssertionError("the body is not read")

    async def fail(at: int) -> None:
        shown = asgi.bearer(f"{UNKNOWN}{at}") if scheme == "Bearer" else basic(f"user-{at}", "x")[0]
        scope = asgi.http_scope(headers=[shown], client=(f"2001:db8:{at // 256:x}:{at % 256:x}::1", 1))
        await app(scope, receive, send)

    async def fail_all(numbers: range) -> None:
        for at in numbers:
            statuses.clear()
            await fail(at)
            assert statuses[0] == 401

    statuses: list[Any] = []
    asyncio.run(fail_all(range(1000)))
    gc.collect()
    tracemalloc.start()
    try:
        asyncio.run(fail_all(range(1000, 4500)))
        gc.collect()
        half = tracemalloc.get_traced_memory()[0]
        asyncio.run(fail_all(range(4500, 8000)))
        gc.collect()
        whole = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Counters that stayed would be 3500 of some 300 bytes each.
    assert whole - half < 100_000
    sizes = {kind: len(memory) for kind, memory in throttle._counters.memory.items()}
    assert sizes == {"address": 200, "other-site": 0, "user": 200 * (scheme == "Basic"), "token": 200 * (scheme == "Bearer")}


def test_many_wrong_tokens_push_out_no_address():
    throttle = FailureThrottle("2/hour", max_counters=10, per_token=True)
    app = guard(None, throttle)
    assert statuses(app, *[(BAD, "192.0.2.1")] * 2) == [401, 401]
    for at in range(4):
        assert statuses(app, *(([asgi.bearer(f"{UNKNOWN}{at}{each}")], f"192.0.2.{10 + at}") for each in range(2))) == [401, 401]
    assert statuses(app, (GOOD, "192.0.2.1")) == [429]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"rate": "ten per minute"}, PolicyError, "10/minute"),
        ({"rate": "0/minute"}, PolicyError, "above 0"),
        ({"rate": ""}, PolicyError, "10/minute"),
        ({"storage": "postgres://user:hunter2@db"}, PolicyError, "redis://"),
        ({"storage": "redis://user:hunter2@db"}, PolicyError, "port"),
        ({"exempt": "10.0.0.0/8"}, TypeError, "list"),
        ({"exempt": ["10.0.0.1/8"]}, PolicyError, "host bits"),
        ({"max_counters": 0}, TypeError, "above 0"),
        ({"exampt": []}, TypeError, "exempt"),
    ],
)
def test_a_mistake_is_found_at_once(options, error, words):
    with pytest.raises(error, match=words) as raised:
        FailureThrottle(**{"rate": "10/minute", **options})
    assert "hunter2" not in str(raised.value)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "limits", None)
    monkeypatch.delitem(sys.modules, "sallet._counters", raising=False)
    monkeypatch.delattr(importlib.import_module("sallet"), "_counters", raising=False)
    with pytest.raises(ImportError, match=r"limits.*pip install 'sallet\[throttle\]'"):
        FailureThrottle("10/minute")


@pytest.mark.parametrize("make", [lambda **it: guard(**it), lambda **it: protect(FastAPI(), auth=Bearer(keyring()), **it)])
def test_a_rate_alone_is_no_throttle(make):
    with pytest.raises(TypeError, match=r'throttle=FailureThrottle\("10/minute"\)'):
        make(throttle="10/minute")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [program("redis-server", how="apt-get install redis-server"), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}", server
    server.kill()
    server.wait()


def test_redis_counts_for_every_process_and_without_it_each_for_itself(redis, caplog):
    url, server = redis
    one, other = (guard(throttle=FailureThrottle("2/minute", storage=url)) for _ in range(2))
    assert statuses(one, (BAD, "192.0.2.1"), (GOOD, "192.0.2.1")) == [401, 200]
    assert statuses(other, (BAD, "192.0.2.1"), (GOOD, "192.0.2.1"), (GOOD, "192.0.2.2")) == [401, 429, 200]
    reply = asgi.call(one, "/x", GOOD, client=("192.0.2.1", 1))
    assert reply.status == 429 and 50 <= int(reply.one("retry-after")) <= 60
    assert not caplog.records
    server.kill()
    server.wait()
    started = time.monotonic()
    # It has counted its own failure before, too.
    assert statuses(one, (GOOD, "192.0.2.1"), *[(BAD, "192.0.2.1")] * 3, (GOOD, "192.0.2.2")) == [200, 401, 429, 429, 200]
    assert time.monotonic() - started < 2
    (record,) = caplog.records
    assert record.levelname == "WARNING" and "does not answer" in record.getMessage() and "127.0.0.1" not in record.getMessage()


def at_once(app: Any, *requests: tuple[Any, str]) -> list[int]:
    async def all_of_them() -> list[int]:
        scopes = [asgi.http_scope(headers=headers, client=(address, 1)) for headers, address in requests]
        return [reply.status for reply in await asyncio.gather(*(asgi.send_to(app, scope) for scope in scopes))]

    return asyncio.run(all_of_them())


def test_a_burst_is_judged_no_more_often_than_the_rate_allows_and_is_no_sign_that_redis_is_away(redis, caplog):
    url, _ = redis
    app, other = (guard(throttle=FailureThrottle("3/minute", storage=url)) for _ in range(2))
    found = at_once(app, *[(BAD, "192.0.2.1")] * 199, (GOOD, "192.0.2.1"))
    assert (found.count(401), found.count(429), found[-1]) == (3, 197, 429)
    assert at_once(app, *((GOOD, f"198.51.100.{at}") for at in range(200))) == [200] * 200
    assert not caplog.records
    assert statuses(other, (GOOD, "192.0.2.1")) == [429]


def test_many_that_find_redis_away_together_say_so_once(caplog):
    app = guard(throttle=FailureThrottle("1/minute", storage=f"redis://127.0.0.1:{free_port()}"))
    assert at_once(app, *((GOOD, f"198.51.100.{at}") for at in range(200))) == [200] * 200
    assert len(caplog.records) == 1


def test_a_redis_that_hangs_holds_up_one_request_for_half_a_second():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        app = guard(throttle=FailureThrottle("1/minute", storage=f"redis://127.0.0.1:{silent.getsockname()[1]}"))
        started = time.monotonic()
        assert statuses(app, (GOOD, "192.0.2.1")) == [200]
        assert 0.4 < time.monotonic() - started < 1.5
        started = time.monotonic()
        assert statuses(app, (BAD, "192.0.2.1"), (GOOD, "192.0.2.1")) == [401, 429]
        assert time.monotonic() - started < 0.3
