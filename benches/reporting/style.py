"""One look for all plots: Sallet in one colour, its peers in blues, floors and bare services in grey.

Orange beside blue and grey stays apart for every kind of colour blindness, and the names stand at the bars and lines
themselves. The ground is white, so that a plot can also be read on a dark page.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.axis import Axis  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

SALLET = "#D55E00"
PEER = "#7C9CBF"
FLOOR = "#B9BFC6"
INK = "#20262E"
QUIET = "#69737F"
GRID = "#E4E7EB"

# So that a peer looks the same in every plot. The first word that a name contains decides.
PEERS = (
    ("article", "#41505F", "X"),
    ("secure", "#1F4E79", "s"),
    ("Secweb", "#4C8BC4", "^"),
    ("fastapi-security-headers", "#8A7FB5", "v"),
    ("no coroutine", "#7FB2DC", "D"),
    ("pure Python", "#2F6EA5", "o"),
    ("Starlette", "#5B6C7D", "P"),
    ("by hand", "#2F6EA5", "o"),
    ("tower-http stacked", "#8A97A5", "P"),
    ("tower-http", "#2F6EA5", "o"),
    ("axum-helmet", "#1F3B5C", "s"),
    ("http-security-headers", "#7FB2DC", "D"),
)

# `svg.hashsalt` and no date: the same data give the same bytes. Text becomes shapes, which look the same everywhere.
RC: dict[Any, Any] = {
    "svg.hashsalt": "sallet",
    "svg.fonttype": "path",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": INK,
    "axes.facecolor": "white",
    "axes.edgecolor": GRID,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "lines.solid_capstyle": "round",
}

HEAD = 0.55  # inches above the panels, for the title


def is_ours(name: str) -> bool:
    return name.lower().startswith("sallet")


def is_floor(name: str) -> bool:
    return name.startswith(("floor: ", "bare", "FastAPI, the route")) or "(the noise)" in name


def plain(name: str) -> str:
    return name.removeprefix("floor: ")


def look(name: str, at: int) -> tuple[str, str]:
    """The colour and the marker of a line that is not Sallet's."""
    if is_floor(name):
        return "#9AA3AD", "|"
    for word, colour, marker in PEERS:
        if word in name:
            return colour, marker
    _, colour, marker = PEERS[at % len(PEERS)]
    return colour, marker


def headed(figure: Figure, title: str, reading: str, left: float = 0.15) -> None:
    """The title says what is shown, the line below how it is read and which way is better."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - 0.18 / height, title, size=14, weight="bold", va="top")
    figure.text(left / width, 1 - 0.47 / height, reading, size=9.5, color=QUIET, va="top")


def ticks(low: float, high: float) -> list[float]:
    """Where a logarithmic axis is labelled: 1, 2, 5 where there is room, else the tens alone."""
    decades = math.log10(high / low)
    steps = (1, 2, 5) if decades < 2.2 else (1, 3) if decades < 3.6 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for power in powers for step in steps if low <= (value := step * 10.0**power) <= high]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:.3f}".rstrip("0")


def label_log(axis: Axis, low: float, high: float) -> None:
    at = ticks(low, high)
    axis.set_ticks(at, [number(value) for value in at])


def only_grid(axes: Axes, which: str) -> None:
    axes.grid(False, axis="y" if which == "x" else "x")
    axes.tick_params(length=0)
    axes.spines["left" if which == "x" else "bottom"].set_color("#AEB6BF")
    axes.spines["bottom" if which == "x" else "left"].set_visible(False)


def save(figure: Figure, folder: Path, name: str) -> None:
    """Written aside first, so that a plot is never half there."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        written = folder / f".{name}.{kind}"
        figure.savefig(written, format=kind, dpi=150, metadata=metadata)
        os.replace(written, folder / f"{name}.{kind}")
    pyplot.close(figure)
