"""What `make bench` measures: the parts, in the order in which they run, and the commands behind each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import criterion
from machine import ROOT

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
CARGO = os.environ.get("CARGO", "cargo")
RUSTUP = "install Rust from https://rustup.rs"


@dataclass(frozen=True)
class Step:
    """One command. `{out}` in it is a folder of its own, whose JSON files are taken; `convert` makes one of other output."""

    name: str
    command: Sequence[str]
    seconds: tuple[int, int]  # about how long: full, quick; building comes on top the first time
    folder: str = "."
    target: str = ""  # below target/; "" leaves cargo its usual place
    env: dict[str, str] = field(default_factory=dict)
    convert: Callable[[Path], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Part:
    name: str
    title: str
    command: str  # how it is run alone, for the page
    steps: Sequence[Step]
    needs: Sequence[tuple[str, str]] = ((CARGO, RUSTUP),)  # a program, and how to get it

    def seconds(self, quick: bool) -> int:
        return sum(step.seconds[quick] for step in self.steps)


def bench(where: str, name: str, seconds: tuple[int, int]) -> Step:
    return Step(
        f"{name}, by turns" if name == "ratios" else name,
        (CARGO, "bench", "--locked", "--bench", name, "--", "--json", f"{{out}}/{where}.json"),
        seconds,
        f"benches/{where}",
        f"bench-{where}",
    )


def growing(where: str, seconds: tuple[int, int]) -> Step:
    def convert(out: Path) -> dict[str, Any]:
        tables, curves = criterion.convert(out)
        return {"what": f"{where}-criterion", "tables": tables, "curves": curves}

    command = (CARGO, "bench", "--locked", "--bench", "cost")
    # A folder that is new: criterion would keep what has since been renamed.
    return Step("criterion", command, seconds, f"benches/{where}", f"bench-{where}", {"CRITERION_HOME": "{out}"}, convert)


def python(section: str, seconds: tuple[int, int]) -> Step:
    return Step(section, (sys.executable, "benches/python/bench.py", "--section", section, "--json", "{out}"), seconds)


def no_allocator(out: Path) -> dict[str, Any]:
    """The test has linked and run a program that uses every public item and has no allocator."""
    exact = {"median": 0, "low": 0, "high": 0}
    rows = [{"name": "the whole core", **exact, "floor": None, "ratio": None, "budget": 0}]
    title = "Heap allocations of the core: a program that links the whole of it runs without an allocator"
    return {"what": "heap", "tables": [{"name": "heap", "title": title, "unit": "allocations", "rows": rows}], "curves": []}


PARTS = (
    Part(
        "core",
        "the core beside its floors",
        "make bench PART=core",
        (bench("core", "ratios", (30, 2)), growing("core", (330, 25))),
    ),
    Part(
        "hyper",
        "the tower layers beside their peers",
        "make bench PART=hyper",
        (
            bench("hyper", "ratios", (40, 2)),
            growing("hyper", (200, 15)),
            Step(
                "connections",
                (CARGO, "run", "--release", "--locked", "--bin", "connections", "--", "--json", "{out}/hyper-server.json"),
                (90, 10),
                "benches/hyper",
                "bench-hyper",
            ),
        ),
    ),
    Part(
        "instructions",
        "instructions, against the baseline",
        "make bench-check",
        (
            Step(
                "callgrind",
                (CARGO, "run", "--release", "--locked", "--", "check", "--json", "{out}/instructions.json"),
                (30, 30),
                "benches/instructions",
                "bench-instructions",
            ),
        ),
        ((CARGO, RUSTUP), ("valgrind", "apt-get install valgrind")),
    ),
    Part(
        "python",
        "ASGI beside its peers, in process",
        "make bench PART=python",
        (python("process", (90, 15)), python("growth", (150, 15))),
    ),
    Part("server", "FastAPI under uvicorn and granian", "make bench PART=server", (python("server", (180, 35)),)),
    Part(
        "firmware",
        "sizes on a Cortex-M",
        "make bench PART=firmware",
        (
            Step("sizes", ("firmware/run", "flash", "--json", "{out}/firmware.json"), (20, 20)),
            Step(
                "no allocator",
                (CARGO, "test", "--locked", "-p", "sallet-core", "--all-features", "--test", "no_alloc"),
                (15, 15),
                convert=no_allocator,
            ),
        ),
    ),
)
