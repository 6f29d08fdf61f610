"""Figures of chapter 00: whom should we write to?"""

import matplotlib.pyplot as plt

from crmlib.plots.style import PALETTE


def purchase_counts(frequency, *, censor=7, ax=None):
    """Bars: share of customers by number of repeat purchases, the last bar for `censor` or more."""
    ax = ax or plt.subplots()[1]
    shares = frequency.clip(upper=censor).value_counts(normalize=True).reindex(range(censor + 1), fill_value=0.0)
    labels = [f"{k}+" if k == censor else str(k) for k in shares.index]
    bars = ax.bar(labels, 100 * shares, color=[PALETTE[1], *[PALETTE[0]] * censor])
    ax.bar_label(bars, fmt="%.0f %%", padding=2)
    ax.set(xlabel="repeat purchases", ylabel="customers (%)")
    ax.grid(axis="x", visible=False)
    return ax


def selection_outcome(outcome, *, ax=None):
    """Bars: what each way of choosing customers (index of a Series) brought; the best one in colour."""
    ax = ax or plt.subplots(figsize=(8, 3.2))[1]
    ranked = outcome.sort_values()
    colours = ["#999999"] * (len(ranked) - 1) + [PALETTE[0]]
    bars = ax.barh(ranked.index, ranked, color=colours)
    ax.bar_label(bars, labels=[f"{value:,.0f}" for value in ranked], padding=4)
    ax.set(xlabel=outcome.name)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    return ax


def contact_profit(curve, *, currency="$", ax=None):
    """Line: cumulative profit by number of customers contacted, its peak and its end marked."""
    ax = ax or plt.subplots()[1]
    profit = curve["cumulative_profit"]
    ax.plot(profit.index, profit, color=PALETTE[0])
    ax.axhline(0, color="#444444", linewidth=1)
    for number, colour in ((profit.idxmax(), PALETTE[2]), (profit.index[-1], PALETTE[1])):
        ax.plot(number, profit[number], "o", color=colour, markersize=10)
        ax.annotate(
            f"{number:,} contacted: {currency}{profit[number]:,.0f}".replace(f"{currency}-", f"-{currency}"),
            (number, profit[number]), textcoords="offset points", color=colour, fontweight="bold",
            **({"xytext": (10, 8), "ha": "left"} if number < len(profit) / 2 else {"xytext": (-10, -4), "ha": "right"}),
        )
    ax.set(xlabel="customers contacted, most valuable first", ylabel=f"expected profit ({currency})")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.margins(y=0.15)
    return ax
