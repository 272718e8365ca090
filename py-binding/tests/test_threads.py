"""Parallel threads: verifying while reloading, and one middleware driven from many event loops."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from pathlib import Path

from harness import asgi
from keys import READER, UNKNOWN, WRITER
from sallet import NONCE, AuthMiddleware, Bearer, ContentSecurityPolicy, Key, Keyring, SecurityHeaders, SecurityHeadersMiddleware

THREADS = 8


def hammer(*jobs, rounds, until=None):
    """Runs each job `rounds` times in a thread of its own, all released at once; raises what any of them raised.

    With `until`, the job named so decides: the others go on until it has done its rounds.
    """
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(jobs))
    over = threading.Event()

    def run(job):
        try:
            barrier.wait(10)
            n = 0
            while not errors and (n < rounds if until in (None, job) else not over.is_set()):
                job(n)
                n += 1
        except BaseException as error:
            errors.append(error)
        finally:
            if job is until:
                over.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def toml(*keys):
    return "".join(
        f"[[key]]\nid = '{identity}'\nsha256 = '{hashlib.sha256(token.encode()).hexdigest()}'\n" for identity, token in keys
    )


def test_verify_and_reload(tmp_path):
    path, fresh = tmp_path / "keys.toml", tmp_path / "fresh.toml"
    # READER is in every version, under an id that says which; WRITER comes and goes.
    versions = [toml(("even", READER)), toml(("odd-writer", WRITER), ("odd", READER)), "not [ TOML"]
    path.write_text(versions[0])
    ring = Keyring.from_file(path)
    seen = set()

    def verify(n):
        who = ring.verify(READER)
        assert who is not None and who.id in ("even", "odd")
        seen.add(who.id)
        assert ring.verify(UNKNOWN) is None
        writer = ring.verify(WRITER)
        assert writer is None or writer.id == "odd-writer"
        assert len(ring) in (1, 2)

    def reload(n):
        version = versions[n % 3]
        fresh.write_text(version)
        os.replace(fresh, path)
        try:
            ring.reload()
        except ValueError:
            assert n % 3 == 2

    hammer(*[verify] * THREADS, reload, rounds=60, until=reload)
    assert seen == {"even", "odd"}


def test_two_threads_reload_at_once(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(toml(("a", READER)))
    ring = Keyring.from_file(path)
    hammer(*[lambda n: ring.reload()] * 4, rounds=100)
    assert ring.verify(READER).id == "a"


def test_a_slow_reload_does_not_bring_back_what_a_later_one_replaced(tmp_path, monkeypatch):
    """A key that was taken out because it leaked must stay out."""
    path = tmp_path / "keys.toml"
    path.write_text(toml(("leaked", READER)))
    ring = Keyring.from_file(path)
    read, may_return = threading.Event(), threading.Event()
    read_bytes = Path.read_bytes

    def slow(self):
        content = read_bytes(self)
        if not read.is_set():
            read.set()
            assert may_return.wait(10)
        return content

    monkeypatch.setattr(Path, "read_bytes", slow)
    first, second = threading.Thread(target=ring.reload), threading.Thread(target=ring.reload)
    first.start()
    assert read.wait(10)  # the first has read the old file, and has not put it in force yet
    path.write_text(toml(("new", WRITER)))
    second.start()
    second.join(0.3)  # either it is done now, or it waits for the first
    may_return.set()
    first.join(10)
    second.join(10)
    assert (ring.verify(READER), ring.verify(WRITER).id) == (None, "new")


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b""})


def test_one_middleware_in_many_event_loops():
    csp = ContentSecurityPolicy({"default-src": ["'self'"], "script-src": [NONCE]})
    app = SecurityHeadersMiddleware(
        AuthMiddleware(page, Bearer(Keyring([Key("a", token=READER)]))),
        SecurityHeaders(content_security_policy=csp),
    )
    nonces: list[str] = []

    def request(n):
        good, bad = asgi.call(app, "/", [asgi.bearer(READER)]), asgi.call(app, "/", [asgi.bearer(UNKNOWN)])
        assert (good.status, bad.status) == (200, 401)
        assert bad.one("content-security-policy") == "default-src 'self'; script-src 'none'"  # it is JSON
        nonces.append(good.one("content-security-policy"))

    hammer(*[request] * THREADS, rounds=80)
    assert len(set(nonces)) == len(nonces) == THREADS * 80


def test_values_are_shared_freely():
    policy = SecurityHeaders.STRICT
    items = policy.items()

    def use(n):
        assert policy.items() == items
        changed = policy.replace(x_frame_options="SAMEORIGIN")
        assert changed != policy
        assert hash(policy.replace()) == hash(policy)

    hammer(*[use] * THREADS, rounds=200)
