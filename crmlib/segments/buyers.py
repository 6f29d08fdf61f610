"""Transaction buyers and relationship buyers: a score, a model, its calibration, and each class's worth.

A **transaction buyer** compares prices at every purchase; a **relationship buyer** stays with a supplier who is good
enough (A. M. Hughes, who credits the pair to Paul Wang). Nobody is born with a label: it is inferred, with errors.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlib.checks import check_count, check_day, check_fraction, check_positive, shown
from crmlib.errors import ConvergenceError, CrmWarning, DataError
from crmlib.identity import same_id_type
from crmlib.intervals import normal_quantile, share_interval
from crmlib.lines import lines_table
from crmlib.rows import need_columns, same_customers
from crmlib.segments.arguments import customer_values

CLASSES = ("transaction", "relationship")


# ------------------------------------------------------------------------------------ features


def buyer_features(orders, *, as_of, customers=None, interactions=None, contracts=None, prior_lines=3) -> pd.DataFrame:
    """Return what the books say of how a customer buys.

    ``promotion share = (promoted lines + m · s) / (lines + m)``, s being the share of all lines and m `prior_lines`:
    who has bought one line, at a promotion, is no customer with a promotion share of 100 %.

    Parameters
    ----------
    orders : pandas.DataFrame or ibis.Table
        Order lines: ``customer_id, date, amount, promotion`` (true if bought at a promotion). Summed up in the engine.
    as_of : str or date
        Last day of the data; later lines are refused, as are later interactions (``date``) and contracts
        (``started_on``) if they have that column. Without it, cut them yourself.
    customers : pandas.DataFrame, optional
        ``customer_id, suppliers_used``.
    interactions : pandas.DataFrame, optional
        ``customer_id, purpose``: those with the purpose "price_request" are counted.
    contracts : pandas.DataFrame, optional
        ``customer_id``: who ever had a service contract.
    prior_lines : float
        m, zero or more: how many lines of an average customer are mixed into everybody's own.

    Returns
    -------
    pandas.DataFrame
        One row per customer with a purchase, index ``customer_id``: ``promotion_share`` (of the lines bought); where
        the tables are given ``suppliers_used``, ``price_requests`` (per purchase day) and ``service_contract`` (0 or
        1).

    Raises
    ------
    DataError
        If columns or values are missing, lines lie after `as_of`, or a customer is not in `customers`.

    Notes
    -----
    Rates per year since the first purchase are left out on purpose: they fall when a customer has left, so that a model
    of them would know the outcome it is used to explain.

    Examples
    --------
    >>> orders = pd.DataFrame({
    ...     "customer_id": [1, 1, 2], "date": pd.to_datetime(["2024-01-01", "2024-07-01", "2024-07-01"]),
    ...     "amount": [10.0, 20.0, 5.0], "promotion": [True, False, False]})
    >>> table = buyer_features(orders, as_of="2025-01-01", contracts=pd.DataFrame({"customer_id": [2]}), prior_lines=0)
    >>> table.rename_axis(None)
       promotion_share  service_contract
    1              0.5                 0
    2              0.0                 1
    """
    import ibis

    end, m = check_day("as_of", as_of), check_positive("prior_lines", prior_lines, zero=True)
    table = lines_table(orders, ("customer_id", "date", "amount", "promotion"), name="orders")
    late = int(table.filter(table.date.cast("date") > ibis.literal(end)).count().execute())
    if late:
        raise DataError(f"{late:,} lines are dated after as_of={end}: pass a later day, or filter them")
    bought = table.filter(table.amount >= 0).mutate(day=table.date.cast("date"))
    frame = bought.group_by("customer_id").agg(
        lines=bought.count(), promoted=bought.promotion.cast("int64").sum(), days=bought.day.nunique(),
    ).execute().set_index("customer_id").sort_index()
    if frame.empty:
        raise DataError(f"nobody bought anything up to {end}: check the date against the orders")
    usual = frame["promoted"].sum() / frame["lines"].sum()
    result = pd.DataFrame({"promotion_share": (frame["promoted"] + m * usual) / (frame["lines"] + m)})
    if customers is not None:
        need_columns("customers", customers, ("customer_id", "suppliers_used"))
        same_id_type("orders", result.index, "customers", customers["customer_id"])
        known = customers.set_index("customer_id")["suppliers_used"]
        strangers = result.index.difference(known.index)
        if len(strangers):
            raise DataError(f"{len(strangers):,} customer(s) have orders but no row in customers, the first "
                            f"{shown(strangers[0])}: complete the table, or leave out their orders")
        result["suppliers_used"] = known.reindex(result.index).astype(float)
    if interactions is not None:
        need_columns("interactions", interactions, ("customer_id", "purpose"))
        _fits("interactions", interactions, "date", result.index, end)
        asked = interactions.loc[interactions["purpose"] == "price_request", "customer_id"].value_counts()
        result["price_requests"] = asked.reindex(result.index).fillna(0) / frame["days"]
    if contracts is not None:
        need_columns("contracts", contracts, ("customer_id",))
        _fits("contracts", contracts, "started_on", result.index, end)
        result["service_contract"] = result.index.isin(contracts["customer_id"]).astype(int)
    return result


def _fits(what, table, day, buyers, end):
    """Refuse a table whose ids are of another type, or whose rows lie after the day of the features."""
    same_id_type("orders", buyers, what, table["customer_id"])
    if day in table:
        late = int((pd.to_datetime(table[day]).dt.normalize() > pd.Timestamp(end)).sum())
        if late:
            raise DataError(f"{late:,} rows of {what} are dated after as_of={end}: filter them, or the features know "
                            "the future")


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
        Share of labels known to be wrong, below 0.5, the same for both classes and whatever the features. With 0 the
        model imitates the labels, mistakes included; with the true share, `probability` is that of the **type**, not
        of the label.
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
    known = _words(labels)
    strangers = known.index.difference(table.index)
    if len(strangers):
        raise DataError(f"{len(strangers):,} labelled customer(s) have no features, the first {shown(strangers[0])}: "
                        "drop their labels, or complete the features")
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


def label_error(labels, known, *, level=0.99) -> pd.Series:
    """Return which share of the labels is wrong, from customers whose type is known for certain.

    Parameters
    ----------
    labels : pandas.Series
        "transaction", "relationship" or missing, with customers as index.
    known : pandas.Series
        The type of some of them, found out in another way (an audit), in the same words; missing: not known.
    level : float
        Confidence level of the interval (Wilson).

    Returns
    -------
    pandas.Series
        ``label_error, low, high`` (shares) and ``compared`` (customers with both).

    Raises
    ------
    DataError
        If words are unknown, or nobody has both.

    Examples
    --------
    >>> labels = pd.Series(["transaction", "relationship", "transaction", "transaction", None])
    >>> known = pd.Series(["transaction", "relationship", "relationship", None, "transaction"])
    >>> label_error(labels, known).round(3).to_dict()
    {'label_error': 0.333, 'low': 0.04, 'high': 0.856, 'compared': 3.0}
    """
    labels, known = _words(labels), _words(known)
    both = labels.index.intersection(known.index)
    if both.empty:
        raise DataError("no customer has both a label and a known type: there is nothing to compare")
    wrong = int((labels[both] != known[both]).sum())
    low, high = share_interval(wrong, len(both), level=level)
    return pd.Series({"label_error": wrong / len(both), "low": low, "high": high, "compared": float(len(both))},
                     name="label error")


def _words(labels):
    """The labels that are there, or an error that says which words are not known."""
    known = labels.dropna()
    wrong = sorted({str(each) for each in known.unique()} - set(CLASSES))
    if wrong:
        raise DataError(f"labels must be 'transaction', 'relationship' or missing; found {', '.join(map(repr, wrong))}")
    return known


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
        One row per group: ``labelled`` (customers), ``as_labelled, share`` (corrected), ``low, high`` (the
        exact interval, corrected the same way). All between 0 and 1: a corrected share beyond is cut off there.

    Raises
    ------
    DataError
        If labels are unknown words, or labelled customers have no group.
    ValueError
        If `label_error` is 0.5 or more.

    Notes
    -----
    Rogan & Gladen's correction of a share found by an imperfect test, with both kinds of error alike. The error is
    taken as known, and as the same in every group: the interval holds the chance of the sample only.

    Examples
    --------
    >>> labels = pd.Series(["transaction"] * 60 + ["relationship"] * 40)
    >>> label_shares(labels, pd.Series("fair", index=labels.index), label_error=0.1).round(2)
          labelled  as_labelled  share   low  high
    fair       100          0.6   0.62  0.46  0.78
    """
    error = check_fraction("label_error", label_error)
    if error >= 0.5:
        raise ValueError(f"label_error must be below 0.5, not {error:g}: at a half, labels are coin tosses")
    known = _words(labels)
    group = groups.reindex(known.index)
    if group.isna().any():
        raise DataError(f"{int(group.isna().sum()):,} labelled customer(s) have no group: give them one, or "
                        "drop their labels")
    counted = (known == "transaction").groupby(group.to_numpy()).agg(["size", "sum"])
    low, high = share_interval(counted["sum"], counted["size"], level=level, method="exact")

    def corrected(share):
        return np.clip((np.asarray(share, dtype=float) - error) / (1 - 2 * error), 0, 1)

    share = counted["sum"] / counted["size"]
    return pd.DataFrame({"labelled": counted["size"], "as_labelled": share, "share": corrected(share),
                         "low": corrected(low), "high": corrected(high)}).rename_axis(None)


def class_rates(p_relationship, outcome, *, level=0.99) -> pd.DataFrame:
    """Return the mean of an outcome in each class, where the class itself is only known with a probability.

    The least-squares fit of ``outcome = p · a + (1 - p) · b``: a is the mean of relationship buyers, b that of
    transaction buyers. Sorting customers into classes at p = 0.5 mixes them, and draws the two means together.

    Parameters
    ----------
    p_relationship : pandas.Series
        Probability of being a relationship buyer: calibrated, or the means are not those of the classes.
    outcome : pandas.Series
        A number per customer (true and false count as 1 and 0), of the same customers.
    level : float
        Confidence level of the interval: normal, with an error estimate that does not ask for equal variances.

    Returns
    -------
    pandas.DataFrame
        Rows "transaction" and "relationship": ``customers`` (the sum of the probabilities), ``mean, low, high``. The
        interval of a yes-or-no outcome ends at 0 and 1.

    Raises
    ------
    DataError
        If values are missing, p are no probabilities, customers differ, or p is the same for everybody.

    Warns
    -----
    CrmWarning
        If a share comes out below 0 or above 1.

    Notes
    -----
    It takes for granted that the outcome depends on what p was computed from through the class only, and p as exact.

    Examples
    --------
    >>> p = pd.Series([0.0, 0.0, 1.0, 1.0, 0.5, 0.5])
    >>> left = pd.Series([True, True, False, False, True, False])
    >>> class_rates(p, left)[["customers", "mean"]].round(2)
                  customers  mean
    transaction         3.0   1.0
    relationship        3.0   0.0
    """
    p = customer_values("p_relationship", p_relationship)
    if ((p < 0) | (p > 1)).any():
        raise DataError("p_relationship must be probabilities, between 0 and 1")
    if pd.api.types.is_bool_dtype(outcome):
        outcome = outcome.astype(float)
    y = same_customers("p_relationship", p, "outcome", customer_values("outcome", outcome)).to_numpy()
    share = bool(np.isin(y, (0, 1)).all())
    if p.nunique() < 2:
        raise DataError("p_relationship is the same for everybody: the classes cannot be told apart")
    x = np.column_stack([1 - p, p])
    inverse = np.linalg.inv(x.T @ x)
    means = inverse @ x.T @ y
    rest = (y - x @ means) ** 2
    error = np.sqrt(np.diag(inverse @ (x.T * rest) @ x @ inverse) * len(y) / max(len(y) - 2, 1))
    half = normal_quantile(level) * error
    low, high = means - half, means + half
    if share:
        low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
        if ((means < -1e-9) | (means > 1 + 1e-9)).any():
            warnings.warn(f"the share of a class comes out as {means[0]:.2f} (transaction) and {means[1]:.2f} "
                          "(relationship), outside 0 to 1: too few customers, or p is not calibrated", CrmWarning,
                          stacklevel=2)
    return pd.DataFrame({"customers": x.sum(axis=0), "mean": means, "low": low, "high": high}, index=list(CLASSES))


def class_worth(customers, *, by, discount_rate, level=0.95, draws=1000, seed=0) -> pd.DataFrame:
    """Return what customers of each class bring a year, how many stay, and what that makes a lifetime value.

    Value = `crmlib.clv.lifetime_value` of the class's mean margin and pooled retention rate, the first margin now.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row per customer: the column `by` (missing: left out); ``margin``, the money of a year in which they were
        customers (missing: not one of that year; does not count in the mean); ``due``, the renewals that came up, and
        ``renewed`` of these, by **all** who ever had a contract: among those still here, the leavers are missing.
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
        ``…_high``: NaN if fewer than ten customers of the class have a margin, or a renewal due.

    Raises
    ------
    DataError
        If columns are missing, renewals have gaps, more was renewed than due, or a class has no margin or no renewal
        due.

    Notes
    -----
    One rate for a class whose members differ still undervalues those who have been there long (chapter 06). Margin and
    retention are means of different customers: of those of a year, and of those who had a contract.

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

    need_columns("customers", customers, (by, "margin", "due", "renewed"))
    table = customers[customers[by].notna()]
    numbers = _numeric(table[["due", "renewed"]])
    margin = pd.Series(table["margin"].to_numpy(dtype=float, na_value=np.nan), index=table.index)
    if np.isinf(margin).any():
        raise DataError(f"margin is infinite for {int(np.isinf(margin).sum()):,} customers")
    numbers.insert(0, "margin", margin.fillna(0.0))
    numbers.insert(1, "years", margin.notna().astype(float))
    if ((numbers["renewed"] < 0) | (numbers["renewed"] > numbers["due"])).any():
        raise DataError("a customer cannot renew more often than a renewal was due, or less than never")
    normal_quantile(level)  # refuses a level that is none
    tail = (1 - level) / 2
    draws, random = check_count("draws", draws), np.random.default_rng(seed)
    rows = {}
    for name, part in numbers.groupby(table[by].to_numpy(), sort=True):
        for column, what in (("due", "renewal was due"), ("years", "margin is known")):
            if part[column].sum() == 0:
                raise DataError(f"no {what} in the class {name!r}: its value is not known")
        columns, n = part.to_numpy(), len(part)
        enough = min((part["years"] > 0).sum(), (part["due"] > 0).sum()) >= 10
        sums = np.array([columns[random.integers(n, size=n)].sum(axis=0) for _ in range(draws)])
        sums = np.vstack([columns.sum(axis=0), sums[(sums[:, [1, 2]] > 0).all(axis=1)]])
        margin, retention = sums[:, 0] / sums[:, 1], sums[:, 3] / sums[:, 2]
        value = clv.lifetime_value(margin, retention, discount_rate, timing="immediate")
        rows[name] = {"customers": n}
        for what, numbers_ in (("margin", margin), ("retention", retention), ("value", np.asarray(value))):
            low, high = np.quantile(numbers_[1:], [tail, 1 - tail]) if enough else (np.nan, np.nan)
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
        Money given up by the discount: of the same time as `value`. A Series is of the same customers. It is taken for
        granted that whoever stays buys as much at the full price.
    value : pandas.Series or float
        Money a customer brings who goes on as today. A Series is of the same customers.
    leave_transaction, leave_relationship : float
        Chance that a customer of the class leaves **because** the discount goes: assumptions, until tested.

    Returns
    -------
    pandas.Series
        Expected money per customer; take the discount away where it is above zero.

    Raises
    ------
    DataError
        If p are no probabilities, numbers are missing, or the customers differ.
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
    saving, value = (
        same_customers("p_relationship", p, name, customer_values(name, each)) if isinstance(each, pd.Series) else each
        for name, each in (("saving", saving), ("value", value)))
    chances = {"leave_relationship": leave_relationship, "leave_transaction": leave_transaction}
    relationship, transaction = ((1 - chance) * saving - chance * value for chance in (
        check_fraction(name, given) for name, given in chances.items()))
    return (p * relationship + (1 - p) * transaction).rename("gain")
