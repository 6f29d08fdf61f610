"""Figures of chapter 10: measures, plans, and what would change the decision."""

import numpy as np

from crmlib.plots.style import PALETTE, axes, thousands

_BLUE, _ORANGE, _GREEN, _GREY, _PALE = PALETTE[0], PALETTE[1], PALETTE[2], "#8a8a8a", "#c9d6de"


def net_intervals(table, *, bought=None, unit="yuan", ax=None):
    """Draw what measures or plans net, with their intervals, and the truth beside them if it is known.

    `table` has the names as index and ``net, low, high`` in money, and ``truth`` if it is known; drawn in thousands,
    the first on top. `bought` are the names that are part of the plan: the others are drawn in grey.
    """
    ax = axes(ax, 1.3 + 0.35 * len(table))
    bought = set(table.index if bought is None else bought)
    for place, (name, row) in enumerate(table.iterrows()):
        net, low, high = row["net"] / 1e3, row["low"] / 1e3, row["high"] / 1e3
        ax.errorbar(net, place - 0.1, xerr=[[net - low], [high - net]], fmt="o", capsize=4, linewidth=2,
                    color=_BLUE if name in bought else _GREY)
    names = [("estimate, in the plan", _BLUE), ("estimate, not in the plan", _GREY)]
    for label, colour in names if len(bought) < len(table) else [("estimate", _BLUE)]:
        ax.plot([], [], "o", color=colour, label=label)
    if "truth" in table:
        ax.plot(table["truth"] / 1e3, np.arange(len(table)) + 0.2, "D", color=_ORANGE, linestyle="none", label="truth")
    ax.axvline(0, color="black", linewidth=1)
    ax.grid(axis="y", visible=False)
    ax.set(yticks=range(len(table)), yticklabels=list(table.index), ylim=(len(table) - 0.4, -0.6),
           xlabel=f"gain less cost (thousand {unit})")
    thousands(ax.xaxis)
    ax.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncol=3, fontsize=12, columnspacing=1.0)
    return ax


def spend_and_gain(plan, *, unit="yuan", ax=None):
    """Draw what a plan spends on each of its measures and what each is estimated to bring, in thousands.

    `plan` has a row per measure, drawn from top to bottom: ``spend, gain`` (money, of the share that is bought).
    """
    ax = axes(ax, 1.4 + 0.55 * len(plan))
    at = np.arange(len(plan))
    for shift, column, colour in ((-0.18, "spend", _ORANGE), (0.18, "gain", _BLUE)):
        ax.barh(at + shift, plan[column] / 1e3, height=0.34, color=colour, label=column)
    for place, (_, row) in zip(at, plan.iterrows(), strict=True):
        if row["spend"] > 0:
            ax.annotate(f"{row['gain'] / row['spend']:.1f} per {unit}", (max(row["gain"], row["spend"]) / 1e3, place),
                        xytext=(6, 0), textcoords="offset points", va="center", size=12)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.22)
    ax.set(yticks=at, yticklabels=list(plan.index), ylim=(len(plan) - 0.4, -0.6), xlabel=f"thousand {unit}")
    thousands(ax.xaxis)
    ax.legend(loc="lower right")
    return ax


def one_way_bars(table, *, net, unit="yuan", ax=None):
    """Draw how far one input at a time moves the net of a plan, the widest on top.

    `table` is what `crmlib.strategy.one_way` returns; `net` is the plan's net (money) with every input as it is. At
    the ends of a bar stand the values of the input.
    """
    ax = axes(ax, 1.2 + 0.34 * len(table))
    for place, (_, row) in enumerate(table.iterrows()):
        for end, colour in (("low", _BLUE), ("high", _ORANGE)):
            change = (row[f"net_{end}"] - net) / 1e3
            ax.barh(place, change, left=net / 1e3, height=0.6, color=colour)
            right = change > 0 or (change == 0 and end == "high")
            ax.annotate(f"{row[end]:g}", (net / 1e3 + change, place), xytext=(5 if right else -5, 0), va="center",
                        textcoords="offset points", ha="left" if right else "right", size=12)
    ax.plot([], [], "s", color=_BLUE, label="lowest value")
    ax.plot([], [], "s", color=_ORANGE, label="highest value")
    ax.axvline(net / 1e3, color="black", linewidth=1)
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.1)
    ax.set(yticks=range(len(table)), yticklabels=[str(name).replace("_", " ") for name in table.index],
           ylim=(len(table) - 0.4, -0.6), xlabel=f"net of the plan (thousand {unit})")
    thousands(ax.xaxis)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncol=2, fontsize=12)
    return ax
