"""What one request costs: Sallet beside its peers, measured side by side in one run.

    .venv/bin/python benches/python/bench.py            all of it, in about six minutes; --quick takes one
    .venv/bin/python benches/python/bench.py --list                           the names of all rows and curves
    .venv/bin/python benches/python/bench.py --only sallet-headers,secweb     these rows alone
    .venv/bin/python benches/python/bench.py --only growth/keys,uvicorn/      one curve, and all that runs under uvicorn
    .venv/bin/python benches/python/bench.py --section process                one section: process, growth, server
    .venv/bin/python benches/python/bench.py --json FOLDER                    python.json and server.json for the report

Measured, section "process": the time that a middleware ADDS to one ASGI call of a bare application that answers
`{}` with two headers. Every contender is awaited again and again by one asyncio task. A call that never waits for
anything never gives control back to the event loop, so the loop is in no figure but the one of BaseHTTPMiddleware,
which starts tasks of its own. All contenders take turns in every round, in a new order each time; a row shows the
median over the rounds and the middle half of them. "bare app, again" is the bare app measured a second time: what it
shows is the noise. The clock is the CPU time of the thread, and the garbage collector is off while it runs.

Measured, section "growth": the same, with more and more headers in the policy, keys in the ring, headers of the app's
own, and bytes of Content-Security-Policy.

Measured, section "server": requests per second of one worker of uvicorn and of granian, over keep-alive connections
from this process: a bare FastAPI app that sends the same header bytes itself, the same app under `protect(headers,
auth)` and under the peers; and the CPU time of the server for one request, which a busy machine disturbs less. How
busy the load was stands beside it, and what the load can ask for where the server does next to nothing.

NOT measured: start-up, memory, bodies, WebSockets, refusals, free-threaded Python. The peers run as their own
documentation advises and send the headers they choose: the column "headers" counts them, "the app's own" tells what
became of a header that the app sends too. What each contender promises it must prove before the clock starts, see
contenders/checks.py.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import budgets
import measured
import page
from choice import SERVERS, Only, every_name, options
from contenders.rows import all_contenders
from growth import CURVES, draw
from in_process import Plan, measure
from server.rounds import ALL_CONNECTIONS, CONNECTIONS, GROWING, TITLES, ServerPlan, lanes, measure_load, measure_server


@dataclass(frozen=True)
class Plans:
    process: Plan
    growth: Plan
    server: ServerPlan


FULL = Plans(Plan(rounds=150, batch_ms=4.0), Plan(rounds=60, batch_ms=3.0), ServerPlan(rounds=32, seconds=0.25))
QUICK = Plans(Plan(rounds=40, batch_ms=2.0), Plan(rounds=20, batch_ms=1.5), ServerPlan(rounds=6, seconds=0.15))


@dataclass
class Found:
    """What the sections found, on its way to the two files."""

    tables: dict[str, list[measured.Json]] = field(default_factory=lambda: {"python": [], "server": []})
    curves: dict[str, list[measured.Json]] = field(default_factory=lambda: {"python": [], "server": []})
    verdicts: list[budgets.Verdict] = field(default_factory=list)

    def write(self, folder: Path, quick: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for what in self.tables:
            if self.tables[what] or self.curves[what]:
                data = measured.file(what, quick, self.tables[what], self.curves[what])
                text = json.dumps(data, indent=1, ensure_ascii=False)
                (folder / f"{what}.json").write_text(text + "\n", encoding="utf-8")


def in_process(only: Only, plans: Plans, found: Found, show: Callable[[str], None]) -> None:
    chosen = [row for row in all_contenders() if only.wants("process", row.name)]
    if not chosen:
        return
    needed = {row.over for row in chosen} | {row.name for row in chosen}
    rows = measure("in process", [row for row in all_contenders() if row.name in needed], plans.process)
    verdicts = budgets.judge(rows)
    found.verdicts += verdicts
    found.tables["python"] += [*measured.process_tables(rows, verdicts), *measured.budget_table(verdicts)]
    show(page.process(rows))


def growth(only: Only, plans: Plans, quick: bool, found: Found, show: Callable[[str], None]) -> None:
    for curve in CURVES:
        if only.wants("growth", f"growth/{curve.name}"):
            drawn = draw(curve, plans.growth, quick)
            found.curves["python"].append(measured.growth_curve(drawn))
            show(page.growth(drawn))


def servers(only: Only, plans: Plans, found: Found, show: Callable[[str], None]) -> None:
    verdicts: list[budgets.Verdict] = []
    for server in SERVERS:
        apps = [app for app in TITLES if only.wants("server", f"{server}/{app}")]
        growing = only.wants("server", f"{server}/connections")
        if not apps and not growing:
            continue
        apps = [app for app in TITLES if app in {"bare", *(apps or GROWING)}]
        served = measure_server(server, lanes(apps, ALL_CONNECTIONS if growing else (CONNECTIONS,)), plans.server)
        judged = budgets.judge_server(served)
        verdicts += judged
        found.tables["server"] += measured.server_tables(served, judged)
        found.curves["server"] += measured.connections_curve(served)
        show(page.server(served))
        if growing:
            show(page.connections(served))
    if found.tables["server"]:
        load = measure_load(plans.server)
        found.tables["server"] += [measured.load_table(load), *measured.budget_table(verdicts)]
        show(page.load(load))
    found.verdicts += verdicts


def main() -> int:
    chosen = options()
    if chosen.list:
        for section, names in every_name().items():
            print(f"--section {section}")
            for name, title in names.items():
                print(f"    {name:20} {title}")
        return 0
    only = Only(chosen.section, chosen.only)
    if unknown := only.unknown():
        print(f"no such row: {', '.join(unknown)}; --list shows them", file=sys.stderr)
        return 2

    def show(text: str) -> None:
        print(text + "\n", flush=True)

    plans, found = QUICK if chosen.quick else FULL, Found()
    machine = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    show(machine + (", quick" if chosen.quick else ""))
    in_process(only, plans, found, show)
    growth(only, plans, chosen.quick, found, show)
    servers(only, plans, found, show)
    if found.verdicts:
        show(page.verdicts(found.verdicts))
    if chosen.json:
        found.write(Path(chosen.json), chosen.quick)
    return 1 if chosen.strict and not all(verdict.met for verdict in found.verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
