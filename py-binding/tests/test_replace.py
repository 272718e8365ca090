"""`Keyring.replace`, going through the keys, and `Keyring.from_callable`."""

from __future__ import annotations

import copy
import hashlib
import pickle
import signal
import threading

import pytest
from keys import EXPIRED, READER, UNKNOWN, WRITER, keyring
from sallet import Key, Keyring, KeyringError
from test_keyring import FILE
from test_reload_on import handlers, until  # noqa: F401

DIGEST = hashlib.sha256(READER.encode()).hexdigest()


# Other keys


def test_replace_takes_other_keys():
    ring = keyring()
    assert ring.replace([Key("new", token=UNKNOWN)]) is None
    assert (ring.verify(UNKNOWN).id, ring.verify(READER), len(ring)) == ("new", None, 1)
    ring.replace(key for key in keyring() if key.id != "reader-1")
    assert (ring.verify(WRITER).id, ring.verify(READER), ring.verify(UNKNOWN)) == ("writer-1", None, None)


@pytest.mark.parametrize("nothing", [[], (), iter(()), Keyring([])], ids=lambda value: type(value).__name__)
def test_the_last_key_can_be_taken_out(nothing):
    ring = keyring()
    ring.replace(nothing)
    assert (len(ring), bool(ring), ring.verify(READER)) == (0, True, None)


def test_what_makes_no_keyring_changes_nothing():
    ring = keyring()

    def broken():
        yield Key("new", token=UNKNOWN)
        raise LookupError("the database is away")

    for wrong, kind in [
        ([Key("a", token=READER), Key("a", token=WRITER)], KeyringError),
        ([Key("a", token=READER), Key("b", token=READER)], KeyringError),
        ([Key("a", token=READER), READER], TypeError),
        ([None], TypeError),
        (None, TypeError),
        ({"a": READER}, TypeError),
        (READER, TypeError),
        (Key("a", token=READER), TypeError),
        (broken(), LookupError),
    ]:
        with pytest.raises(kind) as caught:
            ring.replace(wrong)
        assert READER not in str(caught.value)
        assert (len(ring), ring.verify(READER).id, ring.verify(UNKNOWN)) == (4, "reader-1", None)


def test_a_guard_sees_the_other_keys():
    from harness import asgi
    from sallet import AuthMiddleware, Bearer
    from whoami import whoami

    ring = keyring()
    app = AuthMiddleware(whoami, Bearer(ring))
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 200
    ring.replace([Key("new", token=UNKNOWN)])
    assert asgi.call(app, "/", [asgi.bearer(READER)]).status == 401
    assert asgi.call(app, "/", [asgi.bearer(UNKNOWN)]).status == 200


def test_a_slow_reload_does_not_undo_a_replace():
    """The reload has read the key that `replace` then takes out, and ends after it."""
    has_read, may_end, slow = threading.Event(), threading.Event(), False

    def load():
        keys = list(keyring())
        if slow:
            has_read.set()
            assert may_end.wait(30)
        return keys

    ring = Keyring.from_callable(load)
    slow = True
    reload = threading.Thread(target=ring.reload)
    reload.start()
    assert has_read.wait(30)
    ring.replace([key for key in ring if key.id != "reader-1"])
    may_end.set()
    reload.join()
    assert (ring.verify(READER), ring.verify(WRITER).id) == (None, "writer-1")
    # One that begins later is taken.
    slow = False
    ring.reload()
    assert ring.verify(READER).id == "reader-1"


def test_no_request_is_without_keys_while_they_are_replaced():
    """One key stays while all others change: it is never missed, and what was taken out is never found again."""
    ring, wrong, done = keyring(), [], threading.Event()

    def ask():
        while not done.is_set():
            if ring.verify(WRITER) is None:
                wrong.append("a key that stays was missed")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    stays = Key("stays", token=WRITER)
    for n in range(500):
        ring.replace([Key(f"other-{n}", token=READER), stays] if n % 2 else [stays])
        if (ring.verify(READER) is not None) != bool(n % 2):
            wrong.append("a key that was taken out was found")
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


# Going through the keys


def test_iteration_gives_every_key():
    ring = keyring()
    assert [(key.id, key.principal, key.scopes, key.not_before, key.not_after) for key in ring] == [
        ("reader-1", "reader", ("items:read",), None, None),
        ("writer-1", "writer", ("items:read", "items:write"), None, None),
        ("expired-1", "reader", (), None, 1_000_000_000),
        ("early-1", "reader", (), 32_503_680_000, None),
    ]
    assert list(Keyring([])) == []
    assert all(isinstance(key, Key) for key in ring)


def test_a_key_of_a_ring_is_as_good_as_the_one_it_was_made_of():
    ring = Keyring([key for key in keyring() if key.principal == "writer"])
    assert (ring.verify(WRITER).scopes, ring.verify(READER)) == (("items:read", "items:write"), None)
    assert [key.id for key in Keyring(ring)] == ["writer-1"]


def test_iteration_gives_the_keys_of_one_moment():
    ring = keyring()
    going = iter(ring)
    assert next(going).id == "reader-1"
    ring.replace([])
    assert [key.id for key in going] == ["writer-1", "expired-1", "early-1"]
    assert list(going) == list(ring) == []
    assert iter(going) is going


def test_very_many_keys_are_gone_through_and_replaced():
    """Beyond 256 they are kept in another way."""
    ring = Keyring([*keyring(), *(Key(f"key-{n}", token=f"{UNKNOWN}-{n}", scopes=["a", "b"], not_after=2**33 + n) for n in range(500))])
    keys = {key.id: key for key in ring}
    assert len(keys) == len(ring) == len(list(ring)) == 504
    assert all(key.principal == name and key.scopes == ("a", "b") for name, key in keys.items() if name.startswith("key-"))
    assert keys["key-7"].not_after == 2**33 + 7 and keys["writer-1"].principal == "writer"
    assert "key-499" in ring and "key-500" not in ring and "expired-1" in ring
    going = iter(ring)
    ring.replace([key for key in ring if key.id != "key-7"])
    assert (len(ring), ring.verify(f"{UNKNOWN}-7"), ring.verify(f"{UNKNOWN}-8").id) == (503, None, "key-8")
    assert len(list(going)) == 504 and "key-7" not in ring
    with pytest.raises(KeyringError):
        ring.replace([*ring, next(iter(ring))])
    assert len(ring) == 503


def test_nothing_of_a_key_shows_its_token_or_digest():
    key = next(iter(keyring()))
    # Every attribute, too: a digest of a token that a person chose can be guessed from.
    shown = [repr(key), str(key), f"{key}", *(repr(getattr(key, name)) for name in dir(key))]
    for text in shown:
        assert READER not in text and DIGEST not in text.lower() and DIGEST[:16] not in text.lower(), text
    assert repr(list(DIGEST)) not in shown and not hasattr(key, "__dict__")
    for carry in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secrets"):
            carry(key)
    for carry in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            carry(iter(keyring()))


def test_in():
    ring = keyring()
    assert "reader-1" in ring and "expired-1" in ring
    assert "reader" not in ring and READER not in ring and "" not in ring and "\ud800" not in ring
    for wrong in (next(iter(ring)), None, 1, b"reader-1"):
        with pytest.raises(TypeError, match=r"key\.id in"):
            wrong in ring  # noqa: B015


# From a function


def test_from_callable():
    keys = [Key("a", token=READER)]
    ring = Keyring.from_callable(lambda: keys)
    assert (ring.verify(READER).id, len(ring)) == ("a", 1)
    keys = [Key("b", token=WRITER)]
    assert ring.verify(WRITER) is None
    ring.reload()
    assert (ring.verify(READER), ring.verify(WRITER).id) == (None, "b")

    def one_by_one():
        yield from keys

    assert Keyring.from_callable(one_by_one).verify(WRITER).id == "b"
    assert Keyring.from_callable(lambda: keyring()).verify(READER).id == "reader-1"


def test_no_key_from_a_function_is_a_ring_that_admits_nobody(caplog):
    def load_none():
        return []

    ring = Keyring.from_callable(load_none)
    assert (len(ring), ring.verify(READER)) == (0, None)
    assert "load_none: no key is in it" in caplog.text


async def _async_keys():
    return []


async def _async_generator():
    yield Key("a", token=READER)


class _AsyncCall:
    async def __call__(self):
        return []


@pytest.mark.parametrize("load", [_async_keys, _async_generator, _AsyncCall()], ids=lambda one: type(one).__name__)
@pytest.mark.filterwarnings("error")  # of a coroutine that nobody awaited
def test_an_async_function_is_refused_with_the_fix(load):
    with pytest.raises(TypeError, match=r"async.*replace\(await load_keys\(\)\)"):
        Keyring.from_callable(load)
    # Where nothing shows before the call that it is one.
    with pytest.raises(KeyringError, match=r"async.*replace\(await load_keys\(\)\)"):
        Keyring.from_callable(lambda: load())


@pytest.mark.parametrize("wrong", [None, [], "keys.toml", 1])
def test_what_is_no_function_is_refused(wrong):
    with pytest.raises(TypeError, match=r"Keyring\.from_callable\(load_keys\)"):
        Keyring.from_callable(wrong)


@pytest.mark.parametrize("found", [None, 1, READER, [READER], {"a": READER}, [Key("a", token=READER), None], Key("a", token=READER)])
def test_what_is_no_list_of_keys_is_refused_and_changes_nothing(found):
    answer = [Key("b", token=WRITER)]

    def load_keys():
        return answer

    ring = Keyring.from_callable(load_keys)
    answer = found
    for again in (ring.reload, lambda: Keyring.from_callable(load_keys)):
        with pytest.raises(KeyringError, match="load_keys returned .*return a list of Key") as caught:
            again()
        assert READER not in str(caught.value)
    assert (len(ring), ring.verify(WRITER).id) == (1, "b")


def test_keys_that_make_no_ring_name_the_function():
    def load_twice():
        return [Key("a", token=READER), Key("a", token=WRITER)]

    with pytest.raises(KeyringError, match="load_twice: .*id"):
        Keyring.from_callable(load_twice)


def test_what_a_function_raises_is_not_caught_and_changes_nothing():
    away = False

    def load():
        if away:
            raise LookupError(READER)
        return keyring()

    ring = Keyring.from_callable(load)
    away = True
    with pytest.raises(LookupError):
        ring.reload()
    assert ring.verify(READER).id == "reader-1"


def test_reload_on_calls_the_function_again(caplog):
    keys = [Key("a", token=READER)]

    def load():
        if keys is None:
            raise LookupError(READER)
        return keys

    ring = Keyring.from_callable(load)
    ring.reload_on(signal.SIGUSR1)
    keys = [Key("b", token=WRITER)]
    signal.raise_signal(signal.SIGUSR1)
    until(lambda: ring.verify(WRITER) is not None)
    keys = None
    signal.raise_signal(signal.SIGUSR1)
    until(lambda: "stay in force" in caplog.text)
    assert "LookupError" in caplog.text and READER not in caplog.text
    assert ring.verify(WRITER).id == "b"


def test_reload_with_nothing_to_reload_from_names_every_way():
    for source in ("from_file", "from_env", "from_callable", "replace"):
        with pytest.raises(KeyringError, match=source):
            keyring().reload()


def test_replace_and_reload_on_one_ring(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text(FILE)
    ring = Keyring.from_file(file)
    ring.replace([Key("other", token=EXPIRED)])
    assert (ring.verify(READER), ring.verify(EXPIRED).id) == (None, "other")
    ring.reload()
    assert (ring.verify(READER).id, ring.verify(EXPIRED)) == ("ci-1", None)
