"""Keys in SQLite, Postgres and Redis, followed by a keyring: the same tests over the real servers."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import asgi
from harness.stores import Place, Postgres, Proxy, Redis, Sqlite, until
from harness.servers import Server
from needs import program
from sallet import Bearer, Keyring, generate_token
from sallet.stores import Add, Change, Expire, Revoke, Row, StoreError, _follow, open_store, wait_for
from whoami import guard

KINDS = {"sqlite": Sqlite, "postgres": Postgres, "redis": Redis}
SERVERS = ("postgres", "redis")


@pytest.fixture(scope="session")
def places() -> Iterator[Callable[[str], Place]]:
    """Each is started once, and stopped at the end whatever happens."""
    running: dict[str, Place] = {}

    def get(kind: str) -> Place:
        if kind not in running:
            # Not in the folder of pytest: Postgres runs as another user, who may not enter it.
            folder = Path(tempfile.mkdtemp(prefix=f"sallet-{kind}-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            running[kind] = KINDS[kind](folder)
            stack.callback(running[kind].stop)
        running[kind].start()
        return running[kind]

    with contextlib.ExitStack() as stack:
        yield get


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, places: Callable[[str], Place]) -> Place:
    found = places(request.param)
    found.empty()
    return found


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, places: Callable[[str], Place]) -> Place:
    found = places(request.param)
    found.empty()
    return found


@pytest.fixture
def proxy(server: Place) -> Iterator[Proxy]:
    made = Proxy(server.port)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A keyring that is dropped ends its thread."""
    before = set(_follow._followers)
    yield
    until(lambda: (gc.collect(), not _follow._followers - before)[1])  # an app is a cycle


def row(identity: str, token: str, **fields: Any) -> Row:
    given = {"principal": identity, "scopes": "", "digest": hashlib.sha256(token.encode()).digest(), **fields}
    return Row(identity, **given)


def write(place: Place, *changes: Change) -> int:
    store = open_store(place.url)
    with contextlib.closing(store):
        return store.write(changes)


def added(place: Place, *identities: str, **fields: Any) -> list[str]:
    """Adds keys; their tokens."""
    tokens = [generate_token() for _ in identities]
    write(place, *[Add(row(identity, token, **fields)) for identity, token in zip(identities, tokens, strict=True)])
    return tokens


def status(ring: Keyring, token: str) -> int:
    """What a client gets."""
    return asgi.call(guard(Bearer(ring)), "/x", [asgi.bearer(token)]).status


def test_add_use_expire_revoke(place: Place) -> None:
    [first] = added(place, "a", principal="ci", scopes="items:read items:write")
    ring = Keyring.from_store(place.url)
    principal = ring.verify(first)
    assert principal is not None and (principal.id, principal.name, principal.scopes) == ("a", "ci", ("items:read", "items:write"))
    [second] = added(place, "b")
    until(lambda: status(ring, second) == 200)
    # As a rotation: the new key and the end of the old one are one step.
    third = generate_token()
    write(place, Add(row("c", third)), Expire("b", int(time.time()) - 10))
    until(lambda: status(ring, third) == 200)
    assert status(ring, second) == 401
    write(place, Revoke("a"))
    until(lambda: status(ring, first) == 401)
    assert status(ring, third) == 200
    # The last one too.
    write(place, Revoke("c"), Revoke("b"))
    until(lambda: status(ring, third) == 401)


def test_what_is_revoked_stays_so_and_is_listed(place: Place) -> None:
    tokens = added(place, "a", "b", principal="ci", scopes="x y", not_before=5, not_after=2**40)
    write(place, Revoke("a"))
    store = open_store(place.url)
    with contextlib.closing(store):
        version = store.write([Revoke("a")])
        assert store.write([Revoke("a")]) == version, "a second time changes nothing"
        with pytest.raises(StoreError, match="'a' was revoked, and its id is not used again"):
            store.write([Add(row("a", generate_token()))])
        with pytest.raises(StoreError, match="'c' has the token of the revoked key 'a'"):
            store.write([Add(row("c", tokens[0]))])
        with pytest.raises(StoreError, match="'c' has the token of key 'b'"):
            store.write([Add(row("c", tokens[1]))])
        with pytest.raises(StoreError, match="'b' is there already"):
            store.write([Add(row("b", generate_token()))])
        with pytest.raises(StoreError, match="'a' was revoked"):
            store.write([Expire("a", 9)])
        with pytest.raises(StoreError, match="'b' would end before it begins"):
            store.write([Expire("b", 4)])
        for unknown in (Revoke("nobody"), Expire("nobody", 9)):
            with pytest.raises(StoreError, match="there is no key 'nobody'"):
                store.write([Add(row("d", generate_token())), unknown])
        store.used({"b": 1000, "nobody": 1000})
        store.used({"b": 999})
        one, two = store.entries()
        assert (one.id, one.principal, one.scopes, one.not_before, one.not_after) == ("a", "ci", "x y", 5, 2**40)
        assert one.revoked is not None and abs(one.revoked - time.time()) < 600 and two.revoked is None
        assert one.created is not None and (one.last_used, two.last_used) == (None, 1000)
        # That a key was used brings nothing back.
        store.used({"a": 1001})
        assert [entry.revoked is None for entry in store.entries()] == [False, True]
        assert store.changes(store.load()[0]) == (version, ())


WRONG_ROWS = {
    "a line end in the id": row("a\nb", "t" * 20),
    "an empty id": row("", "t" * 20),
    "a control character in the principal": row("a", "t" * 20, principal="\x1b[2J"),
    "two spaces": row("a", "t" * 20, scopes="x  y"),
    "a short digest": row("a", "t" * 20, digest=b"\0" * 31),
    "a window that is never open": row("a", "t" * 20, not_before=9, not_after=8),
}


@pytest.mark.parametrize("wrong", WRONG_ROWS)
def test_a_wrong_row_is_not_written(place: Place, wrong: str) -> None:
    with pytest.raises(StoreError):
        write(place, Add(row("good", generate_token())), Add(WRONG_ROWS[wrong]))
    with pytest.raises(StoreError, match="twice"):
        write(place, Add(row("a", "t" * 20)), Revoke("a"))
    with pytest.raises(StoreError, match="same token"):
        write(place, Add(row("a", "t" * 20)), Add(row("b", "t" * 20)))
    with pytest.raises(StoreError, match="no key was ever written"):
        list(open_store(place.url).entries())


def test_two_writers_at_once(place: Place) -> None:
    """Each id has one winner, each version one writer, and a worker that follows meanwhile misses nothing."""
    added(place, "first")
    ring = Keyring.from_store(place.url)
    won: list[list[tuple[int, str]]] = [[], [], []]

    def writer(number: int) -> None:
        store = open_store(place.url)
        with contextlib.closing(store):
            for turn in range(15):
                won[number].append((store.write([Add(row(f"own-{number}-{turn}", f"own-{number}-{turn}-{'x' * 20}"))]), ""))
                token = f"both-{number}-{turn}-{'x' * 20}"
                with contextlib.suppress(StoreError):
                    won[number].append((store.write([Add(row(f"both-{turn}", token))]), token))

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    all_won = [one for each in won for one in each]
    assert len(all_won) == 60 and len({version for version, _ in all_won}) == 60
    until(lambda: len(ring) == 61)
    for version, token in all_won:
        assert not token or ring.verify(token) is not None, version


def test_many_at_once(place: Place) -> None:
    """More than one step of Redis, and more than a worker takes as changes."""
    added(place, "first")
    ring = Keyring.from_store(place.url)
    changes = [Add(row(f"k{number}", f"token-{number}-{'x' * 20}")) for number in range(12_000)]
    version = write(place, *changes)
    until(lambda: len(ring) == 12_001, 120)
    store = open_store(place.url)
    with contextlib.closing(store):
        until(lambda: not wait_for(store, version, 1))
        with pytest.raises(StoreError, match="'k7' is there already"):
            store.write([Add(row("new", generate_token())), changes[7]])
        assert sum(1 for _ in store.entries()) == 12_001


def test_a_lost_message_is_made_good(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that hear nothing at all ask."""
    kind = type(open_store(place.url))
    monkeypatch.setattr(kind, "wait", lambda self, timeout: time.sleep(timeout))
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url)
    assert ring.verify(token) is not None
    write(place, Revoke("a"))
    until(lambda: ring.verify(token) is None)


def test_what_postgres_does_not_announce_is_found(places: Callable[[str], Place]) -> None:
    place = places("postgres")
    place.empty()
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url)
    with place.connect() as connection, connection.transaction():  # type: ignore[attr-defined]
        connection.execute("UPDATE sallet_store SET version = 2")
        connection.execute("UPDATE sallet_keys SET revoked = 1, version = 2")
        connection.execute("INSERT INTO sallet_history VALUES (2, 'mine')")
    until(lambda: ring.verify(token) is None)


def test_a_transaction_that_commits_late_is_not_missed(places: Callable[[str], Place]) -> None:
    """The second of two writers waits for the first, so the order of versions is that in which they become visible."""
    place = places("postgres")
    place.empty()
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url)
    done = threading.Event()
    with place.connect() as connection:  # type: ignore[attr-defined]
        with connection.transaction():
            connection.execute("SELECT version FROM sallet_store FOR UPDATE")
            connection.execute("UPDATE sallet_store SET version = 2")
            connection.execute("UPDATE sallet_keys SET revoked = 1, version = 2")
            connection.execute("INSERT INTO sallet_history VALUES (2, 'mine')")
            second = threading.Thread(target=lambda: (write(place, Add(row("b", "b" * 20))), done.set()))
            second.start()
            assert not done.wait(1.5) and ring.verify(token) is not None
        second.join(30)
    until(lambda: ring.verify("b" * 20) is not None and ring.verify(token) is None)


def test_the_store_is_restarted_under_load(place: Place) -> None:
    """No request is refused that should not be, and none has to be restarted with it."""
    [token, other] = added(place, "a", "b")
    ring = Keyring.from_store(place.url)
    statuses: list[int] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            statuses.append(status(ring, token))

    client = threading.Thread(target=load)
    client.start()
    try:
        for number, end in enumerate((place.stop, place.kill)):
            end()
            time.sleep(1.5)
            place.start()
            [new] = added(place, f"after-{number}")
            until(lambda new=new: ring.verify(new) is not None)
        write(place, Revoke("b"))
        until(lambda: status(ring, other) == 401)
    finally:
        stop.set()
        client.join(30)
    assert len(statuses) > 100 and set(statuses) == {200}


def test_a_partition_and_max_stale(server: Place, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    """A revocation that cannot arrive is not waited for for ever, and nothing has to be restarted."""
    caplog.set_level(logging.WARNING, "sallet.auth")
    [token, other] = added(server, "a", "b")
    ring = Keyring.from_store(server.via(proxy.port), max_stale=4)
    assert status(ring, token) == 200
    proxy.lose()
    lost = time.monotonic()
    write(server, Revoke("a"))
    until(lambda: status(ring, token) == 503)
    # Not before its time: the last answer was at most one question and one pause before.
    assert time.monotonic() - lost > 1
    assert status(ring, other) == 503 and status(ring, "x" * 20) == 503
    until(lambda: "refused with 503" in caplog.text)
    proxy.lose(False)
    until(lambda: status(ring, other) == 200)
    assert status(ring, token) == 401
    until(lambda: "answers again" in caplog.text)
    assert server.url not in caplog.text and "rd-of-the-store" not in caplog.text


def test_a_connection_that_is_cut_is_opened_again_without_a_word(server: Place, proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sallet.auth")
    added(server, "a")
    ring = Keyring.from_store(server.via(proxy.port))
    for number in range(3):
        proxy.cut()
        [token] = added(server, f"n{number}")
        until(lambda token=token: ring.verify(token) is not None)
    assert not caplog.records, caplog.text


def test_before_the_first_snapshot_everything_is_503(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A store that nobody has written to is one that does not answer: it may be the wrong one."""
    caplog.set_level(logging.WARNING, "sallet.auth")
    ring = Keyring.from_store(place.url)
    assert status(ring, "x" * 20) == 503
    assert "no key was ever written there" in caplog.text and "sallet keys add" in caplog.text
    [token] = added(place, "a")
    until(lambda: status(ring, token) == 200)
    assert status(ring, "x" * 20) == 401


def test_a_store_that_is_away_at_the_start(server: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_follow, "_FIRST", 0.5)
    [token] = added(server, "a")
    server.stop()
    ring = Keyring.from_store(server.url)
    assert status(ring, token) == 503
    server.start()
    until(lambda: status(ring, token) == 200)


def test_a_store_that_is_emptied_keeps_its_snapshot_until_max_stale(place: Place) -> None:
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url, max_stale=3)
    place.empty()
    assert status(ring, token) == 200
    until(lambda: status(ring, token) == 503)
    # What is written now is another history.
    [other] = added(place, "a")
    until(lambda: status(ring, other) == 200)
    assert status(ring, token) == 401


def test_a_failover_that_lost_writes_is_noticed(place: Place) -> None:
    """The same version, and other keys: what the old primary had and the new one has not is out of force."""
    added(place, "a")
    ring = Keyring.from_store(place.url)
    [lost] = added(place, "lost")
    until(lambda: ring.verify(lost) is not None)
    # One change fewer, and another one under its number.
    old = [entry.id for entry in open_store(place.url).entries()]
    assert old == ["a", "lost"]
    place.stop() if place.kind == "sqlite" else None
    place.start()
    place.empty()
    [_, kept] = [*added(place, "a"), *added(place, "kept")]
    until(lambda: ring.verify(kept) is not None)
    assert ring.verify(lost) is None


def test_workers_are_known_and_leave(place: Place) -> None:
    added(place, "a")
    store = open_store(place.url)
    with contextlib.closing(store):
        rings = [Keyring.from_store(place.url, max_stale=60) for _ in range(3)]
        version = store.write([Add(row("b", "b" * 20))])
        assert wait_for(store, version, 30) == {}
        found = store.workers()
        assert len(found) == 3 and {(worker.version, worker.max_stale) for worker in found.values()} == {(version, 60.0)}
        assert all(worker.silent < 30 for worker in found.values()) and all(f":{os.getpid()}:" in name for name in found)
        # One that says nothing any more may still admit, and is waited for.
        store.report("gone:1:x", 1, 60.0)
        assert list(wait_for(store, version, 0.2)) == ["gone:1:x"]
        store.leave("gone:1:x")
        # And it is not, once it refuses by itself.
        store.report("gone:2:x", 1, 0.05)
        time.sleep(0.1)
        assert wait_for(store, version, 0.2) == {}
        del rings[1:]
        until(lambda: len(store.workers()) == 1)


def test_a_forked_child_follows_by_itself(place: Place, tmp_path: Path) -> None:
    """As gunicorn --preload forks; and the parent's connection outlives the child."""
    [token, other] = added(place, "a", "b")
    script = """
import os, sys, time
from sallet import Keyring
ring = Keyring.from_store(sys.argv[1])
assert ring.verify(sys.argv[2])
child = os.fork()
def say(word):  # in one write: two processes share the pipe
    os.write(1, f"{word}\\n".encode())
say("parent" if child else "child")
def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
until(lambda: ring.verify(sys.argv[2]) is None)
say("seen")
if child:
    assert os.waitpid(child, 0)[1] == 0
    say("gone")
until(lambda: ring.verify(sys.argv[3]) is None)
"""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, place.url, token, other], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert {process.stdout.readline(), process.stdout.readline()} == {"child\n", "parent\n"}
    store = open_store(place.url)
    with contextlib.closing(store):
        until(lambda: len(store.workers()) == 2)
        store.write([Revoke("a")])
        assert [process.stdout.readline() for _ in range(2)] == ["seen\n", "seen\n"]
        store.write([Revoke("b")])
        assert process.stdout.readline() == "gone\n"
        out, wrong = process.communicate(timeout=60)
        assert (process.returncode, out, wrong) == (0, "", "")
        until(lambda: not store.workers())


WRONG_URLS = {
    "postgresql+psycopg://web:hunter2-hunter2@db/keys": 'did you mean "postgresql://"',
    "postgress://web:hunter2-hunter2@db/keys": 'did you mean "postgres',
    "mysql://web:hunter2-hunter2@db/keys": "the URL of a store begins with sqlite",
    "postgresql://web:hunter2-hunter2@db:port/keys": "the URL of PostgreSQL cannot be read",
    "postgresql://web:hunter2-hunter2@db/keys?nonsense=hunter2-hunter2": "the URL of PostgreSQL cannot be read",
    "redis://web:hunter2-hunter2@db:port/0": "the URL of Redis cannot be read",
    "redis://web:hunter2-hunter2@db/0?socket_timeout=hunter2-hunter2": "the URL of Redis cannot be read",
    "sqlite://keys-hunter2-hunter2.db": "sqlite:///keys.db",
    "sqlite:///": "sqlite:///keys.db",
    "keys-hunter2-hunter2.toml": "Keyring.from_file",
}


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_wrong_url_is_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Keyring.from_store(url)
    assert WRONG_URLS[url] in str(caught.value) and "hunter2" not in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_max_stale_is_a_time() -> None:
    for wrong in (0, 1.9, -5, float("inf"), float("nan")):
        with pytest.raises(StoreError, match="max_stale"):
            Keyring.from_store("sqlite:///x.db", max_stale=wrong)
    for kind in ("300", True, None):
        with pytest.raises(TypeError, match="max_stale"):
            Keyring.from_store("sqlite:///x.db", max_stale=kind)  # type: ignore[arg-type]


def test_a_wrong_password_stops_the_start(server: Place) -> None:
    added(server, "a")
    for url in (server.url.replace("-of-", "-OF-"), server.url.replace("p%25", "q%25")):
        assert url != server.url
        with pytest.raises(StoreError, match="the user or the password is refused") as caught:
            Keyring.from_store(url)
        assert "store@" not in str(caught.value) and "w@rd" not in str(caught.value)


@pytest.mark.parametrize(("driver", "url", "extra"), [("psycopg", "postgresql://h/d", "postgres"), ("redis", "redis://h", "redis")])
def test_a_missing_driver_names_the_extra(driver: str, url: str, extra: str) -> None:
    script = f"import sys; sys.modules[{driver!r}] = None\nfrom sallet import Keyring\nKeyring.from_store({url!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert f'StoreError: keys in' in done.stderr.replace("SetupError", "StoreError")
    assert f'pip install "sallet[{extra}]"' in done.stderr.splitlines()[-1]


# Rows that no keyring takes: each as somebody can put it there by hand.

POISON = {
    "a control character in the id": ("a\nb", "x", "", b"\1" * 32, None, None),
    "an empty principal": ("bad", "", "", b"\1" * 32, None, None),
    "two spaces": ("bad", "x", "a  b", b"\1" * 32, None, None),
    "never open": ("bad", "x", "", b"\1" * 32, 9, 8),
}


def put(place: Place, rows: list[tuple[Any, ...]], version: int) -> None:
    """Writes rows as Sallet does, but without looking at them."""
    if isinstance(place, Redis):
        client = place.client()
        for number, (identity, principal, scopes, digest, start, end) in enumerate(rows):
            text = f"{digest.hex()}\t{'' if start is None else start}\t{'' if end is None else end}\t0\t{scopes}\t{principal}"
            client.hset("{sallet}:keys", identity, text)
            client.xadd("{sallet}:log", {"stamp": "mine", "id": identity, "row": text}, id=f"{version}-{number}")
        return
    statements: list[tuple[str, tuple[Any, ...]]] = [
        ("INSERT INTO sallet_keys (id, principal, scopes, digest, not_before, not_after, version) VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, version))
        for row in rows
    ]
    statements += [("UPDATE sallet_store SET version = ?", (version,)), ("INSERT INTO sallet_history VALUES (?, 'mine')", (version,))]
    if isinstance(place, Postgres):
        with place.connect() as connection, connection.transaction():
            connection.execute("ALTER TABLE sallet_keys DROP CONSTRAINT IF EXISTS sallet_keys_digest_key")
            for sql, values in statements:
                connection.execute(sql.replace("?", "%s"), values)
    else:
        assert isinstance(place, Sqlite)
        connection = sqlite3.connect(place.path, isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("BEGIN")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute("ALTER TABLE sallet_keys RENAME TO old")
            columns = "id, principal, scopes, digest, not_before, not_after, created, revoked, version"
            connection.execute(f"CREATE TABLE sallet_keys ({columns})")
            connection.execute(f"INSERT INTO sallet_keys SELECT {columns} FROM old")
            connection.execute("DROP TABLE old")
            for sql, values in statements:
                connection.execute(sql, values)
            connection.execute("COMMIT")


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_row_is_named_and_out_of_force(place: Place, poison: str, caplog: pytest.LogCaptureFixture) -> None:
    """By a change and by a start; the rest of the ring stays."""
    caplog.set_level(logging.ERROR, "sallet.auth")
    bad = POISON[poison]
    [token] = added(place, "good")
    ring = Keyring.from_store(place.url)
    put(place, [bad], 2)
    until(lambda: "is out of force" in caplog.text)
    assert status(ring, token) == 200
    caplog.clear()
    fresh = Keyring.from_store(place.url)
    assert status(fresh, token) == 200 and len(fresh) == 1
    assert repr(bad[0]) in caplog.text and "\n" not in caplog.records[0].getMessage() and "01" * 32 not in caplog.text
    # And it can be got rid of.
    write(place, Revoke(bad[0]))
    caplog.clear()
    last = Keyring.from_store(place.url)
    assert status(last, token) == 200 and not caplog.records


def test_of_two_rows_with_one_digest_neither_is_in_force(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "sallet.auth")
    good, twice = added(place, "good", "one")
    ring = Keyring.from_store(place.url)
    assert status(ring, twice) == 200
    put(place, [("two", "x", "", hashlib.sha256(twice.encode()).digest(), None, None)], 2)
    until(lambda: status(ring, twice) == 401)
    fresh = Keyring.from_store(place.url)
    assert (status(fresh, twice), status(fresh, good), status(ring, good)) == (401, 200, 200)
    assert "'one' is out of force" in caplog.text and "'two' is out of force" in caplog.text


UNREADABLE = {
    "sqlite": [("bad", 5, "", b"\1" * 32, None, None), ("bad", "x", "", "text", None, None), ("bad", "x", "", b"\1" * 32, "soon", 1.5), (None, "x", "", b"\1" * 32, None, None)],
    "redis": ["", "no tabs", "zz\t\t\t0\t\tx", "01\t\t\t0\t\tx", f"{'01' * 32}\tsoon\t\t0\t\tx", b"\xff\xfe"],
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_row_at_all_is_out_of_force(places: Callable[[str], Place], kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "sallet.auth")
    for bad in UNREADABLE[kind]:
        place = places(kind)
        place.empty()
        [token] = added(place, "good")
        ring = Keyring.from_store(place.url)
        caplog.clear()
        if isinstance(place, Redis):
            place.client().hset("{sallet}:keys", "bad", bad)  # type: ignore[arg-type]
            if bad:
                place.client().xadd("{sallet}:log", {"stamp": "mine", "id": "bad", "row": bad}, id="2-0")  # type: ignore[dict-item]
        else:
            put(place, [bad], 2)  # type: ignore[list-item]
        fresh = Keyring.from_store(place.url)
        assert (status(fresh, token), status(ring, token), len(fresh)) == (200, 200, 1), bad
        until(lambda: "out of force" in caplog.text)
        write(place, Add(row("next", "n" * 20)))
        until(lambda ring=ring: ring.verify("n" * 20) is not None)


def test_another_format_is_not_read(place: Place) -> None:
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url, max_stale=3)
    if isinstance(place, Redis):
        place.client().set("{sallet}:format", "2")
        place.client().delete("{sallet}:log")
    else:
        connection = sqlite3.connect(place.path) if isinstance(place, Sqlite) else place.connect()  # type: ignore[attr-defined]
        connection.execute("UPDATE sallet_store SET format = 2")
        connection.commit()
        connection.close()
    with pytest.raises(StoreError, match="laid out in format '?2'?, and this Sallet reads 1: upgrade"):
        Keyring.from_store(place.url)
    with pytest.raises(StoreError, match="upgrade"):
        write(place, Add(row("b", "b" * 20)))
    until(lambda: status(ring, token) == 503)


def test_keys_that_are_prepared_for_a_start(places: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Redis: a worker takes all keys in one piece, and what has happened since; a piece that is damaged is not used."""
    from sallet.stores.redis import RedisStore

    place = places("redis")
    place.empty()
    monkeypatch.setattr("sallet.stores.redis._PREPARE_AFTER", 300)
    write(place, *[Add(row(f"k{number}", f"token-{number}-{'x' * 20}")) for number in range(400)])
    write(place, Revoke("k7"))
    assert isinstance(RedisStore(place.url).load()[1], bytes)
    scanned: list[bool] = []
    rows = RedisStore._rows
    monkeypatch.setattr(RedisStore, "_rows", lambda self: scanned.append(True) or rows(self))  # type: ignore[func-returns-value]
    ring = Keyring.from_store(place.url)
    assert not scanned and len(ring) == 399 and ring.verify(f"token-7-{'x' * 20}") is None
    client = place.client()
    for damage in (lambda: client.setrange("{sallet}:prepared", 500, b"damaged"), lambda: client.set("{sallet}:prepared", b"short")):
        damage()
        again = Keyring.from_store(place.url)
        assert scanned and len(again) == 399 and again.verify(f"token-8-{'x' * 20}") is not None
        assert again.verify(f"token-7-{'x' * 20}") is None
        scanned.clear()
    assert not caplog.records


def test_the_grants_that_the_schema_names_are_enough(places: Callable[[str], Place], caplog: pytest.LogCaptureFixture) -> None:
    """A worker follows with a role that cannot change a key."""
    place = places("postgres")
    assert isinstance(place, Postgres)
    place.empty()
    [token] = added(place, "a")
    text = (Path(_follow.__file__).parent / "schema" / "postgres.sql").read_text()
    grants = [line.removeprefix("--").strip() for line in text.splitlines() if "GRANT" in line]
    assert len(grants) == 2
    with place.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS web")
        connection.execute("CREATE ROLE web LOGIN PASSWORD 'web-web-web'")
        for grant in grants:
            connection.execute(grant)
    url = f"postgresql://web:web-web-web@127.0.0.1:{place.port}/postgres"
    ring = Keyring.from_store(url)
    assert status(ring, token) == 200
    store = open_store(url)
    with contextlib.closing(store):
        until(lambda: len(store.workers()) == 1)
        store.used({"a": 5})
        for change in (Revoke("a"), Add(row("b", "b" * 20))):
            with pytest.raises(StoreError, match="may not do that: .*postgres.sql"):
                store.write([change])
    with place.connect() as connection:
        connection.execute("DROP OWNED BY web")
        connection.execute("DROP ROLE web")
    assert not caplog.records


def test_a_full_disk_writes_nothing(tmp_path: Path) -> None:
    """SQLite; the file may not grow any more."""
    place = Sqlite(tmp_path)
    [token] = added(place, "a")
    script = """
import resource, signal, sys
from sallet.stores import Add, Row, open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
list(store.entries())
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.write([Add(Row(f"k{n}", "x" * 200, "", n.to_bytes(32, "big"))) for n in range(5000)])
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script, place.url], capture_output=True, text=True, timeout=120)
    assert "the disk is full" in done.stdout and done.stderr == "" and done.stdout.count("\n") == 1
    ring = Keyring.from_store(place.url)
    assert status(ring, token) == 200 and len(ring) == 1
    added(place, "b")
    until(lambda: len(ring) == 2)


def test_a_full_redis_writes_nothing(places: Callable[[str], Place]) -> None:
    place = places("redis")
    assert isinstance(place, Redis)
    place.empty()
    [token] = added(place, "a")
    ring = Keyring.from_store(place.url)
    client = place.client()
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreError, match="is full, and nothing was written"):
            write(place, *[Add(row(f"k{number}", f"token-{number}-{'x' * 20}")) for number in range(10)])
        assert client.hlen("{sallet}:keys") == 1 and client.xlen("{sallet}:log") == 1
    finally:
        client.config_set("maxmemory", "0")
    assert status(ring, token) == 200
    write(place, Revoke("a"))
    until(lambda: status(ring, token) == 401)


SKEWED_CLOCK = """
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
    int wrong = syscall(SYS_clock_gettime, clock, at);
    if (!wrong && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += %d;
    return wrong;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


def clock(place: Place) -> float:
    if isinstance(place, Redis):
        return float(place.client().time()[0])
    with place.connect() as connection:  # type: ignore[attr-defined]
        return float(connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0])


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("days", [400, -400])
def test_the_clock_of_the_store_decides_nothing(kind: str, days: int, tmp_path: Path) -> None:
    # libfaketime does not get on with the allocator of Redis.
    compiler = program("cc", "gcc", "clang", how="apt-get install build-essential")
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=f"sallet-{kind}-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "skew.c").write_text(SKEWED_CLOCK % (days * 86400))
        subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "skew.so", folder / "skew.c"], check=True)
        prefix = ["env", f"LD_PRELOAD={folder}/skew.so"]
        place = KINDS[kind](folder, prefix=prefix)  # type: ignore[call-arg]
        stack.callback(place.stop)
        place.start()
        now = int(time.time())
        [good] = added(place, "good", not_before=now - 3600, not_after=now + 3600)
        [over] = added(place, "over", not_after=now - 3600)
        ring = Keyring.from_store(place.url, max_stale=60)
        assert (status(ring, good), status(ring, over)) == (200, 401)
        assert abs(clock(place) - time.time() - days * 86400) < 3600
        store = open_store(place.url)
        stack.callback(store.close)
        version = store.write([Revoke("good")])
        until(lambda: status(ring, good) == 401)
        assert wait_for(store, version, 30) == {}
        assert [worker.silent < 30 for worker in store.workers().values()] == [True]
        place.stop()
        place.start()
        [late] = added(place, "late")
        until(lambda: status(ring, late) == 200)
        del ring


@pytest.mark.parametrize("options", [("uvicorn", "--workers", "3"), ("gunicorn", "--preload", "-w", "3", "-k", "asgi")], ids=lambda options: options[0])
def test_every_worker_of_a_server(place: Place, options: tuple[str, ...]) -> None:
    token, other = added(place, "a", "b")
    kind, *arguments = options
    server = Server(kind, "stored:app", *arguments, env={"STORE": place.url}).start()
    try:
        store = open_store(place.url)
        with contextlib.closing(store):
            # Under --preload the parent follows too.
            until(lambda: len(store.workers()) >= 3)
            headers = [asgi.bearer(token)]
            answers = [server.get("/items", headers) for _ in range(30)]
            assert {answer.status for answer in answers} == {200}
            pids: set[object] = set()
            until(lambda: pids.add(server.get("/items", headers).json()) or len(pids) == 3)  # type: ignore[func-returns-value]
            version = store.write([Revoke("a")])
            assert wait_for(store, version, 30) == {}
            assert {server.get("/items", headers).status for _ in range(30)} == {401}
            assert {server.get("/items", [asgi.bearer(other)]).status for _ in range(10)} == {200}
            server.stop()
            # Servers end their workers by a signal, so these do not say goodbye; they are not waited for either.
            late = wait_for(store, store.write([Add(row("c", "c" * 20))]), 60)
            assert all(worker.silent > 5 for worker in late.values())
        log = server.log()
        assert "Traceback" not in log and "rd-of-the-store" not in log and token not in log
    finally:
        server.stop()
