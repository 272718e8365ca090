"""What is to be measured: the command line, and the names of the rows and curves."""

from __future__ import annotations

import argparse
import os

from contenders.rows import all_contenders
from growth import CURVES
from server.rounds import ALL_CONNECTIONS, TITLES

SECTIONS = ("process", "growth", "server")
SERVERS = ("uvicorn", "granian")


def options() -> argparse.Namespace:
    quick = os.environ.get("QUICK") == "1"
    parser = argparse.ArgumentParser(description="Time per request, Sallet beside its peers.")
    parser.add_argument("--quick", action="store_true", default=quick, help="in a minute; QUICK=1 says the same")
    parser.add_argument("--section", choices=(*SECTIONS, "all"), default="all")
    parser.add_argument("--only", metavar="NAME,...", help="measure these rows and curves alone (see --list)")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and curves")
    parser.add_argument("--json", metavar="FOLDER", help="write python.json and server.json there, for the report")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is missed")
    return parser.parse_args()


def every_name() -> dict[str, dict[str, str]]:
    """For each section the names and titles of what can be measured alone."""
    under = {f"{server}/{app}": f"{title}, under {server}" for server in SERVERS for app, title in TITLES.items()}
    counts = ", ".join(map(str, ALL_CONNECTIONS))
    over = {f"{server}/connections": f"{server} over {counts} connections" for server in SERVERS}
    return {
        "process": {contender.name: contender.title for contender in all_contenders()},
        "growth": {f"growth/{curve.name}": curve.title for curve in CURVES},
        "server": under | over,
    }


class Only:
    """What was asked for: all, or those named; a name that ends with `/` stands for all under it."""

    def __init__(self, section: str, names: str | None) -> None:
        self.section = section
        self.names = {name.strip() for name in names.split(",")} if names else None

    def wants(self, section: str, name: str) -> bool:
        if self.section not in ("all", section):
            return False
        return self.names is None or any(stands_for(own, name) for own in self.names)

    def unknown(self) -> list[str]:
        known = {name for names in every_name().values() for name in names}
        return sorted(own for own in self.names or () if not any(stands_for(own, name) for name in known))


def stands_for(own: str, name: str) -> bool:
    return name == own or (own.endswith("/") and name.startswith(own))
