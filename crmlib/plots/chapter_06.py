"""Figures of chapter 06: what is a customer worth?"""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_WARM, _COLD, _GREEN, _GREY = PALETTE[1], PALETTE[0], PALETTE[2], "#8a8a8a"


def lifetime_value_bars(table, *, unit="yuan", ax=None):
    """Draw a lifetime value table: each year's net present value per original customer, and the running total.

    `table` is what `crmlib.clv.lifetime_value_table` returns.
    """
    ax = axes(ax)
    cohort = table["retained"].iloc[0]
    ax.bar(table["year"], table["npv"] / cohort, width=0.5, color=_COLD, label="this year")
    ax.plot(table["year"], table["lifetime_value"], "o-", color=_WARM, label="lifetime value so far")
    for year, value in zip(table["year"], table["lifetime_value"], strict=True):
        ax.annotate(f"{value:.2f}", (year, value), xytext=(0, 10 if value >= 0 else -20), ha="center",
                    textcoords="offset points", color=_WARM, weight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    ax.axhline(0, color="black", linewidth=1)
    ax.margins(y=0.2)
    ax.set(xlabel="year after acquisition", ylabel=f"{unit} per original customer", xticks=table["year"])
    ax.legend(loc="upper left")
    return ax


def tornado(effects, *, base, unit="yuan", ax=None):
    """Draw which input moves a value most: one bar per input, the longest on top.

    `effects` has one row per input and two columns, the value with that input lower and higher; the column
    names are the legend. `base` is the value with every input as it is.
    """
    ax = axes(ax, 3.8)
    order = effects.sub(base).abs().max(axis=1).sort_values().index
    for column, colour in zip(effects.columns, (_COLD, _WARM), strict=True):
        change = effects.loc[order, column] - base
        ax.barh(order, change, left=base, color=colour, height=0.6, label=column)
        for name, step in change.items():
            ax.annotate(f"{step:+.0f}", (base + step, name), xytext=(5 if step > 0 else -5, 0),
                        textcoords="offset points", ha="left" if step > 0 else "right", va="center", size=12)
    ax.axvline(base, color="black", linewidth=1)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"value of a customer ({unit}), {base:.0f} with all inputs as they are")
    ax.legend(loc="lower right")
    return ax


def payment_timelines(payments, *, unit="yuan", ax=None):
    """Draw, one row per question, when the payments of a customer fall and what each is worth today.

    `payments` has the columns ``question``, ``time`` (years from now) and ``present_value``;
    questions are drawn in the order in which they come, from the top.
    """
    ax = axes(ax)
    questions = list(dict.fromkeys(payments["question"]))
    top = payments["present_value"].max()
    for row, question in enumerate(questions):
        low = -1.45 * row
        rows = payments[payments["question"] == question]
        ax.axhline(low, color="#444444", linewidth=1)
        ax.bar(rows["time"], rows["present_value"] / top, bottom=low, width=0.3, color=PALETTE[row])
        for time, value in zip(rows["time"], rows["present_value"], strict=True):
            ax.text(time, low + value / top + 0.04, f"{value:.0f}", ha="center", size=11)
        ax.text(payments["time"].max() + 0.5, low + 0.8, question, ha="right", size=13, color=PALETTE[row],
                weight="bold")
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.set(xlabel="years from now (numbers on the bars: present value of the expected payment, "
           f"{unit})", yticks=[], xlim=(-0.6, payments["time"].max() + 0.6))
    ax.xaxis.label.set_size(12)
    return ax


def two_lifetimes(payments, *, unit="yuan", ax=None):
    """Draw two views of the same customer: expected payment per year, discounted.

    `payments` has years as index and one column per view; the column names are the legend.
    """
    ax = axes(ax)
    for shift, colour, name in zip((-0.2, 0.2), (_WARM, _COLD), payments.columns, strict=True):
        ax.bar(payments.index + shift, payments[name], width=0.4, color=colour,
               label=name)
    ax.set(xlabel="years from now", ylabel=f"present value of\nthe expected payment ({unit})",
           xticks=payments.index[::2])
    ax.legend(loc="upper right")
    ax.grid(axis="x", visible=False)
    return ax


def horizon_curves(capture, *, payments=4, ax=None):
    """Draw the share of a customer's value that the first payments hold, a curve per retention rate.

    `capture` has the number of payments as index and retention rates as columns (what
    `crmlib.clv.horizon_capture` returns); the share after `payments` of them is written in the empty corner.
    """
    ax = axes(ax)
    for row, (colour, (rate, shares)) in enumerate(zip(PALETTE, capture.items(), strict=False)):
        ax.plot(capture.index, 100 * shares, color=colour)
        ax.plot(payments, 100 * shares[payments], "o", color=colour)
        ax.text(0.97, 0.38 - 0.12 * row, f"retention {100 * rate:.0f} %: {100 * shares[payments]:.0f} %", color=colour,
                weight="bold", size=14, ha="right", va="center", transform=ax.transAxes)
    ax.text(0.97, 0.50, f"held by {payments} payments", ha="right", va="center", transform=ax.transAxes, size=13)
    ax.axvline(payments, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set(xlabel="yearly payments counted, the first one now", ylabel="share of the whole value (%)", ylim=(0, 104),
           xlim=(0, capture.index[-1]))
    return ax


def acquisition_rules(curve, rules, *, unit="yuan", ax=None):
    """Draw profit per prospect against spend per prospect, and where some rules stop.

    `curve` has the columns ``spend`` and ``profit``; `rules` has one row per rule, the index its name, and the
    same two columns.
    """
    ax = axes(ax)
    ax.plot(curve["spend"], curve["profit"], color=_COLD)
    height = curve["profit"].max()
    right = curve["spend"].max()
    # the first two rules may nearly coincide: their names stand left and right above the curve
    places = ((0.0, 1.28, "left"), (0.26, 1.12, "left"), (0.40, 0.97, "left"), (0.86, 0.20, "left"))
    for (x, y, side), colour, (name, rule) in zip(
        places, ("#555555", _GREEN, _WARM, "black"), rules.iterrows(), strict=False
    ):
        ax.plot([rule["spend"]] * 2, [0, rule["profit"]], color=colour, linewidth=1.5, linestyle="--")
        ax.plot(rule["spend"], rule["profit"], "o", color=colour, markersize=10)
        ax.annotate(f"{name}: {rule['profit']:.0f}", (rule["spend"], rule["profit"]), xytext=(x * right, y * height),
                    ha=side, color=colour, weight="bold",
                    arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 1})
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel=f"spend per prospect ({unit})", ylabel=f"profit per prospect ({unit})",
           ylim=(-0.06 * height, 1.42 * height), xlim=(-2, 1.1 * right))
    return ax


def leaving_probabilities(shares, *, ax=None):
    """Draw how customers differ: which share of them leaves with which probability at every renewal.

    `shares` is a Series, its index the lower edges of equally wide classes of the leaving probability.
    """
    ax = axes(ax, 3.0)
    width = 100 * float(np.diff(shares.index).mean())
    ax.bar(100 * shares.index.to_numpy(), 100 * shares, width=0.92 * width, align="edge", color=_COLD)
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="a customer's own probability of leaving, at every renewal (%)", ylabel="customers (%)",
           xlim=(-1, 101), xticks=range(0, 101, 20))
    return ax


def survival_by_renewal(observed, models, *, fitted, ax=None):
    """Draw the share of a cohort still there: points observed, one line per model.

    `observed` and the columns of `models` are shares by number of renewals; `fitted` is the last renewal that
    the models have seen, what is right of it is a test.
    """
    ax = axes(ax)
    for colour, (at, above, side), name in zip(
        (_COLD, _WARM), ((-1, 11, "right"), (2, 5, "left")), models.columns, strict=False
    ):
        ax.plot(models.index, 100 * models[name], color=colour)
        ax.text(models.index[at], 100 * models[name].iloc[at] + above, name, color=colour, ha=side, va="center",
                weight="bold")
    ax.plot(observed.index, 100 * observed, "o", color="black")
    ax.axvspan(fitted + 0.5, models.index[-1] + 0.1, color="#eeeeee", zorder=0)
    ax.text(fitted + 0.7, 96, "not shown\nto the model", size=12, va="top")
    ax.set(xlabel="renewals", ylabel="still customers (%)", ylim=(0, 102), xlim=(-0.2, models.index[-1] + 0.1))
    return ax


def retention_by_renewal(observed, models, *, ax=None):
    """Draw the share renewing, of those who come up for renewal: points observed, one line per model.

    `observed` and the columns of `models` are rates by renewal, from 1.
    """
    ax = axes(ax)
    for colour, name in zip((_COLD, _WARM), models.columns, strict=False):
        ax.plot(models.index, 100 * models[name], color=colour)
        ax.text(models.index[-1], 100 * models[name].iloc[-1] + 2.5, name, color=colour, ha="right", va="center",
                weight="bold")
    ax.plot(observed.index, 100 * observed, "o", color="black")
    ax.set(xlabel="renewal", ylabel="renewing, of those still there (%)", ylim=(50, 101),
           xlim=(0.7, models.index[-1] + 0.1))
    return ax


def later_spend(groups, *, ax=None):
    """Draw what customers spent later, grouped by the size of their first order, both on one scale.

    `groups` has the columns ``first_order`` and ``later``, one row per group: group means as multiples of the
    mean of all customers.
    """
    ax = axes(ax, 4.0)
    at = range(1, len(groups) + 1)
    ax.axhline(1, color=_GREY, linestyle="--", linewidth=1.5)
    ax.bar(at, groups["later"], color=_COLD, width=0.7)
    ax.plot(at, groups["first_order"], "o-", color=_WARM)
    for height, words, colour in ((0.92, "first order", _WARM), (0.82, "all later orders", _COLD)):
        ax.text(0.03, height, words, color=colour, weight="bold", size=15, transform=ax.transAxes, va="center")
    ax.grid(axis="x", visible=False)
    ax.set(xlabel=f"customers grouped by first order, smallest (1) to largest ({len(groups)})",
           ylabel="mean of the group, in\naverages of all customers", xticks=list(at))
    return ax


def concentration_curves(curves, *, share=0.2, rule=None, ax=None):
    """Draw which share of the value the best customers hold, best first.

    `curves` maps a name to a table with ``customer_share`` and ``value_share``, **poorest** first, as
    `crmlib.segments.lorenz_curve` returns it. What the best `share` holds is written in the empty corner;
    `rule` marks what a rule says that it holds.
    """
    ax = axes(ax)
    for row, (colour, (name, curve)) in enumerate(zip(PALETTE, curves.items(), strict=False)):
        best, value = 1 - curve["customer_share"].to_numpy()[::-1], 1 - curve["value_share"].to_numpy()[::-1]
        ax.plot(100 * best, 100 * value, color=colour)
        at = 100 * float(np.interp(share, best, value))
        ax.plot(100 * share, at, "o", color=colour)
        ax.text(0.97, 0.26 - 0.12 * row, f"{name}: {at:.0f} %", color=colour, weight="bold", size=14, ha="right",
                va="center", transform=ax.transAxes)
    ax.text(0.97, 0.38, f"held by the best {100 * share:.0f} %", ha="right", va="center", transform=ax.transAxes,
            size=13)
    ax.axvline(100 * share, color=_GREY, linestyle="--", linewidth=1.5)
    if rule is not None:
        ax.plot(100 * share, 100 * rule, "D", color="black", markersize=9)
        ax.annotate(f"the {100 * rule:.0f}/{100 * share:.0f} rule", (100 * share, 100 * rule), xytext=(4, 20),
                    textcoords="offset points", weight="bold")
    ax.set(xlabel="best customers (% of all)", ylabel="their share of the value (%)", xlim=(0, 100), ylim=(0, 102))
    return ax


def value_path(path, *, unit="yuan", ax=None):
    """Draw a customer's account over the years: each year's payment and the balance after acquisition cost.

    `path` is what `crmlib.teaching.widgets.lifetime_value_path` returns.
    """
    ax = axes(ax)
    ax.bar(path["year"], path["present_value"], color=_COLD, width=0.6, label="payment of the year")
    ax.plot(path["year"], path["balance"], "o-", color=_WARM, label="balance after acquisition cost")
    last = path.iloc[-1]
    ax.annotate(f"balance {last['balance']:,.0f}", (last["year"], last["balance"]), xytext=(0, 10),
                textcoords="offset points", color=_WARM, weight="bold", ha="right")
    ax.axhline(0, color="black", linewidth=1)
    ax.margins(y=0.15)
    ax.set(xlabel="years from now", ylabel=f"present value ({unit})")
    ax.legend(loc="best")
    return ax
