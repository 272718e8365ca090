"""What each part costs: flash, stack and variables, and that no part can panic."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from harness.board import qemu
from harness.cases import API, PAGE, block
from harness.elf import Elf
from harness.skip import Skipped, expect
from harness.toolchain import FIRMWARE, M3, build, find

# DESIGN section 9.
AUTH_FLASH = 5 * 1024
AUTH_STACK = 512
# What it takes to name another text: its address and length in a few instructions, and alignment.
NAMING = 16

PANIC = re.compile(r"panicking|slice_index_fail|slice_error_fail|unwrap_failed|expect_failed")


def run(report: Path | None = None) -> None:
    programs = build(M3)
    print(f"==> what it costs on {M3}, opt-level s ({find(M3).describe()})")
    files = {name: Elf(programs[name]) for name in programs}
    floor = files["measure_nothing"]

    def flash(name: str) -> int:
        return files[name].flash - floor.flash

    policy, page = len(block(API)), len(block(PAGE).replace(b"{nonce}", b"{one-for-each-request}"))
    serve = files["serve"]
    others = serve.flash - floor.flash - policy - page - flash("measure_auth") - flash("measure_head")
    code = sum(size for name, size in files["measure_policy"].symbols().items() if "sallet_core" in name)
    rows = [
        # Part, flash, the program whose stack is its own, budget of flash, budget of stack.
        ("a policy in a const (API): its text", policy, "measure_policy", None, None),
        ("a policy in a const: code", code, "", 0, None),
        ("a policy with a nonce: its text", page, "", None, None),
        ("a policy with a nonce: sending it", flash("measure_nonce") - page, "measure_nonce", None, None),
        ("the whole bearer check", flash("measure_auth"), "measure_auth", AUTH_FLASH, AUTH_STACK),
        ("  of which SHA-256", flash("measure_sha256"), "measure_sha256", None, None),
        ("a request head of up to 24 fields", flash("measure_head"), "measure_head", None, None),
        ("start-up, vectors, UART", floor.flash, "", None, None),
        ("server, answers, page, log", others, "", None, None),
        ("the whole firmware", serve.flash, "", None, None),
    ]
    stacks = measure_stacks(programs)
    own = {name: stacks[name] - stacks["measure_nothing"] for name in stacks}
    print(f"    {'part':<36} {'flash':>7} {'stack':>7}  budget")
    for part, size, program, most, most_stack in rows:
        budgets = [f"{unit} {limit}" for unit, limit in (("flash", most), ("stack", most_stack)) if limit is not None]
        print(f"    {part:<36} {size:>7} {own.get(program, ''):>7}  {', '.join(budgets)}")
    print(f"    variables of the whole firmware: {serve.ram} bytes; heap: none")

    expect(code == 0, f"{code} bytes of sallet-core's code for a const policy")
    naming = flash("measure_policy") - policy
    expect(naming <= NAMING, f"a const policy takes {naming} bytes beside its text")
    for name, texts in {"measure_policy": [block(API)], "serve": [block(API), b"'nonce-{one-for-each-request}'"]}.items():
        expect(all(files[name].holds(text) for text in texts), f"{name} does not hold its policy as text")
    expect(flash("measure_auth") <= AUTH_FLASH, f"bearer auth takes {flash('measure_auth')} bytes of flash")
    panics(files)
    if own:
        expect(own["measure_auth"] <= AUTH_STACK, f"bearer auth takes {own['measure_auth']} bytes of stack")
    if report:
        flashes = [row(part, size, most) for part, size, _, most, _ in rows]
        used = [row(part, own[program], most) for part, _, program, _, most in rows if program in own]
        write(report, flashes, used)


def row(part: str, size: int, budget: int | None) -> dict[str, Any]:
    """Sizes are exact, so their spread is nothing."""
    exact = {"median": size, "low": size, "high": size}
    return {"name": part.strip(), **exact, "floor": None, "ratio": None, "budget": budget}


def write(report: Path, flashes: list[dict[str, Any]], stacks: list[dict[str, Any]]) -> None:
    """The data of the bench report."""
    sys.path.insert(0, str(FIRMWARE.parent / "benches"))
    from reporting import machine

    where = f"{M3}, opt-level s, LTO"
    tables = [{"name": "flash", "title": f"Flash by part: {where}", "unit": "bytes", "rows": flashes}]
    if stacks:
        tables.append({"name": "stack", "title": f"Stack by part: {where}", "unit": "bytes", "rows": stacks})
    data = {
        "what": "firmware",
        "command": "firmware/run flash --json benches/report/data/firmware.json",
        "quick": False,
        "date": machine.date(),
        "commit": machine.commit(),
        "machine": {**machine.machine(), "rustc": find(M3).describe().split()[1]},
        "tables": tables,
        "curves": [],
    }
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
    print(f"    written to {report}")


def panics(files: dict[str, Elf]) -> None:
    """No input can lead to a panic where there is no panic: the linker has left the whole machinery out."""
    ours = [name for name in files if name.startswith("measure_") and name != "measure_head"]
    for name in ours:
        found = [symbol for symbol in files[name].symbols() if PANIC.search(symbol)]
        expect(not found, f"{name} can panic: {found}")
    # httparse has checks that the compiler cannot see to be always true. Every branch to a panic in the server must be one
    # of those: in httparse's own functions as many, and so in what they were inlined into.
    theirs, serve = (by_crate(files[name].callers(PANIC)) for name in ("measure_head", "serve"))
    expect(serve == theirs, f"the firmware can panic elsewhere than in httparse: {serve}, httparse alone has {theirs}")
    print(f"    panics: none in policy, nonce, SHA-256 and auth; in the server httparse's own {sum(serve.values())} checks, no other")


def by_crate(callers: dict[str, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, count in callers.items():
        counts["httparse" if "8httparse" in name else "inlined"] += count
    return counts


def measure_stacks(programs: dict[str, Path]) -> dict[str, int]:
    """Runs each measuring program; its last line is the most stack that was in use."""
    try:
        machine = qemu()
    except Skipped as skipped:
        print(skipped)
        return {}
    stacks = {}
    for name, path in programs.items():
        if not name.startswith("measure_"):
            continue
        with subprocess.Popen(
            [
                machine, "-machine", "mps2-an385", "-display", "none", "-monitor", "none",
                "-serial", "null", "-serial", "stdio", "-kernel", str(path),
            ],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout
            try:
                # All but the last line is the policy that the program sends.
                for line in process.stdout:
                    if match := re.search(rb"(?:^|\.|[^0-9])(\d+)\n$", line):
                        stacks[name] = int(match[1])
                        if not line.endswith(b"\r\n"):
                            break
            finally:
                process.kill()
        expect(name in stacks, f"{name} did not say how much stack it used")
    return stacks
