"""The three accounts of the lectures: what keeping and winning cost, what an apology earns, what a referral brings."""

import math

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, check_count, check_discount_rate, check_fraction, check_positive, shown
from crmlib.churn.arguments import columns, numbers
from crmlib.errors import DataError
from crmlib.intervals import check_level
from crmlib.rows import outcomes

# ------------------------------------------------------------- account one: keep, win, win back


def order_cost(visits, cost_per_visit, *, close_rate=1.0) -> float:
    """Return what selling cost per order: ``visits · cost per visit / close rate``.

    Parameters
    ----------
    visits : float
        Visits (or calls) per prospect, those who bought nothing included.
    cost_per_visit : float
        Money.
    close_rate : float
        Share of the prospects who order.

    Examples
    --------
    >>> order_cost(2, 1500), order_cost(2, 1500, close_rate=0.5)
    (3000.0, 6000.0)
    """
    visits, cost = check_positive("visits", visits), check_positive("cost_per_visit", cost_per_visit, zero=True)
    if (rate := check_fraction("close_rate", close_rate)) == 0:
        raise ValueError("close_rate is 0: nobody orders, so an order has no cost")
    return visits * cost / rate


def cost_ladder(keep, *, acquire, win_back, win_back_of) -> pd.DataFrame:
    """Return what a ladder of multiples says that keeping, winning and winning back a customer cost.

    Parameters
    ----------
    keep : float
        What keeping one customer costs, money, **above zero**.
    acquire : float or pair of float
        Winning costs so many times as much as keeping: a number, or the least and the most.
    win_back : float or pair of float
        Winning back, as a multiple of what `win_back_of` names.
    win_back_of : {"keep", "acquire"}
        What the second multiple multiplies; the lectures leave it open.

    Returns
    -------
    pandas.DataFrame
        Index ``step`` (keep, acquire, win back): ``low, high`` (money), ``times_keep_low, times_keep_high``.

    Raises
    ------
    ValueError
        If keeping costs nothing: every multiple of nothing is nothing.

    Examples
    --------
    >>> cost_ladder(100, acquire=(5, 10), win_back=(20, 90), win_back_of="acquire")["high"].tolist()
    [100.0, 1000.0, 90000.0]
    >>> cost_ladder(0, acquire=(5, 10), win_back=50, win_back_of="keep")
    Traceback (most recent call last):
    ValueError: keep is 0: five or ten times nothing is nothing, so winning a customer would be free as well. Give \
what keeping costs (calls, visits, repairs), or state the cost of winning in money
    """
    check_choice("win_back_of", win_back_of, ("keep", "acquire"))
    if (keep := check_positive("keep", keep, zero=True)) == 0:
        raise ValueError("keep is 0: five or ten times nothing is nothing, so winning a customer would be free as "
                         "well. Give what keeping costs (calls, visits, repairs), or state the cost of winning in "
                         "money")
    low, high = (np.array([keep, *pair]) for pair in zip(_pair("acquire", acquire), _pair("win_back", win_back),
                                                         strict=True))
    for ladder in (low, high):
        ladder[1] *= keep
        ladder[2] *= ladder[1] if win_back_of == "acquire" else keep
    return pd.DataFrame({"low": low, "high": high, "times_keep_low": low / keep, "times_keep_high": high / keep},
                        index=pd.Index(["keep", "acquire", "win back"], name="step"))


def _pair(name, value):
    low, high = (value, value) if np.ndim(value) == 0 else tuple(value) if len(value) == 2 else (math.nan, 0)
    low, high = check_positive(f"{name} (low)", low, zero=True), check_positive(f"{name} (high)", high, zero=True)
    if low > high:
        raise ValueError(f"{name}=({low:g}, {high:g}) is the wrong way round: the least first")
    return low, high


def ladder_statements(*, keep_cost, win_cost, multiples) -> pd.DataFrame:
    """Return what three statements about the ladder say about one another: at most one of them can be true.

    Parameters
    ----------
    keep_cost, win_cost : float
        What keeping (a call) and winning (visits) cost in the example, money, `keep_cost` above zero.
    multiples : pair of float
        How many times as much winning is said to cost.

    Returns
    -------
    pandas.DataFrame
        Index ``statement``: ``keep, win_low, win_high`` (money), ``multiple_low, multiple_high`` (NaN: nothing divided
        by nothing). The rows: keeping is free and winning a multiple of it; the multiple with the keeping of the
        example; the example itself.

    Examples
    --------
    >>> ladder_statements(keep_cost=4, win_cost=4000, multiples=(5, 10))["multiple_high"].tolist()
    [nan, 10.0, 1000.0]
    """
    keep, win = check_positive("keep_cost", keep_cost), check_positive("win_cost", win_cost)
    low, high = _pair("multiples", multiples)
    table = pd.DataFrame({
        "keep": [0.0, keep, keep], "win_low": [0.0, low * keep, win], "win_high": [0.0, high * keep, win],
    }, index=pd.Index(["keeping is free, winning a multiple of it", "winning is a multiple of keeping", "the example"],
                      name="statement"))
    for end in ("low", "high"):
        table[f"multiple_{end}"] = table[f"win_{end}"] / table["keep"].where(table["keep"] > 0)
    return table


def book_ladder(steps, *, level=0.95, draws=1000, seed=0) -> pd.DataFrame:
    """Return what keeping, winning and winning back cost **per success** in a firm's own books, with intervals.

    ``cost = Σ spent / Σ gained``: what was spent on those who did not come, or did not stay, counts too.

    Parameters
    ----------
    steps : mapping of str to pandas.DataFrame
        One table per step, the first being the one that the others are compared with. One row per **customer** with
        ``spent`` (money, all of it) and ``gained`` (customers kept, won or returned: 1 or 0). Two tables with the same
        index of ids are about the same customers, who are then drawn together; a plain count 0, 1, 2 … is no id.
    level : float
        Of the interval: a bootstrap over customers, because what is spent on one of them hangs together.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Index ``step``: ``customers, gained, spent, cost, low, high`` (money per success), ``times, times_low,
        times_high`` (multiple of the first step). An end is infinite where draws have nobody gained.

    Raises
    ------
    DataError
        If nothing was gained in a step, nothing was spent in the first one, a column is missing, or spending is
        negative.

    Examples
    --------
    >>> keep = pd.DataFrame({"spent": [10.0, 30.0], "gained": [1, 1]})
    >>> win = pd.DataFrame({"spent": [100.0, 100.0, 100.0, 100.0], "gained": [1, 0, 1, 0]})
    >>> book_ladder({"keep": keep, "win": win}, draws=100)[["cost", "times"]].to_numpy().tolist()
    [[20.0, 1.0], [200.0, 10.0]]
    """
    level, draws = check_level(level), check_count("draws", draws, minimum=50)
    ends = [(1 - level) / 2, (1 + level) / 2]
    rows, first, before = {}, None, []
    if not len(steps):
        raise DataError("steps is empty: at least one table is needed")
    for name, table in steps.items():
        table = columns(table, ["spent", "gained"], name)
        spent = numbers(f"spent of {name}", table["spent"].reset_index(drop=True), low=0).to_numpy()
        gained, n = outcomes(f"gained of {name}", table["gained"]).astype(float), len(table)
        if gained.sum() == 0:
            raise DataError(f"nobody was gained in the step {name!r}: {spent.sum():,.0f} were spent on {n:,} "
                            "customers, and a cost per success does not exist")
        if not rows and spent.sum() == 0:
            raise DataError(f"nothing was spent in the step {name!r}: every multiple of nothing is nothing")
        plain = isinstance(table.index, pd.RangeIndex)
        place = next((k for k, index in enumerate(before) if not plain and index.equals(table.index)), len(before))
        before.append(table.index)
        rng, both = np.random.default_rng([seed, place]), np.column_stack([spent, gained])
        sums = np.array([both[rng.integers(n, size=n)].sum(axis=0) for _ in range(draws)])
        drawn = np.divide(sums[:, 0], sums[:, 1], out=np.full(draws, np.inf), where=sums[:, 1] > 0)
        first = drawn if first is None else first
        low, high = np.quantile(drawn, ends, method="inverted_cdf")
        ratio = np.divide(drawn, first, out=np.full(draws, np.nan), where=np.isfinite(first) & (first > 0))
        times_low, times_high = np.nanquantile(ratio, ends, method="inverted_cdf") if rows else (1.0, 1.0)
        rows[name] = {"customers": float(n), "gained": gained.sum(), "spent": spent.sum(),
                      "cost": spent.sum() / gained.sum(), "low": low, "high": high, "times": np.nan,
                      "times_low": times_low, "times_high": times_high}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")
    table["times"] = table["cost"] / table["cost"].iloc[0]
    return table


# ----------------------------------------------------------------------- account two: the apology


def recovery_value(cost, profit, *, stays_with, stays_without, years=1.0, discount_rate=0.0, beyond=0.0,
                   word_of_mouth=0.0) -> pd.Series:
    """Return what making good a failure is worth: both branches, not only the one that was told.

    ``npv = rise · (profit / (1 + d)^T + beyond) + word of mouth - cost``, with ``rise = stays_with - stays_without``.

    Parameters
    ----------
    cost : float
        What the gesture costs today **beyond** what would be spent anyway, money; 0 for a kind word.
    profit : float
        What the next order brings, before `cost`, money, after `years` years.
    stays_with, stays_without : float
        Chance that the customer orders again with the gesture, and without it.
    years : float
        T, when the order comes.
    discount_rate : float
        A year, effective.
    beyond : float
        What the customer is worth after that order, money of today.
    word_of_mouth : float
        What is not lost because nobody complains to others, money of today (`word_of_mouth_loss`).

    Returns
    -------
    pandas.Series
        ``rise``; ``with_gesture, without`` (expected money of today, per branch); ``npv`` (their difference); ``roi``
        (npv / cost; NaN if it costs nothing); ``break_even_rise`` (above 1: cannot pay).

    Raises
    ------
    ValueError
        If a chance is no share, the years are negative, or profit and what lies beyond are nothing.

    Examples
    --------
    >>> told = recovery_value(10_000, 50_000, stays_with=1, stays_without=0)       # as if nobody else came back
    >>> told[["npv", "roi", "break_even_rise"]].tolist()
    [40000.0, 4.0, 0.2]
    >>> discounted = recovery_value(10_000, 50_000, stays_with=0.9, stays_without=0.6, discount_rate=0.10)
    >>> discounted[["npv", "break_even_rise"]].round(2).tolist()
    [3636.36, 0.22]
    """
    cost, profit = check_positive("cost", cost, zero=True), check_positive("profit", profit, zero=True)
    stays = {name: check_fraction(name, value)
             for name, value in (("stays_with", stays_with), ("stays_without", stays_without))}
    years = check_positive("years", years, zero=True)
    rate, beyond = check_discount_rate("discount_rate", discount_rate), check_positive("beyond", beyond, zero=True)
    spared = check_positive("word_of_mouth", word_of_mouth, zero=True)
    at_stake = profit / (1 + rate) ** years + beyond
    if at_stake == 0:
        raise ValueError("profit and beyond are both 0: then nothing is at stake, and no gesture pays")
    with_gesture, without = stays["stays_with"] * at_stake - cost, stays["stays_without"] * at_stake - spared
    return pd.Series({
        "rise": stays["stays_with"] - stays["stays_without"], "with_gesture": with_gesture, "without": without,
        "npv": with_gesture - without, "roi": (with_gesture - without) / cost if cost else math.nan,
        "break_even_rise": (cost - spared) / at_stake,
    })


def recovery_tree(cost, profit, *, stays_with, stays_without, years=1.0, discount_rate=0.0) -> pd.DataFrame:
    """Return the four ends of the decision, with their chances and what they are worth today.

    Parameters
    ----------
    cost, profit, stays_with, stays_without, years, discount_rate
        As in `recovery_value`.

    Returns
    -------
    pandas.DataFrame
        ``decision`` (make good, do nothing), ``outcome`` (orders again, gone), ``chance, value`` (money of today if it
        happens), ``expected`` (chance · value).

    Examples
    --------
    >>> tree = recovery_tree(10_000, 50_000, stays_with=0.9, stays_without=0.6)
    >>> tree.groupby("decision", sort=False)["expected"].sum().to_dict()
    {'make good': 35000.0, 'do nothing': 30000.0}
    """
    recovery_value(cost, profit, stays_with=stays_with, stays_without=stays_without, years=years,
                   discount_rate=discount_rate)
    worth, rows = profit / (1 + discount_rate) ** years, []
    for decision, stays, spent in (("make good", stays_with, cost), ("do nothing", stays_without, 0)):
        for outcome, chance, value in (("orders again", stays, worth), ("gone", 1 - stays, 0.0)):
            rows.append((decision, outcome, float(chance), value - spent, chance * (value - spent)))
    return pd.DataFrame(rows, columns=["decision", "outcome", "chance", "value", "expected"])


def word_of_mouth_loss(told, *, prospect_share, swing, value) -> float:
    """Return what a complaint that is told to others costs: ``told · prospects among them · swing · value``.

    Parameters
    ----------
    told : float
        To how many people it is told.
    prospect_share : float
        Share of these who might have become customers.
    swing : float
        Share of the prospects who do not become customers **because** they heard it.
    value : float
        What a new customer is worth net of what winning costs, money.

    Examples
    --------
    >>> word_of_mouth_loss(6, prospect_share=0.25, swing=0.5, value=1000)
    750.0
    """
    return (check_positive("told", told, zero=True) * check_fraction("prospect_share", prospect_share)
            * check_fraction("swing", swing) * check_positive("value", value, zero=True))


# ---------------------------------------------------------------------- account three: the friend


def referral_value(referred, discount_rate, *, saved_for="both") -> pd.Series:
    """Return what the customers whom somebody referred are worth (customer referral value).

    Of friends who would **not** have come otherwise (type one) the firm has their margin; of those who would have come
    anyway (type two) only what it did not have to spend on winning them:

    ``Σ type one (margin - referral_cost - retention_cost + saved) / (1 + d)^t  +  Σ type two saved / (1 + d)^t``

    Source: Kumar, V., Petersen, J. A. & Leone, R. P. (2007), "How Valuable Is Word of Mouth?".

    Parameters
    ----------
    referred : pandas.DataFrame
        One row per friend and year: ``year`` (t, from 0), ``anyway`` (would have come without the referral: true or
        false, or the chance of it), ``margin``; and, taken as 0 where the column is missing, ``referral_cost``
        (reward), ``retention_cost``, ``saved`` (acquisition cost that need not be spent; in the friend's first row).
        ``friend_id``, where given, is used to check just that. Other columns are refused: a cost under another name
        would be left out without a word.
    discount_rate : float
        A year, effective.
    saved_for : {"both", "anyway"}
        ``"both"`` is the source's formula. ``"anyway"`` counts the saving with type two only: who would not have come
        would not have been paid for either.

    Returns
    -------
    pandas.Series
        ``type_one, type_two, value`` (money of today) and ``rewards_type_two``: rewards to type two, which the source's
        formula leaves out, and which are spent all the same.

    Raises
    ------
    DataError
        If a column is missing or not known, a year is no year from now, a cost is negative, `anyway` is no chance, or
        a friend's ``saved`` is there in several rows.

    Notes
    -----
    Count a friend once: with the one who sent them, or as a customer, not both.

    Examples
    --------
    >>> friends = pd.DataFrame({"year": [1, 1], "anyway": [False, True], "margin": [110.0, 110.0],
    ...                         "referral_cost": [11.0, 11.0], "saved": [22.0, 22.0]})
    >>> referral_value(friends, 0.10).round(2).to_dict()
    {'type_one': 110.0, 'type_two': 20.0, 'value': 130.0, 'rewards_type_two': 10.0}
    """
    check_choice("saved_for", saved_for, ("both", "anyway"))
    rate = check_discount_rate("discount_rate", discount_rate)
    table = columns(referred, ["year", "anyway", "margin"], "referred").reset_index(drop=True)
    known = ("friend_id", "year", "anyway", "margin", "referral_cost", "retention_cost", "saved")
    if strange := [name for name in table.columns if name not in known]:
        raise DataError(f"referred has the column {shown(strange[0])}, which is not known: rename or drop it; "
                        f"known are {', '.join(known)}")
    year = numbers("year", table["year"], low=0, high=100)
    is_flag = table["anyway"].map(lambda each: isinstance(each, bool | np.bool_)).all()
    anyway = numbers("anyway", table["anyway"].astype(float) if is_flag else table["anyway"], low=0, high=1)
    margin = numbers("margin", table["margin"])
    reward, keeping, saved = (numbers(name, table[name], low=0) if name in table.columns else 0.0 * year
                              for name in ("referral_cost", "retention_cost", "saved"))
    if "friend_id" in table.columns and (often := table.loc[saved > 0, "friend_id"].duplicated()).any():
        raise DataError(f"{int(often.sum()):,} row(s) of saved repeat that of a friend: winning somebody is saved once")
    worth = (1 + rate) ** -year
    one = (1 - anyway) * (margin - reward - keeping + (saved if saved_for == "both" else 0.0)) * worth
    two = anyway * saved * worth
    return pd.Series({"type_one": one.sum(), "type_two": two.sum(), "value": one.sum() + two.sum(),
                      "rewards_type_two": (anyway * reward * worth).sum()})


def referral_visits(word, visit, *, method) -> float:
    """Return how many sales visits a word from a customer is worth.

    ``"ratio"``: ``word / visit``. ``"independent"``: as many visits as together convince with the same chance,
    ``log(1 - word) / log(1 - visit)``, each visit having the same chance whatever came before.

    Parameters
    ----------
    word, visit : float
        Chance that the prospect becomes a customer after a word, and after one visit.
    method : {"ratio", "independent"}
        No default: with large chances the two differ.

    Raises
    ------
    ValueError
        If a chance is no share, or a visit convinces nobody.

    Examples
    --------
    >>> referral_visits(0.5, 0.25, method="ratio"), round(referral_visits(0.5, 0.25, method="independent"), 2)
    (2.0, 2.41)
    """
    check_choice("method", method, ("ratio", "independent"))
    word, visit = check_fraction("word", word), check_fraction("visit", visit)
    if visit == 0:
        raise ValueError("visit is 0: if no visit ever convinces, no number of them equals a word")
    if method == "ratio":
        return word / visit
    if word == 1 or visit == 1:
        return 1.0 if word == visit else math.inf if word == 1 else 0.0 if word == 0 else math.nan
    return math.log1p(-word) / math.log1p(-visit)
