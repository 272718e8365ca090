"""`run.py [NAME ...]`: the test suites of Starlette and FastAPI, without Sallet and with it around every app.

Each test must come out as it does without Sallet, except those in `expected.toml`, which must fail. The sdists come from the
package index and are checked against `requirements/sdists.txt`. A NAME is a suite or a mode of `around_every_app.py`; all by default.
"""

from __future__ import annotations

import collections
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / "target" / "upstream"
SUITES = ("fastapi", "starlette")  # the long one first
MODES = ("bare", "headers", "protect", "nonce", "auth")  # against the first
EVERY = 15.0  # seconds between lines of progress

Job = tuple[str, str]


def sdists() -> dict[str, Path]:
    pins = HERE.parent / "requirements" / "sdists.txt"
    pinned = dict(re.findall(r"^(\w+)==(\S+) ", pins.read_text("utf-8"), re.MULTILINE))
    for name, version in pinned.items():
        if (installed := importlib.metadata.version(name)) != version:
            sys.exit(f"requirements/sdists.txt has {name} {version} and upstream.txt {installed}: run `make pins`")
    print("==> the sdists of " + " and ".join(" ".join(pin) for pin in pinned.items()), flush=True)
    folder = WORK / "sdists"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    if subprocess.run([*pip, "-r", pins, "-d", folder]).returncode:
        sys.exit("pip could not get the sdists. A package index must be reachable (or set PIP_INDEX_URL / PIP_FIND_LINKS).")
    return {name: folder / f"{name}-{version}.tar.gz" for name, version in pinned.items()}


def start(job: Job, sdist: Path) -> subprocess.Popen[bytes]:
    """In a tree of its own: the suites write files into theirs."""
    suite, mode = job
    tree = WORK / f"{suite}-{mode}"
    shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(tree, filter="data")
    outcomes(job).unlink(missing_ok=True)
    [root] = tree.iterdir()
    paths = [HERE, HERE.parent / "python", root / "docs_src"]
    env = {"SALLET_MODE": mode, "SALLET_OUTCOMES": str(outcomes(job)), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    # Our machines may be slow: the suites' own time limits are for theirs.
    pytest = [sys.executable, "-m", "pytest", "-p", "around_every_app", "-o", "timeout=300", "--tb=short", "tests"]
    with log(job).open("wb") as out:
        return subprocess.Popen(pytest, cwd=root, env={**os.environ, **env}, stdout=out, stderr=subprocess.STDOUT)


def outcomes(job: Job) -> Path:
    return WORK / "{}-{}.json".format(*job)


def log(job: Job) -> Path:
    return WORK / "{}-{}.log".format(*job)


def run_all(jobs: list[Job], archives: dict[str, Path]) -> None:
    """As many at once as there are cores."""
    waiting, running = collections.deque(jobs), dict[Job, tuple[subprocess.Popen[bytes], float]]()
    shown = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                job = waiting.popleft()
                running[job] = (start(job, archives[job[0]]), time.monotonic())
            for job, (process, since) in list(running.items()):
                if process.poll() is not None:
                    del running[job]
                    done(job, time.monotonic() - since)
            if time.monotonic() - shown >= EVERY and running:
                shown = time.monotonic()
                print("    " + ", ".join(map(progress, running)), flush=True)
            time.sleep(0.1)
    finally:
        for process, _ in running.values():
            process.kill()


def progress(job: Job) -> str:
    percents = re.findall(r"\[ *(\d+)%\]", log(job).read_text("utf-8", "replace"))
    return f"{' '.join(job)}: {percents[-1] if percents else 0} %"


def done(job: Job, seconds: float) -> None:
    last = log(job).read_text("utf-8", "replace").rstrip().rpartition("\n")[2].strip("= ")
    if not outcomes(job).exists():
        sys.exit(f"{' '.join(job)}: pytest did not finish: {last} (all of it: {log(job)})")
    print(f"{' '.join(job)}: {last}", flush=True)


def expected() -> dict[tuple[str, str, str], str]:
    """The reason for each (suite, mode, test) that fails with Sallet alone."""
    reasons = {}
    for change in tomllib.loads((HERE / "expected.toml").read_text("utf-8"))["change"]:
        for test in change["tests"]:
            suite, _, name = test.partition(" ")
            assert suite in SUITES and set(change["modes"]) <= set(MODES[1:]), change
            for mode in change["modes"]:
                reasons[suite, mode, name] = change["reason"]
    return reasons


def differences(suite: str, mode: str, reasons: dict[tuple[str, str, str], str]) -> list[str]:
    bare, worn = (json.loads(outcomes((suite, which)).read_text("utf-8")) for which in (MODES[0], mode))
    listed = {name for where, which, name in reasons if (where, which) == (suite, mode)}
    found = []
    for name in sorted({*bare, *worn, *listed}):
        without, with_it = bare.get(name, "not run"), worn.get(name, "not run")
        if name in listed:
            if (without, with_it) != ("passed", "failed"):
                found.append(f"{name}: {with_it} ({without} without Sallet), and is listed as failing")
        elif without != with_it:
            found.append(f"{name}: {with_it} ({without} without Sallet)")
    return found


def main(names: list[str]) -> int:
    if unknown := set(names) - {*SUITES, *MODES}:
        sys.exit(f"{', '.join(sorted(unknown))}: choose of {' '.join((*SUITES, *MODES))}")
    suites = [suite for suite in SUITES if suite in names] or list(SUITES)
    modes = [mode for mode in MODES[1:] if mode in names] or list(MODES[1:])
    reasons, archives = expected(), sdists()
    run_all([(suite, mode) for suite in suites for mode in (MODES[0], *modes)], archives)

    print(f"\n{'':24}{'passed':>8}{'failed':>8}{'other':>8}{'listed':>8}{'unexpected':>12}")
    wrong: dict[Job, list[str]] = {}
    for suite in suites:
        for mode in (MODES[0], *modes):
            count = collections.Counter(json.loads(outcomes((suite, mode)).read_text("utf-8")).values())
            listed = sum((where, which) == (suite, mode) for where, which, _ in reasons)
            wrong[suite, mode] = differences(suite, mode, reasons)
            other = count.total() - count["passed"] - count["failed"]
            row = (count["passed"], count["failed"], other, listed)
            print(f"{suite + ' ' + mode:24}" + "".join(f"{n:8}" for n in row) + f"{len(wrong[suite, mode]):12}")
    for job, lines in wrong.items():
        if lines:
            print(f"\n{' '.join(job)}, all of it in {log(job)}:")
            print("\n".join(f"  {line}" for line in lines))
    return int(any(wrong.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
