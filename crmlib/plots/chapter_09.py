"""Figures of chapter 09: whom to call, and how the talk goes."""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_BLUE, _ORANGE, _GREEN, _PINK, _GREY = PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3], "#8a8a8a"


def _legend(ax, order, **place):
    """Put the names above the axes, in this order."""
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    names = [name for name in order if name in handles]
    ax.legend([handles[name] for name in names], names, loc="lower center", ncol=len(names), fontsize=12,
              **{"bbox_to_anchor": (0.5, 1.0)} | place)


def contact_profit_lines(lines, *, break_even=None, unit="yuan", ax=None):
    """Draw the profit of one contact by the chance that the customer leaves, one line per offer.

    `lines` has the chance (0 to 1) as index and an offer per column, money; `break_even` maps an offer to the chance
    where its line crosses zero.
    """
    ax = axes(ax, 3.7)
    for colour, style, (name, line) in zip((_BLUE, _ORANGE, _GREEN), ("-", "--", ":"), lines.items(), strict=False):
        ax.plot(100 * line.index, line, style, color=colour, label=name)
        limit = (break_even or {}).get(name)
        if limit is not None and np.isfinite(limit):
            ax.plot(100 * limit, 0, "o", color=colour)
            ax.annotate(f"{100 * limit:.1f} %", (100 * limit, 0), xytext=(6, -18), textcoords="offset points",
                        color=colour, size=13, weight="bold")
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="chance that the customer leaves (%)", ylabel=f"profit of one contact ({unit})",
           xlim=(0, 100 * lines.index.max()))
    ax.legend(loc="upper left")
    return ax


def risk_and_effect(fifths, *, ax=None):
    """Draw how many leave without a call and what a call changes, by fifths of a churn score.

    `fifths` has one row per fifth, riskiest first: ``leave, effect, low, high`` as fractions, and ``truth`` if it is
    known.
    """
    ax = axes(ax, 4.0)
    at = np.arange(len(fifths))
    ax.bar(at, 100 * fifths["leave"], width=0.7, color="#c9d6de", label="leave without a call")
    ax.errorbar(at - 0.08, 100 * fifths["effect"], yerr=[100 * (fifths["effect"] - fifths["low"]),
                100 * (fifths["high"] - fifths["effect"])], fmt="o", color=_BLUE, capsize=4, linewidth=2,
                label="kept by a call: estimate")
    if "truth" in fifths:
        ax.plot(at + 0.12, 100 * fifths["truth"], "D", color=_ORANGE, linestyle="none", label="truth")
    ax.axhline(0, color="black", linewidth=1)
    ax.grid(axis="x", visible=False)
    ax.set(xticks=at, xticklabels=list(fifths.index), xlabel="fifths by churn score", ylabel="of 100 customers")
    _legend(ax, ("leave without a call", "kept by a call: estimate", "truth"))
    return ax


def qini_curves(curves, *, unit="customers kept among the called", ax=None):
    """Draw what rankings gain, best rows first, as a share of the rows; the dashed line is chance.

    `curves` maps a name to what `crmlib.outreach.uplift_curve` returns.
    """
    ax = axes(ax, 4.3)
    styles = ("-", "--", "-.", ":")
    for colour, style, (name, curve) in zip((_BLUE, _ORANGE, _GREEN, _PINK), styles, curves.items(), strict=False):
        ax.plot(100 * curve["rows"] / curve["rows"].iloc[-1], curve["gain"], style, color=colour, label=name,
                linewidth=2)
    chance = next(iter(curves.values()))
    ax.plot(100 * chance["rows"] / chance["rows"].iloc[-1], chance["by_chance"], color=_GREY, linewidth=1.5,
            label="by chance")
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="best by the ranking (% of the contract years)", ylabel=unit, xlim=(0, 100))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, fontsize=12)
    return ax


def policy_estimates(table, *, best=None, unit="yuan", ax=None):
    """Draw what policies earn, estimated with their intervals, and the truth beside them if it is known.

    `table` has policies as index, ``gain, low, high`` in money and ``truth``; drawn in thousands, the first on top.
    `best` (money) is what the best possible policy earns: a dotted line.
    """
    scaled = table.drop(columns=[name for name in table if name not in ("gain", "low", "high", "truth")]) / 1000
    return _estimates(scaled.rename(columns={"gain": "estimate"}),
                      f"gain over calling nobody (thousand {unit} per 1,000 contracts, 99 %)", ax, best)


def effects_with_truth(table, *, xlabel, ax=None):
    """Draw effects with their intervals, and the truth beside them if it is known, around a line at zero.

    `table` has the names as index and ``estimate, low, high``, and ``truth`` if it is known, as fractions; drawn in
    hundredths, the first on top.
    """
    return _estimates(100 * table[[name for name in ("estimate", "low", "high", "truth") if name in table]], xlabel, ax)


def _estimates(table, xlabel, ax, best=None):
    ax = axes(ax, 1.3 + 0.4 * len(table))
    at = np.arange(len(table))
    ax.errorbar(table["estimate"], at - 0.1, xerr=[table["estimate"] - table["low"], table["high"] - table["estimate"]],
                fmt="o", color=_BLUE, capsize=4, linewidth=2, label="estimate")
    if "truth" in table:
        ax.plot(table["truth"], at + 0.2, "D", color=_ORANGE, linestyle="none", label="truth")
    ax.axvline(0, color="black", linewidth=1)
    if best is not None:
        ax.axvline(best / 1000, color=_ORANGE, linestyle=":", linewidth=2, label="best possible")
    ax.grid(axis="y", visible=False)
    ax.set(yticks=at, yticklabels=list(table.index), ylim=(len(table) - 0.4, -0.6), xlabel=xlabel)
    _legend(ax, ("estimate", "truth", "best possible"))
    return ax


def enthusiasm(points, curves, *, crossing=None, ax=None):
    """Draw the mean tone of talks by days since the sale, with the fitted curves.

    `points` has days as index and the columns ``seller, buyer``; `curves` the same, finer. `crossing` is the day on
    which the curves meet.
    """
    ax = axes(ax, 4.3)
    for colour, marker, style, side in ((_ORANGE, "o", "-", "seller"), (_BLUE, "s", "--", "buyer")):
        ax.plot(points.index, points[side], marker, color=colour, linestyle="none", alpha=0.6)
        ax.plot(curves.index, curves[side], style, color=colour, label=side)
    if crossing is not None and np.isfinite(crossing):
        ax.axvline(crossing, color=_GREY, linewidth=1.5)
        ax.annotate(f"day {crossing:.0f}", (crossing, 9.4), xytext=(5, 0), textcoords="offset points", color="#444444",
                    size=13)
    ax.set(xlabel="days since the first order", ylabel="tone of the talk (1 to 10)", ylim=(1, 10))
    ax.legend(loc="center right")
    return ax


def scorecard_bars(items, *, scale=(1, 7), ax=None):
    """Draw a scorecard: the mean of each item with its interval, the weakest on top.

    `items` is what `crmlib.outreach.scorecard` returns.
    """
    ax = axes(ax, 4.2)
    at = np.arange(len(items))
    colours = [_ORANGE if k == 0 else _BLUE for k in range(len(items))]
    for place, colour, (_, row) in zip(at, colours, items.iterrows(), strict=True):
        ax.errorbar(row["mean"], place, xerr=[[row["mean"] - row["low"]], [row["high"] - row["mean"]]], fmt="o",
                    color=colour, capsize=4, linewidth=2)
    ax.grid(axis="y", visible=False)
    ax.set(yticks=at, yticklabels=[str(name).replace("_", " ") for name in items.index],
           ylim=(len(items) - 0.5, -0.5), xlabel=f"mean rating ({scale[0]} to {scale[1]})")
    return ax


def ranking_gains(curves, *, share, unit="yuan", ax=None):
    """Draw what calling the best share of several rankings earns; a vertical line at `share`.

    `curves` has the shares (0 to 1) as index and a ranking per column, money per 1,000 contracts.
    """
    ax = axes(ax, 4.0)
    for colour, style, (name, line) in zip((_ORANGE, _GREEN, _BLUE), (":", "--", "-"), curves.items(), strict=False):
        ax.plot(100 * line.index, line / 1000, style, color=colour, label=name)
    ax.axvline(100 * share, color=_GREY, linewidth=1.5)
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="called: the best by the ranking (%)", ylabel=f"gain per 1,000 (thousand {unit})", xlim=(0, 100))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, fontsize=12)
    return ax
