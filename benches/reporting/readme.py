"""The part of the project's README that shows figures: made of the committed report, so that the two cannot differ.

`python benches/reporting/readme.py` prints it, `make bench` writes it, `test_report.py` compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import data
from data import Measured, Refused, Row, amount, sends, share
from machine import ROOT

README = ROOT / "README.md"
START, END = "<!-- bench: ", "<!-- /bench -->"
TABLES = {"headers": "security headers", "bearer": "a bearer token, checked against 16 keys"}
SERVED = ("FastAPI on uvicorn, protect / bare", "the same, requests per CPU second")
HEAD = f"{START}written by `make bench` from benches/report, and compared with it by a test -->"


def is_shown(found: Mapping[str, Measured]) -> bool:
    """Whether all that the README shows was measured; a part that was run alone on an empty report is not enough."""
    return {"python", "server"} <= set(found)


def block(found: Mapping[str, Measured]) -> str:
    """From the start mark to the end mark."""
    if not is_shown(found):
        raise Refused("the README shows figures of python.json and server.json: make bench PART=python,server")
    python, server = found["python"], found["server"]
    lines = [HEAD, "![The time that Sallet and its peers add to one request](benches/report/plots/added.svg)", ""]
    for table, title in TABLES.items():
        lines += rows(python, table, title)
    machine, commit = python.machine, python.commit
    served, cpu = (share(row(server, "budgets", name).median) for name in SERVED)
    lines += [
        f"Time added to one request, median, in process: `{python.command}`. Under uvicorn FastAPI with both served",
        f"{served} of the requests a second of the bare app that sends the same header bytes itself, and {cpu} of them",
        f"for a second of processor time: `{server.command}`. {python.date}, commit `{commit}`,",
        f"CPython {machine['python']}, {machine['cores']} cores of a shared {machine['cpu']}.",
        "[The whole report](benches/report/README.md) has every budget with its verdict, the tower layers, the core",
        "and the firmware, how cost grows, and what is not measured.",
        END,
    ]
    return "\n".join(lines) + "\n"


def rows(python: Measured, name: str, title: str) -> list[str]:
    table = python.table(name)
    if table is None:
        raise Refused(f"python.json has no table {name!r}, which the README shows: make bench PART=python")
    shown = sorted((one for one in table.rows if "(the noise)" not in one.name), key=lambda one: one.median)
    lines = [f"| {title} | added |", "| --- | ---: |"]
    for one in shown:
        who = f"**{one.name}**" if one.name.startswith("Sallet") else one.name
        what = f", {sent}" if (sent := sends(one)) else ""
        lines.append(f"| {who}{what} | {amount(one.median)} {table.unit} |")
    return [*lines, ""]


def row(measured: Measured, table: str, name: str) -> Row:
    found = measured.table(table)
    one = found.row(name) if found else None
    if one is None:
        raise Refused(f"{measured.what}.json has no row {name!r}, which the README shows: make bench PART={measured.what}")
    return one


def shown(text: str) -> str:
    """The block that a README has now."""
    if START not in text or END not in text:
        raise Refused(f"README.md has no place for figures: put a line that begins with {START!r} and below it a line {END!r}")
    return text[text.index(START) : text.index(END) + len(END)] + "\n"


def write(found: Mapping[str, Measured], readme: Path = README) -> None:
    text = readme.read_text(encoding="utf-8")
    new = text.replace(shown(text), block(found))
    if new != text:
        readme.write_text(new, encoding="utf-8")
        print("==> README.md shows the new figures")


if __name__ == "__main__":
    print(block(data.load(ROOT / "benches/report/data")), end="")
