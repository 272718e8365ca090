"""What is committed: the report is whole, honest about itself, and what the README shows is what it says."""

from __future__ import annotations

import re

import budgets
import data
import page
import readme
from machine import ROOT

REPORT = ROOT / "benches/report"


def drawn() -> list[str]:
    return [file.stem for file in (REPORT / "plots").glob("*.svg")]


def test_the_page_is_made_of_the_data_and_the_notes() -> None:
    text = (REPORT / "README.md").read_text(encoding="utf-8")
    assert text == page.build(data.load(REPORT / "data"), drawn()), "write it anew: python benches/reporting/run.py --page"


def test_it_is_of_a_full_run() -> None:
    found = data.load(REPORT / "data")
    assert found and [one.what for one in found.values() if one.quick] == []


def test_every_budget_was_measured_and_a_missed_one_has_its_reason() -> None:
    judged = budgets.judge(data.load(REPORT / "data"))
    assert [one.budget.name for one in judged if one.met is None] == []
    assert page.UNEXPLAINED not in (REPORT / "README.md").read_text(encoding="utf-8")


def test_every_plot_of_the_page_is_there() -> None:
    shown = re.findall(r"\((plots/[\w.-]+)\)", (REPORT / "README.md").read_text(encoding="utf-8"))
    assert len(shown) == 2 * sum(len(section.plots) for section in page.SECTIONS)
    assert [path for path in shown if not (REPORT / path).is_file()] == []


def test_the_readme_shows_the_figures_of_the_report() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.shown(text) == readme.block(data.load(REPORT / "data")), "write it anew: python benches/reporting/run.py --page"


def test_it_shows_no_path() -> None:
    for file in [REPORT / "README.md", *(REPORT / "data").glob("*.json"), *(REPORT / "plots").glob("*.svg")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"/(?:home|root|tmp|work|Users)/", text), file.name
