"""Figures of chapter 08: what does a lost customer cost?"""

import matplotlib.pyplot as plt
import numpy as np

from crmlib.plots.style import PALETTE, axes, thousands

_WARM, _COLD, _GREEN, _PINK, _GREY = PALETTE[1], PALETTE[0], PALETTE[2], PALETTE[3], "#8a8a8a"


def replacement_bars(table, *, ax=None):
    """Draw how many ordinary customers make up for one: a bar per basis.

    `table` is what `crmlib.churn.replacement_table` returns; a basis on which no number is enough gets no bar.
    """
    ax = axes(ax, 3.6)
    counts = table["customers"].replace(np.inf, np.nan)
    top = counts.max() if counts.notna().any() else 1
    at = np.arange(len(table))
    ax.barh(at, counts.fillna(0), color=[_GREY, _COLD, _WARM, _GREEN][:len(table)], height=0.6)
    for place, count in zip(at, counts, strict=True):
        text = "no number is enough" if np.isnan(count) else f"{count:.0f}"
        ax.annotate(text, (0 if np.isnan(count) else count, place), xytext=(6, 0), textcoords="offset points",
                    va="center", weight="bold", size=15)
    ax.set_yticks(at, [str(name) for name in table.index])
    ax.set(xlabel="ordinary customers for one best customer", xlim=(0, 1.12 * top), ylim=(len(table) - 0.4, -0.6))
    ax.grid(axis="y", visible=False)
    return ax


def loss_waterfall(account, *, unit="yuan", ax=None):
    """Draw what a loss costs, step by step: lost value, finding others, what they bring; and the sum counted twice.

    `account` is what `crmlib.churn.loss_account` returns.
    """
    ax = axes(ax)
    lost, found, brought = account[["lost_value", "finding_cost", "brought"]]
    names = ["value lost", "finding\nothers", "what they\nbring", "cost of\nthe loss", "counted\ntwice"]
    starts, sizes = [0, lost, lost + found, 0, 0], [lost, found, brought, account["total"], account["counted_twice"]]
    ax.bar(range(5), sizes, bottom=starts, width=0.6, color=[_COLD, _COLD, _GREEN, "black", _WARM])
    for place, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        end, up = (start + size, size >= 0)  # above what stands, below what hangs
        ax.annotate(f"{size:,.0f}", (place, end), xytext=(0, 4 if up else -4), textcoords="offset points", ha="center",
                    va="bottom" if up else "top", weight="bold")
    ax.axhline(0, color="black", linewidth=1)
    ax.set_xticks(range(5), names)
    thousands(ax.yaxis)
    ax.grid(axis="x", visible=False)
    lowest, highest = min(0, account["total"]), max(lost + found, 1)
    ax.set(ylabel=unit, ylim=(1.12 * lowest, 1.12 * highest))
    return ax


def survival_steps(curve, *, truth=None, wrong=None, unit="contract years", ax=None):
    """Draw who is still here: a step line per group with its interval, and, where known, the truth.

    `curve` is what `crmlib.churn.survival_curve` returns without `at`; `truth` has times as index and shares as values;
    `wrong` is such a curve for comparison, drawn dashed, as a pair of name and table.
    """
    ax = axes(ax, 4.6)
    groups = list(dict.fromkeys(curve["group"]))
    end = curve["time"].max() + 0.4
    for colour, name in zip((_COLD, _WARM, _GREEN, _PINK), groups, strict=False):
        part = curve[curve["group"] == name]
        time = np.append(part["time"], end)
        share, low, high = (100 * np.append(part[column], part[column].iloc[-1]) for column in
                            ("survival", "low", "high"))
        ax.step(time, share, where="post", color=colour, label="Kaplan-Meier" if groups == ["all"] else str(name))
        ax.fill_between(time, low, high, step="post", color=colour, alpha=0.18 if len(groups) < 3 else 0.1, linewidth=0)
    if wrong is not None:
        name, part = wrong
        ax.step(part["time"], 100 * part["survival"], where="post", color=_GREY, linestyle="--", label=name)
    if truth is not None:
        ax.plot(truth.index, 100 * truth, "^", color="black", markersize=9, label="truth", linestyle="none")
    ax.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    ax.set(xlabel=unit, ylabel="still a customer (%)", ylim=(0, 103), xlim=(0, end))
    ax.legend(loc="lower left" if wrong is None else "upper right")
    return ax


def cause_bars(shares, *, truth=None, controllable=(), ax=None):
    """Draw the causes in Pareto order with their intervals and the cumulated share; and the truth beside them.

    `shares` has causes as index and ``share, low, high``; `truth` the true shares by cause; causes named in
    `controllable` are drawn in colour, the others grey.
    """
    ax = axes(ax, 4.6)
    table = shares.sort_values("share", ascending=False, kind="stable")
    at = np.arange(len(table))
    share = 100 * table["share"]
    spread = [(share - 100 * table["low"]).clip(lower=0), (100 * table["high"] - share).clip(lower=0)]
    ours = table.index.isin(list(controllable))
    for label, colour, which in (("controllable", _COLD, ours), ("not controllable", _GREY, ~ours)):
        if which.any():
            ax.bar(at[which], share[which], width=0.62, color=colour, label=label)
    ax.errorbar(at, share, yerr=spread, fmt="none", ecolor="black", capsize=4, linewidth=1.5)
    ax.plot(at, share.cumsum(), "o-", color=_WARM, linewidth=1.8, label="added up")
    if truth is not None:
        ax.plot(at + 0.2, 100 * truth.reindex(table.index).fillna(0), "^", color=_GREEN, markersize=11,
                markeredgecolor="white", linestyle="none", label="truth")
    ax.set_xticks(at, [str(name).replace("_", "\n") for name in table.index])
    ax.set(ylabel="share of those who left (%)", ylim=(0, 104))
    ax.grid(axis="x", visible=False)
    ax.legend(loc="center right")
    return ax


def retention_convexity(rates, values, *, at, unit="margins", ax=None):
    """Draw the value of a customer against the retention rate, with the tangent at one rate.

    `rates` rise, `values` belong to them; the tangent is what a rule of three would say.
    """
    ax = axes(ax)
    rates, values = np.asarray(rates, dtype=float), np.asarray(values, dtype=float)
    value = np.interp(at, rates, values)
    slope = np.interp(at, rates, np.gradient(values, rates))
    ax.plot(100 * rates, values, color=_COLD, label="value of a customer")
    line = value + slope * (rates - at)
    shown = line >= 0
    ax.plot(100 * rates[shown], line[shown], "--", color=_WARM, label=f"straight on from {100 * at:.0f} %")
    ax.plot(100 * at, value, "o", color=_WARM, markersize=10)
    ax.set(xlabel="retention rate (%)", ylabel=f"value ({unit})", xlim=(100 * rates.min(), 100 * rates.max()),
           ylim=(0, None))
    ax.legend(loc="upper left")
    return ax


def ladder_bars(table, *, unit="yuan", ax=None):
    """Draw what keeping, winning and winning back cost per success, with intervals, on a logarithmic scale.

    `table` is what `crmlib.churn.book_ladder` returns.
    """
    ax = axes(ax, 1.4 + 0.7 * len(table))
    at = np.arange(len(table))
    ax.hlines(at, table["low"], table["high"], color=_COLD, linewidth=4)
    ax.plot(table["cost"], at, "o", color=_COLD, markersize=11)
    for place, (_, row) in zip(at, table.iterrows(), strict=True):
        ax.annotate(f"{row['cost']:,.0f}  (× {row['times']:.1f})", (row["cost"], place), xytext=(0, 11),
                    textcoords="offset points", ha="center", weight="bold", color=_COLD)
    ax.set_xscale("log")
    ax.set_xlim(table["low"].min() / 2, table["high"].max() * 2)
    ax.set_yticks(at, [str(name) for name in table.index])
    ax.set_ylim(len(table) - 0.5, -0.7)
    thousands(ax.xaxis)
    ax.xaxis.set_minor_formatter(plt.NullFormatter())
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"{unit} per customer kept, won or returned (logarithmic)")
    return ax


def recovery_lines(cost, at_stake, measured, *, unit="yuan", ax=None):
    """Draw what a gesture earns against the rise in the chance of staying, and the rises that were measured.

    `cost` maps each gesture to what it costs, `at_stake` is what a customer kept is worth, `measured` has the gestures
    as index and ``rise, low, high``.
    """
    ax = axes(ax, 4.6)
    top = 100 * min(1.0, 1.25 * max(measured["high"].max(), max(cost.values()) / at_stake))
    rise = np.linspace(min(0.0, 100 * measured["low"].min()), top, 50)
    for colour, (name, spent) in zip((_WARM, _COLD, _GREEN), cost.items(), strict=False):
        ax.plot(rise, rise / 100 * at_stake - spent, color=colour, label=f"{name} (costs {spent:,.0f})")
        row = 100 * measured.loc[name]
        ax.plot([row["low"], row["high"]], row[["low", "high"]] / 100 * at_stake - spent, color=colour, linewidth=9,
                alpha=0.35, solid_capstyle="butt")
        ax.plot(row["rise"], row["rise"] / 100 * at_stake - spent, "o", color=colour, markersize=11)
    ax.axhline(0, color="black", linewidth=1.2)
    thousands(ax.yaxis)
    ax.set(xlabel="rise in the chance of staying (points)", ylabel=f"gain per failure ({unit})")
    ax.legend(loc="upper left")
    return ax


def tenure_profit_lines(table, *, unit="yuan", ax=None):
    """Draw a customer's account by year of tenure: cumulated per customer won, and the year's profit per one left.

    `table` is what `crmlib.churn.tenure_profit` returns.
    """
    ax = axes(ax)
    ax.bar(table.index, table["per_won"], width=0.5, color=_COLD, label="in the year, per customer won")
    ax.plot(table.index, table["cumulative"], "o-", color="black", label="so far, per customer won")
    ax.plot(table.index, table["per_buying"], "s--", color=_WARM, label="in the year, per one still buying")
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="year as a customer (0: winning)", ylabel=unit, xticks=table.index)
    thousands(ax.yaxis)
    ax.margins(y=0.25)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", fontsize=12)
    return ax


def winback_bars(table, *, unit="yuan", ax=None):
    """Draw what an attempt to win back is expected to bring by reason, with its interval.

    `table` has reasons as index and ``expected, low, high`` (money), and ``truth`` where it is known.
    """
    ax = axes(ax, 1.3 + 0.5 * len(table))
    table = table.sort_values("expected")
    at = np.arange(len(table))
    ax.hlines(at, table["low"], table["high"], color=_COLD, linewidth=4)
    ax.plot(table["expected"], at, "o", color=_COLD, markersize=11, label="estimate and interval")
    if "truth" in table:
        ax.plot(table["truth"], at, "^", color=_WARM, markersize=9, linestyle="none", label="truth")
    ax.axvline(0, color="black", linewidth=1.2)
    ax.set_yticks(at, [str(name).replace("_", " ") for name in table.index])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.grid(axis="y", visible=False)
    thousands(ax.xaxis)
    ax.set(xlabel=f"expected gain of an attempt ({unit})")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.18), ncols=2)
    return ax


def customer_account(account, *, unit="yuan", ax=None):
    """Draw the account of one customer: a bar per line, and the balance.

    `account` has the lines as index and their money as values; the last one is the balance.
    """
    ax = axes(ax, 4.2)
    at, values = np.arange(len(account)), account.to_numpy(dtype=float)
    colours = [_GREEN if value >= 0 else _WARM for value in values[:-1]] + ["black"]
    ax.barh(at, values, color=colours, height=0.6)
    for place, value in zip(at, values, strict=True):
        ax.annotate(f"{value:,.0f}", (value, place), xytext=(6 if value >= 0 else -6, 0), textcoords="offset points",
                    ha="left" if value >= 0 else "right", va="center", weight="bold")
    ax.axvline(0, color="black", linewidth=1.2)
    ax.set_yticks(at, [str(name) for name in account.index])
    ax.set_ylim(len(account) - 0.4, -0.6)
    thousands(ax.xaxis)
    ax.margins(x=0.16)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=unit)
    return ax
