"""`Keyring.reload_on`: a signal reloads the keys, and nothing that can be wrong with them ends the server."""

from __future__ import annotations

import _thread
import hashlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from harness.servers import Server
from keys import READER, WRITER, keyring
from sallet import Keyring, KeyringError
from test_keyring import BAD_FILES


def block(identity: str, token: str) -> str:
    return f'[[key]]\nid = "{identity}"\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n'


def until(condition: Callable[[], bool]) -> None:
    """The keys are read in a thread of their own."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 s"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def handlers():
    """The handlers of the signals used here are put back."""
    saved = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    yield
    for number, handler in saved.items():
        signal.signal(number, handler)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(block("reader", READER))
    return path


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_server_outlives_a_bad_key_file(file, loop):
    """`reload()` in a signal handler, which this is instead of, ended uvicorn with a KeyringError."""
    server = Server("uvicorn", "reloading:app", "--loop", loop, env={"KEYS": str(file)}).start()
    try:
        pid = server._process.pid

        def status(token: str) -> int:
            return server.get("/items", [("authorization", f"Bearer {token}")]).status

        def told(times: int) -> None:
            until(lambda: server.log().count("the old keys stay in force") >= times)

        assert (status(READER), status(WRITER)) == (200, 401)
        times = 0
        for name, bad in BAD_FILES.items():
            file.write_bytes(bad if isinstance(bad, bytes) else bad.encode())
            os.kill(pid, signal.SIGHUP if times % 2 else signal.SIGUSR1)
            times += 1
            told(times)
            assert (status(READER), status(WRITER)) == (200, 401), name
        file.unlink()
        os.kill(pid, signal.SIGHUP)
        told(times + 1)
        assert status(READER) == 200
        log = server.log()
        assert "keys.toml: no such file" in log and 'keys.toml: key "a"' in log
        assert READER not in log and hashlib.sha256(READER.encode()).hexdigest() not in log

        file.write_text(block("writer", WRITER))
        os.kill(pid, signal.SIGHUP)
        until(lambda: status(WRITER) == 200)
        assert status(READER) == 401

        # And the last one.
        file.write_text("# nobody\n")
        os.kill(pid, signal.SIGHUP)
        until(lambda: status(WRITER) == 401)
        # The handler that was there before was called each time.
        sent = len(range(1, len(BAD_FILES), 2)) + 3
        assert json.loads(server.get("/before").body) == sent
    finally:
        server.stop()


def test_several_rings_and_an_earlier_handler_on_one_signal(tmp_path):
    called: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, frame: called.append(number))
    files = [tmp_path / f"{name}.toml" for name in "ab"]
    for path in files:
        path.write_text(block("old", READER))
    rings = [Keyring.from_file(path) for path in files]
    for ring in (*rings, rings[0]):
        ring.reload_on(signal.SIGUSR1)
    files[0].write_text("broken")
    files[1].write_text(block("new", WRITER))
    signal.raise_signal(signal.SIGUSR1)
    until(lambda: rings[1].verify(WRITER) is not None)
    # One bad ring does not keep another from its keys.
    assert rings[0].verify(READER).id == "old"
    assert called == [signal.SIGUSR1]
    # A handler put over ours may still call it.
    ours = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda number, frame: ours(number, frame))
    files[1].write_text(block("newer", READER))
    signal.raise_signal(signal.SIGUSR1)
    until(lambda: rings[1].verify(READER) is not None)
    assert len(called) == 2


def test_defaults_are_not_called(file):
    """SIG_DFL would end the process, and SIG_IGN is a number."""
    for default in (signal.SIG_DFL, signal.SIG_IGN):
        signal.signal(signal.SIGUSR2, default)
        ring = Keyring.from_file(file)
        ring.reload_on(signal.SIGUSR2)
        file.write_text(block("writer", WRITER))
        signal.raise_signal(signal.SIGUSR2)
        until(lambda ring=ring: ring.verify(WRITER) is not None)
        file.write_text(block("reader", READER))


def test_what_is_logged(file, caplog):
    ring = Keyring.from_file(file)
    ring.reload_on(signal.SIGUSR1)
    with caplog.at_level(logging.INFO, "sallet.auth"):
        file.write_text(f"[[key]]\nid = 'a'\nsha256 = '{READER}'\n")
        signal.raise_signal(signal.SIGUSR1)
        until(lambda: len(caplog.records) == 1)
        file.write_text(block("writer", WRITER))
        signal.raise_signal(signal.SIGUSR1)
        until(lambda: len(caplog.records) == 2)
    bad, good = caplog.records
    assert (bad.name, bad.levelname) == ("sallet.auth", "ERROR")
    assert "keys.toml" in bad.getMessage() and 'key "a"' in bad.getMessage() and READER not in bad.getMessage()
    assert (good.levelname, good.getMessage()) == ("INFO", "reloaded, keys: 1")


def test_an_error_nobody_thought_of_is_logged_without_its_words(file, caplog):
    class Mine(Keyring):
        def reload(self):
            raise RuntimeError(READER)

    ring = Mine.from_file(file)
    ring.reload_on(signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    until(lambda: len(caplog.records) == 1)
    assert "RuntimeError" in caplog.text and READER not in caplog.text
    assert ring.verify(READER) is not None


def test_a_handler_that_is_logging_does_not_wait_for_itself(file):
    """The signal may come while the main thread holds the lock of the queue that log records go into."""
    import logging.handlers
    import queue

    records: queue.Queue[logging.LogRecord] = queue.Queue()
    handler = logging.handlers.QueueHandler(records)
    logger = logging.getLogger("sallet.auth")
    logger.addHandler(handler)
    try:
        ring = Keyring.from_file(file)
        ring.reload_on(signal.SIGUSR1)
        file.write_text("broken")
        with records.mutex:
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
        until(lambda: records.qsize() >= 1)  # the second signal may be one with the first
    finally:
        logger.removeHandler(handler)


def test_outside_the_main_thread(file):
    ring = Keyring.from_file(file)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            ring.reload_on(signal.SIGUSR1)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert isinstance(raised[0], ValueError) and "main thread" in str(raised[0]) and "reload()" in str(raised[0])


def test_what_cannot_be_reloaded_is_told_at_once():
    before = signal.getsignal(signal.SIGUSR1)
    with pytest.raises(KeyringError, match="from_file"):
        keyring().reload_on(signal.SIGUSR1)
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_number_that_is_no_signal(file):
    with pytest.raises(ValueError):
        Keyring.from_file(file).reload_on(10_000)




def test_a_stuck_file_holds_back_no_other_ring_and_costs_one_thread(tmp_path, file):
    """A read of a FIFO waits for a writer."""
    other = Keyring.from_file(file)
    slow = tmp_path / "slow.toml"
    slow.write_text(block("reader", READER))
    stuck = Keyring.from_file(slow)
    slow.unlink()
    os.mkfifo(slow)
    before = _thread._count()
    for ring in (stuck, other):
        ring.reload_on(signal.SIGUSR1)
    file.write_text(block("writer", WRITER))
    for _ in range(5):
        os.kill(os.getpid(), signal.SIGUSR1)
    until(lambda: other.verify(WRITER) is not None)
    until(lambda: _thread._count() <= before + 1)
    # The signals that came meanwhile are one more read: of what is there by then.
    writer = os.open(slow, os.O_WRONLY)
    os.kill(os.getpid(), signal.SIGUSR1)
    slow.unlink()
    slow.write_text(block("writer", WRITER))
    os.write(writer, block("reader", READER).encode())
    os.close(writer)
    until(lambda: stuck.verify(WRITER) is not None and stuck.verify(READER) is None)
