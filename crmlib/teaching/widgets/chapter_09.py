"""The explorer of chapter 09: how many to call, by which ranking."""

from crmlib.teaching.widgets.slider import slider

RANKINGS = ("risk", "expected loss", "expected gain")


def call_plan_curves(rows, *, contact_cost: float, years: int, retention_rate: float = 0.8, discount_rate: float = 0.1):
    """Return what calling the best share of each ranking earns per 1,000 contracts, by the true effects.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per decision: ``risk`` (chance to leave), ``uplift`` (estimated effect of a call on the chance to stay),
        ``effect`` (the true one) and ``margin`` (a year, money).
    contact_cost : float
        Money per call.
    years : int
        How many years of margin are counted, at least 1.
    retention_rate, discount_rate : float
        Per year, as in `crmlib.outreach.value_at_stake`.

    Returns
    -------
    pandas.DataFrame
        Index ``share`` (0, 0.02 … 1); for each ranking money per 1,000 rows: "risk", "expected loss" (risk times value)
        and "expected gain" (uplift times value).

    Raises
    ------
    DataError, ValueError
        If columns are missing or no numbers, a cost is negative or the years are not at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"risk": [0.5, 0.1], "uplift": [0.0, 0.2], "effect": [-0.1, 0.3], "margin": [100.0, 100.0]})
    >>> call_plan_curves(rows, contact_cost=10, years=1).loc[[0.0, 0.5, 1.0]].round(1).values.tolist()
    [[0.0, 0.0, 0.0], [-10000.0, -10000.0, 10000.0], [0.0, 0.0, 0.0]]
    """
    import pandas as pd

    from crmlib import outreach
    from crmlib.rows import need_columns

    need_columns("rows", rows, ("risk", "uplift", "effect", "margin"))
    value = outreach.value_at_stake(rows["margin"], retention_rate=retention_rate, discount_rate=discount_rate,
                                    years=years)
    scores = dict(zip(RANKINGS, (rows["risk"], rows["risk"] * value, rows["uplift"] * value), strict=True))
    return 1000 / len(rows) * pd.DataFrame({
        name: outreach.gain_by_share(score, effect=rows["effect"], value=value, contact_cost=contact_cost)
        .set_index("share")["gain"] for name, score in scores.items()})


def call_plan_summary(rows, *, share: float, contact_cost: float, years: int, **rates) -> str:
    """Return two sentences on a plan: what the three rankings earn at this share, and where the best one peaks.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"risk": [0.5, 0.1], "uplift": [0.0, 0.2], "effect": [-0.1, 0.3], "margin": [100.0, 100.0]})
    >>> call_plan_summary(rows, share=0.5, contact_cost=10, years=1)
    'Calling the best 50 % earns per 1,000 contracts -10,000 yuan by risk, -10,000 by expected loss, 10,000 by \
expected gain. The ranking by expected gain peaks at 50 % called, with 10,000 yuan.'
    """
    curves = call_plan_curves(rows, contact_cost=contact_cost, years=years, **rates)
    at = curves.iloc[abs(curves.index.to_numpy() - share).argmin()].round(0) + 0.0
    best = curves["expected gain"]
    return (f"Calling the best {100 * share:.0f} % earns per 1,000 contracts {at['risk']:,.0f} yuan by risk, "
            f"{at['expected loss']:,.0f} by expected loss, {at['expected gain']:,.0f} by expected gain. "
            f"The ranking by expected gain peaks at {100 * best.idxmax():.0f} % called, with {best.max():,.0f} yuan.")


def explore_calls(rows, *, share=0.1, contact_cost=14, years=5, **rates):
    """Return the explorer of chapter 09: three sliders, the gain of three rankings, and a sentence on them.

    Parameters
    ----------
    rows
        As in `call_plan_curves`.
    share, contact_cost, years
        Where the sliders start.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    sliders = {
        "share": slider(widgets.FloatSlider, "share called", share, 0, 1, 0.02, readout_format=".2f"),
        "contact_cost": slider(widgets.IntSlider, "cost of a call (yuan)", contact_cost, 0, 1000, 2),
        "years": slider(widgets.IntSlider, "years counted", years, 1, 10),
    }

    def draw(share, **given):
        display(Markdown(call_plan_summary(rows, share=share, **given, **rates)))
        plots.show(
            plots.ranking_gains(call_plan_curves(rows, **given, **rates), share=share),
            alt="Gain of calling the best share of the customers, by risk, by expected loss and by expected gain.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
