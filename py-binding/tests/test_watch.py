"""`from_file(path, watch=True)`: a change of the file is in force by itself, in every process, and no bad file ends that."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import logging
import mmap
import os
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from typing import NamedTuple

import pytest
from harness.servers import Server
from keys import READER, UNKNOWN, WRITER
from sallet import Key, Keyring, KeyringError, Passwords, _watch
from test_keyring import BAD_FILES, sha256
from test_reload_on import block, until

GOOD, OTHER = block("reader", READER), block("writer", WRITER)
HASHES = {name: Passwords.hash(name) for name in ("ada", "bob")}


class UserPassword(NamedTuple):
    username: str
    password: str


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(GOOD)
    return path


def written(path, text: str) -> None:
    """As careful writers do it: another file, renamed onto it."""
    other = path.with_suffix(".new")
    other.write_text(text)
    os.replace(other, path)


def looks(number: int) -> None:
    """Waits until the thread has looked so many times more, by an event and not by a guess at its speed."""
    for _ in range(number):
        looked = threading.Event()

        class Marker:
            def look(self, looked=looked) -> bool:
                looked.set()
                return False

        _watch._watcher.add(Marker())
        assert looked.wait(30)


# A change


@pytest.mark.parametrize("write", ["rename", "in place", "symlink", "folder", "same size and times"])
def test_a_change_is_taken(tmp_path, file, write):
    if write == "symlink":
        file.unlink()
        for name, text in (("1.toml", GOOD), ("2.toml", OTHER)):
            (tmp_path / name).write_text(text)
        file.symlink_to("1.toml")
    elif write == "folder":
        # A volume of Kubernetes: the file is a link into ..data, which is a link to a folder, and that one is changed.
        file.unlink()
        for name, text in (("..2026_12_01", GOOD), ("..2026_12_02", OTHER)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "keys.toml").write_text(text)
        (tmp_path / "..data").symlink_to("..2026_12_01")
        file.symlink_to("..data/keys.toml")
    ring = Keyring.from_file(file, watch=True)
    assert (ring.verify(READER).id, ring.verify(WRITER)) == ("reader", None)
    looks(3)
    if write == "rename":
        written(file, OTHER)
    elif write == "in place":
        file.write_text(OTHER)
    elif write == "symlink":
        (tmp_path / "new").symlink_to("2.toml")
        os.replace(tmp_path / "new", file)
    elif write == "folder":
        (tmp_path / "..data_tmp").symlink_to("..2026_12_02")
        os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
        (tmp_path / "..2026_12_01" / "keys.toml").unlink()
    else:  # cp -p, rsync -t
        assert len(GOOD) == len(OTHER)
        before = os.stat(file)
        file.write_text(OTHER)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    until(lambda: ring.verify(WRITER) is not None)
    assert ring.verify(READER) is None


def test_a_second_change_that_leaves_size_and_times_is_taken(file, monkeypatch):
    """As two writes within one tick of the file system's clock do, which Linux since 6.13 no longer shows.

    Writing to memory that is mapped from the file does: it sets the times once, when the page becomes dirty.
    """
    monkeypatch.setattr(_watch, "COARSEST", 1000.0)  # however slow this machine is
    ring = Keyring.from_file(file)
    watched = _watch._Watched(ring, ring._source, file.read_bytes())
    with open(file, "r+b") as there, mmap.mmap(there.fileno(), 0) as memory:
        same = 0
        for text, token in [(OTHER, WRITER), (GOOD, READER)] * 10:
            watched.look()
            before = _watch._stamp(watched._file)
            memory[:] = text.encode()
            same += _watch._stamp(watched._file) == before
            watched.look()
            watched.look()
            assert ring.verify(token) is not None
    assert same, "no change left the times as they were"


def test_a_change_between_the_reading_and_the_first_look_is_taken(file):
    ring = Keyring.from_file(file, watch=True)
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None)


def test_several_files_of_several_rings(tmp_path):
    files = [tmp_path / f"{name}.toml" for name in "abc"]
    for path in files:
        path.write_text(GOOD)
    rings = [Keyring.from_file(path, watch=True) for path in (*files, files[0])]
    files[1].write_text("broken")
    written(files[0], OTHER)
    until(lambda: rings[0].verify(WRITER) is not None and rings[3].verify(WRITER) is not None)
    assert rings[1].verify(READER) is not None and rings[2].verify(READER) is not None
    assert sum(thread.name == "sallet-watch" for thread in threading.enumerate()) == 1


def test_the_last_key_can_be_revoked(file, caplog):
    ring = Keyring.from_file(file, watch=True)
    written(file, "# nobody\n")
    until(lambda: ring.verify(READER) is None)
    assert len(ring) == 0 and "no key is in it" in caplog.text


def test_from_another_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ring = Keyring.from_file("keys.toml", watch=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None)


# What is written bit by bit


def test_half_a_file_is_not_taken(file, caplog):
    """Up to a line end it is a good file: one whose key has no end yet."""
    ended = OTHER + "not_after = 2001-09-09T01:46:40Z\n"
    ring = Keyring.from_file(file)
    watched = _watch._Watched(ring, ring._source, file.read_bytes())
    with open(file, "w") as there:
        for line in ended.splitlines(keepends=True):
            watched.look()
            assert ring.verify(READER).id == "reader" and ring.verify(WRITER) is None
            there.write(line)
            there.flush()
    watched.look()
    assert ring.verify(READER).id == "reader"
    watched.look()
    assert (ring.verify(READER), ring.verify(WRITER), len(ring)) == (None, None, 1)
    assert not caplog.records


@pytest.mark.parametrize("half", ["", "[[key", "\ufeff", "[[key]]\nid = 'a'\n"])
def test_what_is_right_a_moment_later_is_not_logged(file, caplog, monkeypatch, half):
    monkeypatch.setattr(_watch, "PATIENCE", 1000.0)  # the moment
    ring = Keyring.from_file(file, watch=True)
    with caplog.at_level(logging.INFO, "sallet.auth"):
        file.write_text(half)
        looks(2)
        assert ring.verify(READER).id == "reader"
        file.write_text(OTHER)
        until(lambda: ring.verify(WRITER) is not None and len(caplog.records) > 0)
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [("INFO", f"{file}: read again, keys: 1")]


def test_a_file_that_never_rests_is_logged(file, caplog, monkeypatch):
    ring = Keyring.from_file(file)
    watched = _watch._Watched(ring, ring._source, file.read_bytes())
    monkeypatch.setattr(_watch, "RESTLESS", 0.0)
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    for n in range(5):
        file.write_text(f"{OTHER}# {n}\n")
        watched.look()
    assert ring.verify(READER) is not None
    assert len(caplog.records) == 1 and "changes all the time" in caplog.text and "rename it onto" in caplog.text
    watched.look()
    assert ring.verify(WRITER) is not None and "right again" in caplog.records[1].getMessage()


# What is wrong


def test_a_bad_file_is_logged_with_its_fix_again_and_when_it_is_right(file, caplog, monkeypatch):
    monkeypatch.setattr(_watch, "AGAIN", 1.0)  # the minute
    ring = Keyring.from_file(file, watch=True)
    file.write_text(OTHER + "[[key]]\nid = 'the-bad-one'\nsha256 = 'abc'\n")
    until(lambda: len(caplog.records) >= 3)
    for record in caplog.records:
        assert (record.name, record.levelname) == ("sallet.auth", "ERROR")
        assert record.getMessage().startswith(f'the old keys stay in force: {file}: key "the-bad-one": ')
        assert "64 hexadecimal digits" in record.getMessage()
    assert ring.verify(READER).id == "reader" and ring.verify(WRITER) is None
    # Another mistake is said at once, and not when the minute is over.
    monkeypatch.setattr(_watch, "AGAIN", 1000.0)
    file.write_text("[[keys]]\n")
    until(lambda: "[[key]]" in caplog.records[-1].getMessage())
    caplog.clear()
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None and len(caplog.records) == 1)
    assert (caplog.records[0].levelname, caplog.records[0].getMessage()) == ("WARNING", f"{file}: right again, keys: 1")


def test_a_file_that_is_as_it_was_is_right_again(file, caplog, monkeypatch):
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    ring = Keyring.from_file(file, watch=True)
    file.write_text("broken")
    until(lambda: len(caplog.records) == 1)
    file.write_text(GOOD)
    until(lambda: len(caplog.records) == 2)
    assert "right again" in caplog.records[1].getMessage() and ring.verify(READER).id == "reader"


@pytest.mark.parametrize("gone", ["removed", "a folder", "a pipe", "its folder is gone", "a link to nothing", "a link to itself"])
def test_without_the_file_the_old_keys_stay(tmp_path, gone, caplog, monkeypatch):
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "keys.toml"
    file.write_text(GOOD)
    ring = Keyring.from_file(file, watch=True)
    file.unlink()
    if gone == "a folder":
        file.mkdir()
    elif gone == "a pipe":
        os.mkfifo(file)  # to read it would be to wait for a writer
    elif gone == "its folder is gone":
        folder.rmdir()
    elif gone == "a link to nothing":
        file.symlink_to("nothing")
    elif gone == "a link to itself":
        file.symlink_to("keys.toml")
    until(lambda: len(caplog.records) == 1)
    assert "the old keys stay in force" in caplog.text and str(file) in caplog.text
    assert ring.verify(READER).id == "reader"
    if gone == "a folder":
        file.rmdir()
    folder.mkdir(exist_ok=True)
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None)


def test_every_bad_file_leaves_the_old_keys_and_a_watcher(file, caplog, monkeypatch):
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    ring = Keyring.from_file(file)
    watched = _watch._Watched(ring, ring._source, file.read_bytes())
    for name, bad in {**BAD_FILES, "nested": "a = " + "[" * 5000, "digits": "a = " + "9" * 5000}.items():
        file.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
        assert watched.look() and watched.look()
        said = caplog.records[-1].getMessage()
        assert said == f"the old keys stay in force: {watched._wrong}" and str(file) in said, name
        assert ring.verify(READER).id == "reader", name
    # The same mistake of two files in a row is said once: the next time would be in a minute.
    assert len(BAD_FILES) >= len(caplog.records) > 10
    said = [record.getMessage() for record in caplog.records]
    assert all(one != other for one, other in zip(said, said[1:], strict=False))
    assert READER not in caplog.text and sha256(READER) not in caplog.text
    written(file, OTHER)
    assert watched.look() and watched.look()
    assert ring.verify(WRITER) is not None


def test_an_error_nobody_thought_of_is_logged_without_its_words_and_tried_again(file, caplog, monkeypatch):
    """As when there was no memory for so large a file: nothing of the file changes, and it is read all the same."""
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    monkeypatch.setattr(_watch, "AGAIN", 0.5)
    broken = True

    class Mine(Keyring):
        def _take(self, keys, ticket):
            if broken:
                raise RuntimeError(READER)
            super()._take(keys, ticket)

    ring = Mine.from_file(file, watch=True)
    written(file, OTHER)
    until(lambda: len(caplog.records) >= 2)
    assert "raised RuntimeError" in caplog.text and READER not in caplog.text
    assert ring.verify(READER) is not None
    broken = False
    until(lambda: ring.verify(WRITER) is not None)


def test_a_log_handler_that_raises_does_not_end_the_watch(file, monkeypatch):
    monkeypatch.setattr(_watch, "PATIENCE", 0.0)
    raised = threading.Event()

    class Handler(logging.Handler):
        def handle(self, record):
            raised.set()
            raise RuntimeError("the collector of logs is away")

    handler = Handler()
    logging.getLogger("sallet.auth").addHandler(handler)
    try:
        ring = Keyring.from_file(file, watch=True)
        file.write_text("broken")
        assert raised.wait(30)
        written(file, OTHER)
        until(lambda: ring.verify(WRITER) is not None)
    finally:
        logging.getLogger("sallet.auth").removeHandler(handler)


# Next to replace and reload


def test_a_look_that_began_before_a_replace_does_not_undo_it(file):
    reading, may_end = threading.Event(), threading.Event()
    ring = Keyring.from_file(file)
    source = ring._source

    class Slow:
        path, error = source.path, source.error

        def read(self):
            return source.read()

        def parse(self, data):
            reading.set()
            assert may_end.wait(30)
            return source.parse(data)

    watched = _watch._Watched(ring, Slow(), file.read_bytes())
    written(file, GOOD + OTHER)
    watched.look()
    thread = threading.Thread(target=watched.look)
    thread.start()
    assert reading.wait(30)
    ring.replace([Key("reader", token=READER)])  # the writer is revoked
    may_end.set()
    thread.join()
    assert (ring.verify(READER).id, ring.verify(WRITER)) == ("reader", None)


def test_replace_stands_until_the_file_changes(file):
    ring = Keyring.from_file(file, watch=True)
    ring.replace([Key("other", token=UNKNOWN)])
    looks(3)
    assert (ring.verify(UNKNOWN).id, ring.verify(READER)) == ("other", None)
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None)
    assert ring.verify(UNKNOWN) is None


def test_reload_by_hand_and_the_watch_agree(file):
    ring = Keyring.from_file(file, watch=True)
    written(file, OTHER)
    ring.reload()
    assert ring.verify(WRITER) is not None
    looks(3)
    assert (ring.verify(WRITER).id, ring.verify(READER)) == ("writer", None)


# Users


def test_users_are_watched_too(tmp_path, caplog):
    def users(name: str) -> str:
        return f'[[user]]\nname = "{name}"\nhash = "{HASHES[name]}"\n'

    def admits(name: str) -> bool:
        return asyncio.run(passwords(UserPassword(name, name))) is not None

    file = tmp_path / "users.toml"
    file.write_text(users("ada"))
    with pytest.raises(TypeError, match="watch=True"):
        Passwords.from_file(file, watch=1)
    passwords = Passwords.from_file(file, watch=True)
    assert admits("ada") and not admits("bob")
    file.write_text(users("bob").replace("argon2id", "argon2i"))
    until(lambda: "the old users stay in force" in caplog.text)
    assert str(file) in caplog.text and "'bob'" in caplog.text and HASHES["bob"] not in caplog.text
    assert admits("ada")
    written(file, users("bob"))
    until(lambda: admits("bob") and not admits("ada"))


def test_a_slow_reload_does_not_bring_a_user_back(tmp_path):
    file = tmp_path / "users.toml"
    file.write_text(f'[[user]]\nname = "ada"\nhash = "{HASHES["ada"]}"\n')
    passwords = Passwords.from_file(file)
    ticket, old = passwords._ticket(), passwords._reloadable()()
    file.write_text("# nobody\n")
    passwords.reload()
    passwords._take(old, ticket)
    assert len(passwords) == 0


# The thread


def test_a_keyring_that_was_given_up_is_not_watched(file, caplog):
    ring = Keyring.from_file(file, watch=True)
    other = Keyring.from_file(file, watch=True)
    file.write_text("broken")
    until(lambda: len(caplog.records) >= 2)  # an error that it has logged does not hold it
    gone = weakref.ref(ring)
    del ring
    gc.collect()  # of what pytest holds of earlier tests
    until(lambda: gone() is None)
    looks(2)
    followed = [one._ring() for one in _watch._watcher._watched if isinstance(one, _watch._Watched)]
    assert None not in followed and other in [one for one in followed if one is other]
    del other, followed
    gc.collect()
    until(lambda: _watch._watcher._thread is None)
    # And with the next one it begins again.
    written(file, GOOD)
    ring = Keyring.from_file(file, watch=True)
    written(file, OTHER)
    until(lambda: ring.verify(WRITER) is not None)


def test_what_cannot_be_watched_is_told_at_once(tmp_path):
    with pytest.raises(TypeError, match="watch=True"):
        Keyring.from_file(tmp_path / "keys.toml", watch=0.5)
    with pytest.raises(KeyringError, match="no such file"):
        Keyring.from_file(tmp_path / "keys.toml", watch=True)
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)

    def write():
        with contextlib.suppress(OSError):
            pipe.write_text(GOOD)

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(KeyringError, match="not a regular file"):
        Keyring.from_file(pipe, watch=True)
    writer.join()


def child(program: str, *arguments: object, stdin: str | None = None) -> str:
    """What a program of its own writes; it must end well."""
    done = subprocess.run(
        # Python 3.12 and newer warn of every fork of a process that has threads.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True, text=True, timeout=120, input=stdin, cwd=os.path.dirname(__file__),
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_a_child_watches_by_itself(file):
    """Forked at random moments, while the file changes: a lock or half a state of the parent's must not stop the child."""
    child(
        """
        import os, sys, threading, time
        sys.path.append("apps")
        from pathlib import Path
        from keys import READER, WRITER
        from sallet import Keyring
        from test_reload_on import block

        file = Path(sys.argv[1])
        new = file.with_suffix(".new")

        def written(text):
            new.write_text(text)
            os.replace(new, file)

        def until(condition):
            deadline = time.monotonic() + 30
            while not condition():
                assert time.monotonic() < deadline
                time.sleep(0.01)

        def names():
            return [thread.name for thread in threading.enumerate()].count("sallet-watch")

        ring = Keyring.from_file(file, watch=True)
        children = []
        said, say = os.pipe()
        for n in range(8):
            written(block(f"reader-{n}", READER))
            time.sleep(0.07)
            if not (pid := os.fork()):
                code = 1
                try:
                    assert names() == 1
                    until(lambda: ring.verify(WRITER) is not None and ring.verify(READER) is None)
                    if not (grandchild := os.fork()):
                        until(lambda: ring.verify(READER) is not None)
                        os._exit(7)
                    os.write(say, b"!")
                    until(lambda: ring.verify(READER) is not None)
                    code = 0 if os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 7 else 2
                finally:
                    os._exit(code)
            children.append(pid)
        written(block("writer", WRITER))
        until(lambda: ring.verify(WRITER) is not None)
        for _ in children:
            assert os.read(said, 1)
        written(block("reader", READER))
        for pid in children:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert names() == 1
        """,
        file,
    )


@pytest.mark.parametrize("moment", ["at once", "while it reads"])
def test_the_thread_ends_with_the_process(file, moment):
    """A process ends by itself, with nothing on stderr, also while the thread is in the middle of a large file."""
    if moment == "while it reads":
        file.write_text("".join(block(f"key-{n}", f"{READER}-{n}") for n in range(5000)))
    child(
        """
        import sys, time
        from sallet import Keyring

        ring = Keyring.from_file(sys.argv[1], watch=True)
        if sys.argv[2] == "while it reads":
            open(sys.argv[1], "a").write("# changed")
            time.sleep(0.6)
        """,
        file,
        moment,
    )


# Servers


class Workers:
    """A connection to each worker of a server: each goes to one process for as long as it is kept open."""

    def __init__(self, port: int, number: int) -> None:
        self.connections: dict[int, http.client.HTTPConnection] = {}
        self.threads: dict[int, int] = {}
        deadline = time.monotonic() + 60
        while len(self.connections) < number:
            assert time.monotonic() < deadline, f"only {len(self.connections)} workers answer"
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.request("GET", "/process")
                pid, threads = json.loads(connection.getresponse().read())
            except OSError:  # it is still starting
                continue
            self.connections.setdefault(pid, connection)
            self.threads[pid] = threads

    def statuses(self, token: str) -> set[int]:
        """The answer of each worker."""
        found = set()
        for pid, connection in self.connections.items():
            connection.request("GET", "/items", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status != 200 or json.loads(body) == pid, "a connection went to another worker"
            found.add(answer.status)
        return found


SERVERS = {
    "uvicorn with two workers": ("uvicorn", "--workers", "2"),
    "gunicorn with two workers": ("gunicorn", "-k", "asgi", "--workers", "2", "--keep-alive", "60"),
    "gunicorn that loads the app first": ("gunicorn", "-k", "asgi", "--workers", "2", "--keep-alive", "60", "--preload"),
}


@pytest.mark.parametrize("server", SERVERS)
def test_every_worker_takes_the_change(file, server):
    kind, *options = SERVERS[server]
    running = Server(kind, "watching:app", *options, env={"KEYS": str(file)}).start()
    try:
        workers = Workers(running.port, 2)
        assert list(workers.threads.values()) == [1, 1]
        assert (workers.statuses(READER), workers.statuses(WRITER)) == ({200}, {401})
        for bad in ("", "broken", GOOD[:-20]):
            file.write_text(bad)
            assert workers.statuses(READER) == {200}
        written(file, OTHER)
        until(lambda: workers.statuses(WRITER) == {200})
        until(lambda: workers.statuses(READER) == {401})
        written(file, "# nobody\n")
        until(lambda: workers.statuses(WRITER) == {401})
        written(file, GOOD)
        until(lambda: workers.statuses(READER) == {200})
    finally:
        running.stop()
