"""The explorer of chapter 01: a growth budget, split by hand."""

from crmlib.teaching.widgets.slider import slider


def budget_summary(responses, spend) -> str:
    """Return one sentence on a split: what it nets, where the next yuan belongs, and what the best split would net.

    Parameters
    ----------
    responses : pandas.DataFrame
        As for `crmlib.growth.allocate_budget`.
    spend : mapping or Series
        Money per strategy.

    Examples
    --------
    >>> import pandas as pd
    >>> responses = pd.DataFrame({"potential": [400e3, 300e3], "scale": [100e3, 100e3]}, index=["loyalty", "extension"])
    >>> budget_summary(responses, {"loyalty": 50e3, "extension": 50e3})
    'Spent 100,000, gained 275,429, net 175,429. One more yuan brings most in loyalty (2.43) and least in extension \
(1.82). The best split of the same money nets 179,783.'
    """
    from crmlib import growth

    plan = growth.evaluate_spend(responses, spend)
    total, gain = plan["spend"].sum(), plan["gain"].sum()
    best = growth.allocate_budget(responses, total, minimum_return=0)
    next_yuan = plan["marginal_return"]
    return (
        f"Spent {total:,.0f}, gained {gain:,.0f}, net {gain - total:,.0f}. One more yuan brings most in "
        f"{next_yuan.idxmax()} ({next_yuan.max():.2f}) and least in {next_yuan.idxmin()} ({next_yuan.min():.2f}). "
        f"The best split of the same money nets {best['gain'].sum() - total:,.0f}."
    )


def explore_budget(responses, *, start, most):
    """Return the explorer of chapter 01: one slider per strategy, the curves with a dot on each, and a sentence.

    `responses` as for `crmlib.growth.allocate_budget`; `start` is money per strategy, `most` the end of the sliders.
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import growth, plots

    sliders = {
        name: slider(widgets.IntSlider, f"{name}, thousand", round(start[name] / 1e3), 0, round(most / 1e3), 10)
        for name in responses.index
    }

    def draw(**thousands):
        spend = {name: 1e3 * money for name, money in thousands.items()}
        display(Markdown(budget_summary(responses, spend)))
        plots.show(
            plots.marginal_returns(responses, growth.evaluate_spend(responses, spend)),
            alt="What one more yuan brings in each strategy against the spend there, with a dot at the chosen spend.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
