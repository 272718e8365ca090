"""Curves: how cost grows. A panel for each, with the names at the ends of the lines instead of a legend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import style
from data import NANOSECONDS, Curve, Series

# Inches.
LEFT, WIDE, NAMES = 0.75, 3.0, 2.05
TALL, BETWEEN = 2.85, 1.2


def draw(drawn: Sequence[tuple[Curve, str]], title: str, reading: str, ours: Callable[[str], bool]) -> Figure | None:
    """A curve comes with the title of its panel."""
    if not drawn:
        return None
    columns = min(2, len(drawn))
    rows = -(-len(drawn) // columns)
    width, height = columns * (LEFT + WIDE + NAMES), style.HEAD + rows * (TALL + BETWEEN) + 0.05
    figure = pyplot.figure(figsize=(width, height))
    style.headed(figure, title, reading)
    for at, (curve, panel) in enumerate(drawn):
        row, column = divmod(at, columns)
        x = column * (LEFT + WIDE + NAMES) + LEFT
        y = height - style.HEAD - row * (TALL + BETWEEN) - TALL - 0.6
        axes = figure.add_axes((x / width, y / height, WIDE / width, TALL / height))
        axes.set_title(panel, loc="left", size=10.5, weight="bold", pad=24)
        one(axes, curve, ours)
    return figure


def one(axes: Axes, curve: Curve, ours: Callable[[str], bool]) -> None:
    says = curve.y if curve.unit == "requests/s" else f"{curve.y}, {curve.unit}"
    axes.annotate(says, (0, 1), (0, 10), "axes fraction", "offset points", size=9, color=style.QUIET)
    axes.set_xlabel(curve.x)
    axes.set_xscale("log", base=2)
    scale(axes, curve)
    ends = []
    mine = [series.name for series in curve.series if ours(series.name)]
    for at, series in enumerate(curve.series):
        is_mine = series.name in mine
        colour, marker = (style.SALLET, "o") if is_mine else style.look(series.name, at)
        xs, median, low, high = (list(values) for values in zip(*series.points, strict=True))
        # A band that reaches below zero has no place on a logarithmic axis.
        axes.fill_between(
            xs, [max(a, b / 10) for a, b in zip(low, median, strict=True)], high, color=colour, alpha=0.15, linewidth=0
        )
        line: dict[str, Any] = (
            {"linewidth": 2.4, "markersize": 4.5, "zorder": 3} if is_mine else {"linewidth": 1.5, "markersize": 4, "zorder": 2}
        )
        second = is_mine and mine.index(series.name) % 2
        axes.plot(xs, median, color=colour, marker=marker, linestyle="--" if second else "-", **line)
        ends.append((series, colour, is_mine))
    axes.minorticks_off()
    style.only_grid(axes, "y")
    name_the_ends(axes, ends)


def scale(axes: Axes, curve: Curve) -> None:
    values = [point[1] for series in curve.series for point in series.points]
    xs = sorted({point[0] for series in curve.series for point in series.points})
    if curve.unit in NANOSECONDS:
        least, most = min(values) / 1.5, max(values) * 1.5
        axes.set_yscale("log")
        axes.set_ylim(least, most)
        style.label_log(axes.yaxis, least, most)
    else:
        axes.set_ylim(0, max(values) * 1.2)
        axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(xs[0] / 1.12, xs[-1] * 1.12)
    # From the right, the labels that can be read side by side.
    shown = xs[-1:]
    for value in reversed(xs[:-1]):
        if math.log(shown[0] / value) > math.log(xs[-1] / xs[0]) / 6.5:
            shown.insert(0, value)
    axes.set_xticks(shown, [style.number(value) for value in shown])


@dataclass
class End:
    """Where a line ends, and where its name stands: both in inches above the foot of the panel."""

    text: str
    tall: float
    at: float
    wanted: float
    x: float
    y: float
    colour: str
    strong: bool


def name_the_ends(axes: Axes, lines: Sequence[tuple[Series, str, bool]]) -> None:
    """Names stand at the ends of the lines, pushed apart where lines end close together."""
    to_panel = axes.transData + axes.transAxes.inverted()
    ends = []
    for series, colour, strong in lines:
        x, y, *_ = series.points[-1]
        text, at = wrapped(style.plain(series.name)), to_panel.transform((x, y))[1] * TALL
        ends.append(End(text, 0.155 * (text.count("\n") + 1), at, at, x, y, colour, strong))
    spread_out(ends)
    for end in ends:
        arrow = {
            "arrowstyle": "-",
            "color": end.colour,
            "linewidth": 0.7,
            "alpha": 0.6,
            "shrinkA": 1,
            "shrinkB": 4,
            "relpos": (0, 0.5),
        }
        look: dict[str, Any] = {
            "size": 8.5,
            "linespacing": 1.05,
            "color": end.colour,
            "weight": "bold" if end.strong else "normal",
        }
        place = (1.055, end.at / TALL)
        axes.annotate(
            end.text,
            (end.x, end.y),
            place,
            textcoords="axes fraction",
            va="center",
            annotation_clip=False,
            arrowprops=arrow,
            **look,
        )


def spread_out(ends: list[End]) -> None:
    """Names that would overlap become a pile, centred on the ends that it names; piles that meet become one."""
    ends.sort(key=lambda end: end.wanted)
    piles: list[list[End]] = []
    for end in ends:
        pile = [end]
        while True:
            height = sum(one.tall for one in pile)
            middle = sum(one.wanted for one in pile) / len(pile)
            foot = min(max(middle - height / 2, -0.1), TALL + 0.1 - height)
            for one in pile:
                one.at = foot + one.tall / 2
                foot += one.tall
            if not piles or piles[-1][-1].at + piles[-1][-1].tall / 2 <= pile[0].at - pile[0].tall / 2 + 1e-9:
                break
            pile = piles.pop() + pile
        piles.append(pile)


def wrapped(name: str) -> str:
    """On two lines, broken at the space nearest to the middle, where one would be too long."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if len(name) <= 24 or not spaces:
        return name
    middle = min(spaces, key=lambda at: abs(at - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"
