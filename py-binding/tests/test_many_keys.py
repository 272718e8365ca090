"""Very many keys: the table behind a `Keyring`, the rows of a store, changes, snapshots, and the deadline."""

from __future__ import annotations

import gc
import hashlib
import sys
import threading

import pytest
from harness.asgi import bearer, call
from sallet import AuthMiddleware, Bearer, Key, Keyring, KeyringError, Principal

MANY = 1_000


def token(n):
    return f"token-number-{n:06}"


def digest(n):
    return hashlib.sha256(token(n).encode()).digest()


def row(n, **other):
    fields = dict(id=f"key-{n}", principal=f"who-{n}", scopes="a b", digest=digest(n), not_before=None, not_after=None)
    return tuple({**fields, **other}.values())


def key(n, **other):
    return Key(f"key-{n}", digest=digest(n).hex(), **other)


def loaded(rows):
    ring = Keyring([])
    assert ring._load(rows, ring._ticket()) == []
    return ring


def ids(ring, numbers):
    return [found and found.id for found in (ring.verify(token(n)) for n in numbers)]


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, MANY])
def test_every_key_is_found_whichever_way_they_are_kept(count):
    numbers = range(count + 3)
    expected = [f"key-{n}" for n in range(count)] + [None] * 3
    for ring in (Keyring([key(n) for n in range(count)]), loaded(row(n) for n in range(count))):
        assert len(ring) == count
        assert ids(ring, numbers) == expected
        assert ids(ring, numbers) == expected, "a second time, from what was kept"
    if count:
        assert loaded([row(n) for n in range(count)]).verify(token(0)) == Principal("key-0", "who-0", ("a", "b"))


def test_repr_shows_no_million_of_ids():
    assert repr(Keyring([key(0), key(1)])) == '<Keyring ["key-0", "key-1"]>'
    many = Keyring(map(key, range(MANY)))
    assert repr(many) == "<Keyring of 1000 keys>"


def test_the_same_refusals_with_very_many():
    keys = [key(n) for n in range(MANY)]
    for more, wrong in [
        (Key("key-5", digest=digest(MANY).hex()), "same id"),
        (Key("another", digest=digest(5).hex()), "same token"),
    ]:
        with pytest.raises(KeyringError, match=wrong):
            Keyring([*keys, more])
    with pytest.raises(TypeError):
        Keyring([*keys, "key"])


def test_windows_are_looked_at():
    rows = [row(n) for n in range(MANY)]
    rows[1] = row(1, not_after=1)
    rows[2] = row(2, not_before=4_000_000_000)
    rows[3] = row(3, not_before=1, not_after=4_000_000_000)
    assert ids(loaded(rows), range(5)) == ["key-0", None, None, "key-3", "key-4"]


BAD = [
    (("key-0", "a", "", digest(0), None), "a row is"),
    (["key-0"], "a row is"),
    (row(0, id=7), "id is not a text"),
    (row(0, id=""), "key id"),
    (row(0, id="a\nb"), "control"),
    (row(0, id="\ud800"), "id is not a text"),
    (row(0, principal=None), "principal is not a text"),
    (row(0, principal=""), "principal's name"),
    (row(0, scopes=None), "scopes are not a text"),
    (row(0, scopes="a  b"), "single spaces"),
    (row(0, digest=digest(0).hex()), "32 bytes"),
    (row(0, digest=b"short"), "32 bytes"),
    (row(0, digest=hashlib.sha256(b"").digest()), "empty token"),
    (row(0, not_after=-1), "seconds"),
    (row(0, not_after=2**64), "seconds"),
    (row(0, not_after="2030"), "seconds"),
    (row(0, not_before=True), "seconds"),
    (row(0, not_before=2, not_after=1), "not_after is before"),
]


@pytest.mark.parametrize(("bad", "wrong"), BAD, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("others", [3, MANY])
def test_a_bad_row_is_named_and_the_rest_stays(bad, wrong, others):
    ring = Keyring([])
    problems = ring._load([bad, *map(row, range(1, others))], ring._ticket())
    [(identity, problem)] = problems
    assert wrong in problem, problem
    assert identity == (bad[0] if len(bad) == 6 and bad[0] not in (7, "\ud800") else "")
    assert digest(0).hex() not in problem
    assert ids(ring, range(others)) == [None, *(f"key-{n}" for n in range(1, others))]


@pytest.mark.parametrize("others", [3, MANY])
def test_what_is_in_doubt_is_out_of_force(others):
    ring = Keyring([])
    rows = [row(n) for n in range(10, 10 + others)]
    rows += [row(0), row(1, digest=digest(0))]  # one token
    rows += [row(2), row(3, id="key-2")]  # one id
    rows += [row(4, not_after=-1), row(5, id="key-4"), row(6, digest=digest(4))]  # those of a bad row
    problems = ring._load(iter(rows), ring._ticket())
    assert sorted({identity for identity, _ in problems}) == ["key-0", "key-1", "key-2", "key-4", "key-6"]
    assert ids(ring, range(7)) == [None] * 7
    assert len(ring) == others


@pytest.mark.parametrize("count", [10, 256, MANY])
def test_changes(count):
    ring = loaded(row(n) for n in range(count))
    changes = [("key-1", None), ("key-2", row(2, scopes="c")), ("new", row(count, id="new")), ("never", None)]
    assert ring._change(changes, ring._ticket()) == []
    assert ids(ring, [0, 1, 2, count]) == ["key-0", None, "key-2", "new"]
    assert ring.verify(token(2)).scopes == ("c",)
    assert len(ring) == count
    # Key-3 has been seen before it changes: what is kept of it goes.
    assert ring.verify(token(3)).scopes == ("a", "b")
    assert ring._change([("key-3", row(3, scopes="d"))], ring._ticket()) == []
    assert ring.verify(token(3)).scopes == ("d",)
    [(identity, problem)] = ring._change([("key-4", row(4, digest=b""))], ring._ticket())
    assert identity == "key-4" and "32 bytes" in problem
    assert ids(ring, [4]) == [None]
    [(identity, problem)] = ring._change([("key-5", row(6, id="key-6"))], ring._ticket())
    assert identity == "key-5" and "another id" in problem
    assert ids(ring, [5, 6, 7]) == [None, None, "key-7"]
    problems = ring._change([("thief", row(7, id="thief"))], ring._ticket())
    assert sorted(identity for identity, _ in problems) == ["key-7", "thief"]
    assert ids(ring, [7]) == [None]


def test_a_ring_of_keys_takes_changes_too():
    ring = Keyring([key(0), key(1)])
    assert ring._change([("key-0", None)], ring._ticket()) == []
    assert ids(ring, [0, 1]) == [None, "key-1"]


def test_changes_that_cannot_be_understood():
    ring = loaded(map(row, range(3)))
    for wrong in (None, [None], ["key-0"], [("key-0",)], [(0, None)]):
        with pytest.raises((TypeError, ValueError)):
            ring._change(wrong, ring._ticket())
    assert ids(ring, range(3)) == ["key-0", "key-1", "key-2"]


def test_a_ring_may_grow_and_shrink_past_the_limit():
    ring = loaded(row(n) for n in range(256))
    for n in range(256, 300):
        assert ring._change([(f"key-{n}", row(n))], ring._ticket()) == []
        assert ids(ring, [0, n, n + 1]) == ["key-0", f"key-{n}", None]
    for n in range(100):
        assert ring._change([(f"key-{n}", None)], ring._ticket()) == []
        assert ids(ring, [n, n + 1]) == [None, f"key-{n + 1}"]
    assert len(ring) == 200


def test_what_was_read_earlier_does_not_come_back():
    ring = loaded(map(row, range(300)))
    early, late = ring._ticket(), ring._ticket()
    assert ring._load(map(row, range(1, 300)), late) == []
    ring._load(map(row, range(300)), early)
    ring._change([("key-0", row(0))], early)
    ring._swap([key(0)], early)
    assert ids(ring, [0, 1]) == [None, "key-1"]


@pytest.mark.parametrize("count", [0, 10, MANY])
def test_a_snapshot(count):
    rows = [row(n, not_after=4_000_000_000 if n % 2 else None) for n in range(count)]
    ring = Keyring([])
    ring._load([*rows, row(5_000), row(5_001, digest=digest(5_000))], ring._ticket())
    blob = ring._blob()
    other = Keyring([])
    assert other._load_blob(blob, other._ticket()) == []
    assert ids(other, range(count + 1)) == [*(f"key-{n}" for n in range(count)), None]
    # What is in doubt stays so.
    [(identity, _)] = other._change([("key-5000", row(5_000))], other._ticket())
    assert identity == "key-5000"
    for damaged, wrong in [
        (b"", "not a snapshot"),
        (b"x" + blob, "not a snapshot"),
        (blob[:-1], "cut or changed"),
        (blob[:11] + b"\x02" + blob[12:], "version"),
        (blob[:-40] + bytes([blob[-40] ^ 1]) + blob[-39:], "cut or changed"),
    ]:
        with pytest.raises(KeyringError, match=wrong):
            other._load_blob(damaged, other._ticket())
    assert len(other) == count


# The deadline


def status(ring, presented=token(0)):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    return call(AuthMiddleware(app, auth=Bearer(ring)), headers=[bearer(presented)] if presented else []).status


@pytest.mark.parametrize("count", [1, MANY])
def test_after_the_deadline_nobody_is_admitted(count):
    ring = loaded(map(row, range(count)))
    assert status(ring) == 200
    ring._deadline(0)
    assert status(ring) == 503
    assert status(ring, "of-nobody-at-all") == 503
    assert status(ring, None) == 401
    assert ring.verify(token(0)) is None
    # Keys that come change nothing about it.
    ring._load(map(row, range(count)), ring._ticket())
    assert status(ring) == 503
    for seconds in (3_600, None, 1e300, float("inf")):
        ring._deadline(seconds)
        assert status(ring) == 200
    ring._deadline(1e-9)
    while status(ring) == 200:
        pass
    assert status(ring) == 503


@pytest.mark.parametrize("wrong", [-1, float("nan"), "soon"])
def test_what_is_no_deadline(wrong):
    ring = Keyring([key(0)])
    with pytest.raises((ValueError, TypeError)):
        ring._deadline(wrong)
    assert status(ring) == 200


# Under load


def test_readers_see_one_state_or_the_other():
    """Key-0 and its successor are never both good or both bad: each change moves the token in one step."""
    ring = loaded(map(row, range(MANY)))
    wrong, done = [], threading.Event()

    def read():
        while not done.is_set():
            found = ring.verify(token(0))
            if found is None or found.id not in ("key-0", "heir"):
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(300):
            assert ring._change([("key-0", None), ("heir", row(0, id="heir"))], ring._ticket()) == []
            assert ring._change([("heir", None), ("key-0", row(0))], ring._ticket()) == []
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not wrong


@pytest.mark.parametrize("rows", [[row(n) for n in range(50_000)], [None] * 50_000], ids=["good", "bad"])
def test_others_run_while_rows_are_read(rows):
    """Another thread gets on, though none of it is Python code. Bad rows are read alone, and not sorted."""
    ring, turns, done = Keyring([]), 0, threading.Event()
    interval = sys.getswitchinterval()

    def count():
        nonlocal turns
        while not done.is_set():
            turns += 1

    other = threading.Thread(target=count)
    sys.setswitchinterval(1e-5)
    try:
        other.start()
        before = turns
        ring._load(rows, ring._ticket())
        during = turns - before
    finally:
        done.set()
        other.join()
        sys.setswitchinterval(interval)
    assert during > 100


def test_a_bounded_number_of_principals_is_kept():
    def kept():
        gc.collect()
        return sum(type(thing).__name__ == "AuthCredentials" for thing in gc.get_objects())

    ring, before = loaded(map(row, range(50_000))), kept()
    for n in range(50_000):
        assert ring.verify(token(n)) is not None
    assert 1_000 < kept() - before <= 2 * 8_192
