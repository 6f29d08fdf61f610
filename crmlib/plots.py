"""Figures: one house style, one way to show a figure, and one function per figure of the course.

A figure function takes the table a chapter function returned, draws on ``ax`` and returns the
Axes. Titles are left to the caption below the figure.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from PIL import Image

# Okabe and Ito's colours, told apart with every common kind of colour blindness. Their yellow is
# left out: on white paper, or on a projector, nobody can see it.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def use_style() -> None:
    """Set the course's figure style: colours, sizes and grid. Call it once per notebook.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["figure.dpi"]
    110.0
    """
    plt.rcParams.update({
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.edgecolor": "#444444",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.labelsize": 14,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "figure.dpi": 110,
        "figure.facecolor": "white",
        "figure.figsize": (8.0, 4.5),
        "font.size": 13,
        "grid.color": "#dddddd",
        "image.cmap": "cividis",
        "legend.frameon": False,
        "lines.linewidth": 2.5,
        "lines.markersize": 7,
        "savefig.facecolor": "white",
        "svg.hashsalt": "crmlib",
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
    })


def show(figure, *, alt: str) -> None:
    """Display a figure once, as a PNG with a description, and close it.

    The same drawing gives the same bytes, so that a refreshed notebook does not change. In a
    terminal, where no picture can be shown, the description takes its place.

    Parameters
    ----------
    figure : matplotlib Figure or Axes, or a seaborn grid
        What to display.
    alt : str
        One sentence for readers who cannot see the figure: what is drawn and what it shows.
        At least 25 characters and five words.

    Raises
    ------
    ValueError
        If `alt` is no sentence, or `figure` is no figure.

    Examples
    --------
    >>> _, ax = plt.subplots()
    >>> show(ax, alt="chart")
    Traceback (most recent call last):
    ValueError: alt='chart' does not describe the figure: write one sentence (25 characters or more, \
five words or more) that says what is drawn and what it shows
    >>> show(ax, alt="Empty axes from zero to one in both directions.")
    Empty axes from zero to one in both directions.
    """
    from IPython.display import display

    words = alt.split() if isinstance(alt, str) else []
    if len(" ".join(words)) < 25 or len(words) < 5:
        raise ValueError(
            f"alt={alt!r} does not describe the figure: write one sentence (25 characters or more, "
            "five words or more) that says what is drawn and what it shows"
        )
    fig = getattr(figure, "figure", figure)
    if not hasattr(fig, "savefig"):
        raise ValueError(f"show() needs a figure or axes, not {type(figure).__name__}")
    display(_Picture(_png(fig), " ".join(words)))
    plt.close(fig)


def _png(fig):
    """Return the figure as the same small PNG each time: 256 colours do, and a third of the bytes."""
    drawn, small = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", dpi=fig.dpi, bbox_inches="tight")
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(small, format="PNG", optimize=True)  # writes no metadata: no version, no date
    return small.getvalue()


class _Picture:
    """A PNG with its description, for `IPython.display.display`."""

    def __init__(self, png, alt):
        self.png, self.alt = png, alt

    def __repr__(self):
        return self.alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


# --- chapter 00 -----------------------------------------------------------------------------------


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


# --- chapter 06: what a customer is worth -----------------------------------------------------------

_WARM, _COLD, _GREEN, _GREY = PALETTE[1], PALETTE[0], PALETTE[2], "#8a8a8a"


def _axes(ax, height=4.2):
    return plt.subplots(figsize=(8, height))[1] if ax is None else ax


def lifetime_value_bars(table, *, unit="yuan", ax=None):
    """Draw a lifetime value table: each year's net present value per original customer, and the running total.

    `table` is what `crmlib.clv.lifetime_value_table` returns.
    """
    ax = _axes(ax)
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
    ax = _axes(ax, 3.8)
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    for shift, colour, name in zip((-0.2, 0.2), (_WARM, _COLD), payments.columns, strict=True):
        ax.bar(payments.index + shift, payments[name], width=0.4, color=colour,
               label=name)
    ax.set(xlabel="years from now", ylabel=f"present value of\nthe expected payment ({unit})",
           xticks=payments.index[::2])
    ax.legend(loc="upper right")
    ax.grid(axis="x", visible=False)
    return ax


def horizon_curves(capture, *, years=4, ax=None):
    """Draw the share of a customer's value that the first years hold, a curve per retention rate.

    `capture` has years as index and retention rates as columns (what `crmlib.clv.horizon_capture` returns).
    """
    ax = _axes(ax)
    for colour, (rate, shares) in zip(PALETTE, capture.items(), strict=False):
        ax.plot(capture.index, 100 * shares, color=colour)
        ax.plot(years, 100 * shares[years], "o", color=colour)
        ax.annotate(f"retention {100 * rate:.0f} %: {100 * shares[years]:.0f} %", (years, 100 * shares[years]),
                    xytext=(10, -17), textcoords="offset points", color=colour, weight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.axvline(years, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set(xlabel="years counted", ylabel="share of the whole value (%)", ylim=(0, 104),
           xlim=(0, capture.index[-1]))
    return ax


def acquisition_rules(curve, rules, *, unit="yuan", ax=None):
    """Draw profit per prospect against spend per prospect, and where some rules stop.

    `curve` has the columns ``spend`` and ``profit``; `rules` has one row per rule, the index its name, and the
    same two columns.
    """
    ax = _axes(ax)
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


def best_cost_share(shares, marks, *, rule=0.4, ax=None):
    """Draw the best share of a customer's value to spend on winning one, against how cheap the first one is.

    `shares` is a Series: index value / cost of the first customer, values the share at the optimum.
    `marks` has one row per example, the index its name, and the columns ``ratio`` and ``share``.
    """
    ax = _axes(ax, 3.9)
    ax.plot(shares.index, 100 * shares, color=_COLD)
    ax.axhline(100 * rule, color=_GREY, linestyle="--", linewidth=1.5)
    ax.text(shares.index[-1], 100 * rule + 1.5, f"the {100 * rule:.0f} % rule", ha="right", color="#555555")
    for colour, (name, mark) in zip((_WARM, PALETTE[2], "black"), marks.iterrows(), strict=False):
        ax.plot(mark["ratio"], 100 * mark["share"], "o", color=colour, markersize=10)
        ax.annotate(f"{name}: {100 * mark['share']:.0f} %", (mark["ratio"], 100 * mark["share"]), xytext=(12, 12),
                    textcoords="offset points", color=colour, weight="bold")
    ax.set(xlabel="value of a customer / cost of the first customer won", ylabel="best average cost of a\n"
           "customer (% of the value)", ylim=(0, 100), xlim=(1, shares.index[-1]))
    return ax


def survival_by_renewal(observed, models, *, fitted, ax=None):
    """Draw the share of a cohort still there: points observed, one line per model.

    `observed` and the columns of `models` are shares by number of renewals; `fitted` is the last renewal that
    the models have seen, what is right of it is a test.
    """
    ax = _axes(ax)
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
    ax = _axes(ax)
    for colour, name in zip((_COLD, _WARM), models.columns, strict=False):
        ax.plot(models.index, 100 * models[name], color=colour)
        ax.text(models.index[-1], 100 * models[name].iloc[-1] + 2.5, name, color=colour, ha="right", va="center",
                weight="bold")
    ax.plot(observed.index, 100 * observed, "o", color="black")
    ax.set(xlabel="renewal", ylabel="renewing, of those still there (%)", ylim=(50, 101),
           xlim=(0.7, models.index[-1] + 0.1))
    return ax


def state_values(values, *, unit="yuan", ax=None):
    """Draw the value of a customer in each state; states worth less than nothing stand out.

    `values` is a Series, one value per state, or a DataFrame with a column per policy.
    """
    ax = _axes(ax, 3.4)
    colours = [_COLD if value >= 0 else _WARM for value in values]
    ax.bar(values.index.astype(str), values, color=colours, width=0.6)
    for n, value in enumerate(values):
        ax.annotate(f"{value:.2f}", (n, value), xytext=(0, 5 if value >= 0 else -17), textcoords="offset points",
                    ha="center", weight="bold", color=colours[n])
    ax.axhline(0, color="black", linewidth=1)
    ax.margins(y=0.15)
    ax.grid(axis="x", visible=False)
    ax.set(ylabel=f"value ({unit})")
    return ax


def later_spend(groups, *, unit="US$", ax=None):
    """Draw what customers spent later, grouped by the size of their first order.

    `groups` has the columns ``first_order`` and ``later`` (means per customer), one row per group.
    """
    ax = _axes(ax, 4.0)
    at = range(1, len(groups) + 1)
    ax.bar(at, groups["later"], color=_COLD, width=0.7)
    ax.plot(at, groups["first_order"], "o-", color=_WARM)
    for height, words, colour in ((0.92, "all later orders", _COLD), (0.82, "first order", _WARM)):
        ax.text(0.03, height, words, color=colour, weight="bold", size=15, transform=ax.transAxes, va="center")
    ax.grid(axis="x", visible=False)
    ax.set(xlabel=f"customers grouped by first order, smallest (1) to largest ({len(groups)})",
           ylabel=f"mean per customer ({unit})", xticks=list(at))
    return ax


def concentration_curves(curves, *, share=0.2, ax=None):
    """Draw which share of the value the best customers hold, best first.

    `curves` maps a name to a table with ``customer_share`` and ``value_share``, **poorest** first, as
    `crmlib.segments.lorenz_curve` returns it. The end of each curve is named at the best `share`.
    """
    ax = _axes(ax)
    for colour, (name, curve) in zip(PALETTE, curves.items(), strict=False):
        best, value = 1 - curve["customer_share"].to_numpy()[::-1], 1 - curve["value_share"].to_numpy()[::-1]
        ax.plot(100 * best, 100 * value, color=colour)
        at = 100 * float(np.interp(share, best, value))
        ax.plot(100 * share, at, "o", color=colour)
        ax.annotate(f"{name}: {at:.0f} %", (100 * share, at), xytext=(14, -16), textcoords="offset points",
                    color=colour, weight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    ax.axvline(100 * share, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set(xlabel="best customers (% of all)", ylabel="their share of the value (%)", xlim=(0, 100), ylim=(0, 102))
    return ax


def shrinking_value(steps, *, unit="US$", ax=None):
    """Draw what is left of a large number, step by step, one bar each from the top down.

    `steps` is a Series, its index the words beside the bars.
    """
    ax = _axes(ax, 3.0)
    ax.barh(steps.index, steps, color=[_GREY, *[_COLD] * (len(steps) - 2), _WARM], height=0.6)
    for name, value in steps.items():
        ax.annotate(f"{value:,.0f}", (value, name), xytext=(6, 0), textcoords="offset points", va="center",
                    weight="bold")
    ax.invert_yaxis()
    ax.margins(x=0.15)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"{unit} per customer")
    return ax


def value_waterfall(parts, *, total, unit="yuan", ax=None):
    """Draw how parts, positive and negative, add up to a value.

    `parts` is a Series, its index the words below the bars; `total` names the last bar.
    """
    ax = _axes(ax, 3.6)
    ends = parts.cumsum()
    starts = ends - parts
    colours = [_WARM if part < 0 else _COLD for part in parts]
    ax.bar(parts.index, parts, bottom=starts, color=colours, width=0.6)
    ax.bar([total], [ends.iloc[-1]], color="black", width=0.6)
    for n, (part, start, end) in enumerate(zip(parts, starts, ends, strict=True)):
        ax.annotate(f"{part:+,.0f}", (n, max(start, end)), xytext=(0, 4), textcoords="offset points", ha="center",
                    weight="bold", color=colours[n])
        ax.plot([n - 0.3, n + 1.3], [end, end], color="#444444", linewidth=1)
    ax.annotate(f"{ends.iloc[-1]:,.0f}", (len(parts), ends.iloc[-1]), xytext=(0, 4), textcoords="offset points",
                ha="center", weight="bold")
    ax.axhline(0, color="black", linewidth=1)
    ax.use_sticky_edges = False
    ax.margins(x=0.03, y=0.1)
    ax.grid(axis="x", visible=False)
    ax.set(ylabel=f"present value ({unit})")
    return ax


def value_path(path, *, unit="yuan", ax=None):
    """Draw a customer's account over the years: each year's payment and the balance after acquisition cost.

    `path` is what `crmlib.teaching.widgets.lifetime_value_path` returns.
    """
    ax = _axes(ax)
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


# ------------------------------------------------------- chapter 07: lifetime value from orders


def purchase_timelines(orders, summary, *, observation_end, ax=None):
    """Draw when some customers bought, with the frequency, recency and T that a model sees.

    Parameters
    ----------
    orders : pandas.DataFrame
        ``customer_id, date`` of the customers to draw.
    summary : pandas.DataFrame
        From `crmlib.btyd.customer_summary`; one line per row, the first on top.
    observation_end : str or date
        The day on which T ends.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import pandas as pd

    ax = ax or plt.subplots(figsize=(10, 4.2))[1]
    end = pd.Timestamp(observation_end)
    for row, customer in enumerate(summary.itertuples()):
        days = pd.to_datetime(orders.loc[orders.customer_id == customer.customer_id, "date"]).dt.normalize()
        days = sorted(set(days[days <= end]))
        ax.plot([days[0], end], [row, row], color="#bbbbbb", lw=1.5, zorder=1)
        ax.plot([days[0], days[-1]], [row, row], color=PALETTE[5], lw=7, solid_capstyle="butt", zorder=2)
        ax.scatter(days[:1], [row], s=75, facecolor="white", edgecolor=PALETTE[0], lw=2, zorder=4)
        ax.scatter(days[1:], [row] * (len(days) - 1), s=55, color=PALETTE[0], zorder=3)
        facts = f"frequency {customer.frequency}, recency {customer.recency:.1f}, T {customer.T:.1f}"
        ax.text(days[0], row - 0.27, facts, fontsize=12, va="bottom")
    ax.axvline(end, color=PALETTE[1], lw=2)
    ax.text(end, len(summary) - 0.45, "end of observation ", ha="right", va="bottom", color=PALETTE[1], fontsize=12)
    ax.set_yticks(range(len(summary)), [f"customer {name}" for name in summary.customer_id])
    ax.set_ylim(len(summary) - 0.4, -0.75)
    ax.xaxis.set_major_formatter(_month_formatter())
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("day of purchase (1997)")
    return ax


def _month_formatter():
    from matplotlib.dates import DateFormatter

    return DateFormatter("%b")


def repeat_counts(table, *, ax=None):
    """Draw how many customers came back 0, 1, 2, … times, and how many a model expects.

    Parameters
    ----------
    table : pandas.DataFrame
        From `crmlib.btyd.repeat_count_fit`: ``actual, expected``.
    """
    ax = ax or plt.subplots()[1]
    places = range(len(table))
    ax.bar([p - 0.2 for p in places], table["actual"], width=0.4, color=PALETTE[0], label="actual")
    ax.bar([p + 0.2 for p in places], table["expected"], width=0.4, color=PALETTE[4], label="expected by the model")
    ax.legend(loc="upper right")
    ax.set_xticks(places, table.index)
    ax.set_xlabel("repeat purchases")
    ax.set_ylabel("customers")
    ax.grid(axis="x", visible=False)
    return ax


def alive_map(grid, *, ax=None):
    """Draw P(alive) over recency and frequency as a map with contour lines.

    Parameters
    ----------
    grid : pandas.DataFrame
        Rows: frequency; columns: recency in weeks; values: P(alive).
    """
    ax = ax or plt.subplots(figsize=(9, 5))[1]
    x, y = grid.columns.to_numpy(dtype=float), grid.index.to_numpy(dtype=float)
    mesh = ax.pcolormesh(x, y, grid.to_numpy(), vmin=0, vmax=1, shading="nearest")
    lines = ax.contour(x, y, grid.to_numpy(), levels=[0.1, 0.5, 0.9], colors="white", linewidths=1.5)
    ax.clabel(lines, fmt=lambda level: f"{level:.0%}", fontsize=12)
    ax.figure.colorbar(mesh, ax=ax, label="P(alive)")
    ax.set_xlabel("recency: weeks from first to last purchase")
    ax.set_ylabel("frequency: repeat purchases")
    ax.grid(visible=False)
    return ax


def alive_by_silence(table, *, ax=None):
    """Draw P(alive) against weeks without a purchase, one line per customer type.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: weeks since the last purchase; one column per line, its name the label.
    """
    ax = ax or plt.subplots()[1]
    for colour, (name, line) in zip(PALETTE, table.items(), strict=False):
        ax.plot(line.index, line, color=colour)
        ax.text(line.index[-1], line.iloc[-1], f" {name}", color=colour, va="center", fontsize=12)
    ax.set_ylim(0, 1.02)
    ax.set_xlim(table.index[0], table.index[-1])
    ax.set_xlabel("weeks since the last purchase")
    ax.set_ylabel("P(alive)")
    return ax


def weekly_tracking(table, *, axes=None):
    """Draw repeat purchases week by week and added up, actual and expected, with the holdout shaded.

    Parameters
    ----------
    table : pandas.DataFrame
        From `crmlib.btyd.tracking`.

    Returns
    -------
    numpy.ndarray of Axes
        Left: per week. Right: cumulative.
    """
    if axes is None:
        axes = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")[1]
    start = table.index[~table["holdout"]][-1]
    for ax, actual, expected in (
        (axes[0], "actual", "expected"), (axes[1], "cumulative_actual", "cumulative_expected"),
    ):
        ax.axvspan(start, table.index[-1], color="#eeeeee", zorder=0)
        ax.plot(table.index, table[actual], color=PALETTE[0], lw=1.8, label="actual")
        ax.plot(table.index, table[expected], color=PALETTE[1], ls="--", label="expected")
        ax.set_xlabel(f"{table.index.name} of observation")
        ax.set_ylim(0, table[actual].max() * 1.1)
        ax.set_xlim(0, table.index[-1])
        ax.text(start + 1, ax.get_ylim()[1] * 0.02, "not seen by the model", fontsize=12, va="bottom")
    axes[0].legend(loc="upper right")
    axes[0].set_ylabel(f"repeat purchases in the {table.index.name}")
    axes[1].set_ylabel(f"repeat purchases up to the {table.index.name}")
    last = table.iloc[-1]
    axes[1].text(table.index[-1] - 1, last["cumulative_actual"] * 1.03, f"actual {last['cumulative_actual']:,.0f}",
                 color=PALETTE[0], ha="right", va="bottom")
    axes[1].text(table.index[-1] - 1, last["cumulative_expected"] * 0.72,
                 f"expected {last['cumulative_expected']:,.0f}", color=PALETTE[1], ha="right", va="top")
    return axes


def holdout_classes(table, labels, *, ax=None):
    """Draw mean purchases in the holdout by past frequency: what happened and what was forecast.

    Parameters
    ----------
    table : pandas.DataFrame
        From `crmlib.btyd.holdout_by_frequency`.
    labels : dict of str to str
        Columns to draw and the name of each line.
    """
    ax = ax or plt.subplots(figsize=(9, 5))[1]
    places = list(range(len(table)))
    for colour, (column, label) in zip(PALETTE, labels.items(), strict=False):
        actual = column == "actual"
        ax.plot(places, table[column], color="#000000" if actual else colour, lw=4 if actual else 2.2,
                ls="-" if actual else "--", marker="o" if actual else None, label=label)
    ax.legend(loc="upper left")
    ax.set_xticks(places, table.index)
    ax.set_ylim(0)
    ax.set_xlabel("repeat purchases before the holdout")
    ax.set_ylabel("mean purchases in the holdout")
    return ax


def spend_shrinkage(summary, expected, *, population, ax=None):
    """Draw each repeat buyer's expected spend per purchase against the mean seen so far.

    Parameters
    ----------
    summary : pandas.DataFrame
        ``frequency, monetary_value`` of repeat buyers.
    expected : pandas.Series
        From `crmlib.btyd.expected_spend`, aligned.
    population : float
        Mean spend of the population.
    """
    ax = ax or plt.subplots(figsize=(8, 5))[1]
    groups = (("1 repeat purchase", summary["frequency"] == 1, PALETTE[1]),
              ("2 to 4", summary["frequency"].between(2, 4), PALETTE[2]),
              ("5 and more", summary["frequency"] >= 5, PALETTE[0]))
    top = float(summary["monetary_value"].quantile(0.99))
    ax.plot([0, top], [0, top], color="#888888", lw=1.2)
    ax.text(top * 0.85, top * 0.91, "own mean as it is", color="#555555", ha="right", fontsize=12)
    ax.axhline(population, color="#888888", lw=1.2, ls=":")
    for label, rows, colour in groups:
        ax.scatter(summary["monetary_value"][rows], expected[rows], s=16, color=colour, alpha=0.6, label=label)
    ax.legend(loc="upper left", markerscale=2.2, fontsize=12)
    ax.text(top * 0.98, population - 3, "mean of all", ha="right", va="top", color="#555555", fontsize=12)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_xlabel("mean spend per repeat purchase so far, dollars")
    ax.set_ylabel("expected from now on, dollars")
    return ax


def forecast_widths(panels, *, axes=None):
    """Draw predictive distributions with the narrower interval of the mean, one panel per group.

    Parameters
    ----------
    panels : list of dict
        Each with ``name``; ``futures``, simulated totals; ``mean_interval`` and ``predictive_interval``,
        pairs; ``actual``.
    """
    if axes is None:
        axes = plt.subplots(1, len(panels), figsize=(12, 4.5), layout="constrained")[1]
    for ax, panel in zip(axes, panels, strict=True):
        low, high = min(panel["futures"]), max(panel["futures"])
        bins = [k - 0.5 for k in range(int(low), int(high) + 2)] if high - low < 40 else 30
        counts, _, _ = ax.hist(panel["futures"], bins=bins, color="#c9c9c9", rwidth=0.92)
        top = max(counts)
        for height, key, colour, label in (
            (1.30, "mean_interval", PALETTE[0], "the mean"), (1.13, "predictive_interval", PALETTE[1], "what happens"),
        ):
            ax.plot(panel[key], [top * height] * 2, color=colour, lw=6, solid_capstyle="butt")
            ax.text(sum(panel[key]) / 2, top * (height + 0.03), label, color=colour, ha="center", va="bottom",
                    fontsize=12)
        ax.plot([panel["actual"]] * 2, [0, top], color="#000000", lw=2.5)
        ax.text(panel["actual"], top * 1.01, f"actual {panel['actual']:,}", ha="center", va="bottom", fontsize=12)
        ax.set_ylim(0, top * 1.5)
        ax.set_yticks([])
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(panel["name"])
    return axes


def alive_against_truth(table, *, ax=None):
    """Draw a model's mean P(alive) beside the true share of active customers, by weeks of silence.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: classes of silence; ``model`` and ``truth`` between 0 and 1.
    """
    ax = ax or plt.subplots(figsize=(9, 4.5))[1]
    places = range(len(table))
    ax.plot(places, table["truth"], color=PALETTE[0], marker="o")
    ax.plot(places, table["model"], color=PALETTE[1], marker="s", ls="--")
    middle = len(table) // 2
    ax.text(middle, table["truth"].iloc[middle] + 0.04, "truly active", color=PALETTE[0], ha="center")
    ax.text(middle, table["model"].iloc[middle] + 0.05, "P(alive), BG/NBD", color=PALETTE[1], ha="left")
    ax.set_xticks(places, table.index)
    ax.set_ylim(-0.03, 1.08)
    ax.set_xlabel("silence, in usual pauses of the customer")
    ax.set_ylabel("share of customers")
    return ax


def policy_gain(curves, *, mark, ax=None):
    """Draw the net gain of a programme against the number of customers treated, one line per ranking.

    Parameters
    ----------
    curves : pandas.DataFrame
        Index: customers treated; one column of net gain per ranking, its name the label.
    mark : int
        Number of customers to mark with a vertical line.
    """
    ax = ax or plt.subplots(figsize=(9.5, 5))[1]
    styles = ("-", "--", "-.", ":")
    for colour, style, (name, line) in zip(PALETTE, styles, curves.items(), strict=False):
        ax.plot(line.index, line, color=colour, ls=style, label=name)
    ax.axhline(0, color="#444444", lw=1)
    ax.axvline(mark, color="#888888", lw=1.2)
    ax.text(mark, ax.get_ylim()[0], f" {mark:,} customers: the model's own cut", va="bottom", fontsize=12)
    ax.legend(loc="upper right", fontsize=12)
    ax.set_xlabel("customers in the programme, best first")
    ax.set_ylabel("net gain, dollars")
    return ax


def customer_outlook(path, facts, *, ax=None):
    """Draw how P(alive) of one customer falls as weeks pass without a purchase.

    Parameters
    ----------
    path : pandas.DataFrame
        Index: weeks since the first purchase, from the last purchase on; one column of P(alive) per model.
    facts : dict
        ``frequency, recency, T`` of the customer.

    Notes
    -----
    Both come from `crmlib.teaching.widgets.customer_outlook`.
    """
    ax = ax or plt.subplots(figsize=(9, 4.5))[1]
    ax.axvspan(0, facts["recency"], color="#e6eef5", zorder=0)
    bought = f"{facts['frequency']} repeat purchase{'' if facts['frequency'] == 1 else 's'}"
    if facts["recency"]:
        ax.text(facts["recency"] / 2, 0.04, bought, ha="center", color=PALETTE[0], fontsize=12)
    ax.axvline(facts["T"], color="#444444", lw=1.5, ls=":")
    ax.text(facts["T"], 1.06, "today", ha="center", fontsize=12)
    here = path.index.get_indexer([facts["T"]], method="nearest")[0]
    for colour, style, (name, line) in zip(PALETTE, ("-", "--"), path.items(), strict=False):
        ax.plot(path.index, line, color=colour, ls=style, label=name)
        ax.plot(facts["T"], line.iloc[here], "o", color=colour, ms=9)
    ax.legend(loc="upper right")
    ax.set_xlim(0, path.index[-1])
    ax.set_ylim(0, 1.04)
    ax.set_xlabel("weeks since the first purchase")
    ax.set_ylabel("P(alive)")
    return ax
