"""What each part costs: flash, stack and variables, and that no part can panic."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from harness.board import qemu
from harness.cases import API, PAGE, block
from harness.elf import Elf
from harness.skip import Skipped, expect
from harness.toolchain import M3, build, find

# DESIGN section 9.
AUTH_FLASH = 6 * 1024
AUTH_STACK = 1024
# What it takes to name another text: its address and length in a few instructions, and alignment.
NAMING = 16

PANIC = re.compile(r"panicking|slice_index_fail|slice_error_fail|unwrap_failed|expect_failed")


def run() -> None:
    programs = build(M3)
    print(f"==> what it costs on {M3}, opt-level s ({find(M3).describe()})")
    files = {name: Elf(path) for name, path in programs.items()}
    floor = files["measure_nothing"]

    def flash(name: str) -> int:
        return files[name].flash - floor.flash

    policy, page = len(block(API)), len(block(PAGE).replace(b"{nonce}", b"{one-for-each-request}"))
    serve = files["serve"]
    others = serve.flash - floor.flash - policy - page - flash("measure_auth") - flash("measure_head")
    rows = [
        ("policy text: API", policy, "measure_policy", "its own text; rendering code 0 bytes"),
        ("policy text: page with a nonce", page, "", "its own text"),
        ("  writing it with a nonce", flash("measure_nonce") - page, "measure_nonce", ""),
        ("bearer auth, SHA-256 included", flash("measure_auth"), "measure_auth", f"at most {AUTH_FLASH} and {AUTH_STACK}"),
        ("  of which SHA-256", flash("measure_sha256"), "measure_sha256", ""),
        ("request head (httparse), 24 fields", flash("measure_head"), "measure_head", ""),
        ("start-up, vectors, UART", floor.flash, "", ""),
        ("server, answers, page, log", others, "", "the rest"),
        ("the whole firmware", serve.flash, "", ""),
    ]
    stacks = measure_stacks(programs)
    print(f"    {'part':<36} {'flash':>7} {'stack':>7}  budget")
    for part, size, program, budget in rows:
        stack = stacks.get(program, 0) - stacks.get("measure_nothing", 0) if program in stacks else ""
        print(f"    {part:<36} {size:>7} {stack:>7}  {budget}")
    print(f"    variables of the whole firmware: {serve.ram} bytes; heap: none")

    rendering = flash("measure_policy") - policy
    expect(rendering <= NAMING, f"a const policy takes {rendering} bytes beside its text")
    renderers = [name for name in files["measure_policy"].symbols() if "sallet_core" in name]
    expect(not renderers, f"code of sallet-core for a const policy: {renderers}")
    for name, texts in {"measure_policy": [block(API)], "serve": [block(API), b"'nonce-{one-for-each-request}'"]}.items():
        expect(all(files[name].holds(text) for text in texts), f"{name} does not hold its policy as text")
    expect(flash("measure_auth") <= AUTH_FLASH, f"bearer auth takes {flash('measure_auth')} bytes of flash")
    panics(files)
    if stacks:
        stack = stacks["measure_auth"] - stacks["measure_nothing"]
        expect(stack <= AUTH_STACK, f"bearer auth takes {stack} bytes of stack")


def panics(files: dict[str, Elf]) -> None:
    """No input can lead to a panic where there is no panic: the linker has left the whole machinery out."""
    ours = [name for name in files if name.startswith("measure_") and name != "measure_head"]
    for name in ours:
        found = [symbol for symbol in files[name].symbols() if PANIC.search(symbol)]
        expect(not found, f"{name} can panic: {found}")
    # httparse has checks that the compiler cannot see to be always true. Beside those there must be none.
    theirs = {symbol for symbol in files["measure_head"].symbols() if PANIC.search(symbol)}
    serve = {symbol for symbol in files["serve"].symbols() if PANIC.search(symbol)}
    plain = {re.sub(r"\d+|Cs\w+_", "", symbol) for symbol in theirs}
    extra = [symbol for symbol in serve if re.sub(r"\d+|Cs\w+_", "", symbol) not in plain]
    expect(not extra, f"the firmware can panic: {extra}")
    print(f"    panics: none in policy, nonce, SHA-256 and auth; in the server only what httparse brings ({len(serve)} symbols)")


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
