"""The page: every budget is on it, with the verdict that the figures give and the reason where it is missed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import budgets
import data
import page
import readme
from budgets import BUDGETS, Budget
from data import Measured, Refused, Row, Table
from machine import ROOT

sys.path.insert(0, str(ROOT / "py-binding/tests"))
from needs import need  # noqa: E402

NOTES = "# Fairness\nFair.\n# Not measured\nMuch.\n"
MACHINE = {"cpu": "EPYC", "cores": 2, "os": "Linux 6.1", "rustc": "1.95.0", "python": "3.11.7"}

# The rows of section 9 of the design, and how many budgets each of them is.
DESIGN = {
    "ASGI headers": 3,
    "ASGI bearer check": 1,
    "`protect`": 2,
    "FastAPI on uvicorn": 2,
    "hyper/tower headers layer": 2,
    "block into a buffer": 1,
    "block with a fresh nonce": 1,
    "bearer check of a 16-key ring": 1,
    "heap allocations": 1,
    "flash for a const policy": 1,
    "bearer auth with SHA-256": 2,
}


def measured(**values: float) -> dict[str, Measured]:
    """What a run would find that meets every budget exactly, except for the `values`, which are named as the budgets are."""
    tables: dict[str, dict[str, list[Row]]] = {}
    for budget in BUDGETS:
        what, table, row = budget.where
        value = values.get(budget.name.replace(" ", "_"), budget.limit)
        if what in ("core", "hyper"):
            made = Row(row, 7.0, 7.0, 7.0, ratio=value, budget=budget.limit)
        else:
            made = Row(row, value, value, value, budget=budget.limit)
        tables.setdefault(what, {}).setdefault(table, []).append(made)
    units = {"heap": "allocations", "firmware": "bytes", "core": "ns", "hyper": "ns added"}
    found = {}
    for what, named in tables.items():
        made_tables = tuple(Table(name, name, units.get(what, "ratio"), tuple(rows)) for name, rows in named.items())
        found[what] = Measured(what, f"make bench PART={what}", False, "2026-11-22", "abc1234", MACHINE, {}, made_tables, ())
    return found


def line_of(text: str, budget: Budget) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {budget.what} | {budget.budget} |")]
    return line


def test_the_list_is_the_design_s() -> None:
    assert {start: sum(budget.what.startswith(start) for budget in BUDGETS) for start in DESIGN} == DESIGN
    assert len(BUDGETS) == sum(DESIGN.values())
    assert len({budget.name for budget in BUDGETS}) == len({(budget.what, budget.budget) for budget in BUDGETS}) == len(BUDGETS)


def test_a_budget_that_is_just_kept_is_met() -> None:
    text = page.build(measured(), [], NOTES)
    assert f"{len(BUDGETS)} of {len(BUDGETS)} met, 0 missed." in text
    for budget in BUDGETS:
        assert "| met |" in line_of(text, budget)


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: budget.name)
def test_each_budget_can_be_missed_alone(budget: Budget) -> None:
    beyond = budget.limit * (0.99 if budget.at_least else 1.01) + (budget.limit == 0)
    text = page.build(measured(**{budget.name.replace(" ", "_"): beyond}), [], NOTES)
    assert f"{len(BUDGETS) - 1} of {len(BUDGETS)} met, 1 missed." in text
    assert "| **missed** |" in line_of(text, budget) and text.count("| **missed** |") >= 1
    assert page.UNEXPLAINED in text


def test_the_reason_of_a_missed_row_is_shown_while_it_is_missed() -> None:
    notes = f"{NOTES}# block with a nonce\nBecause.\n\nFloor: base64 alone.\n"
    assert "Because." not in page.build(measured(), [], notes)
    text = page.build(measured(block_with_a_nonce=3.0), [], notes)
    assert "**Block with a nonce**, 3.00, missed. Because." in text and page.UNEXPLAINED not in text
    assert "| **missed**, floor shown |" in line_of(text, next(one for one in BUDGETS if one.name == "block with a nonce"))


def test_a_reason_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="heading that no budget has: 'blok'"):
        page.build(measured(), [], f"{NOTES}# blok\nBecause.\n")


def test_what_was_not_measured_says_so() -> None:
    found = measured()
    del found["firmware"]
    text = page.build(found, [], NOTES)
    assert text.count("| not measured |") == 3 and "3 not measured." in text


def test_a_part_without_the_row_of_a_budget_is_refused() -> None:
    found = measured()
    table = found["core"].table("bearer")
    assert table
    found["core"] = replace(found["core"], tables=(replace(table, rows=(replace(table.rows[0], name="verify"),)),))
    with pytest.raises(Refused, match="core.json has no row"):
        page.build(found, [], NOTES)


def test_a_row_of_a_budget_without_a_ratio_is_refused() -> None:
    found = measured()
    table = found["hyper"].tables[0]
    found["hyper"] = replace(found["hyper"], tables=(replace(table, rows=(replace(table.rows[0], ratio=None),)),))
    with pytest.raises(Refused, match="hyper.json has no ratio in 'sallet', which 'tower layer' is about"):
        page.build(found, [], NOTES)


def test_a_program_with_another_limit_is_refused() -> None:
    found = measured()
    table = found["heap"].tables[0]
    found["heap"] = replace(found["heap"], tables=(replace(table, rows=(replace(table.rows[0], budget=1.0),)),))
    with pytest.raises(Refused, match="against 1, budgets.py against 0: agree on one"):
        page.build(found, [], NOTES)


def test_links_lead_to_headings() -> None:
    text = page.build(measured(), [], NOTES)
    headings = {page.anchor(line.removeprefix("## ")) for line in text.splitlines() if line.startswith("## ")}
    targets = {part.split(")")[0] for part in text.split("](#")[1:]}
    assert targets and targets <= headings


def test_a_quick_run_is_no_report() -> None:
    found = {what: replace(one, quick=True) for what, one in measured().items()}
    assert "**A quick run**" in page.build(found, [], NOTES) and "quick run" not in page.build(measured(), [], NOTES)


def test_the_same_data_make_the_same_plots(tmp_path: Path) -> None:
    try:
        import plots
    except ModuleNotFoundError as missing:
        need("the plots", f"no {missing.name}", "pip install -r py-binding/requirements/bench.txt")
    rows = (Row("bare app", 1.0, 0.9, 1.1), Row("Sallet, STRICT", 2.0, 1.5, 2.5, "bare app", 2.0, None, None, 3.0))
    points = ((1.0, 1.0, 0.9, 1.1), (64.0, 8.0, 7.0, 9.0))
    curve = data.Curve(
        "keys", "Keys", "keys", "time", "µs", True, True, (data.Series("Sallet", points), data.Series("bare", points))
    )
    python = replace(measured()["python"], tables=(Table("headers", "Headers", "µs", rows),), curves=(curve,))
    drawn = [plots.draw({"python": python}, tmp_path / run) for run in "ab"]
    assert drawn == [["added", "python-growth"]] * 2
    files = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert files == ["added.png", "added.svg", "python-growth.png", "python-growth.svg"]
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_the_readme_is_renewed_between_its_marks(tmp_path: Path) -> None:
    row = Row("Sallet, STRICT", 0.44, 0.4, 0.5, more={"headers": 12, "own": "kept"})
    found = measured()
    tables = (Table("headers", "", "µs", (row,)), Table("bearer", "", "µs", (replace(row, name="Sallet, bearer", more={}),)))
    found["python"] = replace(found["python"], tables=(*found["python"].tables, *tables))
    file = tmp_path / "README.md"
    file.write_text(f"before\n{readme.START}old -->\n| old | 9 |\n{readme.END}\nafter\n", encoding="utf-8")
    readme.write(found, file)
    text = file.read_text(encoding="utf-8")
    assert text == f"before\n{readme.block(found)}after\n"
    assert "| **Sallet, STRICT**, 12 headers, the app's own kept | 0.440 µs |" in text and "old" not in text
    file.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(Refused, match="no place for figures"):
        readme.write(found, file)


def test_every_verdict_points_to_a_section() -> None:
    for verdict in budgets.judge(measured()):
        assert page.place(verdict).startswith("[")
