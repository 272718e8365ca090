"""What was measured, in the shape that benches/reporting draws: tables of rows and curves of series."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from budgets import Verdict
from contenders.peers import version
from contenders.rows import KINDS
from growth import Drawn
from in_process import Row
from server.rounds import CONNECTIONS, TITLES, Lane, Served, of_bare
from turns import Spread

sys.path.append(str(Path(__file__).resolve().parent.parent / "reporting"))
import machine  # type: ignore[import-not-found]  # noqa: E402

Json = dict[str, Any]
FRAMEWORKS = ("fastapi", "starlette", "uvicorn", "granian", "uvloop", "httptools")
PEERS = ("secure", "Secweb", "fastapi-security-headers")


def file(what: str, quick: bool, tables: Iterable[Json], curves: Iterable[Json]) -> Json:
    return {
        "what": what,
        "command": "make bench-python",
        "quick": quick,
        "date": machine.date(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "packages": {name: version(name) for name in FRAMEWORKS + PEERS},
        "tables": list(tables),
        "curves": list(curves),
    }


def row(name: str, spread: Spread, **more: Any) -> Json:
    return {
        "name": name,
        "median": spread.median,
        "low": spread.low,
        "high": spread.high,
        **{"floor": None, "ratio": None, "budget": None, **more},
    }


def ratio(spread: Spread) -> Json:
    return {"ratio": spread.median, "ratio_low": spread.low, "ratio_high": spread.high}


def process_tables(rows: Sequence[Row], found: Sequence[Verdict]) -> Iterable[Json]:
    titles = {row.contender.name: row.contender.title for row in rows}
    # A row can have several budgets and the shape has room for one: the first. All of them are in the table "budgets".
    first = {verdict.row: verdict for verdict in reversed(found)}
    for kind, title in KINDS.items():
        body = []
        for measured in rows:
            contender, verdict = measured.contender, first.get(measured.contender.name)
            if contender.kind != kind or measured.is_baseline:
                continue
            extra: Json = {"headers": measured.seen.headers, "own": measured.seen.own}
            extra["total"] = statistics.median(measured.total)
            extra["over"] = titles[contender.over]
            if verdict:
                extra |= {"floor": titles.get(verdict.peer), **ratio(verdict.ratio), "budget": verdict.limit}
            body.append(row(contender.title, Spread.of(measured.added), **extra))
        if body:
            yield {"name": kind, "title": f"In process, added to one request: {title}", "unit": "µs", "rows": body}


def budget_table(found: Sequence[Verdict]) -> Iterable[Json]:
    body = [
        row(
            verdict.what,
            verdict.ratio,
            budget=verdict.limit,
            budget_text=f"{verdict.sign} {verdict.limit_text}",
            shown=verdict.show(verdict.ratio.median),
            met=verdict.met,
        )
        for verdict in found
    ]
    if body:
        yield {"name": "budgets", "title": "Budgets: ratios within one run", "unit": "ratio", "rows": body}


def growth_curve(drawn: Drawn) -> Json:
    curve = drawn.curve
    return {
        "name": curve.name,
        "title": curve.title,
        "x": {"label": curve.x},
        "y": {"label": "added to one request", "unit": "µs"},
        "log_x": True,
        "log_y": curve.log_y,
        "series": [
            {"name": name, "points": [[x, spread.median, spread.low, spread.high] for x, spread in points]}
            for name, points in drawn.series.items()
        ],
    }


def server_tables(served: Served, found: Sequence[Verdict]) -> Iterable[Json]:
    chosen = [lane for lane in served.lanes if lane.connections == CONNECTIONS]
    bare = served.lane("bare")
    by_what = {verdict.row: verdict for verdict in reversed(found)}

    def compared(lane: Lane, values: list[float], base: list[float] | None) -> Json:
        if base is None or lane.app == "bare":
            return {}
        return {"floor": TITLES["bare"], **ratio(Spread.of(of_bare(values, base)))}

    rates, cpu = [], []
    for lane in chosen:
        extra = compared(lane, lane.rates, bare.rates if bare else None)
        if verdict := by_what.get(lane.app):
            extra |= {"budget": verdict.limit, "budget_text": f"{verdict.sign} {verdict.limit_text}"}
        extra["load_busy"] = Spread.of(lane.load).median
        rates.append(row(TITLES[lane.app], Spread.of(lane.rates), **extra))
        cpu.append(row(TITLES[lane.app], Spread.of(lane.cpu), **compared(lane, lane.cpu, bare.cpu if bare else None)))
    where = f"{served.server}, one worker, {CONNECTIONS} connections"
    yield {"name": served.server, "title": f"Requests per second: {where}", "unit": "requests/s", "rows": rates}
    title = f"CPU time of the server per request: {where}"
    yield {"name": f"{served.server}-cpu", "title": title, "unit": "µs", "rows": cpu}


def load_table(lane: Lane) -> Json:
    busy = Spread.of(lane.load).median
    canned = row("canned bytes, no HTTP and no application", Spread.of(lane.rates), load_busy=busy)
    return {"name": "load", "title": "What the load asks for at most", "unit": "requests/s", "rows": [canned]}


def connections_curve(served: Served) -> Iterable[Json]:
    counts = sorted({lane.connections for lane in served.lanes})
    if len(counts) < 2:
        return
    apps = [lane.app for lane in served.lanes if lane.connections == counts[-1]]
    series = []
    for app in apps:
        spreads = [(lane.connections, Spread.of(lane.rates)) for lane in served.lanes if lane.app == app]
        points = [[count, spread.median, spread.low, spread.high] for count, spread in spreads]
        series.append({"name": TITLES[app], "points": points})
    yield {
        "name": f"{served.server}-connections",
        "title": f"Requests per second over so many connections: {served.server}",
        "x": {"label": "connections"},
        "y": {"label": "requests per second", "unit": "requests/s"},
        "log_x": True,
        "log_y": False,
        "series": series,
    }
