"""Runs the fuzzers one after the other, or makes their corpora small: `make fuzz`, `make fuzz-minimise`.

    run.py fuzz --minutes 20 [--targets path_rules headers] [--python .venv/bin/python]
    run.py minimise

What the fuzzers find new goes to `target/fuzz/corpus/`; `minimise` writes what is worth keeping to `fuzz/corpus/`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
TARGET = FUZZ.parent / "target"
WORK = TARGET / "fuzz"
CARGO_FUZZ = "0.13.2"
KEYRING = "keyring_file"
# No fuzzers of libFuzzer's: they print its lines of status, and have no corpus.
ROUTING = "python_routing"  # takes two of its options
AXUM = "axum_routing"  # a test in Rust: it takes none, and is told by its environment
OURS = (ROUTING, AXUM)

# Every grammar here fits well below a kilobyte; longer inputs only take longer.
LIMITS = ["-max_len=1024", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
STATUS = re.compile(r"#(\d+)\t.*?cov: (\d+).*?corp: (\d+)")
# How libFuzzer names a file; people's seeds have other names, and stay.
GIVEN_NAME = re.compile(r"[0-9a-f]{40}")
EVERY = 30
# Files of a corpus; beyond these each adds an edge or two, mostly of the second readers.
MOST = 400


@dataclass
class Fuzzer:
    name: str
    command: list[str]
    env: dict[str, str]

    @property
    def stored(self) -> Path:
        return FUZZ / "corpus" / self.name

    @property
    def found(self) -> Path:
        return WORK / "corpus" / self.name

    @property
    def log(self) -> Path:
        return WORK / "logs" / f"{self.name}.log"

    @property
    def artifacts(self) -> Path:
        return FUZZ / "artifacts" / self.name


@dataclass
class Outcome:
    name: str
    seconds: float = 0
    runs: int = 0
    edges: int = 0
    corpus: int = 0
    finds: tuple[Path, ...] = ()
    failed: bool = False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["fuzz", "minimise"])
    parser.add_argument("--minutes", type=float, default=5, help="for each target")
    parser.add_argument("--targets", nargs="*", default=[])
    parser.add_argument("--python", default=sys.executable, help="a Python that has sallet, for the key files")
    options = parser.parse_args()
    names = sorted(file.stem for file in (FUZZ / "fuzz_targets").glob("*.rs")) + [KEYRING, *OURS]
    if unknown := set(options.targets) - set(names):
        parser.error(f"no target {', '.join(sorted(unknown))}: there are {', '.join(names)}")
    # The fuzzers run in a folder of their own.
    fuzzers = list(made(options.targets or names, os.path.abspath(shutil.which(options.python) or sys.executable)))
    if options.job == "minimise":
        for fuzzer in fuzzers:
            if fuzzer.name not in OURS:
                minimise(fuzzer)
        return 0
    outcomes = [fuzz(fuzzer, options.minutes * 60) for fuzzer in fuzzers]
    return report(outcomes)


# ---- what it takes


def made(names: list[str], python: str) -> Iterator[Fuzzer]:
    rust = [name for name in names if name not in (KEYRING, *OURS)]
    if rust and (folder := built()):
        for name in rust:
            yield Fuzzer(name, [str(folder / name)], {})
    if KEYRING in names and (modules := atheris(python)):
        yield Fuzzer(KEYRING, [python, str(FUZZ / "keyring_file.py")], {"PYTHONPATH": str(modules)})
    if ROUTING in names:
        yield Fuzzer(ROUTING, [python, str(FUZZ.parent / "py-binding" / "tests" / "test_routing_fuzz.py")], {})
    if AXUM in names:
        say("building the routers of axum in the release profile")
        test = ["cargo", "test", "--release", "--locked", "--manifest-path", str(FUZZ.parent / "Cargo.toml")]
        test += ["-p", "sallet-hyper", "--all-features", "--test", "routing"]
        env = {"CARGO_TARGET_DIR": str(TARGET)}
        subprocess.run([*test, "--no-run"], check=True, env=os.environ | env)
        yield Fuzzer(AXUM, [*test, "--", "long", "--exact", "--ignored", "--nocapture"], env)


def built() -> Path | None:
    """The folder of the programs, without the address sanitizer: there is no `unsafe` to watch, and it is faster."""
    ask = ["rustup", "run", "nightly", "rustc", "-vV"]
    nightly = subprocess.run(ask, capture_output=True, text=True).stdout if shutil.which("rustup") else ""
    host = re.search(r"^host: (.*)$", nightly, re.MULTILINE)
    if not host:
        return skip("the fuzzers", "no nightly Rust", "rustup toolchain install nightly")
    tool = TARGET / "tools"
    env = os.environ | {"PATH": f"{tool / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    if not (tool / "bin" / "cargo-fuzz").exists():
        say(f"installing cargo-fuzz {CARGO_FUZZ} into target/tools")
        install = ["cargo", "install", "cargo-fuzz", "--version", f"={CARGO_FUZZ}", "--locked", "--root", str(tool)]
        subprocess.run(install, check=True)
    say("building the fuzzers with nightly Rust")
    build = ["cargo", "+nightly", "fuzz", "build", "--fuzz-dir", str(FUZZ), "--sanitizer", "none"]
    build += ["--features", "libfuzzer", "--target-dir", str(WORK)]
    subprocess.run(build, check=True, env=env)
    return WORK / host[1] / "release"


def atheris(python: str) -> Path | None:
    modules = WORK / "atheris"
    pins = FUZZ / "requirements.txt"
    stamp = modules / "stamp"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        say("installing Atheris, the fuzzer for Python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        install += ["--upgrade", "--target", str(modules), "-r", str(pins)]
        if subprocess.run(install).returncode:
            return skip(KEYRING, "no wheel of Atheris for this Python", "make PYTHON=... with CPython 3.11 or later")
        stamp.write_text(pins.read_text())
    return modules


def skip(what: str, why: str, how: str) -> None:
    print(f"SKIPPED: {what}, {why}, {how}", flush=True)
    if os.environ.get("SALLET_NO_SKIP") == "1":
        sys.exit(1)


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


# ---- fuzzing


def start(fuzzer: Fuzzer, arguments: list[str], folders: list[Path]) -> subprocess.Popen[bytes]:
    for folder in (*folders, fuzzer.log.parent, fuzzer.artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    dictionary = fuzzer.log.with_suffix(".dict")
    dictionary.write_text("\n".join(words(fuzzer.name)) + "\n")
    options = [*LIMITS, f"-dict={dictionary}", f"-artifact_prefix={fuzzer.artifacts}/", *arguments, *map(str, folders)]
    command = fuzzer.command if fuzzer.name == AXUM else [*fuzzer.command, *options]
    with fuzzer.log.open("wb") as log:
        env = os.environ | fuzzer.env
        return subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=fuzzer.log.parent)


def words(name: str) -> Iterator[str]:
    """The lines of a dictionary for libFuzzer. `#include` in it names another, or a table of the core's."""
    file = FUZZ / "dictionaries" / f"{name}.dict"
    if name.startswith("core:"):
        yield from core_words(name)
    elif file.exists():
        for line in file.read_text().splitlines():
            yield from words(line.split()[1]) if line.startswith("#include ") else [line]


def core_words(table: str) -> Iterator[str]:
    import sallet

    rows = sallet._sallet._rows()
    if table == "core:sources":
        yield from (f'"{getattr(sallet, name)}"' for name, *_ in rows["sources"])
    for row in rows["headers"] if table == "core:headers" else ():
        good = row["good"].replace('"', '\\"')
        yield f'"{row["name"]}\\xff"'
        yield f'"{good}"'


def fuzz(fuzzer: Fuzzer, seconds: float) -> Outcome:
    say(f"{fuzzer.name}, {seconds / 60:g} minutes")
    before = set(fuzzer.artifacts.glob("*"))
    begin = time.monotonic()
    # New inputs go into the first folder.
    fuzzer.env.setdefault("SALLET_ROUTING_SECONDS", f"{seconds:.0f}")
    process = start(fuzzer, [f"-max_total_time={seconds:.0f}"], [fuzzer.found, fuzzer.stored])
    try:
        while (code := ended(process)) is None:
            outcome = read(fuzzer, time.monotonic() - begin)
            print(f"    {outcome.seconds:5.0f} s  {outcome.runs:>12,} runs  {outcome.edges:>5,} edges", flush=True)
    except KeyboardInterrupt:
        process.wait()
        raise
    outcome = read(fuzzer, time.monotonic() - begin)
    outcome.finds = tuple(sorted(set(fuzzer.artifacts.glob("*")) - before))
    outcome.failed = code != 0
    return outcome


def ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(EVERY)
    except subprocess.TimeoutExpired:
        return None


def read(fuzzer: Fuzzer, seconds: float) -> Outcome:
    """What libFuzzer's last line of status says."""
    outcome = Outcome(fuzzer.name, seconds)
    for line in fuzzer.log.read_text(errors="replace").splitlines():
        if status := STATUS.match(line):
            outcome.runs, outcome.edges, outcome.corpus = map(int, status.groups())
    return outcome


def report(outcomes: list[Outcome]) -> int:
    print(f"\n{'target':<28}{'minutes':>8}{'executions':>15}{'edges':>8}{'corpus':>8}{'finds':>7}")
    for one in outcomes:
        minutes, finds = one.seconds / 60, len(one.finds) or int(one.failed)
        print(f"{one.name:<28}{minutes:>8.1f}{one.runs:>15,}{one.edges:>8,}{one.corpus:>8,}{finds:>7}")
    bad = [one for one in outcomes if one.failed or one.finds]
    for one in bad:
        print(f"\n{one.name}: what went wrong is at the end of {WORK / 'logs' / one.name}.log")
        for find in one.finds:
            print(f"    {find}")
        if one.name in OURS:
            print("    fix it; the request becomes a test with a name")
        else:
            print(f"    mend it; the file, named after the fault, belongs in fuzz/regressions/{one.name}/")
    return 1 if bad else 0


# ---- corpora


def minimise(fuzzer: Fuzzer) -> None:
    """`cargo fuzz cmin`, with three wishes of ours: named files stay, both corpora count, and an edge that was reached
    once is enough. Files that only repeat it more often would be ten times as many."""
    kept = WORK / "minimised" / fuzzer.name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    old = sorted(fuzzer.stored.glob("*"))
    for file in old:
        if not GIVEN_NAME.fullmatch(file.name):
            shutil.copy(file, kept)
    if start(fuzzer, ["-set_cover_merge=1", "-use_counters=0"], [kept, fuzzer.found, fuzzer.stored]).wait():
        sys.exit(f"{fuzzer.name}: the merge failed, see {fuzzer.log}")
    # Those that add most were written first.
    new = sorted(kept.glob("*"), key=lambda file: file.stat().st_mtime_ns)
    named = [file for file in new if not GIVEN_NAME.fullmatch(file.name)]
    new = named + [file for file in new if file not in named][: MOST - len(named)]
    fuzzer.stored.mkdir(parents=True, exist_ok=True)
    for file in old:
        file.unlink()
    for file in new:
        shutil.copy(file, fuzzer.stored)
    size = sum(file.stat().st_size for file in new)
    print(f"    {fuzzer.name:<28}{len(old):>5} files are now {len(new):>5}, {size / 1024:.0f} KiB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
