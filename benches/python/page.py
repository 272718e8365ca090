"""The pages that bench.py prints."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from budgets import Verdict
from contenders.rows import KINDS
from growth import Drawn
from in_process import Row
from server.rounds import CONNECTIONS, TITLES, Lane, Served, of_bare
from turns import Spread

BUSY = 1.5  # times as fast in one quarter of the rounds as in another: somebody else was using the processors


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    """Plain text columns; those whose index is in `right` are set to the right."""
    widths = [max(len(line[index]) for line in [head, *rows]) for index in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(head), rule, *map(line, rows)])


def process(rows: Sequence[Row]) -> str:
    """One table for each kind; the columns are as wide in all."""
    body: list[list[str]] = []
    for kind, title in KINDS.items():
        of_kind = [row for row in rows if row.contender.kind == kind]
        if not of_kind:
            continue
        body += [["", *[""] * 5]] if body else []
        body.append([f"{title}:", *[""] * 5])
        for row in of_kind:
            added = Spread.of(row.added)
            body.append(
                [
                    f"  {row.contender.title}",
                    str(row.seen.headers) if row.seen.headers else "-",
                    row.seen.own,
                    f"{statistics.median(row.total):.2f}",
                    "-" if row.is_baseline else f"{added.median:.2f}",
                    "-" if row.is_baseline else f"{added.low:.2f} .. {added.high:.2f}",
                ]
            )
    head = ["in process, one ASGI call", "headers", "the app's own", "total µs", "added µs", "middle half"]
    return columns(head, body, right=(1, 3, 4, 5))


def growth(drawn: Drawn) -> str:
    curve = drawn.curve
    names = list(drawn.series)
    xs = [x for x, _ in drawn.series[names[0]]]
    body = [[f"  {name}", *(f"{spread.median:.2f}" for _, spread in drawn.series[name])] for name in names]
    head = [f"{curve.title}: added µs at {curve.x}", *map(str, xs)]
    return columns(head, body, right=range(1, len(xs) + 1))


def server(served: Served) -> str:
    bare = served.lane("bare")
    body = []
    for lane in served.lanes:
        if lane.connections != CONNECTIONS:
            continue
        rate = Spread.of(lane.rates)
        body.append(
            [
                TITLES[lane.app],
                f"{rate.median:,.0f}",
                f"{rate.low:,.0f} .. {rate.high:,.0f}",
                f"{statistics.median(of_bare(lane.rates, bare.rates)):.2f}" if bare else "-",
                f"{Spread.of(lane.cpu).median:.1f}",
                f"{Spread.of(lane.load).median:.0%}",
            ]
        )
    where = f"{served.server}, {CONNECTIONS} connections"
    quiet = all(spread.high < BUSY * spread.low for spread in map(Spread.of, [bare.rates] if bare else []))
    warning = "" if quiet else "\nThe machine did something else meanwhile: of this, only the CPU time can be believed."
    head = [where, "requests/s", "middle half", "of bare", "server CPU µs", "load busy"]
    return columns(head, body, right=(1, 2, 3, 4, 5)) + warning


def connections(served: Served) -> str:
    counts = sorted({lane.connections for lane in served.lanes})
    apps = [lane.app for lane in served.lanes if lane.connections == counts[-1]]
    body = []
    for app in apps:
        found = [served.lane(app, count) for count in counts]
        rates = [f"{Spread.of(lane.rates).median:,.0f}" if lane else "-" for lane in found]
        body.append([f"  {TITLES[app]}", *rates])
    head = [f"{served.server}: requests/s over so many connections", *map(str, counts)]
    return columns(head, body, right=range(1, len(counts) + 1))


def load(lane: Lane) -> str:
    rate, busy = Spread.of(lane.rates).median, Spread.of(lane.load).median
    return (
        f"The load itself: {rate:,.0f} requests/s, busy {busy:.0%}, where the server does next to nothing.\n"
        "While it is not busy it waits for the server."
    )


def verdicts(found: Sequence[Verdict]) -> str:
    body = [
        [
            verdict.what,
            f"{verdict.sign} {verdict.limit_text}",
            verdict.show(verdict.ratio.median),
            f"{verdict.show(verdict.ratio.low)} .. {verdict.show(verdict.ratio.high)}",
            "met" if verdict.met else "MISSED",
        ]
        for verdict in found
    ]
    return columns(["ratio, same run", "budget", "measured", "middle half", ""], body, right=(2, 3))
