"""The emulated board: QEMU's MPS2 AN385, with HTTP on one TCP port and the console on another."""

from __future__ import annotations

import os
import queue
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness.skip import Failed, Skipped

# 256 ns of virtual time for each instruction, which is 6.4 ticks of the board's 25 MHz. A difference of two readings is
# less than one tick off and a figure in the log is the sum of two at most, so the instructions are told exactly.
ICOUNT_SHIFT = 8
TICK_NS = 40
# What the board is told at its start. Between the windows of the keys in src/app.rs.
NOW = 1_800_000_000

LINE = re.compile(r"status=(\d+) key=(\S+) deciding=(\d+) sending=(\d+) stack=(\d+)(?: reason=(.+))?$")


@dataclass(frozen=True)
class Logged:
    """What the firmware says of one request."""

    status: int
    key: str
    deciding: int
    sending: int
    stack: int
    # Why credentials were refused.
    reason: str | None


def qemu() -> str:
    found = shutil.which("qemu-system-arm")
    if not found:
        raise Skipped(
            "the firmware under emulation", "there is no qemu-system-arm",
            "apt-get install --no-install-recommends qemu-system-arm",
        )
    return found


def instructions(ticks: int, tick_ns: float = TICK_NS, shift: int = ICOUNT_SHIFT) -> int:
    exact = ticks * tick_ns / (1 << shift)
    if abs(exact - round(exact)) > 0.45:
        raise Failed(f"{ticks} ticks are no whole number of instructions; QEMU counts otherwise than this expects")
    return round(exact)


class Board:
    """Runs a program until the `with` block ends."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.log: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Board:
        command = [
            qemu(), "-machine", "mps2-an385", "-display", "none", "-monitor", "none",
            "-icount", f"shift={ICOUNT_SHIFT}", "-kernel", str(self.program),
        ]
        # A port that is free now may be taken a moment later.
        for attempt in range(5):
            self.port, console = free_ports(2)
            self.errors = tempfile.TemporaryFile()
            self.process = subprocess.Popen(
                [
                    *command,
                    "-serial", f"tcp:127.0.0.1:{self.port},server=on,wait=off,nodelay=on",
                    # The board starts once somebody listens to its console.
                    "-serial", f"tcp:127.0.0.1:{console},server=on,wait=on,nodelay=on",
                ],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors,
            )
            try:
                self.console = self.connect(console)
                break
            except Failed:
                self.stop()
                if attempt == 4:
                    raise
        threading.Thread(target=self.listen, daemon=True).start()
        self.boot()
        return self

    def __exit__(self, *_: object) -> None:
        self.console.close()
        self.stop()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.errors.close()

    def connect(self, port: int) -> socket.socket:
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5)
            except ConnectionRefusedError:
                time.sleep(0.02)
        self.errors.seek(0)
        raise Failed(f"QEMU did not start: {self.errors.read().decode(errors='replace')}")

    def listen(self) -> None:
        buffer = b""
        while True:
            try:
                more = self.console.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            if not more:
                return
            *lines, buffer = (buffer + more).split(b"\n")
            for line in lines:
                self.log.put(line.decode())

    def boot(self) -> None:
        self.answer("seed?", os.urandom(32) + struct.pack(">Q", NOW))
        line = self.said("seed?")
        if line != "ready":
            raise Failed(f"the firmware says {line!r} instead of 'ready'")

    def answer(self, question: str, data: bytes) -> None:
        """Answers what the firmware asks on the console."""
        line = self.next_line()
        if line != question:
            raise Failed(f"the firmware says {line!r} instead of {question!r}")
        self.console.sendall(data)

    def said(self, question: str = "") -> str:
        """What the firmware says, unless it repeats a question whose answer is on its way."""
        while (line := self.next_line()) == question:
            pass
        return line

    def next_line(self, seconds: float = 30) -> str:
        try:
            return self.log.get(timeout=seconds)
        except queue.Empty:
            state = "has stopped" if self.process.poll() is not None else "is running"
            raise Failed(f"the firmware has been silent for {seconds} s; QEMU {state}") from None

    def logged(self, question: str = "") -> Logged:
        """What is said of the next request. A reset of the board would show here as `seed?`."""
        line = self.said(question)
        match = LINE.match(line)
        if not match:
            raise Failed(f"the firmware says {line!r}, so it was reset" if "seed?" in line else f"unexpected log: {line!r}")
        status, key, deciding, sending, stack, reason = match.groups()
        return Logged(int(status), key, instructions(int(deciding)), instructions(int(sending)), int(stack), reason)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
