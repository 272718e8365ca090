"""Criterion's own files (0.8), as tables and curves in the shape of the other data.

A benchmark without a parameter is a row; a group named `growth/...` is a curve, its functions the series, their numeric
parameters the x. What is shown is not criterion's fitted slope but the median and the middle half of its samples: the same
figures as everywhere else in the report.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GROWTH = "growth/"
FLOOR = "floor: "
# The row that the others of a group are held against where none is called a floor: a copy of static text, the bare service.
FLOORS = ("compile time", "bare")
# What a curve's x and y are; the name of the group alone does not tell.
AXES = {
    "keys": "keys in the ring",
    "headers": "fields in the policy",
    "csp": "sources in the policy",
    "own": "fields that the app sends itself",
}
# Criterion sorts by name, this is how one would tell it.
ORDER = ("compile time", "slice", "Display", "embedded-io", "bare", "sallet")


@dataclass(frozen=True)
class Benchmark:
    group: str
    function: str
    x: float | None
    low: float
    median: float
    high: float


def convert(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The tables and the curves of all that a folder of criterion holds."""
    groups: dict[str, list[Benchmark]] = {}
    for benchmark in sorted(read(folder), key=told):
        groups.setdefault(benchmark.group, []).append(benchmark)
    if not groups:
        raise FileNotFoundError(f"criterion has written nothing into {folder.name}: run its benchmarks first")
    tables = [table(group, found) for group, found in groups.items() if not group.startswith(GROWTH)]
    curves = [curve(group, found) for group, found in groups.items() if group.startswith(GROWTH)]
    return tables, curves


def read(folder: Path) -> Iterator[Benchmark]:
    for file in folder.glob("**/new/benchmark.json"):
        named = json.loads(file.read_text(encoding="utf-8"))
        sample = json.loads(file.with_name("sample.json").read_text(encoding="utf-8"))
        times = [time / times for time, times in zip(sample["times"], sample["iters"], strict=True)]
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        x = float(named["value_str"]) if named["value_str"] else None
        if (x is None) == named["group_id"].startswith(GROWTH):
            raise ValueError(f"{named['full_id']}: groups named {GROWTH}* have a numeric parameter, and others have none")
        yield Benchmark(named["group_id"], named["function_id"], x, low, median, high)


def told(one: Benchmark) -> tuple[Any, ...]:
    place = ORDER.index(one.function) if one.function in ORDER else len(ORDER)
    return one.group, not one.function.startswith(FLOOR), place, one.function, one.x or 0


def table(group: str, found: list[Benchmark]) -> dict[str, Any]:
    rows = []
    for one in found:
        floor = floor_of(one, found)
        rows.append(
            {
                "name": one.function,
                "low": one.low,
                "median": one.median,
                "high": one.high,
                "floor": floor.function if floor else None,
                "ratio": one.median / floor.median if floor else None,
                "budget": None,
            }
        )
    return {"name": group, "title": group, "unit": "ns", "rows": rows}


def floor_of(one: Benchmark, found: list[Benchmark]) -> Benchmark | None:
    """A group can have a floor for each of its inputs; what stands behind the last comma tells which belongs to which."""
    floors = [other for other in found if other.function.startswith(FLOOR) or other.function in FLOORS]
    if one in floors:
        return None
    if len(floors) > 1:
        floors = [other for other in floors if other.function.split(", ")[-1] == one.function.split(", ")[-1]]
    return floors[0] if floors else None


def curve(group: str, found: list[Benchmark]) -> dict[str, Any]:
    name = group.removeprefix(GROWTH)
    series: dict[str, list[list[float | None]]] = {}
    for one in found:
        series.setdefault(one.function, []).append([one.x, one.median, one.low, one.high])
    return {
        "name": name,
        "title": f"More {AXES.get(name, name)}",
        "x": {"label": AXES.get(name, name)},
        "y": {"label": "time", "unit": "ns"},
        "log_x": True,
        "log_y": True,
        "series": [{"name": function, "points": points} for function, points in series.items()],
    }
