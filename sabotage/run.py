#!/usr/bin/env python3
"""Breaks every promise of SECURITY.md on purpose, one after the other, and sees that its check fails.

    sabotage/run.py [NAME ...]       all, or these; with `--fit` only looks whether they still fit the tree

A patch starts with what it is about:

    Breaks: what the reader of the diff should see
    Check:  the command that must fail, run at the top of a copy of this tree
    Seen:   a regular expression that the output must match, so that no other failure counts: it names the test

Each command is run on the whole tree first, and must pass there. `pytest ...` runs in `py-binding/` with an extension built
from the sources of the copy.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "sabotage"
PATIENCE = 600  # seconds; builds are in it
# What a run prints whatever fails.
ANY_FAILURE = ("test result: FAILED. 11 passed; 1 failed", "=== 1 failed, 9 passed in 0.52s ===", "error: test failed")
TREE, BUILT, LOGS = WORK / "tree", WORK / "built", WORK / "logs"


@dataclass(frozen=True)
class Patch:
    path: Path
    breaks: str
    check: str
    seen: str

    @property
    def name(self) -> str:
        return self.path.stem


def read(path: Path) -> Patch:
    preamble, _, _ = path.read_text("utf-8").partition("\ndiff ")
    fields = dict(re.findall(r"^(Breaks|Check|Seen): *(.+)$", preamble, re.MULTILINE))
    if len(fields) != 3:
        sys.exit(f"{path.name}: a patch starts with the lines Breaks:, Check: and Seen:")
    if any(re.search(fields["Seen"], failure) for failure in ANY_FAILURE):
        sys.exit(f"{path.name}: Seen: must name the test that fails, not match any failure")
    return Patch(path, fields["Breaks"], fields["Check"], fields["Seen"])


def git(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=cwd, capture_output=True, text=True)


def copy_tree() -> None:
    """Only what changed is copied, so that cargo builds only what changed."""
    listed = git("ls-files", "-co", "--exclude-standard", "-z")
    if listed.returncode:
        sys.exit("SKIPPED: sabotage, this is no git checkout, clone the repository")
    wanted = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    for there in list(TREE.rglob("*")) if TREE.exists() else ():
        if there.is_file() and str(there.relative_to(TREE)) not in wanted and there.suffix != ".so":
            there.unlink()
    for name in wanted:
        source, target = ROOT / name, TREE / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def run(command: list[str], cwd: Path, log: Path, env: dict[str, str]) -> int:
    with log.open("a") as out:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
        )
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            # A test that waits for ever for what was broken: it did not pass.
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def build_extension(log: Path, env: dict[str, str]) -> bool:
    if run(["cargo", "build", "--locked", "-p", "sallet-py"], TREE, log, env):
        return False
    shutil.copyfile(BUILT / "debug" / "lib_sallet.so", TREE / "py-binding/python/sallet/_sallet.so")
    return True


def fails(check: str, log: Path) -> bool:
    """Whether the command fails in the copy of the tree as it is now."""
    log.unlink(missing_ok=True)
    env = {**os.environ, "CARGO_TARGET_DIR": str(BUILT), "SALLET_NO_SKIP": "1"}
    words, cwd = shlex.split(check), TREE
    if words[0] == "pytest":
        if not build_extension(log, env):
            return True
        env["PYTHONPATH"] = str(TREE / "py-binding/python")
        words, cwd = [str(ROOT / ".venv/bin/python"), "-m", *words], TREE / "py-binding"
    return run(words, cwd, log, env) != 0


def verdict(patch: Patch, log: Path) -> str | None:
    """What is wrong with the check, or None when it failed as it should."""
    if not fails(patch.check, log):
        return "the check passes all the same"
    if not re.search(patch.seen, log.read_text("utf-8", "replace")):
        return f"the check fails, but not with {patch.seen!r}"
    return None


def unbroken(patches: list[Patch]) -> bool:
    """Whether every check passes while nothing is broken."""
    copy_tree()
    wrong = []
    for number, check in enumerate(checks := sorted({patch.check for patch in patches}), 1):
        log, start = LOGS / f"unbroken-{number}.log", time.monotonic()
        print(f"{number:2}/{len(checks)}  nothing is broken: {check}", flush=True)
        failed = fails(check, log)
        print(f"       {'FAILS' if failed else 'passes'} ({time.monotonic() - start:.0f} s)", flush=True)
        wrong += [f"{log.relative_to(ROOT)}: {check}"] * failed
    for failure in wrong:
        print(f"a check that fails already shows nothing, mend it first: {failure}")
    return not wrong


def main() -> int:
    names = {word for word in sys.argv[1:] if not word.startswith("-")}
    patches = [read(path) for path in sorted(ROOT.glob("sabotage/*.patch"))]
    if unknown := names - {patch.name for patch in patches}:
        there = ", ".join(patch.name for patch in patches)
        sys.exit(f"no such patch: {', '.join(sorted(unknown))}; there are {there}")
    chosen = [patch for patch in patches if not names or patch.name in names]
    unfit = [patch for patch in chosen if git("apply", "--check", str(patch.path)).returncode]
    for patch in unfit:
        print(f"{patch.name} no longer fits the tree: make it anew, with the same three lines before the diff")
    if "--fit" in sys.argv or unfit:
        return 1 if unfit else 0
    LOGS.mkdir(parents=True, exist_ok=True)
    if not unbroken(chosen):
        return 1
    wrong = 0
    for number, patch in enumerate(chosen, 1):
        print(f"{number:2}/{len(chosen)}  {patch.name}: {patch.breaks}", flush=True)
        start, log = time.monotonic(), LOGS / f"{patch.name}.log"
        copy_tree()
        git("apply", "--unsafe-paths", f"--directory={TREE}", str(patch.path), cwd=Path("/"))
        problem = verdict(patch, log)
        outcome = f"NOT SEEN: {problem}; {log.relative_to(ROOT)}" if problem else "seen"
        print(f"       {outcome} by: {patch.check} ({time.monotonic() - start:.0f} s)", flush=True)
        wrong += problem is not None
    print(f"{len(chosen) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
