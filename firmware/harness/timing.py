"""Constant time: the instructions of a keyring match, counted one by one."""

from __future__ import annotations

import subprocess
from collections import defaultdict

from harness.board import instructions, qemu
from harness.skip import Failed, expect
from harness.toolchain import M0, M3, build, find

# The machine, its clock, and a shift that makes each instruction many ticks of it.
MACHINES = {
    M3: ("Cortex-M3", "mps2-an385", 40.0),
    M0: ("Cortex-M0", "microbit", 62.5),
}
SHIFT = 10

WHAT = {
    "position": "the search alone: match at any place, wrong, empty, cut short, too long",
    "near-digest": "stored digests that differ in one byte, at any byte and place",
    "admitted": "verify: admitted, at any place",
    "expired": "verify: expired, at any place",
    "refused": "verify: refused, wrong, empty, cut short, too long",
    "verdict-admitted": "the whole check: admitted, at any place",
    "verdict-expired": "the whole check: expired, at any place",
    "verdict-refused": "the whole check: refused, wrong, cut short, too long",
    "api-key-admitted": "the whole check of an API key: admitted, at any place",
    "api-key-expired": "the whole check of an API key: expired, at any place",
    "api-key-refused": "the whole check of an API key: refused, wrong, cut short, too long",
    "basic-admitted": "the whole check of Basic: admitted, at any place",
    "basic-expired": "the whole check of Basic: expired, at any place",
    "basic-refused": "the whole check of Basic: refused, wrong",
}
LEAKY = {
    "leaky-bytes": "control: bytes compared as by strcmp",
    "leaky-ring": "control: a loop that stops at the key it found",
}


def run() -> None:
    machine = qemu()
    for target in (M3, M0):
        for opt_level in ("s", "3"):
            name, board, tick = MACHINES[target]
            print(f"==> instructions of a keyring match: 16 keys, {name} ({target}), opt-level {opt_level}")
            print(f"    {find(target).describe()}")
            program = build(target, opt_level=opt_level, programs=("timing",))["timing"]
            command = [machine, "-machine", board, "-display", "none", "-monitor", "none", "-serial", "null"]
            command += ["-icount", f"shift={SHIFT}", "-semihosting-config", "enable=on,target=native"]
            done = subprocess.run(
                [*command, "-kernel", str(program)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
            )
            # Where semihosting writes to depends on QEMU's version.
            lines = (done.stdout + done.stderr).splitlines()
            expect(done.returncode == 0, f"the program ended with {done.returncode}: {lines[-3:]}")
            check(counts(lines, tick))


def counts(lines: list[str], tick: float) -> dict[str, dict[str, int]]:
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for line in lines:
        try:
            group, case, ticks = line.split()
            groups[group][case] = instructions(int(ticks), tick, SHIFT)
        except ValueError:
            raise Failed(f"the program says {line!r}") from None
    return groups


def check(groups: dict[str, dict[str, int]]) -> None:
    shown = set()
    for what, meaning in (WHAT | LEAKY).items():
        mine = {group: cases for group, cases in groups.items() if group.rstrip("0123456789").rstrip("-") == what}
        shown |= set(mine)
        expect(bool(mine), f"nothing was counted for {what}")
        for group, cases in mine.items():
            values = set(cases.values())
            expect(len(cases) >= 3, f"{group}: too few cases to compare: {cases}")
            if what in LEAKY:
                expect(len(values) > 1, f"{group}: the control was not caught, so nothing else would be: {cases}")
            else:
                expect(len(values) == 1, f"{group}: the number of instructions differs: {spread(cases)}")
        total = sum(len(cases) for cases in mine.values())
        low = min(min(cases.values()) for cases in mine.values())
        high = max(max(cases.values()) for cases in mine.values())
        verdict = "differ, as they must" if what in LEAKY else "equal"
        by_length = f" for each of {len(mine)} lengths" if len(mine) > 1 else ""
        print(f"    {verdict:<20} {total:>4} counts{by_length:<25} {low:>6}..{high:<6} {meaning}")
    expect(shown == set(groups), f"not looked at: {set(groups) - shown}")


def spread(cases: dict[str, int]) -> dict[int, list[str]]:
    by_count: dict[int, list[str]] = defaultdict(list)
    for case, count in cases.items():
        by_count[count].append(case)
    return dict(by_count)
