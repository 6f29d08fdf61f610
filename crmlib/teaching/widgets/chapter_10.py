"""The explorer of chapter 10: a budget, four numbers that may be wrong, and the plan that follows."""

from crmlib.teaching.widgets.slider import slider


def strategy_plan(place, *, budget, price, call, years):
    """Return the plan for a budget, if one more customer costs so much and a call keeps so many of those it kept.

    Parameters
    ----------
    place : crmlib.strategy.Position
    budget : float
        Money.
    price : float
        Of one more customer, as a multiple of what one cost last year.
    call : float
        What is left of the effect that calls had in the trial, as a factor.
    years : int
        Years of profit that are counted.

    Returns
    -------
    pandas.DataFrame
        As `crmlib.strategy.recommended`.
    """
    from crmlib import strategy

    return strategy.recommended(place, budget, price=price, call=call, years=years)


def strategy_plan_summary(place, *, budget, price, call, years) -> str:
    """Return two sentences: what the plan spends and nets, and on what; and which measures are left out.

    Examples
    --------
    >>> from crmlib import strategy
    >>> from crmlib.data import load_case
    >>> place = strategy.position(load_case(), [20, 33])
    >>> strategy_plan_summary(place, budget=0, price=1.5, call=1.0, years=3)
    'Nothing is spent, and nothing is gained.'
    """
    from crmlib.strategy import CONTROLS

    plan = strategy_plan(place, budget=budget, price=price, call=call, years=years)
    bought, spend = plan[plan["share"] > 0], plan["spend"].sum()
    if spend <= 0:
        return "Nothing is spent, and nothing is gained."
    by_cell = bought.groupby("strategy")["spend"].sum().sort_values(ascending=False)
    on = " and ".join(f"{money:,.0f} on {cell}" for cell, money in by_cell.items())
    whole = {name: 1 - CONTROLS if way == "lot" else 1.0 for name, way in bought["known_from"].items()}
    partly = [f"{name} ({row['share']:.0%})" for name, row in bought.iterrows() if row["share"] < whole[name] - 0.005]
    left = plan.index[plan["share"] == 0]
    return (f"Of {budget:,.0f} yuan {spend:,.0f} are spent ({on}) and net {plan['planned'].sum():,.0f} in {years} "
            f"year{'' if years == 1 else 's'}. Not bought: {', '.join(left) or 'nothing'}"
            + (f"; in part: {', '.join(partly)}." if partly else "."))


def explore_strategy(place, *, budget=400_000, price=1.5, call=1.0, years=3):
    """Return the explorer of chapter 10: four sliders, the plan that follows, and two sentences on it.

    Parameters
    ----------
    place : crmlib.strategy.Position
    budget, price, call, years
        Where the sliders begin.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    sliders = {
        "budget": slider(widgets.IntSlider, "budget (thousand yuan)", int(budget / 1000), 0, 600, 10),
        "price": slider(widgets.FloatSlider, "price of a new customer", price, 1.0, 3.0, 0.1, readout_format=".1f"),
        "call": slider(widgets.FloatSlider, "left of a call's effect", call, 0.0, 1.5, 0.05, readout_format=".2f"),
        "years": slider(widgets.IntSlider, "years counted", years, 1, 6),
    }

    def draw(budget, **inputs):
        display(Markdown(strategy_plan_summary(place, budget=1000 * budget, **inputs)))
        plan = strategy_plan(place, budget=1000 * budget, **inputs)
        plots.show(
            plots.spend_and_gain(plan.assign(gain=plan["share"] * plan["gain"])),
            alt="Two bars per measure: what the plan spends on it and what it brings; measures left out have none.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
