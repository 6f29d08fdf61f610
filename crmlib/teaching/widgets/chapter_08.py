"""The explorer of chapter 08: the account book of one customer."""

from crmlib.teaching.widgets.slider import slider


def customer_account(*, margin, retention_rate, discount_rate, acquisition_cost, recovery_cost, recovery_rise,
                     friends_a_year, anyway, reward, winning_cost=None):
    """Return the account of one customer: what winning cost, own payments, one failure made good, and friends.

    Everything is the present value of what is expected on the first day. Own payments are
    ``lifetime_value(timing="immediate")``; one failure in the first year is made good, which raises the chance of the
    first renewal by `recovery_rise`; friends come at a constant rate as long as the customer stays. Of a friend who
    would not have come otherwise the firm has the value; of one who would have come anyway it saves the winning.
    Friends of friends are not counted.

    Parameters
    ----------
    margin : float
        Money a year.
    retention_rate, discount_rate : float
        A year.
    acquisition_cost : float
        What winning this customer cost, money.
    recovery_cost : float
        Of making good, money of today.
    recovery_rise : float
        Points of the first renewal that it gains, as a share; with the retention rate not above 1.
    friends_a_year : float
        Customers sent a year.
    anyway : float
        Share of the friends who would have come without the word.
    reward : float
        Paid per friend, money.
    winning_cost : float, optional
        What winning a friend otherwise would cost; by default `acquisition_cost`.

    Returns
    -------
    pandas.Series
        Money by line: ``winning, own payments, making good, staying after it, friends won by the word, winning saved,
        rewards``, and ``balance``, their sum.

    Raises
    ------
    ValueError
        If a number is out of range, or the rise lifts the retention rate above 1.

    Examples
    --------
    >>> account = customer_account(margin=100, retention_rate=0.8, discount_rate=0.1, acquisition_cost=180,
    ...     recovery_cost=50, recovery_rise=0.1, friends_a_year=0.0, anyway=0.4, reward=20)
    >>> account[["own payments", "staying after it", "balance"]].round(2).tolist()
    [366.67, 33.33, 170.0]
    """
    import pandas as pd

    from crmlib import churn, clv
    from crmlib.checks import check_fraction, check_positive

    rise = check_fraction("recovery_rise", recovery_rise)
    if retention_rate + rise > 1 + 1e-12:
        raise ValueError(f"retention_rate {retention_rate:g} and recovery_rise {rise:g} make more than 1: at most "
                         f"{1 - retention_rate:g} can be gained")
    own = clv.lifetime_value(margin, retention_rate, discount_rate, timing="immediate")
    winning = check_positive("acquisition_cost", acquisition_cost, zero=True)
    saved = winning if winning_cost is None else check_positive("winning_cost", winning_cost, zero=True)
    friends = check_positive("friends_a_year", friends_a_year, zero=True) * clv.retention_multiple(
        retention_rate, discount_rate, timing="immediate")
    each = pd.DataFrame({"year": [0], "anyway": [check_fraction("anyway", anyway)], "margin": [own], "saved": [saved],
                         "referral_cost": [check_positive("reward", reward, zero=True)]})
    value = churn.referral_value(each, 0.0, saved_for="anyway")
    lines = {
        "winning": -winning, "own payments": own,
        "making good": -check_positive("recovery_cost", recovery_cost, zero=True),
        "staying after it": rise * own / (1 + discount_rate),
        "friends won by the word": friends * (1 - anyway) * own, "winning saved": friends * value["type_two"],
        "rewards": -friends * reward,
    }
    lines = {name: amount + 0.0 for name, amount in lines.items()}  # no minus zero
    return pd.Series(lines | {"balance": sum(lines.values())}, name="money")


def customer_account_summary(**inputs) -> str:
    """Return two sentences: the balance and what each account adds to it, and what five points would add.

    Examples
    --------
    >>> customer_account_summary(margin=100, retention_rate=0.8, discount_rate=0.1, acquisition_cost=180,
    ...     recovery_cost=50, recovery_rise=0.1, friends_a_year=0.0, anyway=0.4, reward=20)
    'Balance 170 yuan: keeping and winning 187, the failure made good -17, friends 0. 5 points more retention would \
add 80.'
    """
    account = customer_account(**inputs)
    better = min(inputs["retention_rate"] + 0.05, 1.0)
    rise = min(inputs["recovery_rise"], 1 - better)  # whoever stays anyway cannot be won by making good
    more = customer_account(**inputs | {"retention_rate": better, "recovery_rise": rise})["balance"]
    friends = account[["friends won by the word", "winning saved", "rewards"]].sum()
    return (
        f"Balance {account['balance']:,.0f} yuan: keeping and winning "
        f"{account[['winning', 'own payments']].sum():,.0f}, the failure made good "
        f"{account[['making good', 'staying after it']].sum():,.0f}, friends {friends + 0.0:,.0f}. "
        f"{100 * (better - inputs['retention_rate']):.0f} points more retention would add "
        f"{more - account['balance']:,.0f}."
    )


def explore_customer_account(start):
    """Return the explorer of chapter 08: five sliders, the account of one customer, and a sentence on it.

    Parameters
    ----------
    start : mapping
        The arguments of `customer_account`; the sliders begin there, the others stay as they are.

    Returns
    -------
    ipywidgets.VBox
    """
    import ipywidgets as widgets
    from IPython.display import Markdown, display

    from crmlib import plots

    most = max(1_000, 3 * start["acquisition_cost"])
    sliders = {
        "retention_rate": slider(widgets.FloatSlider, "retention rate", start["retention_rate"], 0.4, 0.95, 0.01,
                                 readout_format=".2f"),
        "acquisition_cost": slider(widgets.FloatSlider, "acquisition cost", start["acquisition_cost"], 0, most, 20,
                                   readout_format=".0f"),
        "recovery_cost": slider(widgets.FloatSlider, "cost of making good", start["recovery_cost"], 0, 3_000, 10,
                                readout_format=".0f"),
        "recovery_rise": slider(widgets.FloatSlider, "rise by making good", start["recovery_rise"], 0, 0.4, 0.01,
                                readout_format=".2f"),
        "friends_a_year": slider(widgets.FloatSlider, "friends sent a year", start["friends_a_year"], 0, 0.5, 0.01,
                                 readout_format=".2f"),
    }

    def draw(**values):
        asked = values["recovery_rise"]
        values["recovery_rise"] = min(asked, 1 - values["retention_rate"])
        cut = "" if values["recovery_rise"] == asked else (
            f" (A rise of {asked:.2f} is cut to {values['recovery_rise']:.2f}: nobody stays twice.)")
        display(Markdown(customer_account_summary(**dict(start) | values) + cut))
        plots.show(
            plots.customer_account(customer_account(**dict(start) | values)),
            alt="Bars for the lines of one customer's account, and the balance in black.",
        )

    return widgets.VBox([*sliders.values(), widgets.interactive_output(draw, sliders)])
