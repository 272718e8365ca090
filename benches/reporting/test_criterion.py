"""The converter, on what criterion 0.8 wrote in a real quick run of benches/core (recorded_criterion.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import criterion
import data

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded_criterion.json").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in RECORDED.items():
        file = tmp_path / "core" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_the_median_is_the_one_that_criterion_has_found(folder: Path) -> None:
    own = {}
    for name, content in RECORDED.items():
        if name.endswith("estimates.json"):
            named = RECORDED[name.replace("estimates", "benchmark")]
            own[named["full_id"]] = content["median"]["point_estimate"]
    tables, curves = criterion.convert(folder)
    found = {f"{table['name']}/{row['name']}": row for table in tables for row in table["rows"]}
    for curve in curves:
        for series in curve["series"]:
            for x, median, low, high in series["points"]:
                found[f"growth/{curve['name']}/{series['name']}/{x:.0f}"] = {"median": median, "low": low, "high": high}
    assert own.keys() == found.keys() and len(own) == 16
    for name, row in found.items():
        assert row["median"] == pytest.approx(own[name], rel=1e-9), name
        assert row["low"] < row["median"] < row["high"], name


def test_each_row_is_held_against_its_own_floor(folder: Path) -> None:
    tables, _ = criterion.convert(folder)
    floors = {f"{table['name']}: {row['name']}": row["floor"] for table in tables for row in table["rows"]}
    assert floors == {
        "challenge: floor: copy of the same bytes, insufficient scope": None,
        "challenge: floor: copy of the same bytes, missing": None,
        "challenge: slice, insufficient scope": "floor: copy of the same bytes, insufficient scope",
        "challenge: slice, missing": "floor: copy of the same bytes, missing",
        "preset/STRICT: compile time": None,
        "preset/STRICT: slice": "compile time",
        "preset/STRICT: Display": "compile time",
        "preset/STRICT: embedded-io": "compile time",
    }
    missing = next(row for table in tables for row in table["rows"] if row["name"] == "slice, missing")
    assert missing["ratio"] == pytest.approx(14.408 / 1.870, rel=1e-3)


def test_a_curve_runs_from_left_to_right(folder: Path) -> None:
    _, curves = criterion.convert(folder)
    (curve,) = curves
    assert curve["name"] == "keys" and curve["x"]["label"] == "keys in the ring"
    assert {series["name"]: [point[0] for point in series["points"]] for series in curve["series"]} == {
        "verify": [1, 4, 16, 256],
        "floor: SHA-256 of the token": [1, 4, 16, 256],
    }


def test_what_is_converted_is_accepted(folder: Path) -> None:
    tables, curves = criterion.convert(folder)
    stamp = {"what": "core-criterion", "command": "-", "date": "-", "commit": "-", "machine": {}}
    read = data.read({**stamp, "tables": tables, "curves": curves}, "core-criterion.json")
    assert [table.unit for table in read.tables] == ["ns", "ns"] and read.curves[0].unit == "ns"


def test_a_group_that_is_neither_bars_nor_a_curve_is_refused(folder: Path) -> None:
    file = next(folder.glob("**/preset_STRICT/slice/new/benchmark.json"))
    file.write_text(json.dumps({**json.loads(file.read_text()), "value_str": "4"}), encoding="utf-8")
    with pytest.raises(ValueError, match="preset/STRICT/slice: groups named growth/"):
        criterion.convert(folder)


def test_an_empty_folder_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run its benchmarks first"):
        criterion.convert(tmp_path)
