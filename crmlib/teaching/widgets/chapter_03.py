"""The explorer of chapter 03: a plan to take discounts away, and what it costs to be wrong about whom."""

from crmlib.teaching.widgets.slider import slider


def discount_plan_curve(customers, *, leave_transaction: float, leave_relationship: float):
    """Return what the plan earns a year if it treats everybody below a threshold, for thresholds from 0 to 1.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: ``p_relationship`` (what the model says), ``relationship`` (true or false: the truth),
        ``saving`` (the discount they get a year) and ``profit`` (what they bring a year), in money.
    leave_transaction, leave_relationship : float
        Chance that a customer of the class leaves because the discount goes.

    Returns
    -------
    pandas.DataFrame
        ``threshold`` (0, 0.05 … 1), ``treated`` (customers with p below it; at 1 all), ``wrong`` (relationship buyers
        among them), ``expected`` (gain by the model's probabilities) and ``true`` (gain by the true classes).

    Raises
    ------
    DataError
        If p are no probabilities or have gaps.
    ValueError
        If a chance is not between 0 and 1.

    Examples
    --------
    >>> import pandas as pd
    >>> two = pd.DataFrame({"p_relationship": [0.1, 0.8], "relationship": [False, True], "saving": [100.0, 100.0],
    ...                     "profit": [50.0, 900.0]})
    >>> curve = discount_plan_curve(two, leave_transaction=0.4, leave_relationship=0.2)
    >>> curve[curve["threshold"].isin([0, 0.5, 1])].round(1)
        threshold  treated  wrong  expected  true
    0         0.0        0      0       0.0   0.0
    10        0.5        1      0      43.0  40.0
    20        1.0        2      1     -97.0 -60.0
    """
    import numpy as np
    import pandas as pd

    from crmlib import segments

    chances = {"leave_transaction": leave_transaction, "leave_relationship": leave_relationship}
    money = {"saving": customers["saving"], "value": customers["profit"]}
    expected = segments.removal_gain(customers["p_relationship"], **money, **chances)
    true = segments.removal_gain(customers["relationship"].astype(float), **money, **chances)
    rows = []
    for threshold in np.arange(21) / 20:
        treated = (customers["p_relationship"] < threshold) | (threshold == 1)
        rows.append({
            "threshold": threshold, "treated": int(treated.sum()),
            "wrong": int((treated & customers["relationship"]).sum()),
            "expected": expected[treated].sum(), "true": true[treated].sum(),
        })
    return pd.DataFrame(rows)


def discount_plan_summary(customers, *, threshold: float, leave_transaction: float, leave_relationship: float) -> str:
    """Return two sentences on the plan at one threshold: whom it hits, and what it earns.

    Examples
    --------
    >>> import pandas as pd
    >>> two = pd.DataFrame({"p_relationship": [0.1, 0.8], "relationship": [False, True], "saving": [100.0, 100.0],
    ...                     "profit": [50.0, 900.0]})
    >>> discount_plan_summary(two, threshold=0.5, leave_transaction=0.4, leave_relationship=0.2)
    'Below 50 %: 1 customers treated, 0 of them relationship buyers. Gain a year: 40 yuan by the true types \
(the model expects 43); the best threshold by the truth, 15 %, would give 40.'
    """
    curve = discount_plan_curve(customers, leave_transaction=leave_transaction, leave_relationship=leave_relationship)
    at = curve.iloc[(curve["threshold"] - threshold).abs().argmin()]
    best = curve.iloc[curve["true"].round(6).argmax()]
    return (
        f"Below {at['threshold']:.0%}: {at['treated']:,.0f} customers treated, {at['wrong']:,.0f} of them relationship "
        f"buyers. Gain a year: {at['true']:,.0f} yuan by the true types (the model expects {at['expected']:,.0f}); "
        f"the best threshold by the truth, {best['threshold']:.0%}, would give {best['true']:,.0f}."
    ).replace("%", " %")


def explore_discount_plan(customers, *, threshold=0.5, leave_transaction=0.5, leave_relationship=0.1):
    """Return the explorer of chapter 03: three sliders, the gain of the plan, and a sentence on it.

    Parameters
    ----------
    customers
        As in `discount_plan_curve`.
    threshold, leave_transaction, leave_relationship
        Where the sliders start.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    sliders = {
        "leave_transaction": slider(widgets.FloatSlider, "price buyers who leave", leave_transaction, 0, 1, 0.05,
                                    readout_format=".2f"),
        "leave_relationship": slider(widgets.FloatSlider, "relationship who leave", leave_relationship, 0, 1, 0.05,
                                     readout_format=".2f"),
        "threshold": slider(widgets.FloatSlider, "treated below", threshold, 0, 1, 0.05, readout_format=".2f"),
    }

    def draw(threshold, **chances):
        display(Markdown(discount_plan_summary(customers, threshold=threshold, **chances)))
        plots.show(
            plots.plan_gain(discount_plan_curve(customers, **chances), threshold=threshold),
            alt="Gain of the discount plan by threshold: as the model expects it, and with the true types.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
