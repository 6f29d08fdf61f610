"""The explorer of chapter 00: how many customers to write to."""

from crmlib.teaching.widgets.slider import slider


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
        cost_per_contact=slider(ipywidgets.FloatSlider, "Cost per letter ($)", cost_per_contact, 0.5, 10.0, 0.5),
        uplift=slider(ipywidgets.IntSlider, "Uplift (%)", round(100 * uplift), 0, 40, 1),
        new_margin=slider(ipywidgets.FloatSlider, "Margin (share)", margin, 0.05, 0.60, 0.05),
    )
