"""The explorer of chapter 06: one customer's account."""

from crmlib.teaching.widgets.slider import slider


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
        "margin": slider(widgets.FloatSlider, "margin a year", 100, 20, 200, 10, readout_format=".0f"),
        "retention_rate": slider(widgets.FloatSlider, "retention rate", 0.8, 0.3, 0.95, 0.05, readout_format=".2f"),
        "discount_rate": slider(widgets.FloatSlider, "discount rate", 0.1, 0.0, 0.3, 0.02, readout_format=".2f"),
        "acquisition_cost": slider(widgets.FloatSlider, "acquisition cost", 180, 0, 500, 20, readout_format=".0f"),
        "payments": slider(widgets.IntSlider, "payments counted", 10, 1, 30, 1, readout_format="d"),
    }

    def draw(**values):
        display(Markdown(lifetime_value_summary(**values)))
        plots.show(
            plots.value_path(lifetime_value_path(**values)),
            alt="Bars of a customer's discounted yearly payments and the balance after acquisition cost.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
