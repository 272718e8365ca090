"""What was measured, read and checked: a file with a mistake is refused here, before it becomes a page that misleads.

The shape of a file is told in README.md, one folder up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# How a program may write a unit, and how a reader sees it.
UNITS = {
    "ns": "ns",
    "ns added": "ns added",
    "us": "µs",
    "µs": "µs",
    "server CPU us": "µs of CPU",
    "1/s": "requests/s",
    "requests/s": "requests/s",
    "instructions": "instructions",
    "bytes": "bytes",
    "allocations": "allocations",
    "ratio": "ratio",
}
NANOSECONDS = {"ns": 1.0, "ns added": 1.0, "µs": 1e3, "µs of CPU": 1e3}


class Refused(ValueError):
    """Data that a page must not be made of. The sentence tells where and what to do."""


@dataclass(frozen=True)
class Row:
    name: str
    median: float
    low: float
    high: float
    floor: str | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    budget: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    unit: str
    rows: tuple[Row, ...]

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)

    @property
    def floors(self) -> set[str]:
        return {row.floor for row in self.rows if row.floor}


@dataclass(frozen=True)
class Series:
    name: str
    points: tuple[tuple[float, float, float, float], ...]  # x, median, low, high


@dataclass(frozen=True)
class Curve:
    name: str
    title: str
    x: str
    y: str
    unit: str
    log_x: bool
    log_y: bool
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Measured:
    """One file."""

    what: str
    command: str
    quick: bool
    date: str
    commit: str
    machine: Mapping[str, Any]
    packages: Mapping[str, str]
    tables: tuple[Table, ...]
    curves: tuple[Curve, ...]

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)

    def curve(self, name: str) -> Curve | None:
        return next((curve for curve in self.curves if curve.name == name), None)


def load(folder: Path) -> dict[str, Measured]:
    """Every file of a folder, by what it measures."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Refused(f"{file.name} is no JSON ({error}): measure it again") from error
        one = read(raw, file.name)
        if one.what != file.stem:
            raise Refused(f"{file.name} says that it is of {one.what!r}: call it {one.what}.json")
        found[one.what] = one
    return found


def read(raw: Mapping[str, Any], where: str) -> Measured:
    for key in ("what", "command", "date", "commit", "machine", "tables", "curves"):
        if key not in raw:
            raise Refused(f"{where} has no {key!r}: write it with benches/reporting/run.py, which knows date and machine")
    tables = tuple(read_table(table, f"{where}, table {table.get('name')!r}") for table in raw["tables"])
    once((f"{table.name} ({table.unit})" for table in tables), f"{where}: table")
    curves = tuple(read_curve(curve, f"{where}, curve {curve.get('name')!r}") for curve in raw["curves"])
    once((curve.name for curve in curves), f"{where}: curve")
    return Measured(
        what=raw["what"],
        command=raw["command"],
        quick=bool(raw.get("quick", False)),
        date=raw["date"],
        commit=raw["commit"],
        machine=raw["machine"],
        packages=raw.get("packages", {}),
        tables=tables,
        curves=curves,
    )


def read_table(raw: Mapping[str, Any], where: str) -> Table:
    rows = tuple(read_row(row, f"{where}, row {row.get('name')!r}") for row in raw["rows"])
    if not rows:
        raise Refused(f"{where} is empty: leave it out")
    once((row.name for row in rows), f"{where}: row")
    table = Table(raw["name"], raw["title"], unit(raw["unit"], where), rows)
    for row in rows:
        if row.floor is not None and table.row(row.floor) is None:
            raise Refused(f"{where}: {row.name!r} is held against {row.floor!r}, which is no row of the table: measure both")
    return table


def read_row(raw: Mapping[str, Any], where: str) -> Row:
    spread = [number(raw[key], where) for key in ("low", "median", "high")]
    if spread != sorted(spread):
        raise Refused(f"{where}: low, median and high are {spread}, out of order")
    known = ("floor", "ratio", "ratio_low", "ratio_high", "budget")
    given = {key: raw.get(key) for key in known}
    for key in known[1:]:
        given[key] = None if given[key] is None else number(given[key], where)
    more = {key: value for key, value in raw.items() if key not in {*known, "name", "low", "median", "high"}}
    return Row(raw["name"], spread[1], spread[0], spread[2], **given, more=more)


def read_curve(raw: Mapping[str, Any], where: str) -> Curve:
    series = []
    for one in raw["series"]:
        points = [tuple(number(value, where) for value in point) for point in one["points"]]
        xs = [point[0] for point in points]
        if not points or len(set(map(len, points))) != 1 or len(points[0]) != 4 or xs != sorted(set(xs)):
            raise Refused(f"{where}, series {one['name']!r}: its points must be [x, median, low, high] with rising x")
        series.append(Series(one["name"], tuple(points)))  # type: ignore[arg-type]
    if not series:
        raise Refused(f"{where} has no series: leave it out")
    once((one.name for one in series), f"{where}: series")
    x, y = raw["x"]["label"], raw["y"]
    return Curve(raw["name"], raw["title"], x, y["label"], unit(y["unit"], where), raw["log_x"], raw["log_y"], tuple(series))


def unit(written: str, where: str) -> str:
    if written not in UNITS:
        raise Refused(f"{where}: the unit {written!r} is unknown; there are {', '.join(sorted(set(UNITS)))}")
    return UNITS[written]


def number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Refused(f"{where}: {value!r} is no finite number")
    return float(value)


def once(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refused(f"{where} {name!r} is there twice")
        seen.add(name)


def amount(value: float, exact: bool = False) -> str:
    """Three digits that mean something, the rest is noise; counts are shown whole."""
    if exact or abs(value) >= 1000:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def share(ratio: float) -> str:
    """`0.62`, `1.04`, `27`, and `1/19` where two decimals would say nothing."""
    if 0 < ratio < 0.1:
        return f"1/{1 / ratio:.0f}"
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def sends(row: Row) -> str:
    """How many headers, and what becomes of one that the app sends too: without it the figures are not comparable."""
    count, own = row.more.get("headers"), row.more.get("own")
    return f"{count} headers, the app's own {own}" if count and own != "-" else ""


def sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
