"""Nonces are drawn many at a time, in each thread, and what is left of them goes to nobody else: no thread, no child process."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import asgi
from needs import need
from sallet import NONCE, SecurityHeaders, SecurityHeadersMiddleware


async def empty(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


APP = SecurityHeadersMiddleware(empty, SecurityHeaders.EMPTY.replace(content_security_policy={"script-src": [NONCE]}))
# More than one call to the operating system brings, so that the end of one and the start of the next are among them.
MANY = 50


def draw(count: int = MANY) -> list[str]:
    """The nonces of so many requests."""
    found = [re.findall("'nonce-([^']{22})'", asgi.call(APP).one("content-security-policy"))[0] for _ in range(count)]
    assert len(set(found)) == count
    return found


def forked() -> Iterator[int]:
    if not hasattr(os, "fork"):
        need("os.fork", f"{sys.platform} has none", "run the tests on Linux or macOS")
    return iter(range(3))


def in_a_child(fork: Callable[[], int] | None = None) -> list[str]:
    """What a process forked here draws."""
    read, write = os.pipe()
    if (child := (fork or os.fork)()) == 0:
        try:
            os.write(write, " ".join(draw()).encode())  # less than PIPE_BUF
        finally:
            os._exit(0)
    os.close(write)
    with open(read) as pipe:
        drawn = pipe.read().split()
    os.waitpid(child, 0)
    assert len(drawn) == MANY
    return drawn


def assert_forks_share_none(children: Callable[[], list[str]]) -> None:
    drawn = draw(3)  # most of what one call brought is left
    for _ in forked():
        drawn += children()
    drawn += draw()
    assert len(set(drawn)) == len(drawn)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_draws_its_own():
    assert_forks_share_none(in_a_child)


def test_a_child_that_python_did_not_fork_draws_its_own():
    forked()
    assert_forks_share_none(lambda: in_a_child(ctypes.PyDLL(None).fork))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_by_a_thread_draws_its_own():
    with ThreadPoolExecutor(1) as thread:
        thread.submit(assert_forks_share_none, in_a_child).result()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_of_a_child_draws_its_own():
    def generations() -> list[str]:
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            try:
                drawn = [*draw(3), *in_a_child(), *draw(3)]
                os.write(write, " ".join(drawn).encode())
            finally:
                os._exit(0)
        os.close(write)
        with open(read) as pipe:
            drawn = pipe.read().split()
        os.waitpid(child, 0)
        assert len(drawn) == MANY + 6
        return drawn

    assert_forks_share_none(generations)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_the_workers_of_multiprocessing_draw_their_own():
    forked()
    drawn = draw(3)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for some in pool.imap_unordered(draw, [3] * 40, chunksize=1):
            drawn += some
    drawn += draw()
    assert len(set(drawn)) == len(drawn)


def test_threads_draw_their_own():
    with ThreadPoolExecutor(8) as threads:
        drawn = [nonce for some in threads.map(draw, [MANY] * 40) for nonce in some]
    assert len(set(drawn)) == len(drawn)


# `draw` here, in an interpreter inside of this process, and here again.
IN_TWO_INTERPRETERS = """
import sys
import sallet
try:
    import _interpreters as interpreters
    run = interpreters.exec
except ImportError:
    import _xxsubinterpreters as interpreters
    run = interpreters.run_string
DRAW = f'''
import sys
sys.path[:] = {sys.path!r}
try:
    import test_nonce_pool
    print(*test_nonce_pool.draw(40), flush=True)
except ImportError as refused:
    print("refused:", refused, flush=True)
'''
exec(DRAW)
run(interpreters.create(), DRAW)
exec(DRAW)
"""


def test_interpreters_of_one_process_draw_their_own():
    """An interpreter with a lock of its own cannot load Sallet; one that shares the first one's lock shares its pools too."""
    path = os.pathsep.join(filter(None, sys.path))
    run = [sys.executable, "-c", IN_TWO_INTERPRETERS]
    ended = subprocess.run(run, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    first, inner, again = ended.stdout.splitlines()
    drawn = (first + " " + again).split()
    if inner.startswith("refused:"):
        assert sys.version_info >= (3, 12) and "subinterpreter" in inner
    else:
        drawn += inner.split()
        assert len(drawn) == 120
    assert len(set(drawn)) == len(drawn) >= 80
