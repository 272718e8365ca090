"""The plots of the report, from the data alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from matplotlib import pyplot
from matplotlib.figure import Figure

import bars
import curves
import style
from data import Measured, Row, sends, share

Found = Mapping[str, Measured]

SPREAD = "Bar: median, whisker: the middle half"
FLAT = "Lower is better, flat is best. Line: median, band: the middle half. Both axes logarithmic."


def draw(found: Found, folder: Path) -> list[str]:
    """Draws what there is data for, and tells the names."""
    drawn = []
    with pyplot.rc_context(style.RC):
        for name, plot in PLOTS.items():
            figure = plot(found)
            if figure is not None:
                style.save(figure, folder, name)
                drawn.append(name)
    return drawn


def added(found: Found) -> Figure | None:
    """The main plot."""
    titles = {
        "headers": "Security headers",
        "bearer": "A bearer token, checked against 16 keys",
        "both": "Both",
        "nonce": "Security headers with a fresh nonce",
    }
    panels = []
    for name, title in titles.items():
        table = found["python"].table(name) if "python" in found else None
        if table is None:
            continue
        # A logarithmic axis has no place for what is near zero; what has another application below it is not of this scale.
        kept = [row for row in table.rows if "(the noise)" not in row.name and row.median > 0 and "protect(" not in row.name]
        least = min((row.median for row in kept if style.is_ours(row.name)), default=None)

        def says(row: Row, least: float | None = least) -> str:
            return f"{share(row.median / least)} ×" if least and not style.is_ours(row.name) else ""

        shown = replace(table, rows=tuple(sorted(kept, key=lambda row: row.median)))
        panels.append(bars.panel(shown, style.is_ours, says, sends, title))
    reading = f"Shorter is better. {SPREAD}; × : times what Sallet adds; black mark: Sallet's budget. Logarithmic."
    return bars.draw(panels, "What one request pays, in FastAPI and any ASGI app", reading, "µs added", log=True)


def core(found: Found) -> Figure | None:
    """The operations that have budgets, and one more; the tables have all."""
    tables = [found["core"].table(name) for name in ("block", "nonce", "bearer", "paths")] if "core" in found else []

    def says(row: Row) -> str:
        return f"{share(row.ratio)} ×" if row.ratio else ""

    panels = []
    for table in filter(None, tables):
        floors = table.floors
        panels.append(bars.panel(table, lambda name, floors=floors: name not in floors, says, floor=floors.__contains__))  # type: ignore[misc]
    reading = f"Shorter is better. {SPREAD}; × : times the floor (grey); black mark: the budget. Logarithmic."
    return bars.draw(panels, "The core: each operation beside its floor", reading, "ns", log=True)


def hyper(found: Found) -> Figure | None:
    def says(row: Row) -> str:
        return f"{share(row.ratio)} ×" if row.ratio and row.name != row.floor else ""

    panels = [bars.panel(table, style.is_ours, says) for table in found["hyper"].tables] if "hyper" in found else []
    reading = f"Shorter is better. {SPREAD}; × : times the fastest peer that does the same; black mark: the budget."
    return bars.draw(panels, "What the tower layers add to one request", reading, "ns added", log=False)


def served(found: Found) -> Figure | None:
    tables = found["server"].tables if "server" in found else ()

    def says(row: Row) -> str:
        return f"{share(row.ratio)} of bare" if row.ratio else ""

    # The load alone has a table of one row, and is no server of FastAPI's.
    rates = [table for table in tables if table.unit == "requests/s" and len(table.rows) > 1]
    panels = [bars.panel(table, style.is_ours, says) for table in rates]
    return bars.draw(panels, "FastAPI on a server: requests each second", f"Longer is better. {SPREAD}.", "requests/s", log=False)


def python_growth(found: Found) -> Figure | None:
    titles = {
        "headers": "Headers in the policy",
        "keys": "Keys in the ring",
        "own": "The app's own headers",
        "csp": "Length of the CSP",
    }
    return grow(found, "python", titles, "How the cost of a request grows: ASGI", FLAT, style.is_ours)


def core_growth(found: Found) -> Figure | None:
    titles = {"keys": "A token checked: keys in the ring", "headers": "A block written: fields", "csp": "A CSP: sources"}
    return grow(found, "core-criterion", titles, "How cost grows: the core", FLAT, lambda name: not style.is_floor(name))


def hyper_growth(found: Found) -> Figure | None:
    titles = {"headers": "Fields in the policy", "own": "The app's own fields"}
    reading = FLAT.replace("Line:", "The whole request, bare service included. Line:")
    return grow(found, "hyper-criterion", titles, "How the cost of a request grows: tower layers", reading, style.is_ours)


def grow(
    found: Found, what: str, titles: Mapping[str, str], title: str, reading: str, ours: Callable[[str], bool]
) -> Figure | None:
    drawn = [(curve, panel) for name, panel in titles.items() if what in found and (curve := found[what].curve(name))]
    return curves.draw(drawn, title, reading, ours)


def connections(found: Found) -> Figure | None:
    asgi = found["server"].curves if "server" in found else ()
    hyper = found["hyper-server"].curves if "hyper-server" in found else ()
    drawn = [(curve, f"FastAPI on {curve.name.partition('-')[0]}") for curve in asgi]
    drawn += [(curve, "hyper") for curve in hyper if curve.unit == "requests/s"]
    reading = (
        "Higher is better. Line: median, band: the middle half. One worker, keep-alive connections, load from the same machine."
    )
    return curves.draw(drawn, "Requests each second over more connections", reading, style.is_ours)


PLOTS: dict[str, Callable[[Found], Figure | None]] = {
    "added": added,
    "python-growth": python_growth,
    "server": served,
    "connections": connections,
    "hyper": hyper,
    "hyper-growth": hyper_growth,
    "core": core,
    "core-growth": core_growth,
}
