"""The explorer of chapter 07: one customer's history."""

from crmlib.teaching.widgets.slider import slider


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
        frequency=slider(ipywidgets.IntSlider, "repeat purchases", frequency, 0, 20),
        recency=slider(ipywidgets.IntSlider, "first to last, weeks", recency, 0, 39),
        T=slider(ipywidgets.IntSlider, "weeks observed", T, 1, 78),
        spend=slider(ipywidgets.IntSlider, "mean spend, dollars", spend, 5, 150),
    )
