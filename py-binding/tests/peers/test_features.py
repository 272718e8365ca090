"""The README's table: fresh, whole, and right where the library can be asked."""

from __future__ import annotations

from typing import Any

import pytest
from sallet import SecurityHeaders

from .features import DATA, README, ROOT, shown, table
from .node import node
from .test_django import SETTINGS, django

HEADERS = [row["header"] for row in DATA["rows"] if "header" in row]


def test_the_readme_shows_it() -> None:
    assert shown(README.read_text()) == table(), "run: python py-binding/tests/peers/features.py"


def test_it_has_every_header_of_sallets() -> None:
    keywords = [name for name in dir(SecurityHeaders.EMPTY) if getattr(SecurityHeaders.EMPTY, name) is None]
    assert sorted(HEADERS) == sorted(name.replace("_", "-") for name in keywords)


def test_every_cell_has_a_source() -> None:
    columns = {column["name"]: column for column in DATA["columns"]}
    for row in DATA["rows"]:
        assert set(row["cells"]) <= set(columns)
        assert all(mark and path for mark, path in row["cells"].values()), row
    assert all(column["lists"] and (column["source"] or column["name"] == "Sallet") for column in columns.values())
    ours = [path for row in DATA["rows"] for name, (_, path) in row["cells"].items() if name == "Sallet"]
    assert [path for path in ours if not (ROOT / path).exists()] == []


def marked(column: str) -> list[str]:
    return sorted(row["header"] for row in DATA["rows"] if "header" in row and column in row["cells"])


def sent(answers: list[dict[str, Any]]) -> list[str]:
    return sorted({name.lower() for answer in answers for name in answer})


def test_helmet_sends_what_it_says() -> None:
    assert sent([case.get("headers", {}) for case in node("helmet.mjs")["answers"]]) == marked("helmet")


def test_djangos_middlewares_send_what_it_says() -> None:
    # Its Cache-Control comes from a decorator.
    assert sent(django(SETTINGS)) == [name for name in marked("Django") if name != "cache-control"]


@pytest.mark.parametrize("column", ["helmet", "Django", "NetEscapades"])
def test_it_names_the_version_that_the_tests_compare_with(column: str) -> None:
    [version] = [each["version"] for each in DATA["columns"] if each["name"] == column]
    pins = {
        "helmet": ROOT / "py-binding/tests/npm/package.json",
        "Django": ROOT / "py-binding/requirements/django.txt",
        "NetEscapades": ROOT / "py-binding/tests/peers/netescapades.json",
    }
    [source] = [each["source"] for each in DATA["columns"] if each["name"] == column]
    text = pins[column].read_text()
    assert version in text or source.rstrip("/").rpartition("/")[2] in text
