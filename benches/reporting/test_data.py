"""Data with a mistake becomes no page."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import data

GOOD: dict[str, Any] = {
    "what": "core",
    "command": "make bench PART=core",
    "quick": False,
    "date": "2026-11-22",
    "commit": "abc1234",
    "machine": {"cpu": "a", "cores": 2, "os": "Linux 6.1", "rustc": "1.95.0", "python": "3.11.7"},
    "tables": [
        {
            "name": "block",
            "title": "A block",
            "unit": "ns",
            "rows": [
                {"name": "copy", "median": 10.0, "low": 9.0, "high": 11.0, "floor": None, "ratio": None, "budget": None},
                {"name": "STRICT", "median": 12.0, "low": 12.0, "high": 12.5, "floor": "copy", "ratio": 1.2, "budget": 1.3},
            ],
        }
    ],
    "curves": [
        {
            "name": "keys",
            "title": "Keys",
            "x": {"label": "keys"},
            "y": {"label": "time", "unit": "us"},
            "log_x": True,
            "log_y": True,
            "series": [{"name": "sallet", "points": [[1, 2.0, 1.0, 3.0], [16, 4.0, 3.0, 5.0]]}],
        }
    ],
}


def row(raw: dict[str, Any]) -> Any:
    return raw["tables"][0]["rows"][1]


def points(raw: dict[str, Any]) -> Any:
    return raw["curves"][0]["series"][0]["points"]


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a unit that nobody knows": (lambda raw: raw["tables"][0].update(unit="ms"), "table 'block': the unit 'ms' is unknown"),
    "a unit of a curve": (lambda raw: raw["curves"][0]["y"].update(unit="s"), "curve 'keys': the unit 's' is unknown"),
    "a floor that is not there": (lambda raw: row(raw).update(floor="memcpy"), "held against 'memcpy', which is no row"),
    "a spread out of order": (lambda raw: row(raw).update(low=13.0), "row 'STRICT': low, median and high"),
    "no number": (lambda raw: row(raw).update(median=None), "None is no finite number"),
    "infinity": (lambda raw: row(raw).update(high=float("inf")), "inf is no finite number"),
    "a ratio that is text": (lambda raw: row(raw).update(ratio="1.2"), "'1.2' is no finite number"),
    "a row twice": (lambda raw: row(raw).update(name="copy"), "row 'copy' is there twice"),
    "a table twice": (lambda raw: raw["tables"].append(raw["tables"][0]), r"table 'block \(ns\)' is there twice"),
    "an empty table": (lambda raw: raw["tables"][0].update(rows=[]), "table 'block' is empty"),
    "x that falls": (lambda raw: points(raw).reverse(), "with rising x"),
    "x twice": (lambda raw: points(raw).append(points(raw)[1]), "with rising x"),
    "a point without a spread": (lambda raw: points(raw).__setitem__(0, [1, 2.0]), r"\[x, median, low, high\]"),
    "no commit": (lambda raw: raw.pop("commit"), "has no 'commit': write it with"),
}


def test_good_data_are_read() -> None:
    read = data.read(GOOD, "core.json")
    table, curve = read.tables[0], read.curves[0]
    assert table.row("STRICT") == data.Row("STRICT", 12.0, 12.0, 12.5, "copy", 1.2, None, None, 1.3)
    assert table.floors == {"copy"} and curve.unit == "µs" and curve.series[0].points[1] == (16, 4.0, 3.0, 5.0)


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_refused_and_named(mistake: str) -> None:
    spoil, says = WRONG[mistake]
    raw = copy.deepcopy(GOOD)
    spoil(raw)
    with pytest.raises(data.Refused, match=f"^core.json.*{says}"):
        data.read(raw, "core.json")


def test_a_file_is_named_as_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "hyper.json").write_text(json.dumps(GOOD), encoding="utf-8")
    with pytest.raises(data.Refused, match="call it core.json"):
        data.load(tmp_path)
    (tmp_path / "hyper.json").rename(tmp_path / "core.json")
    assert list(data.load(tmp_path)) == ["core"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (0.4536, "0.454"),
        (1.27, "1.27"),
        (12.04, "12.0"),
        (105.3, "105"),
        (999.6, "1,000"),
        (10473.2, "10,473"),
        (-0.0012, "-0.001"),
        (0, "0"),
    ],
)
def test_three_digits_are_shown(value: float, says: str) -> None:
    assert data.amount(value) == says


@pytest.mark.parametrize(
    ("ratio", "says"), [(0.62, "0.62"), (1.0, "1.00"), (0.0526, "1/19"), (0.0044, "1/227"), (12.95, "12.9"), (126.4, "126")]
)
def test_a_ratio_is_shown_as_one_says_it(ratio: float, says: str) -> None:
    assert data.share(ratio) == says
