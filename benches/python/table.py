"""The pages that bench.py prints."""

from __future__ import annotations

from collections.abc import Sequence

from budgets import Verdict
from rounds import Row, Spread
from server_rounds import Served


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
    body = []
    for row in rows:
        total, added = Spread.of(row.total), Spread.of(row.added)
        baseline = row.contender.name == row.contender.over
        body.append(
            [
                row.contender.title,
                str(row.headers) if row.headers else "-",
                f"{total.median * 1e6:.2f}",
                "-" if baseline else f"{added.median * 1e6:.2f}",
                "-" if baseline else f"{added.low * 1e6:.2f} .. {added.high * 1e6:.2f}",
            ]
        )
    head = ["in process, one ASGI call", "headers", "total µs", "added µs", "middle half"]
    return columns(head, body, right=(1, 2, 3, 4))


def server(served: Served) -> str:
    body = []
    for title, rates, cpu in (
        (served.bare_title, served.bare, served.bare_cpu),
        (served.worn_title, served.worn, served.worn_cpu),
    ):
        rate = Spread.of(rates)
        body.append(
            [title, f"{rate.median:,.0f}", f"{rate.low:,.0f} .. {rate.high:,.0f}", f"{Spread.of(cpu).median:.1f}"]
        )
    head = [f"uvicorn, real sockets, {served.connections} connections", "requests/s", "middle half", "server CPU µs"]
    return columns(head, body, right=(1, 2, 3))


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
