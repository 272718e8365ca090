"""Writes the README's table of headers and features from `features.json`, which has the source of each cell.

Run `python py-binding/tests/peers/features.py` after a change; `test_features.py` compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
START, END = "<!-- headers: ", "<!-- /headers -->"
HEAD = f"{START}written by `python py-binding/tests/peers/features.py`, and compared by a test -->"
DATA: dict[str, Any] = json.loads(Path(__file__).with_name("features.json").read_text())
OURS = DATA["columns"][0]["name"]


def cells(row: dict[str, Any]) -> list[str]:
    """One per column. A dash means that the file or folder in the column's `lists` does not have it. Sallet has every header."""
    marks = {name: mark for name, (mark, _) in row["cells"].items()}
    if "header" in row:
        marks[OURS] = "yes"
    return [marks.get(column["name"], "–") for column in DATA["columns"]]


def table() -> str:
    """From the start mark to the end mark."""
    names = [f"{column['name']} {column['version']}".strip() for column in DATA["columns"]]
    lines = [HEAD, "| | " + " | ".join(names) + " |", "| --- |" + " :---: |" * len(names)]
    for row in DATA["rows"]:
        what = f"`{row['header']}`" if "header" in row else row["what"]
        lines.append(f"| {what} | " + " | ".join(cells(row)) + " |")
    return "\n".join([*lines, END]) + "\n"


def shown(readme: str) -> str:
    return readme[readme.index(START) : readme.index(END)] + END + "\n"


if __name__ == "__main__":
    text = README.read_text()
    README.write_text(text.replace(shown(text), table()))
