#!/usr/bin/env python3
"""Breaks every promise of SECURITY.md on purpose, one after the other, and sees that its check fails.

    sabotage/run.py [NAME ...]       all, or these; with `--fit` only looks whether they still fit the tree

A patch starts with what it is about:

    Breaks: what the reader of the diff should see
    Check:  the command that must fail, run at the top of a copy of this tree
    Seen:   a regular expression that the output must match, so that no other failure counts

`pytest ...` runs in `py-binding/` with an extension built from the broken sources.
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


def verdict(patch: Patch) -> str | None:
    """What is wrong with the check, or None when it failed as it should."""
    log = LOGS / f"{patch.name}.log"
    log.unlink(missing_ok=True)
    env = {**os.environ, "CARGO_TARGET_DIR": str(BUILT), "SALLET_NO_SKIP": "1"}
    words, cwd = shlex.split(patch.check), TREE
    if words[0] == "pytest":
        if not build_extension(log, env):
            return "the broken extension does not build"
        env["PYTHONPATH"] = str(TREE / "py-binding/python")
        words, cwd = [str(ROOT / ".venv/bin/python"), "-m", *words], TREE / "py-binding"
    if run(words, cwd, log, env) == 0:
        return "the check passes all the same"
    if not re.search(patch.seen, log.read_text("utf-8", "replace")):
        return f"the check fails, but not with {patch.seen!r}"
    return None


def main() -> int:
    names = [word for word in sys.argv[1:] if not word.startswith("-")]
    patches = [read(path) for path in sorted(ROOT.glob("sabotage/*.patch"))]
    chosen = [patch for patch in patches if not names or patch.name in names]
    if not chosen:
        sys.exit(f"no such patch: there are {', '.join(patch.name for patch in patches)}")
    unfit = [patch for patch in chosen if git("apply", "--check", str(patch.path)).returncode]
    for patch in unfit:
        print(f"{patch.name} no longer fits the tree: make it anew, with the same three lines before the diff")
    if "--fit" in sys.argv or unfit:
        return 1 if unfit else 0
    LOGS.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for number, patch in enumerate(chosen, 1):
        print(f"{number:2}/{len(chosen)}  {patch.name}: {patch.breaks}", flush=True)
        start = time.monotonic()
        copy_tree()
        git("apply", "--unsafe-paths", f"--directory={TREE}", str(patch.path), cwd=Path("/"))
        problem = verdict(patch)
        outcome = f"NOT SEEN: {problem}; {LOGS.relative_to(ROOT)}/{patch.name}.log" if problem else "seen"
        print(f"       {outcome} by: {patch.check} ({time.monotonic() - start:.0f} s)", flush=True)
        wrong += problem is not None
    print(f"{len(chosen) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
