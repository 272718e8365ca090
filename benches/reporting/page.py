"""The page of the report, from the data and the notes alone: the same data make the same page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import budgets
from data import Curve, Measured, Row, Table, amount, sentence, share

UNEXPLAINED = "The reason is not written yet."
NOTES = Path(__file__).with_name("notes.md")


@dataclass(frozen=True)
class Section:
    title: str
    files: tuple[str, ...]
    plots: tuple[tuple[str, str], ...]  # the name, and what it shows to who cannot see it
    text: str
    alone: str  # how one row is measured alone


SECTIONS = (
    Section(
        "FastAPI and any ASGI app, in process",
        ("python",),
        (
            ("added", "The time that Sallet and its peers add to one request: horizontal bars, Sallet's are the shortest"),
            (
                "python-growth",
                "Four plots of the time added, over headers, keys, the app's own headers and the length of the policy",
            ),
        ),
        "What a middleware adds to one call of a bare ASGI application, on the clock of the thread's own CPU time.",
        'make bench-python BENCH="--only sallet-headers,secweb"    # BENCH=--list has the names',
    ),
    Section(
        "FastAPI on a server",
        ("server",),
        (
            (
                "server",
                "Requests per second under uvicorn and granian: horizontal bars, Sallet's nearly as long as the bare app's",
            ),
            ("connections", "Requests per second over 1 to 64 connections, one plot for each server"),
        ),
        "One worker, keep-alive connections. The bare app sends the same header bytes itself and asks for no token.",
        'make bench-python BENCH="--only uvicorn/sallet,granian/"    # BENCH=--list has the names',
    ),
    Section(
        "Tower layers, for hyper, axum and tonic",
        ("hyper", "hyper-criterion"),
        (
            ("hyper", "The time that the layers add to one request: horizontal bars for Sallet and its peers, in five cases"),
            ("hyper-growth", "Two plots of the time of a request, over fields in the policy and over the app's own fields"),
        ),
        "What a layer adds to a service that answers at once, without a socket. The ratio is to what the fastest peer adds.",
        "make bench-hyper BENCH=own    # or CRITERION=own/sallet: any part of a name",
    ),
    Section(
        "A hyper server",
        ("hyper-server",),
        (),
        "HTTP/1.1 over loopback, keep-alive connections: bare, the same header bytes by hand, and both layers with a token.",
        "make bench-hyper BENCH=connections",
    ),
    Section(
        "The core",
        ("core", "core-criterion"),
        (
            ("core", "The time of the core's operations beside their floors: horizontal bars"),
            ("core-growth", "Three plots of the core's times, over keys, fields and sources"),
        ),
        "Each operation beside its floor: the least that anyone could do, measured by turns in the same run.",
        "make bench-core BENCH=bearer    # or CRITERION=keyring/verify: any part of a name",
    ),
    Section(
        "Instructions",
        ("instructions",),
        (),
        "Counted by callgrind, so they repeat to the last one. `make bench-check` holds them against the committed baseline, "
        "fails on a rise over 2 %, and tells which function it comes from.",
        "make bench-check",
    ),
    Section(
        "Microcontrollers",
        ("firmware", "heap"),
        (),
        "Sizes of the parts of a real firmware, built and run under emulation; exact, so without a spread.",
        "firmware/run flash",
    ),
)


def build(found: Mapping[str, Measured], plots: Sequence[str], notes: str | None = None) -> str:
    """`plots` are the names of those that are there."""
    sections = read_notes(NOTES.read_text(encoding="utf-8") if notes is None else notes)
    lines = [*head(found), *verdicts(budgets.judge(found), sections)]
    for section in SECTIONS:
        lines += render(section, found, plots)
    for title in ("Fairness", "Not measured"):
        lines += [f"## {title}", "", sections[title], ""]
    return "\n".join([*lines, *parts(found)]).rstrip() + "\n"


def read_notes(text: str) -> dict[str, str]:
    """The sections of the notes by their headings."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    headed = re.split(r"^# (.+)$", text, flags=re.MULTILINE)
    sections = {title.strip(): body.strip() for title, body in zip(headed[1::2], headed[2::2], strict=True)}
    known = {budget.name for budget in budgets.BUDGETS} | {"Fairness", "Not measured"}
    if stray := sorted(set(sections) - known):
        raise ValueError(f"notes.md has a heading that no budget has: {stray[0]!r}; the budgets are named in budgets.py")
    return sections


# ---- the head


def head(found: Mapping[str, Measured]) -> Iterator[str]:
    yield "# What Sallet costs"
    yield ""
    yield "<!-- Written by `make bench`: a change here is lost. The words are in benches/reporting/notes.md and page.py. -->"
    yield ""
    if any(one.quick for one in found.values()):
        yield "**A quick run**: it shows that everything works; for figures to rely on, run `make bench`."
        yield ""
    yield from machines(found)
    yield "Medians with the middle half of the samples. Ratios are between things measured side by side in one run."
    yield ""


def machines(found: Mapping[str, Measured]) -> Iterator[str]:
    """The one that most was measured on; then what was measured on another, or with other tools."""
    classes = [machine_class(one) for one in found.values()]
    most = max(unique(classes), key=classes.count)
    yield f"Measured on {most}."
    for other in unique(classes):
        if other != most:
            whats = ", ".join(what for what, one in found.items() if machine_class(one) == other)
            yield f"Only {whats}: {other}."


def machine_class(one: Measured) -> str:
    machine = one.machine
    where = f"{machine['cores']} cores of {a(machine['cpu'])}" + (" (a virtual machine)" if machine.get("virtual") else "")
    return f"{where}, {machine['os']}, Rust {machine['rustc']}, CPython {machine['python']}"


def a(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"


def unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def parts(found: Mapping[str, Measured]) -> Iterator[str]:
    yield "## Run it again"
    yield ""
    yield "`make bench` measures everything and writes this page; `make bench-quick` takes three minutes and writes to"
    yield "`target/bench-quick`. The parts, each of which can be run alone:"
    yield ""
    rows = [[f"[{one.what}](data/{one.what}.json)", f"`{one.command}`", one.date, f"`{one.commit}`"] for one in found.values()]
    yield from grid(["data", "command", "date", "commit"], rows)
    packages = {name: version for one in found.values() for name, version in one.packages.items()}
    if packages:
        yield f"Python packages: {', '.join(f'{name} {version}' for name, version in packages.items())}."
        yield ""
    yield "A `+` behind a commit: the tree had changes that it has not."


# ---- the verdicts


def verdicts(judged: Sequence[budgets.Verdict], notes: Mapping[str, str]) -> Iterator[str]:
    yield "## The budgets"
    yield ""
    rows, reasons = [], []
    for one in judged:
        reason = notes.get(one.budget.name, "")
        if one.met is False:
            reasons.append(f"**{sentence(one.budget.name)}**, {one.shown()}, missed. {reason or UNEXPLAINED}")
        rows.append([one.budget.what, one.budget.budget, one.shown(), one.spread(), word(one, reason), place(one)])
    met, missed = (sum(one.met is wanted for one in judged) for wanted in (True, False))
    unknown = len(judged) - met - missed
    yield f"{met} of {len(judged)} met, {missed} missed{f', {unknown} not measured' if unknown else ''}."
    yield ""
    yield from grid(["what", "budget", "measured", "middle half", "verdict", "table"], rows)
    for reason in reasons:
        yield reason
        yield ""


def word(one: budgets.Verdict, reason: str) -> str:
    if one.met is None:
        return "not measured"
    if one.met:
        return "met"
    return "**missed**, floor shown" if re.search(r"^Floor:", reason, re.MULTILINE) else "**missed**"


def place(one: budgets.Verdict) -> str:
    what = one.budget.where[0]
    section = next(section for section in SECTIONS if what in section.files)
    return f"[{what}](#{anchor(section.title)})"


def anchor(title: str) -> str:
    """As forges make them."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


# ---- the sections


def render(section: Section, found: Mapping[str, Measured], plots: Sequence[str]) -> Iterator[str]:
    here = [found[what] for what in section.files if what in found]
    if not here:
        return
    yield f"## {section.title}"
    yield ""
    yield section.text
    yield ""
    for name, alt in section.plots:
        if name in plots:
            yield f"[![{alt}](plots/{name}.svg)](plots/{name}.png)"
            yield ""
    yield "```sh"
    yield from unique([*(one.command for one in here), section.alone])
    yield "```"
    yield ""
    for one in here:
        own = [table for table in one.tables if table.name != "budgets"]
        # Criterion's tables are many and long; what decides stands open above them.
        if one.what.endswith("-criterion"):
            yield from folded("Every benchmark of criterion", list(by_family(own)))
        else:
            for table in own:
                yield from show(table)
        if one.curves:
            yield from folded("How it grows, in figures", [line for curve in one.curves for line in growth(curve)])


def folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<details><summary>{title}</summary>"
        yield ""
        yield from lines
        yield "</details>"
        yield ""


def show(table: Table) -> Iterator[str]:
    """Columns that would be empty are left out."""
    yield f"**{sentence(table.title)}**"
    yield ""
    exact = all(row.low == row.median == row.high for row in table.rows)
    columns: list[tuple[str, list[str]]] = [
        ("", [f"**{row.name}**" if row.name.lower().startswith("sallet") else row.name for row in table.rows]),
        (table.unit, [amount(row.median, exact) for row in table.rows]),
        ("middle half", ["" if exact else f"{amount(row.low)} .. {amount(row.high)}" for row in table.rows]),
        ("headers", [str(row.more.get("headers") or "") for row in table.rows]),
        ("the app's own", [str(row.more.get("own", "")).replace("-", "") for row in table.rows]),
        ("over", [str(row.more.get("over", "")) for row in table.rows]),
        ("floor or peer", [row.floor or "" for row in table.rows]),
        ("ratio", [times(row) for row in table.rows]),
        ("budget", [allowed(row, exact) for row in table.rows]),
        ("", [verdict(row, exact) for row in table.rows]),
        ("load busy", [f"{row.more['load_busy']:.0%}" if "load_busy" in row.more else "" for row in table.rows]),
    ]
    # Said once above the table where it is the same for all.
    for name in ("floor or peer", "over"):
        at = next(at for at, column in enumerate(columns) if column[0] == name)
        said = set(columns[at][1]) - {""}
        if len(said) == 1 and (name == "floor or peer" or "" not in columns[at][1]):
            word = "Ratio to" if name == "floor or peer" else "Added to"
            yield f"{word}: {said.pop()}."
            yield ""
            columns[at] = (name, [""] * len(table.rows))
    kept = [column for at, column in enumerate(columns) if at == 0 or any(column[1])]
    rows = zip(*(cells for _, cells in kept), strict=True)
    yield from grid([name for name, _ in kept], [list(row) for row in rows])


def times(row: Row) -> str:
    if row.ratio is None or row.floor == row.name:
        return ""
    if row.ratio_low is None or row.ratio_high is None:
        return share(row.ratio)
    return f"{share(row.ratio)} ({share(row.ratio_low)} .. {share(row.ratio_high)})"


def allowed(row: Row, exact: bool) -> str:
    if row.budget is None:
        return ""
    return str(row.more.get("budget_text") or f"<= {amount(row.budget, exact=True) if exact else share(row.budget)}")


def verdict(row: Row, exact: bool) -> str:
    value = row.median if exact else row.ratio
    if row.budget is None or value is None:
        return ""
    at_least = str(row.more.get("budget_text", "")).startswith(">=")
    return "met" if (value >= row.budget if at_least else value <= row.budget) else "**missed**"


def by_family(tables: Sequence[Table]) -> Iterator[str]:
    """Groups named `family/member` that have the same rows are one table: a member a row, a function a column."""
    families: dict[str, list[Table]] = {}
    for table in tables:
        families.setdefault(table.name.partition("/")[0], []).append(table)
    for family, members in families.items():
        if len(members) == 1 and "/" not in members[0].name:
            yield from show(members[0])
            continue
        names = [row.name for row in members[0].rows]
        yield f"**{sentence(family)}**, {members[0].unit}"
        yield ""
        rows = []
        for member in members:
            cells = [member.row(name) for name in names]
            rows.append([member.name.partition("/")[2], *(amount(row.median) if row else "" for row in cells)])
        yield from grid([family, *names], rows)


def growth(curve: Curve) -> Iterator[str]:
    yield f"**{sentence(curve.title)}**: {curve.y}, {curve.unit}"
    yield ""
    xs = sorted({point[0] for series in curve.series for point in series.points})
    rows = []
    for series in curve.series:
        at = {point[0]: amount(point[1]) for point in series.points}
        rows.append([series.name, *(at.get(x, "") for x in xs)])
    yield from grid([curve.x, *(f"{x:,.0f}" for x in xs)], rows)


def grid(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; columns of figures are set to the right."""

    def figures(at: int) -> bool:
        return at > 0 and all(re.match(r"^(\*\*)?[-–\d<>=]|^$|^exact", row[at]) for row in rows)

    yield f"| {' | '.join(names)} |"
    yield "|" + "|".join(" ---: " if figures(at) else " --- " for at in range(len(names))) + "|"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""
