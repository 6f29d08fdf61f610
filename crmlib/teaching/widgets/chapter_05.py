"""The explorer of chapter 05: our price and our service against a rival's offer."""

from crmlib.teaching.widgets.slider import slider


def offer_curve(survey, *, service_gain: float, prices=None):
    """Return the share of respondents who would be better off with us, for changes of our price.

    Parameters
    ----------
    survey : pandas.DataFrame
        One row per respondent: the components of our offer and, with ``rival_``, of the rival's.
    service_gain : float
        By how much our service and our people become more valuable to everybody, as a fraction.
    prices : sequence of float, optional
        Changes of our price, as fractions; default -0.20, -0.19 … 0.20.

    Returns
    -------
    pandas.DataFrame
        ``price_change`` and ``share`` of the respondents.

    Raises
    ------
    ValueError
        If a change is not a fraction.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.delivered import COSTS, VALUES
    >>> one = pd.DataFrame({"customer_id": [1], **{n: [30] for n in VALUES}, **{n: [20] for n in COSTS},
    ...                     **{"rival_" + n: [30] for n in VALUES}, **{"rival_" + n: [20.2] for n in COSTS}})
    >>> offer_curve(one, service_gain=0.0, prices=(0.0, 0.1))["share"].tolist()
    [1.0, 0.0]
    """
    import numpy as np
    import pandas as pd

    from crmlib import delivered
    from crmlib.checks import check_fraction

    gain = check_fraction("service_gain", service_gain, low=-1.0)
    prices = np.arange(-20, 21) / 100 if prices is None else [check_fraction("prices", p, low=-1.0) for p in prices]
    lead = delivered.advantage(delivered.delivered_value(survey), delivered.delivered_value(survey, prefix="rival_"))
    served = survey.set_index("customer_id").loc[lead.index]
    lead = lead + gain * (served["value_service"] + served["value_personnel"])
    paid = served["cost_price"]
    return pd.DataFrame({"price_change": prices, "share": [delivered.choice_share(lead - p * paid) for p in prices]})


def offer_summary(survey, *, price_change: float, service_gain: float, service_cost: float, margin: float) -> str:
    """Return two sentences on an offer: who would be better off with us, and what a sale leaves.

    Parameters
    ----------
    survey, service_gain
        As in `offer_curve`.
    price_change : float
        As a fraction.
    service_cost, margin : float
        Yuan per 100 yuan of today's sales: what the better service costs, and what is left today.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlib.delivered import COSTS, VALUES
    >>> one = pd.DataFrame({"customer_id": [1], **{n: [30] for n in VALUES}, **{n: [20] for n in COSTS},
    ...                     **{"rival_" + n: [30] for n in VALUES}, **{"rival_" + n: [20.2] for n in COSTS}})
    >>> offer_summary(one, price_change=0.1, service_gain=0.0, service_cost=0, margin=30)
    "Price +10 %, service +0 %: 0 % of the respondents would be better off with us (today 100 %). Of 100 yuan of \
today's sales we would keep 40.0 (today 30.0), so the same profit needs 25 % less volume."
    """
    share = offer_curve(survey, service_gain=service_gain, prices=[price_change])["share"].item()
    today = offer_curve(survey, service_gain=0.0, prices=[0.0])["share"].item()
    left = margin + 100 * price_change - service_cost
    if left > 0:
        needed = margin / left - 1
        end = f"so the same profit needs {abs(needed):.0%} {'more' if needed >= 0 else 'less'} volume."
    else:
        end = "so that no volume makes up for it."
    return (f"Price {price_change:+.0%}, service {service_gain:+.0%}: {share:.0%} of the respondents would be better "
            f"off with us (today {today:.0%}). Of 100 yuan of today's sales we would keep {left:.1f} (today "
            f"{margin:.1f}), {end}").replace("%", " %")


def explore_offer(survey, *, price_change=-0.05, service_gain=0.0, service_cost=0.0, margin=30.0):
    """Return the explorer of chapter 05: three sliders, the curve of who would choose us, and a sentence.

    Parameters
    ----------
    survey, margin
        As in `offer_summary`.
    price_change, service_gain, service_cost
        Where the sliders start.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    today = offer_curve(survey, service_gain=0.0)
    sliders = {
        "price_change": slider(widgets.FloatSlider, "our price", price_change, -0.2, 0.2, 0.01, readout_format="+.2f"),
        "service_gain": slider(widgets.FloatSlider, "value of our service", service_gain, 0, 0.4, 0.05,
                               readout_format="+.2f"),
        "service_cost": slider(widgets.FloatSlider, "its cost per 100 yuan", service_cost, 0, 10, 0.5,
                               readout_format=".1f"),
    }

    def draw(price_change, service_gain, service_cost):
        display(Markdown(offer_summary(survey, price_change=price_change, service_gain=service_gain,
                                       service_cost=service_cost, margin=margin)))
        plots.show(
            plots.offer_curves(offer_curve(survey, service_gain=service_gain), today, price_change=price_change),
            alt="Share of respondents better off with us by change of our price, for the service chosen and as today.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
