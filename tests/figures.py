"""What a figure shows, as plain numbers: tests compare it with the table that was handed in."""

from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.text import Annotation


class Line(NamedTuple):
    x: list
    y: list
    colour: str
    label: str


class Bars(NamedTuple):
    """One call of ``bar`` or ``barh``: where each bar is centred, where it starts and how far it goes."""

    at: list
    start: list
    length: list
    colours: list
    label: str


class Label(NamedTuple):
    x: float
    y: float
    colour: str


def lines(ax):
    """Return every line and every set of markers, in the order drawn; dates as matplotlib's day numbers."""
    return [Line(np.asarray(line.get_xdata(orig=False), dtype=float).tolist(),
                 np.asarray(line.get_ydata(orig=False), dtype=float).tolist(),
                 to_hex(line.get_color()), line.get_label()) for line in ax.lines]


def bars(ax):
    """Return the groups of bars, in the order drawn; a bar that goes backwards has a negative length."""
    found = []
    for group in (container for container in ax.containers if isinstance(container, BarContainer)):
        boxes = [(bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in group]
        if group.orientation == "horizontal":
            boxes = [(y, x, height, width) for x, y, width, height in boxes]
        found.append(Bars([float(x + width / 2) for x, _, width, _ in boxes], [float(y) for _, y, _, _ in boxes],
                          [float(height) for *_, height in boxes], [to_hex(bar.get_facecolor()) for bar in group],
                          group.get_label()))
    return found


def points(ax):
    """Return the positions of each scatter, in the order drawn: one list of pairs per call."""
    return [dots.get_offsets().tolist() for dots in ax.collections if isinstance(dots, PathCollection)]


def error_bars(ax):
    """Return the error bars as ``(place, low, high)``."""
    return [(float(low[0]), float(low[1]), float(high[1])) for group in ax.collections
            if isinstance(group, LineCollection) for low, high in group.get_segments()]


def spans(ax):
    """Return the shaded stretches of the x axis as ``(from, to)``."""
    drawn = {id(bar) for group in ax.containers if isinstance(group, BarContainer) for bar in group}
    extents = [patch.get_path().get_extents(patch.get_patch_transform()) for patch in ax.patches
               if id(patch) not in drawn]
    return [(float(box.x0), float(box.x1)) for box in extents]


def labels(ax):
    """Return the texts in the axes with the point each belongs to; no text may stand twice."""
    found = {}
    for text in ax.texts:
        words = text.get_text().strip()
        assert words not in found, f"the text {words!r} stands twice in the figure"
        x, y = text.xy if isinstance(text, Annotation) else text.get_position()
        found[words] = Label(x, y, to_hex(text.get_color()))
    return found


def legend(ax):
    """Return the names of the legend and the colour beside each."""
    box = ax.get_legend()
    colours = [to_hex(key.get_color() if hasattr(key, "get_color") else key.get_facecolor()[:3])
               if not isinstance(key, PathCollection) else to_hex(key.get_facecolor()[0])
               for key in box.legend_handles]
    return dict(zip([text.get_text() for text in box.get_texts()], colours, strict=True))


def ticks(axis):
    """Return the names on an axis in the order of their positions, and the positions."""
    named = sorted((float(at), text.get_text()) for at, text in zip(axis.get_ticklocs(), axis.get_ticklabels(),
                                                                    strict=True))
    return [name for _, name in named], [at for at, _ in named]
