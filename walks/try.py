#!/usr/bin/env python3
"""Adds a scheme to a copy of this tree, as `add-a-scheme.patch` has it, and sees that it works in every host.

    walks/try.py [--fit]       with `--fit` only looks whether the patch still fits the tree, and how many files it touches

The patch is kept and not merged: what it adds is not for users yet. Its tests are in `add-a-scheme/`, a file for each host. They
run in the copy that `sabotage/run.py` makes, so that one build serves both.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "sabotage"))
import run as sabotage  # noqa: E402

PATCH = ROOT / "walks/add-a-scheme.patch"
TESTS = ROOT / "walks/add-a-scheme"
MOST = 5
# Where a scheme belongs in each host, beside its own file in the core. Everything else is flow.
PLACES = {
    "core/src/auth/schemes.rs",
    "std-adapter/src/require_auth/schemes.rs",
    "py-binding/python/sallet/auth.py",
    "py-binding/python/sallet/fastapi/_schemes.py",
}
# The test, where it goes, and what runs it there.
CHECKS = (
    ("core.rs", "core/tests/walk.rs", "cargo test --locked -p sallet-core --test walk"),
    ("hyper.rs", "std-adapter/tests/walk.rs", "cargo test --locked -p sallet-hyper --test walk"),
    ("fastapi.py", "py-binding/tests/test_walk.py", "pytest -q tests/test_walk.py"),
)
ANEW = f"""\
To make it anew, with nothing of yours uncommitted:
    git apply --3way walks/{PATCH.name}    (then settle the conflicts)
    git add -A && git diff --cached > target/scheme.diff && git reset --hard
    put target/scheme.diff below the first two lines of walks/{PATCH.name}, and then: make walk"""


def touched() -> set[str]:
    return set(re.findall(r"^diff --git a/(?:\S+) b/(\S+)$", PATCH.read_text("utf-8"), re.MULTILINE))


def unfit() -> list[str]:
    """What is wrong with the patch, without a build."""
    wrong, files = [], touched()
    if len(files) > MOST:
        wrong.append(f"the patch touches {len(files)} files, and a scheme is {MOST}: {', '.join(sorted(files))}")
    if flow := {name for name in files - PLACES if PurePath(name).parent != PurePath("core/src/auth/schemes")}:
        wrong.append(f"a scheme is no reason to change {', '.join(sorted(flow))}")
    applied = sabotage.git("apply", "--check", str(PATCH))
    if applied.returncode:
        wrong.append(f"the patch no longer fits the tree.\n{applied.stderr}{ANEW}")
    return [f"walks/{PATCH.name}: {what}" for what in wrong]


def main() -> int:
    if wrong := unfit():
        print("\n".join(wrong))
        return 1
    if "--fit" in sys.argv:
        return 0
    print(f"walks/{PATCH.name} touches {len(touched())} files: {', '.join(sorted(touched()))}", flush=True)
    sabotage.LOGS.mkdir(parents=True, exist_ok=True)
    sabotage.copy_tree()
    for test, place, _ in CHECKS:
        shutil.copyfile(TESTS / test, sabotage.TREE / place)
    applied = sabotage.git("apply", "--unsafe-paths", f"--directory={sabotage.TREE}", str(PATCH), cwd=Path("/"))
    if applied.returncode:
        print(applied.stderr)
        return 1
    failed = 0
    for test, _, check in CHECKS:
        start, log = time.monotonic(), sabotage.LOGS / f"walk-{test}.log"
        broken = sabotage.fails(check, log)
        outcome = f"FAILS: {log.relative_to(ROOT)}" if broken else "passes"
        print(f"{outcome}: {check} ({time.monotonic() - start:.0f} s)", flush=True)
        failed += broken
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
