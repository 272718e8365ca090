"""Measures everything and writes the report: `make bench`, `make bench-quick`, `make bench PART=core`.

    run.py                  all parts, into benches/report
    run.py --quick          all parts in three minutes, into target/bench-quick; the committed report stays as it is
    run.py core,hyper       these parts; the figures of the others stay
    run.py --page           no part: the page and the plots anew, from the data that is there

What each command says goes to target/bench-logs. A part that fails takes no other with it, and none of its old figures away;
the exit code is 1. What this machine cannot do is SKIPPED, and with SALLET_NO_SKIP=1 that fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import data
import machine
import page
import readme
from parts import PARTS, TARGET, Part, Step

REPORT = machine.ROOT / "benches/report"
QUICK = TARGET / "bench-quick"
LOGS = TARGET / "bench-logs"
SCRATCH = TARGET / "bench-data"
# What cargo says before a program runs.
BUILDING = ("Compiling", "Downloading", "Downloaded", "Updating", "Locking", "Blocking", "Building")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="?", default="", metavar="PART,...", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK") == "1")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    asked = parser.parse_args()
    wanted = [name.strip() for name in asked.parts.split(",") if name.strip()]
    if unknown := set(wanted) - {part.name for part in PARTS}:
        parser.error(f"there is no part {unknown.pop()!r}; there are {', '.join(part.name for part in PARTS)}")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # So that what runs is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    report = QUICK if asked.quick else REPORT
    run = Run(asked.quick, report / "data")
    if not asked.page:
        for part in (chosen := [part for part in PARTS if not wanted or part.name in wanted]):
            run.announce(part, chosen)
            try:
                run.measure(part)
            except (ValueError, OSError) as error:
                run.failed.append(part.name)
                print(f"FAILED: {part.name}: {error}")
    if not write(report, asked.quick):
        run.failed.append("the page")
    if run.failed:
        print(f"FAILED: {', '.join(run.failed)}")
    return 1 if run.failed else 0


def write(report: Path, quick: bool) -> bool:
    """The plots, the page and the README's table, from all data that is there."""
    try:
        found = data.load(report / "data")
        if not found:
            print("==> nothing was measured, so there is no page")
            return True
        try:
            import plots

            drawn = plots.draw(found, report / "plots")
        except ModuleNotFoundError as missing:
            print(f"SKIPPED: the plots, no {missing.name}, pip install -r py-binding/requirements/bench.txt")
            drawn = []
            if os.environ.get("SALLET_NO_SKIP") == "1":
                return False
        (report / "README.md").write_text(page.build(found, drawn), encoding="utf-8")
        print(f"==> the report: {shown(report / 'README.md')}")
        if not quick and readme.is_shown(found):
            readme.write(found)
    except (data.Refused, ValueError) as error:
        print(f"FAILED: the page: {error}")
        return False
    return True


class Run:
    def __init__(self, quick: bool, folder: Path) -> None:
        self.quick = quick
        self.folder = folder
        self.failed: list[str] = []
        self.start = time.monotonic()
        # At the beginning, for that is the tree that is measured.
        self.stamp: dict[str, Any] = {"date": machine.date(), "commit": machine.commit(), "machine": machine.machine()}
        self.env = {**os.environ, "QUICK": "1" if quick else "0"}

    def announce(self, part: Part, chosen: list[Part]) -> None:
        ahead = sum(one.seconds(self.quick) for one in chosen[chosen.index(part) :])
        gone = time.monotonic() - self.start
        print(
            f"==> {chosen.index(part) + 1} of {len(chosen)}, {part.name}: {part.title}, about {clock(part.seconds(self.quick))}"
            f" and what it takes to build ({clock(gone)} gone, about {clock(ahead)} to go)"
        )

    def measure(self, part: Part) -> None:
        for program, how in part.needs:
            if not shutil.which(program):
                print(f"SKIPPED: {part.name}, no {program}, {how}")
                if os.environ.get("SALLET_NO_SKIP") == "1":
                    self.failed.append(part.name)
                return
        written: dict[str, dict[str, Any]] = {}
        for step in part.steps:
            out = SCRATCH / part.name / step.name.replace(" ", "-").replace(",", "")
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            log = LOGS / f"{part.name}-{out.name}.log"
            good = self.run(step, out, log)
            if not good:
                self.failed.append(f"{part.name} ({step.name})")
                print(f"FAILED: {part.name}, {step.name}; all of it is in {shown(log)}:")
                print("".join(f"    {line}\n" for line in tail(log, 15)), end="")
            for found in read(step, out, good):
                merge(written.setdefault(found["what"], {}), found)
        for what, found in written.items():
            self.keep(part, what, found)

    def run(self, step: Step, out: Path, log: Path) -> bool:
        log.parent.mkdir(parents=True, exist_ok=True)
        env = self.env | {name: value.format(out=out) for name, value in step.env.items()}
        if step.target:
            env["CARGO_TARGET_DIR"] = str(TARGET / step.target)
        command = [word.format(out=out) for word in step.command]
        begin = time.monotonic()
        with log.open("wb") as writing:
            process = subprocess.Popen(
                command,
                cwd=machine.ROOT / step.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
            )
            try:
                progress(process, step, self.quick, log, begin)
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
        for line in log.read_text("utf-8", "replace").splitlines():
            if line.startswith("SKIPPED:"):
                print(line)
        print(f"    {step.name}: {clock(time.monotonic() - begin)}")
        return process.returncode == 0

    def keep(self, part: Part, what: str, found: dict[str, Any]) -> None:
        # A program may know its tools better: the firmware is built with a compiler of its own.
        stamp = self.stamp | {"machine": {**self.stamp["machine"], **found.get("machine", {})}}
        whole = {**found, "command": part.command, "quick": self.quick, **stamp}
        data.read(whole, f"{what}.json")
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(rounded(whole), indent=1, ensure_ascii=False)
        (self.folder / f"{what}.json").write_text(text + "\n", encoding="utf-8")


def read(step: Step, out: Path, good: bool) -> list[dict[str, Any]]:
    """Also after a failure: a program writes its file last, and a rise of instructions fails but is measured."""
    if step.convert:
        return [step.convert(out)] if good else []
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(out.glob("*.json"))]


def merge(into: dict[str, Any], found: dict[str, Any]) -> None:
    for key, value in found.items():
        if key in ("tables", "curves"):
            into[key] = [*into.get(key, []), *value]
        else:
            into[key] = value


def rounded(value: Any) -> Any:
    """Six digits: more are noise, and make every diff unreadable."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def progress(process: subprocess.Popen[bytes], step: Step, quick: bool, log: Path, begin: float) -> None:
    """A line that is written over on a terminal, one every 20 seconds elsewhere."""
    terminal, last = sys.stdout.isatty(), begin
    while True:
        try:
            process.wait(1 if terminal else 5)
            break
        except subprocess.TimeoutExpired:
            pass
        now = time.monotonic()
        if terminal or now - last >= 20:
            last = now
            says = (tail(log, 1) or [""])[-1].strip()
            builds = says.startswith(BUILDING)
            about = "building" if builds else f"about {clock(step.seconds[quick])} when built"
            line = f"    {step.name}: {clock(now - begin)}, {about}  {says}"
            print(f"\r\033[K{line[:110]}" if terminal else line[:140], end="" if terminal else "\n", flush=True)
    if terminal:
        print("\r\033[K", end="")


def tail(log: Path, lines: int) -> list[str]:
    with log.open("rb") as reading:
        reading.seek(max(0, log.stat().st_size - 8192))
        text = reading.read().decode("utf-8", "replace")
    return [line for line in text.replace("\r", "\n").split("\n") if line.strip()][-lines:]


def clock(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def shown(path: Path) -> str:
    return str(path.relative_to(machine.ROOT)) if path.is_relative_to(machine.ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
