"""Figures of the report on your own orders."""

import numpy as np

from crmlib.plots.style import PALETTE, axes, thousands

_COLD, _WARM, _GREY = PALETTE[0], PALETTE[1], "#8a8a8a"


def _grouped(ax, top):
    if top >= 10:  # below, whole numbers would repeat themselves along the axis
        thousands(ax.yaxis)


def monthly_revenue(table, *, unit="yuan", ax=None):
    """Draw revenue month by month; months without a line are marked below the axis.

    `table` has months (a PeriodIndex) as index and the columns ``lines`` and ``revenue``, in `unit`.
    """
    ax = axes(ax, 3.2)
    at = np.arange(len(table))
    ax.bar(at, table["revenue"], width=0.8, color=[_COLD if value >= 0 else _WARM for value in table["revenue"]])
    empty = at[(table["lines"] == 0).to_numpy()]
    ax.plot(empty, np.zeros(len(empty)), "v", color=_WARM, clip_on=False)
    step = int(np.ceil(len(table) / 10))
    step = next((each for each in (1, 2, 3, 6, 12, 24, 60) if each >= step), 120)
    first = next((k for k, month in enumerate(table.index) if month.month % step == 1 % step or step > 12), 0)
    ticks = at[first if step <= 12 else 0::step]
    ax.set_xticks(ticks, [f"{table.index[k]:%Y-%m}" for k in ticks], rotation=30, ha="right", rotation_mode="anchor")
    ax.axhline(0, color="black", linewidth=1)
    ax.grid(axis="x", visible=False)
    _grouped(ax, table["revenue"].max())
    ax.set(ylabel=f"revenue a month\n({unit})", xlim=(-0.7, len(table) - 0.3))
    return ax


def value_of_silence(table, *, unit="yuan", ax=None):
    """Draw, by length of silence, what customers are expected to bring and what they would bring if all were active.

    `table` has classes of silence as index and the columns ``expected`` and ``if_active``, in `unit`.
    """
    ax = axes(ax, 3.6)
    at = np.arange(len(table))
    ax.bar(at, table["if_active"], width=0.7, color="#dddddd", edgecolor=_GREY, label="if all were still active")
    ax.bar(at, table["expected"], width=0.7, color=_COLD, label="expected, as P(alive) says")
    ax.set_xticks(at, table.index)
    ax.grid(axis="x", visible=False)
    _grouped(ax, table["if_active"].max())
    ax.set(xlabel="days since the last purchase", ylabel=unit)
    ax.set_ylim(top=1.25 * max(table["if_active"].max(), 1e-9))
    ax.legend(loc="upper right")
    return ax
