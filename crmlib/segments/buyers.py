"""Transaction buyers and relationship buyers: a score, a model, its calibration, and each class's worth.

A **transaction buyer** compares prices at every purchase; a **relationship buyer** stays with a supplier who is good
enough (A. M. Hughes, who credits the pair to Paul Wang). Nobody is born with a label: it is inferred, with errors.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_day, check_fraction, check_positive
from crmlib.errors import ConvergenceError, DataError
from crmlib.segments.arguments import customer_values, engine_table, normal_quantile, same_customers, share_interval, shown

CLASSES = ("transaction", "relationship")
DAYS_PER_YEAR = 365.25


# ------------------------------------------------------------------------------------ features


def buyer_features(orders, *, as_of, customers=None, interactions=None, contracts=None) -> pd.DataFrame:
    """Return what the books say of how a customer buys.

    Parameters
    ----------
    orders : pandas.DataFrame or ibis.Table
        Order lines: ``customer_id, date, amount, promotion`` (true if bought at a promotion). Summed up in the engine.
    as_of : str or date
        Last day of the data; later lines are refused.
    customers : pandas.DataFrame, optional
        ``customer_id, suppliers_used``.
    interactions : pandas.DataFrame, optional
        ``customer_id, purpose``: those with the purpose "price_request", and "service" or "advice".
    contracts : pandas.DataFrame, optional
        ``customer_id``: who ever had a service contract.

    Returns
    -------
    pandas.DataFrame
        One row per customer with a purchase, index ``customer_id``: ``promotion_share`` (of the lines bought),
        ``purchase_days_a_year`` and ``years_as_customer`` (first purchase to `as_of`, at least 30 days); where the
        tables are given ``suppliers_used``, ``price_requests_a_year``, ``service_contacts_a_year``,
        ``service_contract`` (0 or 1).

    Raises
    ------
    DataError
        If columns or values are missing, lines lie after `as_of`, or a customer is not in `customers`.

    Notes
    -----
    Nothing in it looks at whether the customer stayed: a feature that holds the outcome would make any model look good.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01", "2024-07-01", "2024-07-01"]),
    ...     "amount": [10.0, 20.0, 5.0], "promotion": [True, False, False]})
    >>> buyer_features(orders, as_of="2025-01-01", contracts=pd.DataFrame({"customer_id": [2]})).round(1).T
    customer_id             1    2
    promotion_share       0.5  0.0
    purchase_days_a_year  2.0  2.0
    years_as_customer     1.0  0.5
    service_contract      0.0  1.0
    """
    import ibis

    end = check_day("as_of", as_of)
    table = engine_table(orders, ("customer_id", "date", "amount", "promotion"), "orders")
    late = int(table.filter(table.date.cast("date") > ibis.literal(end)).count().execute())
    if late:
        raise DataError(f"{late:,} lines are dated after as_of={end}: pass a later day, or filter them")
    bought = table.filter(table.amount >= 0).mutate(day=table.date.cast("date"))
    frame = bought.group_by("customer_id").agg(
        lines=bought.count(), promoted=bought.promotion.cast("int64").sum(), days=bought.day.nunique(),
        first=bought.day.min(),
    ).execute().set_index("customer_id").sort_index()
    if frame.empty:
        raise DataError(f"nobody bought anything up to {end}: check the date against the orders")
    years = (pd.Timestamp(end) - pd.to_datetime(frame["first"])).dt.days.clip(lower=30) / DAYS_PER_YEAR
    result = pd.DataFrame({
        "promotion_share": frame["promoted"] / frame["lines"],
        "purchase_days_a_year": frame["days"] / years,
        "years_as_customer": years,
    })
    if customers is not None:
        _need(customers, ("customer_id", "suppliers_used"), "customers")
        known = customers.set_index("customer_id")["suppliers_used"]
        strangers = result.index.difference(known.index)
        if len(strangers):
            raise DataError(f"{len(strangers):,} customer(s) have orders but no row in customers, the first "
                            f"{shown(strangers[0])}: complete the table, or leave out their orders")
        result["suppliers_used"] = known.reindex(result.index).astype(float)
    if interactions is not None:
        _need(interactions, ("customer_id", "purpose"), "interactions")
        for name, purposes in {"price_requests_a_year": ["price_request"],
                               "service_contacts_a_year": ["service", "advice"]}.items():
            counted = interactions.loc[interactions["purpose"].isin(purposes), "customer_id"].value_counts()
            result[name] = counted.reindex(result.index).fillna(0) / years
    if contracts is not None:
        _need(contracts, ("customer_id",), "contracts")
        result["service_contract"] = result.index.isin(contracts["customer_id"]).astype(int)
    return result


def _need(table, columns, what):
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise DataError(f"{what} lack the column(s) {', '.join(absent)}")


def _numeric(features):
    """The features as a float table without gaps, or an error that says which column is to blame."""
    if not isinstance(features, pd.DataFrame) or features.empty:
        raise DataError("features must be a DataFrame with one row per customer and at least one column")
    wrong = [name for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    if wrong:
        raise DataError(f"features must be numbers; {', '.join(map(str, wrong))} are not: turn them into "
                        "0 and 1, or drop them")
    table = pd.DataFrame({name: features[name].to_numpy(dtype=float, na_value=np.nan) for name in features},
                         index=features.index)
    gaps = (~np.isfinite(table)).sum()
    if gaps.any():
        found = ", ".join(f"{count:,} in {name}" for name, count in gaps[gaps > 0].items())
        raise DataError(f"features have missing or infinite values ({found} of {len(table):,} rows): fill or drop "
                        "them first")
    return table


def relationship_score(features, weights) -> pd.Series:
    """Return a weighted score: above 0 buys more like a relationship buyer than the average customer.

    ``score = Σ w_j z_j / Σ |w_j|``, z_j being feature j less its mean, divided by its standard deviation.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, numbers, as from `buyer_features`.
    weights : mapping of str to float
        Weight of each feature to use; negative for what speaks of a transaction buyer. They are opinions: write them
        down.

    Returns
    -------
    pandas.Series
        Score per customer, in standard deviations. A feature that is the same for everybody says nothing: 0.

    Raises
    ------
    DataError
        If features are missing, not numbers, or have gaps.
    ValueError
        If a weight has no feature, or all weights are zero.

    Examples
    --------
    >>> features = pd.DataFrame({"promotion_share": [0.0, 0.5, 1.0], "suppliers_used": [1, 1, 4]})
    >>> relationship_score(features, {"promotion_share": -2, "suppliers_used": -1}).round(2).tolist()
    [1.05, 0.24, -1.29]
    """
    unknown = [name for name in weights if name not in features]
    if unknown:
        raise ValueError(f"no feature called {', '.join(map(repr, unknown))}; there are "
                         f"{', '.join(map(str, features))}")
    w = pd.Series({name: float(weight) for name, weight in weights.items()}, dtype=float)
    if not np.isfinite(w).all() or w.abs().sum() == 0:
        raise ValueError(f"weights must be finite numbers, not all zero; got {dict(weights)}")
    table = _numeric(features[list(w.index)])
    spread = table.std(ddof=0)
    z = (table - table.mean()).div(spread.where(spread > 0, 1.0))
    return (z * (w / w.abs().sum())).sum(axis=1).rename("relationship_score")


# --------------------------------------------------------------------------------------- model


@dataclass(frozen=True)
class BuyerTypeFit:
    """A fitted model of who is a relationship buyer, as `fit_buyer_type` returns it.

    Attributes
    ----------
    coefficients : pandas.DataFrame
        Per feature: ``mean, spread`` (standard deviation) of the labelled customers, and ``coefficient`` per spread, in
        logits. Positive speaks for a relationship buyer.
    intercept : float
        Logit of a customer with average features.
    label_error : float
        Share of wrong labels that the model takes into account.
    held_out : pandas.Series
        Probability (relationship) of each labelled customer, by a model that has not seen their label.
    labels : pandas.Series
        Their labels, true for relationship.
    """

    coefficients: pd.DataFrame
    intercept: float
    label_error: float
    held_out: pd.Series = field(repr=False)
    labels: pd.Series = field(repr=False)

    def probability(self, features) -> pd.Series:
        """Return the probability of being a relationship buyer for any customers with the same features."""
        absent = [name for name in self.coefficients.index if name not in features]
        if absent:
            raise DataError(f"the model needs the feature(s) {', '.join(absent)}")
        table = _numeric(features[list(self.coefficients.index)])
        z = (table - self.coefficients["mean"]) / self.coefficients["spread"]
        logit = self.intercept + z.to_numpy() @ self.coefficients["coefficient"].to_numpy()
        return pd.Series(_expit(logit), index=features.index, name="p_relationship")


def _expit(logit):
    from scipy.special import expit

    return expit(logit)


def fit_buyer_type(features, labels, *, label_error=0.0, folds=5, seed=0, penalty=1.0) -> BuyerTypeFit:
    """Fit a logistic regression of buyer type on features, from the customers who have a label.

    ``P(label = relationship | x) = e + (1 - 2e) · 1 / (1 + exp(-(a + b·z)))``, e being `label_error`. With e = 0 it is
    the logistic regression of scikit-learn, ridge penalty ``penalty · |b|² / 2``.

    Parameters
    ----------
    features : pandas.DataFrame
        One row per customer, numbers, as from `buyer_features`.
    labels : pandas.Series
        "transaction", "relationship" or missing, with customers as index. Those missing are not fitted.
    label_error : float
        Share of labels known to be wrong, below 0.5, the same for both classes. With 0 the model imitates the labels,
        mistakes included; with the true share, `probability` is that of the **type**, not of the label.
    folds : int
        Folds of the cross-validation that gives ``held_out``.
    seed : int
        Of the assignment to folds; the fit itself has no chance in it.
    penalty : float
        Strength of the ridge penalty, 0 or more.

    Returns
    -------
    BuyerTypeFit

    Raises
    ------
    DataError
        If features have gaps, labels are unknown words, a labelled customer has no features, a class has fewer
        customers than folds, or a feature is constant.
    ConvergenceError
        If the optimiser finds no maximum.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> kind = random.random(400) < 0.5
    >>> features = pd.DataFrame({"promotion_share": np.where(kind, 0.1, 0.4) + 0.2 * random.standard_normal(400)})
    >>> labels = pd.Series(np.where(kind, "relationship", "transaction"))
    >>> fit = fit_buyer_type(features, labels)
    >>> fit.probability(pd.DataFrame({"promotion_share": [0.1, 0.4]})).round(1).tolist()
    [0.7, 0.3]
    """
    x, y = _labelled(features, labels)
    error = check_fraction("label_error", label_error)
    if error >= 0.5:
        raise ValueError(f"label_error must be below 0.5, not {error:g}: at a half, labels are coin tosses")
    penalty = check_positive("penalty", penalty, zero=True)
    folds = check_count("folds", folds, minimum=2)
    smaller = int(min(y.sum(), (~y).sum()))
    if smaller < folds:
        raise DataError(f"the rarer class has {smaller} labelled customer(s), fewer than {folds} folds: label more, "
                        "or ask for fewer folds")
    held_out = pd.Series(np.nan, index=x.index, name="p_relationship")
    for seen, left_out in _folds(y.to_numpy(), folds, seed):
        part = _fit(x.iloc[seen], y.iloc[seen], error, penalty)
        held_out.iloc[left_out] = _predict(part, x.iloc[left_out])
    mean, spread, b = _fit(x, y, error, penalty)
    coefficients = pd.DataFrame({"mean": mean, "spread": spread, "coefficient": b[1:]}, index=x.columns)
    return BuyerTypeFit(coefficients, float(b[0]), error, held_out, y)


def _labelled(features, labels):
    table = _numeric(features)
    known = labels.dropna()
    wrong = sorted({str(each) for each in known.unique()} - set(CLASSES))
    if wrong:
        raise DataError(f"labels must be 'transaction', 'relationship' or missing; found {', '.join(map(repr, wrong))}")
    strangers = known.index.difference(table.index)
    if len(strangers):
        raise DataError(f"{len(strangers):,} labelled customer(s) have no features, the first {shown(strangers[0])}: drop "
                        "their labels, or complete the features")
    if known.empty:
        raise DataError("no customer has a label: there is nothing to learn from")
    x = table.loc[known.index]
    constant = [str(name) for name in x if x[name].nunique() == 1]
    if constant:
        raise DataError(f"the feature(s) {', '.join(constant)} are the same for all labelled customers: drop them")
    return x, (known == "relationship").astype(bool).rename("relationship")


def _folds(y, folds, seed):
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)


def _fit(x, y, error, penalty):
    """Mean, spread and (intercept, coefficients) of the penalised maximum of the likelihood."""
    mean, spread = x.mean(), x.std(ddof=0)
    z, y = ((x - mean) / spread.where(spread > 0, 1.0)).to_numpy(), y.to_numpy()
    if error == 0 and penalty > 0:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=1000).fit(z, y)
        return mean, spread.where(spread > 0, 1.0), np.concatenate([model.intercept_, model.coef_[0]])
    b, _ = _noisy(z, y, error, penalty)
    return mean, spread.where(spread > 0, 1.0), b


def _noisy(z, y, error, penalty):
    """Maximise the likelihood of labels that are wrong for a known share; return coefficients and log-likelihood."""
    from scipy.optimize import minimize

    sign = np.where(y, 1.0, -1.0)
    z1 = np.column_stack([np.ones(len(z)), z])

    def loss(b):
        right = _expit(sign * (z1 @ b))                     # probability that the type agrees with the label
        agree = error + (1 - 2 * error) * right
        slope = -(1 - 2 * error) * right * (1 - right) * sign / agree
        return (-np.log(agree).sum() + penalty * (b[1:] @ b[1:]) / 2,
                z1.T @ slope + penalty * np.concatenate([[0.0], b[1:]]))

    # with errors the likelihood is not concave: start from the model that believes the labels, and from a stronger one
    plain = _plain(z1, sign, penalty)
    starts = [np.zeros(z1.shape[1]), plain, 2 * plain]
    found = [minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-7})
             for start in starts]
    best = min(found, key=lambda each: each.fun)
    if not np.isfinite(best.fun) or np.abs(best.jac).max() > 1e-2:
        raise ConvergenceError(
            f"the logistic regression found no maximum ({best.message}): do the features separate the classes without "
            "exception? Give it a penalty above 0"
        )
    return best.x, -best.fun


def _plain(z1, sign, penalty):
    from scipy.optimize import minimize

    def loss(b):
        margin = sign * (z1 @ b)
        return (np.logaddexp(0, -margin).sum() + penalty * (b[1:] @ b[1:]) / 2,
                -z1.T @ (_expit(-margin) * sign) + penalty * np.concatenate([[0.0], b[1:]]))

    return minimize(loss, np.zeros(z1.shape[1]), jac=True, method="L-BFGS-B").x


def _predict(part, x):
    mean, spread, b = part
    return _expit(b[0] + ((x - mean) / spread).to_numpy() @ b[1:])


def estimate_label_error(features, labels, *, level=0.99, penalty=1.0) -> pd.Series:
    """Estimate which share of the labels is wrong, from the labels alone: where features are clear and labels disagree.

    Maximises the likelihood of `fit_buyer_type` over the label error as well; the interval holds the errors whose
    log-likelihood is within χ²₁(level)/2 of the highest (profile likelihood).

    Parameters
    ----------
    features, labels, penalty
        As in `fit_buyer_type`.
    level : float
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    pandas.Series
        ``label_error, low, high`` (shares, 0 to 0.49), and ``labels`` (how many).

    Raises
    ------
    DataError
        As in `fit_buyer_type`.

    Notes
    -----
    It takes the logistic shape as right. Where the features say little, the interval is wide, down to 0: one cannot
    know.

    Examples
    --------
    >>> random = np.random.default_rng(2)
    >>> kind = random.random(800) < 0.5
    >>> features = pd.DataFrame({"promotion_share": np.where(kind, 0.1, 0.5) + 0.08 * random.standard_normal(800)})
    >>> labels = pd.Series(np.where(kind ^ (random.random(800) < 0.10), "relationship", "transaction"))
    >>> estimate_label_error(features, labels).round(2).to_dict()
    {'label_error': 0.07, 'low': 0.02, 'high': 0.11, 'labels': 800.0}
    """
    from scipy.optimize import brentq, minimize_scalar

    x, y = _labelled(features, labels)
    spread = x.std(ddof=0)
    z, y = ((x - x.mean()) / spread).to_numpy(), y.to_numpy()
    reach = normal_quantile(level) ** 2 / 2
    penalty = check_positive("penalty", penalty)

    def profile(error):
        return _noisy(z, y, float(error), penalty)[1]

    top = 0.49
    grid = np.linspace(0, top, 15)
    heights = np.array([profile(error) for error in grid])
    near = int(heights.argmax())
    low, high = grid[max(near - 1, 0)], grid[min(near + 1, len(grid) - 1)]
    best = float(minimize_scalar(lambda e: -profile(e), bounds=(low, high), method="bounded").x)
    height = max(profile(best), heights[near])
    if heights[near] >= profile(best):
        best = float(grid[near])

    def below(error):
        return profile(error) - height + reach

    return pd.Series({
        "label_error": best,
        "low": 0.0 if best == 0 or below(0.0) >= 0 else float(brentq(below, 0.0, best, xtol=1e-5)),
        "high": top if below(top) >= 0 else float(brentq(below, best, top, xtol=1e-5)),
        "labels": float(len(y)),
    }, name="label error")


# --------------------------------------------------------------------------------- calibration


def _predictions(p, y):
    p = customer_values("p", p)
    if ((p < 0) | (p > 1)).any():
        raise DataError(f"p must be probabilities; {int(((p < 0) | (p > 1)).sum()):,} lie outside 0 to 1: "
                        "percentages?")
    y = same_customers("p", p, "y", y if isinstance(y, pd.Series) else pd.Series(y, index=p.index))
    if y.isna().any() or not y.isin([True, False]).all():
        raise DataError("y must be true or false for every customer with a p: leave out those without a label")
    return p.to_numpy(), y.to_numpy().astype(bool)


def prediction_scores(p, y) -> pd.Series:
    """Return how good probabilities are, beside the best that one number for everybody could do.

    Brier score ``mean (p - y)²``; log loss ``- mean ln p(what happened)``, p kept 1e-15 away from 0 and 1.

    Parameters
    ----------
    p : pandas.Series or array-like
        Probability per customer that y is true: **held out**, or the scores are too good.
    y : pandas.Series or array-like
        What was true, of the same customers.

    Returns
    -------
    pandas.Series
        ``customers, brier, brier_base, log_loss, log_loss_base`` (base: the observed share for everybody), ``accuracy``
        at 0.5, ``accuracy_base`` (always the more frequent class) and ``auc``: of two customers of different classes,
        how often the right one has the higher p (ties half; NaN with one class). Brier and log loss: lower is better.

    Raises
    ------
    DataError
        If p are no probabilities, y is not true/false, or the customers differ.

    Examples
    --------
    >>> scores = prediction_scores([0.9, 0.8, 0.3, 0.1], [True, False, True, False])
    >>> scores.round(3).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'customers': 4.0, 'brier': 0.288, 'brier_base': 0.25, 'log_loss': 0.756, 'log_loss_base': 0.693, 'accuracy': 0.5,
     'accuracy_base': 0.5, 'auc': 0.75}
    """
    from scipy.stats import rankdata

    p, y = _predictions(p, y)
    base, n = y.mean(), len(y)
    safe = np.clip(p, 1e-15, 1 - 1e-15)
    known = np.array([base, 1 - base])
    entropy = -float((known[known > 0] * np.log(known[known > 0])).sum())
    positive = int(y.sum())
    auc = np.nan
    if 0 < positive < n:
        auc = (rankdata(p)[y].sum() - positive * (positive + 1) / 2) / (positive * (n - positive))
    return pd.Series({
        "customers": float(n),
        "brier": float(((p - y) ** 2).mean()),
        "brier_base": float(base * (1 - base)),
        "log_loss": float(-np.where(y, np.log(safe), np.log1p(-safe)).mean()),
        "log_loss_base": entropy,
        "accuracy": float(((p >= 0.5) == y).mean()),
        "accuracy_base": float(max(base, 1 - base)),
        "auc": float(auc),
    }, name="scores")


def calibration_table(p, y, *, bins=5, level=0.95) -> pd.DataFrame:
    """Return, for groups of customers with similar probabilities, what was said and what was seen.

    Parameters
    ----------
    p, y
        As in `prediction_scores`.
    bins : int
        Groups of (nearly) equal size, by rank of p. Customers with the same p stay together, so that there are fewer
        groups if many tie, or if there are fewer customers than bins.
    level : float
        Confidence level of the interval of the observed share (Wilson).

    Returns
    -------
    pandas.DataFrame
        One row per group, from the lowest p: ``customers, predicted`` (mean p), ``observed`` (share true), ``low,
        high``. Calibrated means: predicted lies in the interval, nearly everywhere.

    Raises
    ------
    DataError
        As in `prediction_scores`.

    Examples
    --------
    >>> calibration_table([0.1, 0.2, 0.8, 0.9], [False, False, True, True], bins=2).round(2)
       customers  predicted  observed   low  high
    0          2       0.15       0.0  0.00  0.66
    1          2       0.85       1.0  0.34  1.00
    """
    from scipy.stats import rankdata

    p, y = _predictions(p, y)
    bins = check_count("bins", bins)
    twice = np.rint(2 * rankdata(p)).astype(np.int64)  # average ranks: equal p, equal group
    group = -((-bins * twice) // (2 * len(p)))
    table = pd.DataFrame({"p": p, "y": y}).groupby(group).agg(
        customers=("p", "size"), predicted=("p", "mean"), observed=("y", "mean"), true=("y", "sum"))
    low, high = share_interval(table["true"], table["customers"], level=level)
    return table.drop(columns="true").assign(low=low, high=high).reset_index(drop=True)


# ------------------------------------------------------------------- shares and worth of a class


def label_shares(labels, groups, *, label_error, level=0.99) -> pd.DataFrame:
    """Return the share of transaction buyers by group, from labels of which a known share is wrong.

    ``true share = (labelled share - e) / (1 - 2e)``: with errors, every share is drawn towards a half.

    Parameters
    ----------
    labels : pandas.Series
        "transaction", "relationship" or missing, with customers as index.
    groups : pandas.Series
        Group of the same customers (the channel they came by, say); may be missing for those without a label.
    label_error : float
        Share of wrong labels, below 0.5.
    level : float
        Confidence level of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per group: ``labelled`` (customers), ``as_labelled, share`` (corrected), ``low, high`` (Wilson's
        interval, corrected the same way). All between 0 and 1: a corrected share beyond is cut off there.

    Raises
    ------
    DataError
        If labels are unknown words, or labelled customers have no group.
    ValueError
        If `label_error` is 0.5 or more.

    Notes
    -----
    Rogan & Gladen's correction of a share found by an imperfect test, with both kinds of error alike. The error is
    taken as known: the interval holds the chance of the sample only.

    Examples
    --------
    >>> labels = pd.Series(["transaction"] * 60 + ["relationship"] * 40)
    >>> label_shares(labels, pd.Series("fair", index=labels.index), label_error=0.1).round(2)
          labelled  as_labelled  share   low  high
    fair       100          0.6   0.62  0.46  0.77
    """
    error = check_fraction("label_error", label_error)
    if error >= 0.5:
        raise ValueError(f"label_error must be below 0.5, not {error:g}: at a half, labels are coin tosses")
    known = labels.dropna()
    wrong = sorted({str(each) for each in known.unique()} - set(CLASSES))
    if wrong:
        raise DataError(f"labels must be 'transaction', 'relationship' or missing; found {', '.join(map(repr, wrong))}")
    group = groups.reindex(known.index)
    if group.isna().any():
        raise DataError(f"{int(group.isna().sum()):,} labelled customer(s) have no group: give them one, or "
                        "drop their labels")
    counted = (known == "transaction").groupby(group.to_numpy()).agg(["size", "sum"])
    low, high = share_interval(counted["sum"], counted["size"], level=level)

    def corrected(share):
        return np.clip((np.asarray(share, dtype=float) - error) / (1 - 2 * error), 0, 1)

    share = counted["sum"] / counted["size"]
    return pd.DataFrame({"labelled": counted["size"], "as_labelled": share, "share": corrected(share),
                         "low": corrected(low), "high": corrected(high)}).rename_axis(None)


def class_worth(customers, *, by, discount_rate, level=0.95, draws=1000, seed=0) -> pd.DataFrame:
    """Return what customers of each class bring a year, how many stay, and what that makes a lifetime value.

    Value = `crmlib.clv.lifetime_value` of the class's mean margin and pooled retention rate, the first margin now.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the column `by` (missing: left out), ``margin`` (money per customer-year), ``due``
        (renewals that came up) and ``renewed`` (of these).
    by : str
        Column that holds the class.
    discount_rate : float
        Per year, effective.
    level : float
        Confidence level of the intervals.
    draws, seed : int
        Of the bootstrap over customers: it draws whole customers with replacement, so that the terms of one customer
        and their margin stay together.

    Returns
    -------
    pandas.DataFrame
        One row per class: ``customers, margin, retention, value`` and, for each of the last three, ``…_low`` and
        ``…_high``.

    Raises
    ------
    DataError
        If columns are missing or have gaps, more was renewed than due, or a class has no renewal due.

    Notes
    -----
    One rate for a class whose members differ still undervalues those who have been there long (chapter 06).

    Examples
    --------
    >>> table = pd.DataFrame({"kind": ["a", "a", "b", "b"], "margin": [100.0, 300.0, 50.0, 50.0],
    ...                       "due": [2, 2, 2, 2], "renewed": [2, 2, 1, 1]})
    >>> worth = class_worth(table, by="kind", discount_rate=0.1).rename_axis(None)
    >>> worth[["customers", "margin", "retention", "value"]].round(1)
       customers  margin  retention   value
    a          2   200.0        1.0  2200.0
    b          2    50.0        0.5    91.7
    """
    from crmlib import clv

    _need(customers, (by, "margin", "due", "renewed"), "customers")
    table = customers[customers[by].notna()]
    numbers = _numeric(table[["margin", "due", "renewed"]])
    if ((numbers["renewed"] < 0) | (numbers["renewed"] > numbers["due"])).any():
        raise DataError("a customer cannot renew more often than a renewal was due, or less than never")
    normal_quantile(level)  # refuses a level that is none
    tail = (1 - level) / 2
    draws, random = check_count("draws", draws), np.random.default_rng(seed)
    rows = {}
    for name, part in numbers.groupby(table[by].to_numpy(), sort=True):
        if part["due"].sum() == 0:
            raise DataError(f"no renewal was due in the class {name!r}: its retention rate is not known")
        columns, n = part.to_numpy(), len(part)
        sums = np.array([columns[random.integers(n, size=n)].sum(axis=0) for _ in range(draws)])
        sums = np.vstack([columns.sum(axis=0), sums[sums[:, 1] > 0]])
        margin, retention = sums[:, 0] / n, sums[:, 2] / sums[:, 1]
        value = clv.lifetime_value(margin, retention, discount_rate, timing="immediate")
        rows[name] = {"customers": n}
        for what, numbers_ in (("margin", margin), ("retention", retention), ("value", np.asarray(value))):
            low, high = np.quantile(numbers_[1:], [tail, 1 - tail])
            rows[name] |= {what: numbers_[0], f"{what}_low": low, f"{what}_high": high}
    return pd.DataFrame.from_dict(rows, orient="index").astype({"customers": int}).rename_axis(by)


# ------------------------------------------------------------------------ a decision by class


def removal_gain(p_relationship, *, saving, value, leave_transaction, leave_relationship) -> pd.Series:
    """Return what is gained by taking a customer's discount away, if we only know a probability of their class.

    ``gain = p g_R + (1 - p) g_T`` with ``g = (1 - l) · saving - l · value``: whoever stays pays the saving, whoever
    leaves takes their value along.

    Parameters
    ----------
    p_relationship : pandas.Series
        Probability of being a relationship buyer.
    saving : pandas.Series or float
        Money given up by the discount: of the same time as `value`.
    value : pandas.Series or float
        Money a customer brings who goes on as today.
    leave_transaction, leave_relationship : float
        Chance that a customer of the class leaves **because** the discount goes: assumptions, until tested.

    Returns
    -------
    pandas.Series
        Expected money per customer; take the discount away where it is above zero.

    Raises
    ------
    DataError
        If p are no probabilities or have gaps.
    ValueError
        If a chance is not between 0 and 1.

    Examples
    --------
    >>> removal_gain(pd.Series([0.0, 0.5, 1.0]), saving=100, value=400, leave_transaction=0.1,
    ...              leave_relationship=0.3).tolist()
    [50.0, 0.0, -50.0]
    """
    p = customer_values("p_relationship", p_relationship)
    if ((p < 0) | (p > 1)).any():
        raise DataError("p_relationship must be probabilities, between 0 and 1")
    chances = {"leave_relationship": leave_relationship, "leave_transaction": leave_transaction}
    relationship, transaction = ((1 - chance) * saving - chance * value for chance in (
        check_fraction(name, given) for name, given in chances.items()))
    return (p * relationship + (1 - p) * transaction).rename("gain")
