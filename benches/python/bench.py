"""What one request costs: Sallet beside its peers, measured side by side in one run.

    .venv/bin/python benches/python/bench.py            about a minute; --quick takes 15 seconds
    .venv/bin/python benches/python/bench.py --only sallet-headers,secweb     these rows alone
    .venv/bin/python benches/python/bench.py --section server                 real sockets alone
    .venv/bin/python benches/python/bench.py --json result.json               the same numbers for a program

Measured, section "in process": the time that a middleware ADDS to one ASGI call of a bare application that answers
`{}` with two headers. Every contender is awaited again and again by one asyncio task. A call that never waits for
anything never gives control back to the event loop, so the loop is in no figure but the one of BaseHTTPMiddleware,
which starts tasks of its own. All contenders take turns in every round, in a new order each time; a row shows the
median over the rounds and the middle half of them. "bare app, again" is the bare app measured a second time: what it
shows is the noise. The clock is the CPU time of the thread, and the garbage collector is off while it runs.

Measured, section "server": requests per second of one uvicorn process over keep-alive connections from a second
process, a bare FastAPI app that sends the same header bytes itself against one with `protect(headers, auth)`; and
the CPU time of the server for one request, which a busy machine disturbs less.

NOT measured: start-up, memory, bodies, WebSockets, refusals, other servers, free-threaded Python. The peers run as
their own documentation advises and send the headers they choose; the column "headers" counts them. Secweb and
`secure` do not do all that Sallet does (Secweb sends a header twice when the app has it too).

Before the clock starts each contender must prove that it does its job (see checks.py).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

import budgets
import table
from contenders import all_contenders
from rounds import Plan, measure
from server_rounds import ServerPlan, measure_server

FULL = Plan(rounds=150, batch_ms=4.0)
QUICK = Plan(rounds=40, batch_ms=2.0)
SERVER_FULL = ServerPlan(rounds=40, seconds=0.5)
SERVER_QUICK = ServerPlan(rounds=10, seconds=0.3)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time per request, Sallet beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--section", choices=("process", "server", "all"), default="all")
    parser.add_argument("--only", metavar="ROW,...", help="measure these rows of the first section alone (see --list)")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too; - prints them instead of the table")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is missed")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    contenders = all_contenders()
    if chosen.list:
        for contender in contenders:
            print(f"{contender.name:18} {contender.title}")
        return 0
    if chosen.only:
        wanted = {name.strip() for name in chosen.only.split(",")} | {"bare"}
        unknown = wanted - {contender.name for contender in contenders}
        if unknown:
            print(f"no such row: {', '.join(sorted(unknown))}; --list shows them", file=sys.stderr)
            return 2
        contenders = [contender for contender in contenders if contender.name in wanted]

    def show(page: str) -> None:
        if chosen.json != "-":
            print(page + "\n", flush=True)

    machine = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    result: dict[str, object] = {"machine": machine, "quick": chosen.quick}
    verdicts: list[budgets.Verdict] = []
    show(machine + (", quick" if chosen.quick else ""))
    if chosen.section in ("process", "all"):
        rows = measure(contenders, QUICK if chosen.quick else FULL)
        verdicts += budgets.judge(rows)
        result["process"] = [row.as_json() for row in rows]
        show(table.process(rows))
    if chosen.section in ("server", "all") and not chosen.only:
        served = measure_server(SERVER_QUICK if chosen.quick else SERVER_FULL)
        verdicts += budgets.judge_server(served)
        result["server"] = served.as_json()
        show(table.server(served))
    if verdicts:
        show(table.verdicts(verdicts))
    result["budgets"] = [verdict.as_json() for verdict in verdicts]

    if chosen.json == "-":
        print(json.dumps(result, indent=2))
    elif chosen.json:
        Path(chosen.json).write_text(json.dumps(result, indent=2) + "\n")
    return 1 if chosen.strict and not all(verdict.met for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
