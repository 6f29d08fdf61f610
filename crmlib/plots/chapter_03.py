"""Figures of chapter 03: how do customers differ?"""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_WARM, _COLD, _GREEN, _PINK, _GREY = PALETTE[1], PALETTE[0], PALETTE[2], PALETTE[3], "#8a8a8a"


def _heat(ax, values, texts, *, top):
    """Draw a grid of cells with its numbers: white on dark, black on light; cells without a number stay white."""
    cells = np.asarray(values, dtype=float)
    ax.imshow(np.ma.masked_invalid(cells), vmin=0, vmax=top, aspect="auto", cmap="cividis")
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            ax.text(column, row, texts[row][column], ha="center", va="center", size=13,
                    color="white" if value < 0.6 * top else "black")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)


def score_heatmap(shares, *, xlabel, ylabel, ax=None):
    """Draw a share for every pair of scores, in per cent: best scores on top and to the right.

    `shares` has scores as index and columns, from 1, and shares as values (NaN: no customer).
    """
    ax = axes(ax, 4.4)
    table = shares.sort_index(ascending=False)
    _heat(ax, 100 * table.to_numpy(), [[f"{100 * v:.0f} %" for v in row] for row in table.to_numpy()], top=100)
    ax.set(xlabel=xlabel, ylabel=ylabel, xticks=range(len(table.columns)), xticklabels=list(table.columns),
           yticks=range(len(table)), yticklabels=list(table.index))
    return ax


def tier_shares(shares, *, ax=None):
    """Draw what each tier holds of several things: a group of bars per tier, in per cent.

    `shares` has tiers as index, best first, and one column per thing; the column names are the legend.
    """
    ax = axes(ax)
    width = 0.8 / len(shares.columns)
    at = np.arange(len(shares))
    for place, (colour, name) in enumerate(zip((_GREY, _COLD, _WARM, _GREEN), shares.columns, strict=False)):
        left = at + (place - (len(shares.columns) - 1) / 2) * width
        ax.bar(left, 100 * shares[name], width=width, color=colour, label=name)
        for x, value in zip(left, 100 * shares[name], strict=True):
            ax.annotate(f"{value:.0f}", (x, value), xytext=(0, 3 if value >= 0 else -13), textcoords="offset points",
                        ha="center", size=12)
    ax.axhline(0, color="black", linewidth=1)
    ax.margins(y=0.15)
    ax.grid(axis="x", visible=False)
    ax.set(xticks=at, xticklabels=list(shares.index), ylabel="share of the total (%)")
    ax.legend(loc="best")
    return ax


def tier_heatmap(counts, *, ax=None):
    """Draw how many customers are in which tier by two measures; the colour is the share of the row.

    `counts` is what `crmlib.segments.tier_crosstab` returns; its axis names become the labels.
    """
    ax = axes(ax, 4.0)
    total = counts.sum(axis=1).replace(0, np.nan)
    texts = [[f"{value:,}" for value in row] for row in counts.to_numpy()]
    _heat(ax, 100 * counts.div(total, axis=0).to_numpy(), texts, top=100)
    ax.set(xlabel=f"tier by {counts.columns.name}", ylabel=f"tier by {counts.index.name}",
           xticks=range(len(counts.columns)), xticklabels=list(counts.columns), yticks=range(len(counts)),
           yticklabels=list(counts.index))
    return ax


def whale(curves, *, ax=None):
    """Draw whale curves: cumulative profit, best customers first, in per cent of the total.

    `curves` maps a name to what `crmlib.segments.whale_curve` returns; the highest point of each is marked.
    """
    ax = axes(ax)
    for row, (colour, (name, curve)) in enumerate(zip((_WARM, _COLD, _GREEN), curves.items(), strict=False)):
        x, y = 100 * curve["customer_share"], 100 * curve["profit_share"]
        ax.plot(x, y, color=colour)
        top = int(np.argmax(y.to_numpy()))
        ax.plot(x.iloc[top], y.iloc[top], "o", color=colour)
        ax.text(0.97, 0.22 - 0.11 * row, f"{name}: up to {y.iloc[top]:.0f} %", color=colour, weight="bold", size=14,
                ha="right", va="center", transform=ax.transAxes)
    ax.axhline(100, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set(xlabel="customers, the most profitable first (%)", ylabel="their profit so far (% of all)", xlim=(0, 101))
    ax.set_ylim(bottom=0)
    return ax


def top_share_by_gini(laws, found, *, rule=0.8, share=0.2, ax=None):
    """Draw how much the best hold against how unequal customers are: a line per law, a mark per data set.

    `laws` and `found` have the columns ``gini`` and ``top_share``; `laws` also ``law``, `found` the names as index.
    """
    ax = axes(ax, 4.6)
    styles = ("-", "--", ":")
    for style, (name, curve) in zip(styles, laws.groupby("law", sort=False), strict=False):
        named = name.capitalize() if name == "pareto" else name
        ax.plot(curve["gini"], 100 * curve["top_share"], style, color=_GREY, label=f"{named} law")
    for colour, marker, (name, row) in zip((_COLD, _WARM, _GREEN, _PINK, PALETTE[4], PALETTE[5]), "osD^vP",
                                           found.iterrows(), strict=False):
        ax.plot(row["gini"], 100 * row["top_share"], marker, color=colour, markersize=11, linestyle="none",
                label=f"{name}: {100 * row['top_share']:.0f} %")
    ax.axhline(100 * rule, color="black", linewidth=1.5)
    ax.text(0.02, 100 * rule + 1.5, f"{100 * rule:.0f}/{100 * share:.0f}", weight="bold")
    ax.set(xlabel="Gini coefficient: 0 all alike, 1 one has everything",
           ylabel=f"held by the best {100 * share:.0f} % (%)", xlim=(0, 1), ylim=(15, 101))
    ax.legend(loc="lower right", fontsize=11)
    return ax


def calibration(tables, *, ax=None):
    """Draw calibration: the share observed, with its interval, against the probability said; on the line is right.

    `tables` maps a name to what `crmlib.segments.calibration_table` returns.
    """
    ax = axes(ax, 4.6)
    ax.plot([0, 100], [0, 100], color=_GREY, linestyle="--", linewidth=1.5)
    for colour, marker, (name, table) in zip((_WARM, _COLD), "so", tables.items(), strict=False):
        low, high = table["observed"] - table["low"], table["high"] - table["observed"]
        ax.errorbar(100 * table["predicted"], 100 * table["observed"], yerr=[100 * low.clip(lower=0),
                    100 * high.clip(lower=0)], fmt=marker, color=colour, capsize=3, linewidth=1.5, label=name)
    ax.set(xlabel="probability of a relationship buyer, as said (%)", ylabel="share observed (%)", xlim=(-2, 102),
           ylim=(-2, 102))
    ax.legend(loc="upper left")
    return ax


def shares_with_truth(table, *, xlabel, ax=None):
    """Draw estimated shares with their intervals, one row per group, and the true ones.

    `table` has groups as index and the columns ``share, low, high, truth``; the highest share on top.
    """
    ax = axes(ax)
    table = table.sort_values("share")
    at = np.arange(len(table))
    ax.errorbar(100 * table["share"], at, xerr=[100 * (table["share"] - table["low"]).clip(lower=0),
                100 * (table["high"] - table["share"]).clip(lower=0)], fmt="o", color=_COLD, capsize=4,
                label="estimate")
    ax.plot(100 * table["truth"], at, "D", color=_WARM, linestyle="none", label="truth")
    ax.grid(axis="y", visible=False)
    ax.set(yticks=at, yticklabels=[name.replace("_", " ") for name in table.index], xlabel=xlabel, xlim=(-2, 102))
    ax.margins(y=0.12)
    ax.legend(loc="lower right")
    return ax


def cohort_heatmap(table, *, ages="years after the first", ax=None):
    """Draw a cohort table of shares, in per cent: a row per cohort, a column per age, blank where nothing is known.

    `table` is what `crmlib.segments.cohort_table` returns with ``measure="share"``.
    """
    ax = axes(ax)
    cells = table.drop(columns="size")
    texts = [[f"{100 * v:.0f} %" if np.isfinite(v) else "" for v in row] for row in cells.to_numpy()]
    _heat(ax, 100 * cells.to_numpy(), texts, top=100)
    ax.set(xlabel=ages, ylabel="first purchase in", xticks=range(len(cells.columns)), xticklabels=list(cells.columns),
           yticks=range(len(cells)), yticklabels=[f"{name} ({n:,})" for name, n in table["size"].items()])
    return ax


def rates_by_year(rates, means=None, *, xlabel="contract year", ax=None):
    """Draw renewal rates with their intervals, and the mean of what each customer would do undisturbed.

    `rates` is what `crmlib.segments.retention_table` returns, its index the year; `means` maps a name to a Series by
    year, drawn as a line.
    """
    ax = axes(ax)
    seen = rates[rates["due"] > 0]
    ax.errorbar(seen.index, 100 * seen["rate"], yerr=[100 * (seen["rate"] - seen["low"]),
                100 * (seen["high"] - seen["rate"])], fmt="o", color=_COLD, capsize=4, label="renewed")
    for colour, style, (name, line) in zip((_WARM, _GREEN), ("s--", "^:"), (means or {}).items(), strict=False):
        ax.plot(line.index, 100 * line, style, color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel="share of those due (%)", xticks=list(seen.index))
    ax.margins(y=0.2)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, fontsize=12)
    return ax


def value_and_needs(customers, *, unit="yuan", ax=None):
    """Draw customers by need and value: how likely they want a relationship, and what they earned us.

    `customers` has the columns ``p_relationship`` (0 to 1) and ``profit``; the profit axis is logarithmic beyond 100.
    """
    ax = axes(ax, 4.8)
    earns = customers["profit"] >= 0
    for part, colour, name in ((customers[earns], _COLD, "profit"), (customers[~earns], _WARM, "loss")):
        ax.plot(100 * part["p_relationship"], part["profit"], "o", color=colour, markersize=3, alpha=0.35,
                linestyle="none", label=f"{name}: {len(part):,} customers")
    ax.axhline(0, color="black", linewidth=1)
    ax.axvline(50, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set_yscale("symlog", linthresh=100)
    ax.set(xlabel="need: probability of a relationship buyer (%)", ylabel=f"value: profit of the year ({unit})",
           xlim=(-2, 102))
    ax.margins(y=0.08)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2, markerscale=3)
    return ax


def plan_gain(curve, *, threshold, unit="yuan", ax=None):
    """Draw what taking discounts away would earn, by how sure one has to be that a customer is a price buyer.

    `curve` is what `crmlib.teaching.widgets.discount_plan_curve` returns: ``threshold``, ``expected`` and ``true``.
    """
    ax = axes(ax)
    for column, colour, style, name in (("expected", _COLD, "-", "as the model expects"),
                                        ("true", _WARM, "--", "with the true types")):
        ax.plot(100 * curve["threshold"], curve[column] / 1000, style, color=colour, label=name)
    ax.axvline(100 * threshold, color=_GREY, linewidth=1.5)
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="treated: all whose probability of a relationship buyer is below (%)",
           ylabel=f"gain a year (thousand {unit})", xlim=(-1, 101))
    ax.xaxis.label.set_size(12)
    ax.margins(y=0.12)
    ax.legend(loc="best", frameon=True, edgecolor="none", framealpha=1)
    return ax
