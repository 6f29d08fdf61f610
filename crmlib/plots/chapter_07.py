"""Figures of chapter 07: who is still a customer, and what will they bring?"""

import matplotlib.pyplot as plt

from crmlib.plots.style import PALETTE


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

    ax = ax or plt.subplots(figsize=(8, 3.9))[1]
    end = pd.Timestamp(observation_end)
    years = {end.year}
    for row, customer in enumerate(summary.itertuples()):
        days = pd.to_datetime(orders.loc[orders.customer_id == customer.customer_id, "date"]).dt.normalize()
        days = sorted(set(days[days <= end]))
        years.add(days[0].year)
        ax.plot([days[0], end], [row, row], color="#bbbbbb", lw=1.5, zorder=1)
        ax.plot([days[0], days[-1]], [row, row], color=PALETTE[5], lw=7, solid_capstyle="butt", zorder=2)
        ax.scatter(days[:1], [row], s=75, facecolor="white", edgecolor=PALETTE[0], lw=2, zorder=4)
        ax.scatter(days[1:], [row] * (len(days) - 1), s=55, color=PALETTE[0], zorder=3)
        facts = f"frequency {customer.frequency}, recency {customer.recency:.1f}, T {customer.T:.1f}"
        ax.text(days[0], row - 0.24, facts, fontsize=12, va="bottom")
    ax.axvline(end, color=PALETTE[1], lw=2)
    ax.text(end, len(summary) - 0.45, "end of observation ", ha="right", va="bottom", color=PALETTE[1], fontsize=12)
    ax.set_yticks(range(len(summary)), [f"customer {name}" for name in summary.customer_id])
    ax.set_ylim(len(summary) - 0.4, -0.75)
    ax.xaxis.set_major_formatter(_month_formatter())
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"day of purchase ({' to '.join(str(year) for year in sorted({min(years), max(years)}))})")
    return ax


def _month_formatter():
    from matplotlib.dates import DateFormatter

    return DateFormatter("%b")


def customer_spread(rates, leaving, *, axes=None):
    """Draw how customers differ in a fitted model: how often they buy, how ready they are to leave.

    Parameters
    ----------
    rates : pandas.Series
        Share of customers (0 to 1) by class of buying rate, purchases a year while active.
    leaving : pandas.Series
        Share of customers (0 to 1) by class of the chance of leaving; labels: where each class begins.

    Returns
    -------
    numpy.ndarray of Axes
    """
    if axes is None:
        axes = plt.subplots(1, 2, figsize=(8.4, 4.2), layout="constrained")[1]
    for ax, shares, colour, label in (
        (axes[0], rates, PALETTE[0], "purchases a year,\nwhile active"),
        (axes[1], leaving, PALETTE[1], "chance of leaving\nafter a repeat purchase"),
    ):
        tenths = ax is axes[1]  # the label stands where the class begins
        ax.bar(range(len(shares)), shares * 100, width=0.94, align="edge" if tenths else "center", color=colour)
        ax.set_xticks(range(len(shares)), shares.index)
        ax.set_xlabel(label)
        ax.grid(axis="x", visible=False)
    axes[0].set_ylabel("customers, %")
    return axes


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


def weekly_tracking(table, *, cumulative=False, ax=None):
    """Draw repeat purchases week by week, actual and expected, with the holdout shaded.

    Parameters
    ----------
    table : pandas.DataFrame
        From `crmlib.btyd.tracking`.
    cumulative : bool
        Whether to draw the purchases added up, with both totals named.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots()[1]
    unit, end = table.index.name, table.index[-1]
    start = table.index[~table["holdout"]][-1]
    actual, expected = (table[f"cumulative_{name}" if cumulative else name] for name in ("actual", "expected"))
    top = max(actual.max(), expected.max()) * 1.1
    ax.axvspan(start, end, color="#eeeeee", zorder=0)
    ax.plot(table.index, actual, color=PALETTE[0], lw=1.8, label="actual")
    ax.plot(table.index, expected, color=PALETTE[1], ls="--", label="expected")
    ax.text(start + 1, top * 0.02, "not seen by the model", va="bottom")
    ax.set_xlim(0, end)
    ax.set_ylim(0, top)
    ax.set_xlabel(f"{unit} of observation")
    if cumulative:
        ax.set_ylabel(f"repeat purchases up to the {unit}")
        ends = (("actual", actual, PALETTE[0], 0.2), ("expected", expected, PALETTE[1], 0.12))
        for label, line, colour, height in ends:
            ax.text(end - 1, top * height, f"{label} {line.iloc[-1]:,.0f}", color=colour, ha="right", va="bottom")
    else:
        ax.legend(loc="upper right")
        ax.set_ylabel(f"repeat purchases in the {unit}")
    return ax


def holdout_classes(table, labels, *, ax=None):
    """Draw mean purchases in the holdout by past frequency: what happened and what was forecast.

    Parameters
    ----------
    table : pandas.DataFrame
        From `crmlib.btyd.holdout_by_frequency`.
    labels : dict of str to str
        Columns to draw and the name of each line.
    """
    ax = ax or plt.subplots(figsize=(8, 4.6))[1]
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


def spend_shrinkage(summary, expected, *, population, currency="dollars", ax=None):
    """Draw each repeat buyer's expected spend per purchase against the mean seen so far.

    Parameters
    ----------
    summary : pandas.DataFrame
        ``frequency, monetary_value`` of repeat buyers.
    expected : pandas.Series
        From `crmlib.btyd.expected_spend`, aligned.
    population : float
        Mean spend of the population.
    currency : str
        What the spend is counted in, for the axes.
    """
    ax = ax or plt.subplots(figsize=(8, 4.7))[1]
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
    ax.text(top * 0.98, population - 0.02 * top, "mean of all", ha="right", va="top", color="#555555", fontsize=12)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_xlabel(f"mean spend per repeat purchase so far, {currency}")
    ax.set_ylabel(f"expected from now on, {currency}")
    return ax


def forecast_width(futures, *, mean, predictive, actual, ax=None):
    """Draw simulated futures with the interval of their mean and the interval of what may happen.

    Parameters
    ----------
    futures : sequence of int
        Simulated totals.
    mean, predictive : pair of float
        Ends of the interval of the mean, and of the interval of the futures.
    actual : int
        What happened.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots(figsize=(8, 4.2))[1]
    low, high = min(futures), max(futures)
    bins = [k - 0.5 for k in range(int(low), int(high) + 2)] if high - low < 40 else 30
    counts, _, _ = ax.hist(futures, bins=bins, color="#c9c9c9", rwidth=0.92)
    top = max(counts)
    for height, ends, colour, label in (
        (1.38, mean, PALETTE[0], "the mean"), (1.17, predictive, PALETTE[1], "what happens"),
    ):
        ax.plot(list(ends), [top * height] * 2, color=colour, lw=6, solid_capstyle="butt")
        ax.text(sum(ends) / 2, top * (height + 0.03), label, color=colour, ha="center", va="bottom")
    ax.plot([actual] * 2, [0, top], color="#000000", lw=2.5)
    ax.text(actual, top * 1.01, f"actual {actual:,}", ha="center", va="bottom")
    ax.set_ylim(0, top * 1.58)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    return ax


def silent_returns(table, *, ax=None):
    """Draw the share of silent customers forecast to buy again beside the share that did.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: classes of past repeat purchases; ``customers``, their number; ``forecast, observed``, shares
        (0 to 1); ``low, high``, the interval of the observed share.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or plt.subplots(figsize=(8, 4.3))[1]
    places = range(len(table))
    reach = [table["observed"] - table["low"], table["high"] - table["observed"]]
    ax.errorbar(places, table["observed"], yerr=reach, color=PALETTE[0], fmt="o-", ms=9, capsize=6, elinewidth=2)
    ax.plot(places, table["forecast"], color=PALETTE[1], marker="s", ls="--")
    for name, label, colour in (("observed", "bought again", PALETTE[0]), ("forecast", "forecast", PALETTE[1])):
        ax.text(len(table) - 0.85, table[name].iloc[-1], label, color=colour, va="center")
    ax.set_xticks(places, [f"{name}\n({count:,} people)" for name, count in table["customers"].items()])
    ax.set_xlim(-0.4, len(table) - 0.4)
    ax.set_ylim(0, 1)
    ax.set_xlabel("repeat purchases before the silence")
    ax.set_ylabel("share who buy again")
    ax.grid(axis="x", visible=False)
    return ax


def alive_against_truth(table, *, name="BG/NBD", ax=None):
    """Draw a model's mean P(alive) beside the true share of active customers, by weeks of silence.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: classes of silence; ``model`` and ``truth`` between 0 and 1.
    name : str
        Name of the model.
    """
    ax = ax or plt.subplots()[1]
    places = range(len(table))
    ax.plot(places, table["truth"], color=PALETTE[0], marker="o")
    ax.plot(places, table["model"], color=PALETTE[1], marker="s", ls="--")
    middle = len(table) // 2
    ax.text(middle, table["truth"].iloc[middle] + 0.04, "truly active", color=PALETTE[0], ha="center")
    ax.text(middle, table["model"].iloc[middle] + 0.05, f"P(alive), {name}", color=PALETTE[1], ha="left")
    ax.set_xticks(places, table.index)
    ax.set_ylim(-0.03, 1.08)
    ax.set_xlabel("silence, in usual pauses of the customer")
    ax.set_ylabel("share of customers")
    return ax


def policy_gain(curves, *, mark, currency="dollars", ax=None):
    """Draw the net gain of a programme against the number of customers treated, one line per ranking.

    Parameters
    ----------
    curves : pandas.DataFrame
        Index: customers treated; one column of net gain per ranking, its name the label.
    mark : int
        Number of customers to mark with a vertical line; at 0 there is none.
    currency : str
        What the gain is counted in, for the axis.
    """
    ax = ax or plt.subplots(figsize=(8.2, 4.6))[1]
    styles = ("-", "--", "-.", ":")
    for colour, style, (name, line) in zip(PALETTE, styles, curves.items(), strict=False):
        ax.plot(line.index, line, color=colour, ls=style, label=name)
    ax.axhline(0, color="#444444", lw=1)
    if mark:
        ax.axvline(mark, color="#888888", lw=1.2)
        ax.text(mark, ax.get_ylim()[0], f" {mark:,} customers: the model's own cut", va="bottom", fontsize=12)
    ax.legend(loc="upper right", fontsize=12)
    ax.set_xlabel("customers in the programme, best first")
    ax.set_ylabel(f"net gain, {currency}")
    return ax


def customer_outlook(path, facts, *, legend=True, ax=None):
    """Draw how P(alive) of one customer falls as weeks pass without a purchase.

    Parameters
    ----------
    path : pandas.DataFrame
        Index: weeks since the first purchase, from the last purchase on; one column of P(alive) per model.
    facts : dict
        ``frequency, recency, T`` of the customer.
    legend : bool
        Whether to name the models.

    Notes
    -----
    Both come from `crmlib.teaching.widgets.customer_outlook`.
    """
    ax = ax or plt.subplots()[1]
    ax.axvspan(0, facts["recency"], color="#e6eef5", zorder=0)
    bought = f"{facts['frequency']} repeat\npurchase{'' if facts['frequency'] == 1 else 's'}"
    if facts["recency"]:
        ax.text(facts["recency"] / 2, 0.04, bought, ha="center", color=PALETTE[0], fontsize=12)
    ax.axvline(facts["T"], color="#444444", lw=1.5, ls=":")
    ax.text(facts["T"], 1.06, "today", ha="center", fontsize=12)
    here = path.index.get_indexer([facts["T"]], method="nearest")[0]
    for colour, style, (name, line) in zip(PALETTE, ("-", "--"), path.items(), strict=False):
        ax.plot(path.index, line, color=colour, ls=style, label=name)
        ax.plot(facts["T"], line.iloc[here], "o", color=colour, ms=9)
    if legend:
        ax.legend(loc="upper right", bbox_to_anchor=(1, 0.96))  # below a line that stays at one
    ax.set_xlim(0, path.index[-1])
    ax.set_ylim(0, 1.04)
    ax.set_xlabel("weeks since the\nfirst purchase")
    ax.set_ylabel("P(alive)")
    return ax
