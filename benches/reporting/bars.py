"""Horizontal bars: a panel for each table, below each other on one axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import style
from data import NANOSECONDS, Row, Table, amount, sentence

Says = Callable[[Row], str]
Named = Callable[[str], bool]

WIDTH = 10.0  # inches, as all below
GAP = 0.5
FOOT = 0.55


@dataclass(frozen=True)
class Bar:
    name: str
    row: Row
    colour: str
    strong: bool
    note: str  # in small letters below the name
    says: str  # behind the value
    budget: float | None  # how long it may be


@dataclass(frozen=True)
class Panel:
    title: str
    bars: Sequence[Bar]


def nothing(_: Row) -> str:
    return ""


def panel(table: Table, ours: Named, says: Says, note: Says = nothing, title: str = "", floor: Named = style.is_floor) -> Panel:
    """All rows of a table. Where all but the floor is Sallet's, only what has a budget stands out."""
    peers = [row for row in table.rows if not ours(row.name) and not floor(row.name)]

    def bar(row: Row) -> Bar:
        mine = ours(row.name)
        colour = style.SALLET if mine else style.FLOOR if floor(row.name) else style.PEER
        strong = mine and (bool(peers) or row.budget is not None)
        return Bar(style.plain(row.name), row, colour, strong, note(row), says(row), most(table, row))

    return Panel(sentence(title or table.title), [bar(row) for row in table.rows])


def most(table: Table, row: Row) -> float | None:
    """What the budget allows, where it is a time: a rate has a least, and no bar is too long for it."""
    floor = table.row(row.floor) if row.floor else None
    return row.budget * floor.median if row.budget and floor and table.unit in NANOSECONDS else None


def draw(panels: Iterable[Panel], title: str, reading: str, unit: str, log: bool) -> Figure | None:
    panels = [panel for panel in panels if panel.bars]
    if not panels:
        return None
    every = [bar for panel in panels for bar in panel.bars]
    tall = 0.45 if any(bar.note for bar in every) else 0.33
    names = 0.35 + 0.085 * max(len(bar.name) for bar in every)
    height = style.HEAD + sum(len(panel.bars) * tall + GAP for panel in panels) + FOOT
    figure = pyplot.figure(figsize=(WIDTH, height))
    style.headed(figure, title, reading)
    wide = WIDTH - names - 0.2
    limits = spanned([bar.row for bar in every], log)
    top = height - style.HEAD
    for panel in panels:
        room = len(panel.bars) * tall
        top -= GAP + room
        axes = figure.add_axes((names / WIDTH, top / height, wide / WIDTH, room / height))
        axes.set_title(panel.title, loc="left", x=(0.15 - names) / wide, size=10.5, weight="bold", pad=7)
        axes.set_xlim(*limits)
        if log:
            axes.set_xscale("log")
            axes.set_xlim(*limits)
            style.label_log(axes.xaxis, *limits)
        else:
            axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.minorticks_off()
        axes.set_ylim(len(panel.bars) - 0.5, -0.5)
        axes.set_yticks([])
        for at, bar in enumerate(panel.bars):
            one(axes, at, bar, unit, limits[0])
        style.only_grid(axes, "x")
        if panel is panels[-1]:
            axes.set_xlabel(f"{unit}, logarithmic" if log else unit)
        else:
            axes.tick_params(labelbottom=False)
    return figure


def spanned(rows: Sequence[Row], log: bool) -> tuple[float, float]:
    """From where to where the axis goes, with room for the values behind the bars."""
    longest = max(row.high for row in rows)
    if not log:
        return 0.0, longest * 1.36
    shortest = min(max(row.low, row.median / 10) for row in rows)
    return shortest / 1.8, longest * (longest / shortest) ** 0.27


def one(axes: Axes, at: int, bar: Bar, unit: str, start: float) -> None:
    row, weight = bar.row, "bold" if bar.strong else "normal"
    axes.barh(at, row.median - start, left=start, height=0.62, color=bar.colour)
    axes.plot([max(row.low, start), row.high], [at, at], color=style.INK, linewidth=1.1, alpha=0.75)
    if bar.budget is not None:
        axes.plot([bar.budget] * 2, [at - 0.42, at + 0.42], color=style.INK, linewidth=2.2)
    names = axes.get_yaxis_transform()
    axes.text(-0.012, at - (0.17 if bar.note else 0), bar.name, transform=names, ha="right", va="center", weight=weight)
    if bar.note:
        axes.text(-0.012, at + 0.23, bar.note, transform=names, ha="right", va="center", size=8, color=style.QUIET)
    end = max(row.high, bar.budget or 0)
    text = amount(row.median) if unit == "requests/s" else f"{amount(row.median)} {unit.split()[0]}"
    value = axes.annotate(text, (end, at), (6, 0), textcoords="offset points", va="center", weight=weight)
    behind: dict[str, Any] = {"xycoords": value, "textcoords": "offset points", "va": "center"}
    if bar.says:
        axes.annotate(bar.says, (1, 0.5), (9, 0), size=9, color=style.QUIET, **behind)
