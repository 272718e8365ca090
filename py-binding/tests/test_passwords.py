"""`Passwords`: who is admitted, how many are hashed at once, and what neither time nor errors say.

Where time does not matter, hashes are made by the cheapest parameters that Argon2id has.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import argon2
import pytest
from harness import asgi
from keys import READER, keyring
from sallet import AuthMiddleware, Bearer, Passwords, PasswordsBusy, PasswordsError, Principal
from sallet._hashing import Remembered
from sallet._reload import reload_or_log
from test_cli import run
from whoami import whoami

CHEAP = argon2.PasswordHasher(1, 8, 1)
OTHER = argon2.PasswordHasher(2, 8, 1)
# By a salt of its own, so that this is one text in every run.
ADA = CHEAP.hash("Sesam, öffne dich", salt=b"sixteen bytes of")


def given(name: str, password: str):
    return SimpleNamespace(username=name, password=password)


def verdict(passwords: Passwords, name: str, password: str) -> Principal | None:
    return asyncio.run(passwords(given(name, password)))


class Hashes:
    """What the package hashes meanwhile: the real hasher, watched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.stored: list[str] = []
        self.now = self.most = self.done = 0
        self.gate = threading.Event()
        self.gate.set()
        lock, verify = threading.Lock(), argon2.PasswordHasher.verify

        def watched(hasher, stored, password):
            with lock:
                self.stored.append(stored)
                self.now += 1
                self.most = max(self.most, self.now)
            try:
                assert self.gate.wait(10)
                return verify(hasher, stored, password)
            finally:
                with lock:
                    self.now -= 1
                    self.done += 1

        monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Hashes:
    return Hashes(monkeypatch)


# Who is admitted


def test_the_right_password_is_a_principal():
    passwords = Passwords({"ada": ADA, "bob": {"hash": ADA, "principal": "robert", "scopes": ["items:read"]}})
    assert verdict(passwords, "ada", "Sesam, öffne dich") == Principal("ada", "ada", ())
    assert verdict(passwords, "bob", "Sesam, öffne dich") == Principal("bob", "robert", ("items:read",))
    for name, password in [("ada", "Sesam"), ("ada", ""), ("Ada", "Sesam, öffne dich"), ("eve", "Sesam, öffne dich"), ("", "")]:
        assert verdict(passwords, name, password) is None
    assert verdict(passwords, "ada", "x" * 100_000) is None


def test_a_user_has_a_time():
    users = {
        "early": {"hash": ADA, "not_before": 32_503_680_000},
        "late": {"hash": ADA, "not_after": 1_000_000_000},
        "now": {"hash": ADA, "not_before": 1_000_000_000, "not_after": 32_503_680_000},
    }
    found = {name: verdict(Passwords(users), name, "Sesam, öffne dich") for name in users}
    assert found == {"early": None, "late": None, "now": Principal("now")}


def test_two_spellings_are_one_password_and_one_name():
    """RFC 8265 section 4.2.2 for passwords; RFC 7617 section 2.1 has both in normal form C."""
    composed, decomposed = "zo\u00eb", "zoe\u0308"
    for name, password in [(composed, f"{decomposed} 1"), (decomposed, f"{composed}\u00a01")]:
        passwords = Passwords({name: Passwords.hash(password)})
        for asked in (composed, decomposed):
            for space in (" ", "\u00a0", "\u3000"):
                assert verdict(passwords, asked, f"{asked}{space}1") == Principal(name)
        assert verdict(passwords, composed, "zoe 1") is None
    with pytest.raises(PasswordsError, match="two users"):
        Passwords({composed: ADA, decomposed: ADA})


def test_a_lookup_finds_users():
    rows = {"ada": ADA, "bob": {"name": "Bob", "hash": ADA, "scopes": ["a"], "not_after": None}}

    async def find(name):
        return rows.get(name)

    for lookup in (find, rows.get):
        passwords = Passwords(lookup=lookup)
        assert verdict(passwords, "ada", "Sesam, öffne dich") == Principal("ada")
        assert verdict(passwords, "bob", "Sesam, öffne dich") == Principal("Bob", "Bob", ("a",))
        assert verdict(passwords, "bob", "Sesam") is verdict(passwords, "eve", "Sesam, öffne dich") is None


@pytest.mark.parametrize("answer", [True, 1, ["ada"], {}, {"hash": None}, {"hash": ADA, "expires": 1}, "Sesam, öffne dich"])
def test_a_lookup_that_returns_no_user_is_an_error(answer):
    with pytest.raises((TypeError, PasswordsError), match="lookup"):
        verdict(Passwords(lookup=lambda name: answer), "ada", "Sesam, öffne dich")


def test_a_bearer_has_no_password():
    with pytest.raises(TypeError, match="Basic"):
        asyncio.run(Passwords({"ada": ADA})(SimpleNamespace(token=READER)))


# How many at once


def test_a_flood_of_wrong_passwords_leaves_the_event_loop_free(hashes: Hashes):
    users = {"ada": argon2.PasswordHasher(2, 4096, 1).hash("right")}
    passwords = Passwords(users, max_parallel=3, max_waiting=97)
    good = AuthMiddleware(whoami, Bearer(keyring()))
    answered = 0

    async def main():
        nonlocal answered
        flood = asyncio.gather(*(passwords(given(("ada", "eve")[n % 2], f"wrong {n}")) for n in range(100)))
        while not flood.done():
            reply = await asgi.send_to(good, asgi.http_scope(headers=[asgi.bearer(READER)]))
            assert reply.status == 200
            answered += not flood.done()
            await asyncio.sleep(0)
        assert await flood == [None] * 100

    asyncio.run(main())
    assert (hashes.most, hashes.done) == (3, 100)
    # A loop that hashes answers one before all of them; this one answers some thousands meanwhile.
    assert answered > 100


def test_only_some_may_wait(hashes: Hashes):
    passwords = Passwords({"ada": ADA}, max_parallel=1, max_waiting=2)
    hashes.gate.clear()

    async def main():
        tasks = [asyncio.ensure_future(passwords(given("ada", "Sesam, öffne dich"))) for _ in range(5)]
        done, _ = await asyncio.wait(tasks, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        refused = [task.exception() for task in done]
        hashes.gate.set()
        return refused, await asyncio.gather(*tasks, return_exceptions=True)

    refused, all_of_them = asyncio.run(main())
    assert all_of_them[:3] == [Principal("ada")] * 3 and set(refused) == set(all_of_them[3:])
    for error in refused:
        assert isinstance(error, PasswordsBusy)
        assert (error.status_code, error.headers) == (503, {"Retry-After": "1"})
    # Their places are free again.
    assert verdict(passwords, "ada", "Sesam, öffne dich") == Principal("ada")


def test_who_gives_up_while_waiting_is_not_hashed_and_while_hashed_keeps_the_place(hashes: Hashes):
    passwords = Passwords({"ada": ADA}, max_parallel=1, max_waiting=1)
    hashes.gate.clear()

    async def main():
        running, waiting = (asyncio.ensure_future(passwords(given("ada", "wrong"))) for _ in range(2))
        while not hashes.stored:
            await asyncio.sleep(0.001)
        running.cancel()
        waiting.cancel()
        await asyncio.wait([running, waiting])
        # One place is free, that of the one who waited.
        another = asyncio.ensure_future(passwords(given("ada", "Sesam, öffne dich")))
        await asyncio.sleep(0)
        with pytest.raises(PasswordsBusy):
            await passwords(given("ada", "Sesam, öffne dich"))
        hashes.gate.set()
        return await another

    assert asyncio.run(main()) == Principal("ada")
    assert (len(hashes.stored), hashes.most) == (2, 1)


FORKED = """
import asyncio, os, sys
from types import SimpleNamespace
from sallet import Passwords

passwords = Passwords({"ada": sys.argv[1]}, max_parallel=1, max_waiting=0)
ask = lambda: asyncio.run(asyncio.wait_for(passwords(SimpleNamespace(username="ada", password="right")), 20))
assert ask() is not None
child = os.fork()
if child == 0:
    os._exit(ask() is None)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or ask() is None)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_process_has_threads_of_its_own():
    """As gunicorn's workers after `--preload`: the parent has hashed already."""
    done = subprocess.run([sys.executable, "-c", FORKED, CHEAP.hash("right")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# What time says


def test_an_unknown_name_costs_what_most_users_do(hashes: Hashes):
    users = {"ada": ADA, "bob": CHEAP.hash("b"), "cyd": OTHER.hash("c"), "dan": {"hash": CHEAP.hash("d"), "not_after": 1}}
    passwords = Passwords(users)
    for name in ("ada", "eve", "fay", "dan"):
        assert verdict(passwords, name, "wrong") is None
    known, unknown, again, expired = hashes.stored
    assert (known, expired) == (ADA, users["dan"]["hash"])
    assert unknown not in users.values() and unknown == again
    assert argon2.extract_parameters(unknown) == argon2.extract_parameters(ADA)


def test_an_unknown_name_costs_what_the_last_one_found_did(hashes: Hashes):
    passwords = Passwords(lookup={"ada": ADA, "cyd": OTHER.hash("c")}.get)
    for name in ("ada", "eve", "cyd", "eve"):
        assert verdict(passwords, name, "wrong") is None
    known, unknown, other, again = map(argon2.extract_parameters, hashes.stored)
    assert (unknown, again) == (known, other)


# What is remembered


def test_every_password_is_hashed_unless_it_may_be_remembered(hashes: Hashes, tmp_path: Path):
    file = tmp_path / "users.toml"
    file.write_text(f'[[user]]\nname = "ada"\nhash = "{ADA}"\n')
    for options, times in ({}, 3), ({"remember": 60}, 1):
        del hashes.stored[:]
        passwords = Passwords.from_file(file, **options)
        assert [verdict(passwords, "ada", "Sesam, öffne dich") for _ in range(3)] == [Principal("ada")] * 3
        assert len(hashes.stored) == times

    del hashes.stored[:]
    assert [verdict(passwords, "ada", "wrong") for _ in range(3)] == [None] * 3
    assert len(hashes.stored) == 3
    # A removed user, one whose time is over, and one with another password are out at once.
    for block in ("# none", f'[[user]]\nname = "ada"\nhash = "{ADA}"\nnot_after = 1', f'[[user]]\nname = "ada"\nhash = "{OTHER.hash("new")}"'):
        file.write_text(block)
        passwords.reload()
        assert verdict(passwords, "ada", "Sesam, öffne dich") is None


def test_what_is_remembered_is_bounded_and_forgotten():
    remembered = Remembered(60)
    digests = [remembered.digest(ADA, b"%d" % number) for number in range(1030)]
    for digest in digests:
        remembered.add(digest)
    assert [digest in remembered for digest in (digests[0], digests[5], digests[6], digests[-1])] == [False, False, True, True]
    assert remembered.digest(ADA, b"1") != Remembered(60).digest(ADA, b"1")

    short = Remembered(0.01)
    short.add(digests[0])
    time.sleep(0.02)
    assert digests[0] not in short
    short.add(digests[1])
    assert list(short._until) == [digests[1]]


# Files


def test_the_printed_block_admits_and_reload_changes_it(tmp_path: Path, caplog):
    done = run("passwords", "hash", "--user", "zoë", "--principal", "Zoë B", "--scopes", "a b", input="pass word \n")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "users.toml"
    file.write_text(done.stdout, encoding="utf-8")
    passwords = Passwords.from_file(file)
    assert verdict(passwords, "zoë", "pass word ") == Principal("zoë", "Zoë B", ("a", "b"))
    assert verdict(passwords, "zoë", "pass word") is None
    file.write_text("[[user]]")
    with pytest.raises(PasswordsError, match="users.toml"):
        passwords.reload()
    reload_or_log(passwords)
    assert "the old users stay in force" in caplog.text and len(passwords) == 1
    file.write_text(f'[[user]]\nname = "bob"\nhash = "{ADA}"\n')
    passwords.reload()
    assert verdict(passwords, "zoë", "pass word ") is None and verdict(passwords, "bob", "Sesam, öffne dich")
    with pytest.raises(PasswordsError, match="from_file"):
        Passwords({}).reload()


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ((), b"", "1 to 1024 bytes"),
        ((), b"x" * 1025, "1 to 1024 bytes"),
        ((), b"a\x07b", "control character"),
        ((), b"a\xff", "UTF-8"),
        ((), "a\u0378".encode(), "Unicode"),
        (("--scopes", "a"), b"secret", "--user"),
        (("--user", "a:b"), b"secret", "colon"),
        (("--user", "a", "--scopes", 'a"b'), b"secret", "scope"),
    ],
)
def test_what_basic_cannot_send_is_not_hashed(arguments: tuple[str, ...], stdin: bytes, message: str):
    done = run("passwords", "hash", *arguments, input=stdin)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == "" and "secret" not in done.stderr


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (f'hash = "{ADA}"', "name"),
        (f'name = ""\nhash = "{ADA}"', "name"),
        (f'name = "a:b"\nhash = "{ADA}"', "colon"),
        ('name = "ada"', "not a hash of Argon2id"),
        ('name = "ada"\nhash = "hunter2"', "not a hash of Argon2id"),
        ('name = "ada"\nhash = "$2b$12$OsGq1PQkpWbKBFn6y0VfJu"', "not a hash of Argon2id"),
        (f'name = "ada"\nhash = "{ADA[:-1]}"', "not a hash of Argon2id"),
        (f'name = "ada"\nhash = "{ADA.replace("argon2id", "argon2d")}"', "not a hash of Argon2id"),
        # What RFC 9106 section 3.1 rules out: nothing can be compared with it.
        *[
            (f'name = "ada"\nhash = "{ADA.replace("m=8,t=1,p=1", how)}"', "not a hash of Argon2id")
            for how in ("m=4294967296,t=1,p=1", "m=15,t=1,p=2", "m=8,t=4294967296,p=1", "m=4294967295,t=1,p=16777216")
        ],
        ('name = "ada"\npassword = "hunter2"', "no passwords are stored"),
        (f'name = "ada"\nhash = "{ADA}"\nexpires = 2027-01-01', "'expires'"),
        (f'name = "ada"\nhash = "{ADA}"\nscopes = "a b"', "scopes"),
        (f'name = "ada"\nhash = "{ADA}"\nnot_before = 9\nnot_after = 3', "swap"),
        (f'name = "ada"\nhash = "{ADA}"\nnot_after = 2027-01-01', "not_after"),
    ],
)
def test_a_wrong_user_is_named_and_nothing_shown(tmp_path: Path, user: str, message: str):
    file = tmp_path / "users.toml"
    file.write_text(f"[[user]]\n{user}\n")
    with pytest.raises(PasswordsError, match="users.toml") as raised:
        Passwords.from_file(file)
    assert message in str(raised.value)
    assert "hunter2" not in str(raised.value) and "argon2id$v=19$m=8" not in str(raised.value)


# What is not said


def locals_of(error: BaseException | None) -> str:
    """All that a traceback holds, as error trackers send it."""
    text = ""
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            if "test_passwords" not in trace.tb_frame.f_code.co_filename:
                text += repr(trace.tb_frame.f_locals)
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return text


@pytest.fixture
def a_tebibyte_at_most():
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 40, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def test_no_traceback_holds_the_password(caplog, a_tebibyte_at_most):
    class Given:
        username, password = "ada", "hunter2"

        def __repr__(self):
            return "Given()"

    def broken(name):
        raise ConnectionError("no database")

    too_much = ADA.replace("m=8", "m=4294967295")
    for passwords, error in (Passwords(lookup=broken), ConnectionError), (Passwords({"ada": too_much}), PasswordsBusy):
        with pytest.raises(error) as raised:
            asyncio.run(passwords(Given()))
        seen = locals_of(raised.value)
        assert "Given()" in seen and "hunter2" not in seen
    assert "could not be checked: Memory" in caplog.text
    assert ADA not in repr(passwords)
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(passwords)


# How it is made


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    for wrong, message in [
        (dict(), "users or a lookup"),
        (dict(users={}, lookup=print), "users or a lookup"),
        (dict(users=["ada"]), "dict"),
        (dict(users="users.toml"), r"write Passwords.from_file\(path\)"),
        (dict(users={}, remember=True), "remember=60"),
        (dict(users={}, remember="60"), "remember=60"),
        (dict(users={}, remember=-1), "remember=60"),
        (dict(users={}, max_parallel=0), "max_parallel=4"),
        (dict(users={}, max_waiting=-1), "max_waiting=4"),
        (dict(users={}, parallel=1), "max_parallel"),
    ]:
        with pytest.raises(TypeError, match=message):
            Passwords(**wrong)
    with pytest.raises(TypeError, match="decode it first"):
        Passwords.hash(b"secret")  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "argon2", None)
    for make in (lambda: Passwords({}), lambda: Passwords.hash("x")):
        with pytest.raises(ImportError, match=r"pip install 'sallet\[passwords\]'"):
            make()
