"""AHP (Saaty): weights from comparisons of two at a time, and how far the comparisons contradict each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmlib.checks import check_choice, shown
from crmlib.errors import DataError
from crmlib.value.arguments import check_weights, decision_matrix

# mean consistency index of random matrices, from size 1 on; three tables are in use, and they differ
RANDOM_INDEX = {
    "saaty": (0, 0, .58, .90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49),
    "saaty2005": (0, 0, .52, .89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59),
    "donegan-dodd": (0, 0, .4914, .8286, 1.0591, 1.1797, 1.2519, 1.3171, 1.3733, 1.4055, 1.4213, 1.4497, 1.4643, 1.4822,
                     1.4969),
}
_EXACT = 1e-6
_ROUNDED = 0.06  # 1/8 printed as 0.13 makes 1.04 with its partner, 1/7 as 0.14 makes 0.98


@dataclass(frozen=True)
class AHPResult:
    """What a matrix of comparisons gives.

    Attributes
    ----------
    weights : pandas.Series
        By criterion, sum 1.
    lambda_max, consistency_index, random_index, consistency_ratio : float
        ``CI = (λ - n) / (n - 1)``, ``CR = CI / RI``; for one or two criteria CR is 0.
    consistent : bool
        Whether CR is below the limit.
    judgements : pandas.DataFrame
        Every comparison, the one that fits least first: ``first, second, judged`` (how many times the first is the
        second), ``others`` (what the answers about third criteria imply: the geometric mean over k of a[i, k] a[k, j];
        NaN for two criteria), ``implied`` by the weights, ``factor`` (judged against implied, 1 is perfect).
    """

    weights: pd.Series
    lambda_max: float
    consistency_index: float
    random_index: float
    consistency_ratio: float
    consistent: bool
    judgements: pd.DataFrame

    def __repr__(self):
        parts = ", ".join(f"{name} {weight:.3f}" for name, weight in self.weights.items())
        return (f"<AHP: {parts}; λ {self.lambda_max:.4f}, CR {self.consistency_ratio:.3f} "
                f"({'consistent enough' if self.consistent else 'too inconsistent'})>")


def pairwise_matrix(judgements, criteria=None) -> pd.DataFrame:
    """Return the full reciprocal matrix of comparisons of two.

    Parameters
    ----------
    judgements : mapping of (first, second) to float
        How many times as important the first is as the second; every pair once, in either order.
    criteria : sequence, optional
        The order of rows; by default as they appear.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        If a pair is missing, is there twice with two answers, or a judgement is not above zero.

    Examples
    --------
    >>> pairwise_matrix({("profit", "sales"): 3, ("profit", "credit"): 5, ("sales", "credit"): 3}).round(2)
            profit  sales  credit
    profit    1.00   3.00     5.0
    sales     0.33   1.00     3.0
    credit    0.20   0.33     1.0
    """
    for pair, value in judgements.items():
        if not isinstance(pair, tuple) or len(pair) != 2 or pair[0] == pair[1]:
            raise DataError(f"a judgement belongs to a pair (first, second) of two criteria, not to {pair!r}")
        _positive(pair, value)
    names = list(criteria) if criteria is not None else list(dict.fromkeys(n for pair in judgements for n in pair))
    if strange := [n for pair in judgements for n in pair if n not in names]:
        raise DataError(f"judgements name {shown(strange[0])}, which is not among the criteria")
    matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    missing = []
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            there, back = judgements.get((a, b)), judgements.get((b, a))
            if there is None and back is None:
                missing.append(f"{a} with {b}")
                continue
            if there is not None and back is not None and abs(there * back - 1) > _EXACT:
                raise DataError(f"{a} is {there:g} times {b}, and {b} is {back:g} times {a}: two answers to one "
                                f"question, "
                                "keep one")
            matrix.loc[a, b] = there if there is not None else 1 / back
            matrix.loc[b, a] = 1 / matrix.loc[a, b]
    if missing:
        raise DataError(f"{len(missing)} comparison(s) are missing, first {missing[0]}: {len(names)} criteria need "
                        f"{len(names) * (len(names) - 1) // 2}")
    return matrix


def ahp(comparisons, *, method: str = "eigenvector", random_index="saaty", limit: float = 0.10,
        reciprocals: str = "exact", largest=9) -> AHPResult:
    """Return weights from a matrix of comparisons, its consistency ratio, and the judgement that fits least.

    Parameters
    ----------
    comparisons : pandas.DataFrame, array-like or mapping
        A square matrix, ``a[i, j]`` being how many times as important i is as j; or the judgements that
        `pairwise_matrix` takes.
    method : {"eigenvector", "geometric", "columns"}
        Saaty's principal eigenvector; geometric mean of the rows; mean of the columns divided by their sums.
    random_index : {"saaty", "saaty2005", "donegan-dodd"} or float
        What CI is divided by. Published tables differ, so a CR should say which one it used.
    limit : float
        CR below it is called consistent enough.
    reciprocals : {"exact", "rounded"}
        Whether ``a[j, i] = 1 / a[i, j]`` has to hold exactly; or, for printed matrices (0.33 beside 3), about: then the
        larger of the two is taken and the other computed from it.
    largest : float, optional
        Largest judgement of the scale, 9 with Saaty. None takes any.

    Returns
    -------
    AHPResult

    Raises
    ------
    DataError
        If the matrix is not square, not positive, not reciprocal, has no ones on its diagonal, or leaves the scale.
    ValueError
        If there is no random index for this size.

    Notes
    -----
    T. L. Saaty (2008), Int. J. Services Sciences 1(1), 83-98. Weights are ratios of how much a criterion matters "in
    general": they do not know how far the alternatives differ on it (`swing_weights` do). λ is the eigenvalue; with
    the other two methods the mean of ``(A w) / w``.

    Examples
    --------
    >>> result = ahp([[1, 3, 5], [1/3, 1, 3], [1/5, 1/3, 1]])
    >>> result.weights.round(4).tolist(), round(result.consistency_ratio, 4)
    ([0.637, 0.2583, 0.1047], 0.0332)
    >>> ahp([[1, 3], [3, 1]])
    Traceback (most recent call last):
    crmlib.errors.DataError: the comparisons are not reciprocal in 1 pair(s): 0 against 1 is 3, 1 against 0 is 3, \
where 0.333333 belongs; for a printed, rounded matrix say reciprocals='rounded'
    """
    check_choice("method", method, ("eigenvector", "geometric", "columns"))
    table = _reciprocal(comparisons, reciprocals, largest)
    a, n = table.to_numpy(), len(table)
    if method == "eigenvector":
        values, vectors = np.linalg.eig(a)
        k = int(np.argmax(values.real))
        w = np.abs(vectors[:, k].real)
    elif method == "geometric":
        w = np.exp(np.log(a).mean(axis=1))
    else:
        w = (a / a.sum(axis=0)).mean(axis=1)
    w = w / w.sum()
    lambda_max = float(np.mean(a @ w / w))
    index = _index(random_index, n)
    ci = max(0.0, (lambda_max - n) / (n - 1)) if n > 2 else 0.0
    cr = ci / index if n > 2 else 0.0
    rows = []
    for one, two in combinations(range(n), 2):
        i, j = (one, two) if a[one, two] >= 1 else (two, one)
        third = [k for k in range(n) if k not in (i, j)]
        others = np.exp(np.mean(np.log(a[i, third] * a[third, j]))) if third else np.nan
        rows.append((table.index[i], table.columns[j], a[i, j], others, w[i] / w[j]))
    judgements = pd.DataFrame(rows, columns=["first", "second", "judged", "others", "implied"])
    off = np.log(judgements["judged"].astype(float) / judgements["implied"].astype(float)).abs()
    judgements["factor"] = np.exp(off)
    judgements = judgements.iloc[np.argsort(-off.round(9).to_numpy(), kind="stable")].reset_index(drop=True)
    if not 0 < limit < 1:
        raise ValueError(f"limit={limit:g} is no ratio between 0 and 1: did you mean {limit / 100:g}?")
    return AHPResult(pd.Series(w, index=table.index, name="weight"), lambda_max, ci, index, cr, bool(cr < limit),
                     judgements)


def ahp_hierarchy(criteria, alternatives, *, mode: str = "distributive") -> pd.Series:
    """Return the score of each alternative: its weights under every criterion, weighted by the criteria.

    Parameters
    ----------
    criteria : pandas.Series, mapping or AHPResult
        Weights of the criteria, sum 1.
    alternatives : mapping of criterion to (pandas.Series or AHPResult)
        Weights of the alternatives under each criterion.
    mode : {"distributive", "ideal"}
        Weights under a criterion sum to 1; or are divided by the largest, so that a copy of an alternative that is not
        the best changes nothing. The scores sum to 1 in both.

    Returns
    -------
    pandas.Series

    Raises
    ------
    DataError
        If criteria or alternatives do not fit together.

    Examples
    --------
    >>> ahp_hierarchy({"price": 0.75, "taste": 0.25}, {"price": pd.Series({"a": 0.8, "b": 0.2}),
    ...                                                "taste": pd.Series({"a": 0.4, "b": 0.6})}).round(2).to_dict()
    {'a': 0.7, 'b': 0.3}
    """
    check_choice("mode", mode, ("distributive", "ideal"))
    plain = {name: part.weights if isinstance(part, AHPResult) else pd.Series(part)
             for name, part in alternatives.items()}
    local = decision_matrix(pd.DataFrame(plain), name="alternatives")
    weights = check_weights(criteria.weights if isinstance(criteria, AHPResult) else criteria, local.columns)
    for name, column in local.items():
        check_weights(column, column.index, total="rescale", name=f"weights under {name}")
    local = local / (local.max() if mode == "ideal" else local.sum())
    scores = (local * weights).sum(axis=1)
    return (scores / scores.sum()).rename("score")


def _reciprocal(comparisons, reciprocals, largest):
    check_choice("reciprocals", reciprocals, ("exact", "rounded"))
    if isinstance(comparisons, Mapping) and not isinstance(comparisons, pd.DataFrame):
        comparisons = pairwise_matrix(comparisons)
    table = decision_matrix(comparisons, name="comparisons")
    if table.shape[0] != table.shape[1]:
        raise DataError(f"comparisons must be square, a row and a column per criterion; got {table.shape}")
    if isinstance(comparisons, pd.DataFrame):
        if set(table.index) != set(table.columns):
            raise DataError("rows and columns of the comparisons are named differently: name both by the criteria")
        table = table[list(table.index)]
    a = table.to_numpy(copy=True)
    for i, j in np.argwhere(a <= 0):
        _positive((table.index[i], table.index[j]), a[i, j])
    if (np.abs(np.diag(a) - 1) > _EXACT).any():
        raise DataError("every criterion is as important as itself: the diagonal of the comparisons is 1")
    if largest is not None and a.max() > largest + _EXACT:
        i, j = np.argwhere(a == a.max())[0]
        raise DataError(f"{shown(table.index[i])} against {shown(table.index[j])} is {a.max():g}, the scale ends at "
                        f"{largest:g}: is it a percentage? For another scale pass largest=")
    product = np.abs(a * a.T - 1)
    upper = np.triu(product > (_EXACT if reciprocals == "exact" else _ROUNDED), 1)
    if upper.any():
        i, j = np.argwhere(upper)[0]
        hint = "; for a printed, rounded matrix say reciprocals='rounded'" if reciprocals == "exact" else ""
        raise DataError(f"the comparisons are not reciprocal in {int(upper.sum())} pair(s): {table.index[i]} against "
                        f"{table.index[j]} is {a[i, j]:g}, {table.index[j]} against {table.index[i]} is {a[j, i]:g}, "
                        f"where {1 / a[i, j]:g} belongs{hint}")
    if reciprocals == "rounded":
        a = np.where(a >= a.T, a, 1 / a.T)
    return pd.DataFrame(a, index=table.index, columns=table.columns)


def _positive(pair, value):
    if isinstance(value, bool) or not np.isreal(value) or not value > 0 or not np.isfinite(value):
        raise DataError(f"{pair[0]} against {pair[1]} is {value!r}: a comparison says how many times as important, a "
                        "number above zero")


def _index(random_index, n):
    if n <= 2:
        return 0.0
    if not isinstance(random_index, str):
        if not random_index > 0:
            raise ValueError(f"random_index must be above zero, not {random_index!r}")
        return float(random_index)
    table = RANDOM_INDEX[check_choice("random_index", random_index, tuple(RANDOM_INDEX))]
    if n > len(table):
        raise ValueError(f"the table {random_index!r} ends at {len(table)} criteria, there are {n}: use another "
                         f"table, pass "
                         "a number, or group the criteria")
    return float(table[n - 1])
