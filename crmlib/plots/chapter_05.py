"""Figures of chapter 05: what does the customer get, and what comes of it?"""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_WARM, _COLD, _GREEN, _PINK, _GREY = PALETTE[1], PALETTE[0], PALETTE[2], PALETTE[3], "#8a8a8a"


def component_gains(table, *, names=None, ax=None):
    """Draw where we are better than a rival, component by component, with intervals; the best on top.

    `table` is what `crmlib.delivered.component_advantages` returns for one group; `names` gives components other
    labels. Blue to the right of zero: better than the rival; red-orange to the left: worse; grey: not told apart.
    """
    ax = axes(ax, 4.6)
    table = table.sort_values("advantage", kind="stable").reset_index(drop=True)
    for at, row in table.iterrows():
        colour = _COLD if row["low"] > 0 else _WARM if row["high"] < 0 else _GREY
        ax.hlines(at, row["low"], row["high"], color=colour, linewidth=3)
        ax.plot(row["advantage"], at, "o", color=colour, markersize=10)
    ax.axvline(0, color="black", linewidth=1)
    ax.grid(axis="y", visible=False)
    labels = [(names or {}).get(name, name.replace("_", " ")) for name in table["component"]]
    ax.set(yticks=range(len(table)), yticklabels=labels, xlabel="better than the rival, yuan per 100 yuan paid")
    return ax


def value_steps(values, *, ax=None):
    """Draw potential, expected and realised value as falling steps, with the gap between neighbours written in.

    `values` is a Series: names in order, and money.
    """
    ax = axes(ax, 3.9)
    at = np.arange(len(values))
    ax.bar(at, values, width=0.55, color=(_GREY, PALETTE[5], _COLD)[: len(values)])
    for x, value in zip(at, values, strict=True):
        ax.annotate(f"{value:.0f}", (x, value), xytext=(0, 4), textcoords="offset points", ha="center", size=14)
    for x, (before, after) in enumerate(zip(values, values[1:], strict=False)):
        ax.annotate(f"gap {before - after:.0f}", (x + 0.5, (before + after) / 2), ha="center", va="center", size=14,
                    color=_WARM, weight="bold")
    ax.grid(axis="x", visible=False)
    ax.margins(y=0.14)
    ax.set(xticks=at, xticklabels=list(values.index), ylabel="yuan per 100 yuan paid")
    return ax


def kano_map(coefficients, categories, *, truth=None, ax=None):
    """Draw features by what having and lacking them does: better upwards, worse to the right, with intervals.

    `coefficients` is what `crmlib.delivered.kano_coefficients` returns, `categories` a Series of the same features;
    `truth`, if known, has the columns ``better, worse``.
    """
    ax = axes(ax, 5.0)
    colours = {"A": _GREEN, "O": _COLD, "M": _WARM, "I": _GREY, "R": _PINK, "Q": "black"}
    names = {"A": "attractive", "O": "one-dimensional", "M": "must-be", "I": "indifferent", "R": "reverse",
             "Q": "questionable"}
    points = [(-row["worse"], row["better"]) for _, row in coefficients.iterrows()]
    for feature, row in coefficients.iterrows():
        colour, x, y = colours[categories[feature]], -row["worse"], row["better"]
        ax.plot([-row["worse_high"], -row["worse_low"]], [y, y], color=colour, linewidth=2)
        ax.plot([x, x], [row["better_low"], row["better_high"]], color=colour, linewidth=2)
        ax.plot(x, y, "o", color=colour, markersize=11, label=names[categories[feature]])
        if truth is not None:
            ax.plot(-truth.loc[feature, "worse"], truth.loc[feature, "better"], "D", color="black", markersize=5,
                    label="truth")
        low, high = row["better_low"] - 0.01, row["better_high"] + 0.01
        # of two neighbours in one half, the upper one is named above its cross, the lower one below
        below = any(abs(y - other) < 0.25 and (x > 0.5) == (at > 0.5) and (y, x) < (other, at) for at, other in points)
        ax.annotate(feature.replace("_", " "), (x, low if below else high), xytext=(0, -3 if below else 3),
                    textcoords="offset points", ha="center", va="top" if below else "bottom", size=14,
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5})
    ax.axvline(0.5, color=_GREY, linestyle="--", linewidth=1.5)
    ax.axhline(0.5, color=_GREY, linestyle="--", linewidth=1.5)
    handles, labels = ax.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    ax.legend(unique.values(), unique.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=5, fontsize=12,
              handletextpad=0.3, columnspacing=1.2)
    ax.set(xlabel="worse without it (0 to 1; sign left out)", ylabel="better with it (0 to 1)", xlim=(-0.1, 1.1),
           ylim=(-0.1, 1.03))
    return ax


def priority_grid(table, *, errors=None, ax=None):
    """Draw attributes by importance and performance, with the cuts and the names of the four fields.

    `table` is what `crmlib.delivered.importance_performance` returns; `errors`, if given, are half the widths of the
    intervals of performance.
    """
    ax = axes(ax, 4.6)
    if errors is not None:
        reach = errors.reindex(table.index)
        ax.hlines(table["importance"], table["performance"] - reach, table["performance"] + reach, color=_COLD,
                  linewidth=2)
    x_cut, y_cut = table.attrs["cut"][1], table.attrs["cut"][0]
    ax.plot(table["performance"], table["importance"], "o", color=_COLD, markersize=12)
    ax.margins(0.35)
    for name, row in table.iterrows():
        up, right = row["importance"] >= y_cut, row["performance"] >= x_cut
        ax.annotate(name, (row["performance"], row["importance"]), xytext=(0, 12 if up else -12),
                    textcoords="offset points", ha="left" if right else "right", va="bottom" if up else "top", size=14)
    ax.axvline(x_cut, color=_GREY, linestyle="--", linewidth=1.5)
    ax.axhline(y_cut, color=_GREY, linestyle="--", linewidth=1.5)
    for (x, y), (across, up), name in (((0.02, 0.97), ("left", "top"), "concentrate here"),
                                       ((0.98, 0.97), ("right", "top"), "keep up"),
                                       ((0.02, 0.03), ("left", "bottom"), "low priority"),
                                       ((0.98, 0.03), ("right", "bottom"), "possible overkill")):
        ax.text(x, y, name, ha=across, va=up, transform=ax.transAxes, size=13, style="italic", color="#555555")
    ax.set(xlabel="performance (mean rating, 1 to 10)", ylabel="importance (points per point)")
    return ax


def said_and_did(said, did, *, ax=None):
    """Draw loyalty by satisfaction twice: the share who would recommend, and the share who renewed, in per cent.

    Both are what `crmlib.delivered.outcome_by_score` returns for a true-or-false outcome.
    """
    ax = axes(ax)
    for colour, marker, name, table in ((_COLD, "o", "say they would recommend (9 or 10)", said),
                                        (_WARM, "s", "renewed in the year after", did)):
        low, high = table["mean"] - table["low"], table["high"] - table["mean"]
        ax.errorbar(table["score"], 100 * table["mean"], yerr=[100 * low.clip(lower=0), 100 * high.clip(lower=0)],
                    fmt=marker + "-", color=colour, capsize=4, linewidth=2, label=name)
    ax.set(xlabel="satisfaction (mean of the class, 1 to 10)", ylabel="share (%)", ylim=(-3, 103))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return ax


def score_intervals(table, *, ax=None):
    """Draw Net Promoter Scores with their intervals, one row per group, the first on top.

    `table` has groups as index and the columns ``nps, low, high, n``.
    """
    ax = axes(ax, 1.1 + 0.65 * len(table))
    at = np.arange(len(table))[::-1]
    ax.hlines(at, table["low"], table["high"], color=_COLD, linewidth=3)
    ax.plot(table["nps"], at, "o", color=_COLD, markersize=10)
    for place, value in zip(at, table["nps"], strict=True):
        ax.annotate(f"{value:.0f}", (value, place), xytext=(0, 9), textcoords="offset points", ha="center", size=13)
    ax.axvline(0, color="black", linewidth=1)
    ax.grid(axis="y", visible=False)
    ax.set_yticks(at, [f"{name} (n = {n:.0f})" for name, n in table["n"].items()])
    ax.set(ylim=(-0.6, len(at) - 0.2), xlabel="Net Promoter Score (-100 to 100)")
    return ax


def offer_curves(curve, today, *, price_change, price_today=None, ax=None):
    """Draw the share of respondents better off with us against our price: with the service chosen, and as today.

    `curve` and `today` are what `crmlib.teaching.widgets.offer_curve` returns. The price chosen is marked on `curve`;
    with `price_today`, that price is marked on `today` as well.
    """
    ax = axes(ax, 3.8)
    for colour, style, name, table in ((_GREY, "--", "service as today", today), (_COLD, "-", "service chosen", curve)):
        ax.plot(100 * table["price_change"], 100 * table["share"], style, color=colour, label=name)
    marks = [(curve, price_change, (6, 10))] + ([] if price_today is None else [(today, price_today, (-12, -24))])
    for table, change, place in marks:
        at = table.iloc[(table["price_change"] - change).abs().argmin()]
        ax.plot(100 * at["price_change"], 100 * at["share"], "o", color=_WARM, markersize=11)
        ax.annotate(f"{100 * at['share']:.0f} %", (100 * at["price_change"], 100 * at["share"]), xytext=place,
                    textcoords="offset points", color=_WARM, size=14, weight="bold")
    ax.set(xlabel="change of our price (%)", ylabel="better off with us (%)", ylim=(0, 100))
    ax.legend(loc="lower left")
    return ax
