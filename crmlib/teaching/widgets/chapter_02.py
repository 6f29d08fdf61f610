"""The explorer of chapter 02: which visits are worth their hours."""

from crmlib.teaching.widgets.slider import slider


def visit_plan(accounts, *, capacity, departure, extra_exit, success, years, hour_cost, method="exact"):
    """Return what a visit to each account is worth, and which ones to make with the hours there are.

    A visit wins a second contact with the probability `success`, and then the leaving of the first one does no more
    harm: ``value = success · departure · extra_exit · years · on_one_person``. Chosen are the visits that together
    bring most after their cost.

    Parameters
    ----------
    accounts : pandas.DataFrame
        ``on_one_person`` (yearly margin that depends on one person, money) and ``hours`` (of a visit); one row per
        account.
    capacity : float
        Hours there are.
    departure, extra_exit, success : float
        Probabilities: the contact leaves within a year; the firm then leaves as well; a visit finds a second contact.
    years : float
        How many yearly margins a lost account costs.
    hour_cost : float
        Cost of an hour, money.
    method : str
        As in `crmlib.roles.select_accounts`.

    Returns
    -------
    pandas.DataFrame
        With the index of `accounts`: ``value, hours, per_hour, net`` (value less cost) and ``chosen``.

    Examples
    --------
    >>> import pandas as pd
    >>> accounts = pd.DataFrame({"on_one_person": [40_000.0, 9_000.0, 1_000.0], "hours": [5, 3, 3]})
    >>> visit_plan(accounts, capacity=6, departure=0.15, extra_exit=0.3, success=0.5, years=3, hour_cost=70)
        value  hours  per_hour     net  chosen
    0  2700.0      5     540.0  2350.0    True
    1   607.5      3     202.5   397.5   False
    2    67.5      3      22.5  -142.5   False
    """
    import pandas as pd

    from crmlib import roles
    from crmlib.checks import check_fraction, check_positive

    factor = (check_fraction("success", success) * check_fraction("departure", departure)
              * check_fraction("extra exit", extra_exit) * check_positive("years", years, zero=True))
    value = (factor * accounts["on_one_person"]).round(6)
    net = value - check_positive("hour cost", hour_cost, zero=True) * accounts["hours"]
    picked = roles.select_accounts(net, accounts["hours"], capacity=capacity, method=method)
    return pd.DataFrame({"value": value, "hours": accounts["hours"], "per_hour": value / accounts["hours"], "net": net,
                         "chosen": picked["chosen"]})


def visit_summary(plan, *, capacity, hour_cost) -> str:
    """Return one sentence on a plan of visits: how many, the hours, what they avoid and what they cost.

    Examples
    --------
    >>> import pandas as pd
    >>> plan = pd.DataFrame({"value": [2700.0, 607.5], "hours": [5, 3], "net": [2350.0, 397.5],
    ...                      "chosen": [True, False]})
    >>> visit_summary(plan, capacity=6, hour_cost=70)
    '1 visit in 5 of 6 hours: 2,700 yuan of expected loss avoided, 350 yuan spent, 2,350 left. \
2 visits would be worth their cost.'
    """
    made = plan[plan["chosen"]]
    hours, worth = made["hours"].sum(), int((plan["net"] > 0).sum())
    counts = len(made), int((plan["net"] > 0).sum())
    visits, worth = (f"{count:,} visit{'' if count == 1 else 's'}" for count in counts)
    return (f"{visits} in {hours:g} of {capacity:g} hours: {made['value'].sum():,.0f} yuan of expected loss avoided, "
            f"{hour_cost * hours:,.0f} yuan spent, {made['net'].sum():,.0f} left. {worth} would be worth their cost.")


def explore_visits(accounts, *, capacity, departure, extra_exit, success, years, hour_cost):
    """Return the explorer of chapter 02: five sliders, the visits worth making, and a sentence on them.

    The arguments are those of `visit_plan`; all but `accounts` and `hour_cost` are where the sliders start.
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    share = {"readout_format": ".2f"}
    sliders = {
        "capacity": slider(widgets.FloatSlider, "hours there are", capacity, 0, 300, 10, readout_format=".0f"),
        "departure": slider(widgets.FloatSlider, "a contact leaves", round(departure, 2), 0, 0.5, 0.01, **share),
        "extra_exit": slider(widgets.FloatSlider, "... and the firm too", round(extra_exit, 2), 0, 1, 0.01, **share),
        "success": slider(widgets.FloatSlider, "a visit succeeds", round(success, 2), 0, 1, 0.05, **share),
        "years": slider(widgets.FloatSlider, "margins lost, years", round(years, 1), 0.5, 6, 0.1, readout_format=".1f"),
    }

    def draw(**values):
        plan = visit_plan(accounts, hour_cost=hour_cost, **values)
        display(Markdown(visit_summary(plan, capacity=values["capacity"], hour_cost=hour_cost)))
        plots.show(
            plots.visit_merit(plan, hour_cost=hour_cost, capacity=values["capacity"]),
            alt="Visits from the best hour to the worst, those made in blue, against the cost of an hour.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
