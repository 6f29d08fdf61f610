"""One explorer per chapter: sliders around a plain function and its figure.

The function under an explorer needs no browser, can be called in a cell, and is what the tests test.
"""


def _slider(kind, description, value, low, high, step=1, **options):
    """A slider of the course: wide, its name in full, and silent until it is let go."""
    return kind(value=value, min=low, max=high, step=step, description=description, continuous_update=False,
                style={"description_width": "11em"}, layout={"width": "34em"}, **options)


def lifetime_value_path(
    *, margin: float, retention_rate: float, discount_rate: float, acquisition_cost: float, payments: int
):
    """Return the account of one customer, year by year: first payment now, acquisition cost paid now.

    Parameters
    ----------
    margin, acquisition_cost : float
        Money per customer; the margin is per year.
    retention_rate, discount_rate : float
        Per year.
    payments : int
        Yearly payments counted.

    Returns
    -------
    pandas.DataFrame
        ``year`` (from 0), ``still_here``, ``present_value`` of the year's expected payment and ``balance``,
        the sum so far less the acquisition cost. Its last balance is `crmlib.clv.lifetime_value` with
        ``timing="immediate"``.

    Examples
    --------
    >>> lifetime_value_path(margin=100, retention_rate=0.8, discount_rate=0.1, acquisition_cost=150,
    ...                     payments=3)["balance"].round(2).tolist()
    [-50.0, 22.73, 75.62]
    """
    import numpy as np
    import pandas as pd

    from crmlib.checks import check_count, check_discount_rate, check_fraction, check_positive

    year = np.arange(check_count("payments", payments))
    still_here = check_fraction("retention rate", retention_rate) ** year.astype(float)
    worth = margin * still_here / (1 + check_discount_rate("discount rate", discount_rate)) ** year
    paid = check_positive("acquisition cost", acquisition_cost, zero=True)
    return pd.DataFrame(
        {"year": year, "still_here": still_here, "present_value": worth, "balance": worth.cumsum() - paid}
    )


def lifetime_value_summary(
    *, margin: float, retention_rate: float, discount_rate: float, acquisition_cost: float, payments: int
) -> str:
    """Return one sentence on the customer of `lifetime_value_path`: value, share counted, pay-back.

    Examples
    --------
    >>> lifetime_value_summary(margin=100, retention_rate=0.8, discount_rate=0.1, acquisition_cost=150, payments=3)
    'Value before acquisition cost 366.67; the payments counted hold 62 % of it. Net of 150.00: 216.67. \
Paid back by payment 2.'
    """
    from crmlib import clv

    value = clv.lifetime_value(margin, retention_rate, discount_rate, timing="immediate")
    counted = clv.horizon_capture(retention_rate, discount_rate, payments)
    # what has not come back after 100 payments never will
    flows = [margin - acquisition_cost, *(margin * retention_rate**t for t in range(1, 100))]
    back = clv.payback(flows, discount_rate)
    when = {None: "Never paid back", 0: "Paid back at once"}.get(back, f"Paid back by payment {(back or 0) + 1}")
    return (
        f"Value before acquisition cost {value:.2f}; the payments counted hold {100 * counted:.0f} % of it. "
        f"Net of {acquisition_cost:.2f}: {value - acquisition_cost:.2f}. {when}."
    )


def explore_lifetime_value():
    """Return the explorer of chapter 06: five sliders, a customer's account, and a sentence on it."""
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    sliders = {
        "margin": _slider(widgets.FloatSlider, "margin a year", 100, 20, 200, 10, readout_format=".0f"),
        "retention_rate": _slider(widgets.FloatSlider, "retention rate", 0.8, 0.3, 0.95, 0.05, readout_format=".2f"),
        "discount_rate": _slider(widgets.FloatSlider, "discount rate", 0.1, 0.0, 0.3, 0.02, readout_format=".2f"),
        "acquisition_cost": _slider(widgets.FloatSlider, "acquisition cost", 180, 0, 500, 20, readout_format=".0f"),
        "payments": _slider(widgets.IntSlider, "payments counted", 10, 1, 30, 1, readout_format="d"),
    }

    def draw(**values):
        display(Markdown(lifetime_value_summary(**values)))
        plots.show(
            plots.value_path(lifetime_value_path(**values)),
            alt="Bars of a customer's discounted yearly payments and the balance after acquisition cost.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])


# --- chapter 00: whom should we write to? -----------------------------------------------------------


def contact_plan(values, *, cost_per_contact, uplift):
    """Return the best number of contacts, its profit, and the profit of contacting everybody.

    Parameters
    ----------
    values : pandas.Series
        Expected future margin per customer, in money.
    cost_per_contact, uplift : float
        As in `crmlib.outreach.contact_profit_curve`.

    Returns
    -------
    pandas.Series
        ``contacts``, ``profit``, ``profit_everybody``, ``break_even_value``, rounded for reading.

    Examples
    --------
    >>> import pandas as pd
    >>> contact_plan(pd.Series([80.0, 40.0, 10.0]), cost_per_contact=3.0, uplift=0.1).to_dict()
    {'contacts': 2.0, 'profit': 6.0, 'profit_everybody': 4.0, 'break_even_value': 30.0}
    """
    import pandas as pd

    from crmlib.outreach import best_contacts, contact_profit_curve

    curve = contact_profit_curve(values, cost_per_contact=cost_per_contact, uplift=uplift)
    contacts = best_contacts(curve)
    return pd.Series({
        "contacts": contacts,
        "profit": curve.cumulative_profit.loc[contacts] if contacts else 0.0,
        "profit_everybody": curve.cumulative_profit.iloc[-1],
        "break_even_value": cost_per_contact / uplift if uplift else float("inf"),
    }).round(2)


def explore_contacts(values, *, margin, cost_per_contact, uplift):
    """Explore how many customers to write to: sliders for the cost of a letter, the uplift and the margin.

    `values` are future margins per customer, computed at `margin`; the margin slider scales them. The other two
    arguments are where the sliders start.
    """
    import ipywidgets

    from crmlib import plots
    from crmlib.outreach import contact_profit_curve

    def draw(cost_per_contact, uplift, new_margin):
        scaled = values * new_margin / margin
        plan = contact_plan(scaled, cost_per_contact=cost_per_contact, uplift=uplift / 100)
        everybody = f"{'profit' if plan.profit_everybody > 0 else 'loss'} ${abs(plan.profit_everybody):,.0f}"
        print(f"Best plan: {plan.contacts:,.0f} letters, profit ${plan.profit:,.0f}. Everybody: {everybody}.")
        curve = contact_profit_curve(scaled, cost_per_contact=cost_per_contact, uplift=uplift / 100)
        plots.show(plots.contact_profit(curve),
                   alt="Expected profit against the number of letters, for the cost, uplift and margin chosen.")

    return ipywidgets.interactive(
        draw,
        cost_per_contact=_slider(ipywidgets.FloatSlider, "Cost per letter ($)", cost_per_contact, 0.5, 10.0, 0.5),
        uplift=_slider(ipywidgets.IntSlider, "Uplift (%)", round(100 * uplift), 0, 40, 1),
        new_margin=_slider(ipywidgets.FloatSlider, "Margin (share)", margin, 0.05, 0.60, 0.05),
    )


# ------------------------------------------------------- chapter 07: lifetime value from orders


def customer_outlook(
    models, spend_model, *, frequency, recency, T, spend, horizon, horizon_unit, margin, annual_discount_rate,
    weeks_ahead=26,
):
    """Compute what several models say of one customer, now and as silence goes on.

    Parameters
    ----------
    models : mapping of str to FittedModel
        Purchase models fitted in weeks, by the name to show.
    spend_model : FittedModel
        From `crmlib.btyd.fit_gamma_gamma`.
    frequency : int
        Repeat purchases.
    recency, T : float
        Weeks from the first purchase to the last, and to today. Without a repeat purchase recency is 0;
        a recency beyond T is cut to T.
    spend : float
        Mean spend per repeat purchase so far; not used for a one-time buyer.
    horizon, horizon_unit, margin, annual_discount_rate
        As in `crmlib.btyd.lifetime_value`.
    weeks_ahead : int
        How far the path goes beyond T.

    Returns
    -------
    outlook : pandas.DataFrame
        One row per model: ``P(alive), P(buys again), expected purchases, value``.
    path : pandas.DataFrame
        P(alive) per model, indexed by weeks since the first purchase, from the last purchase on.
    facts : dict
        ``frequency, recency, T`` as used.
    """
    import numpy as np
    import pandas as pd

    from crmlib import btyd

    recency = min(float(recency), float(T)) if frequency else 0.0
    facts = {"frequency": int(frequency), "recency": recency, "T": float(T)}
    customer = pd.DataFrame([facts | {"monetary_value": float(spend) if frequency else 0.0, "unit": "week"}])
    ages = np.union1d(np.arange(recency, T + weeks_ahead + 0.01, 0.5), [T])
    moments = pd.DataFrame({"frequency": int(frequency), "recency": recency, "T": ages, "unit": "week"})
    ahead = {"horizon": horizon, "horizon_unit": horizon_unit}
    rows, lines = {}, {}
    for name, model in models.items():
        value = btyd.lifetime_value(
            model, spend_model, customer, **ahead, margin=margin, annual_discount_rate=annual_discount_rate)
        rows[name] = {
            "P(alive)": btyd.probability_alive(model, customer)[0],
            "P(buys again)": 1 - btyd.probability_no_purchase(model, customer, **ahead)[0],
            "expected purchases": btyd.expected_purchases(model, customer, **ahead)[0],
            "value": value[0],
        }
        lines[name] = btyd.probability_alive(model, moments).to_numpy()
    path = pd.DataFrame(lines, index=pd.Index(ages, name="weeks since the first purchase"))
    return pd.DataFrame.from_dict(rows, orient="index"), path, facts


def explore_customer_history(
    models, spend_model, *, frequency=4, recency=20, T=39, spend=35, horizon=39, horizon_unit="week", margin,
    annual_discount_rate,
):
    """Return sliders for one customer's history, with the figure and table of `customer_outlook`.

    Parameters
    ----------
    models, spend_model, horizon, horizon_unit, margin, annual_discount_rate
        As in `customer_outlook`.
    frequency, recency, T, spend
        Where the sliders start.

    Returns
    -------
    ipywidgets.interactive
    """
    import ipywidgets
    from IPython.display import display

    from crmlib import plots

    def draw(frequency, recency, T, spend):
        outlook, path, facts = customer_outlook(
            models, spend_model, frequency=frequency, recency=recency, T=T, spend=spend, horizon=horizon,
            horizon_unit=horizon_unit, margin=margin, annual_discount_rate=annual_discount_rate)
        first = next(iter(outlook.index))
        plots.show(
            plots.customer_outlook(path, facts),
            alt=f"P(alive) as weeks pass without a purchase; today {first} says {outlook['P(alive)'][first]:.2f}.")
        display(outlook.round(2))

    return ipywidgets.interactive(
        draw,
        frequency=_slider(ipywidgets.IntSlider, "repeat purchases", frequency, 0, 20),
        recency=_slider(ipywidgets.IntSlider, "first to last, weeks", recency, 0, 39),
        T=_slider(ipywidgets.IntSlider, "weeks observed", T, 1, 78),
        spend=_slider(ipywidgets.IntSlider, "mean spend, dollars", spend, 5, 150),
    )
