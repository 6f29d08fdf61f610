"""The elements of a value proposition: which there are, which are forgotten, and how well an offer fits a segment."""

import pandas as pd

from crmlib.checks import check_choice
from crmlib.delivered.arguments import numbers
from crmlib.errors import DataError
from crmlib.rows import need_columns

_ELEMENTS = (
    ("newness", "新穎性", True, "qualitative"), ("performance", "性能", True, "quantitative"),
    ("customisation", "定制化", True, "qualitative"), ("getting the job done", "把事情做好", False, "qualitative"),
    ("design", "設計", True, "qualitative"), ("brand and status", "品牌/地位", True, "qualitative"),
    ("price", "價格", False, "quantitative"), ("cost reduction", "成本削減", False, "quantitative"),
    ("risk reduction", "風險抑制", True, "quantitative"), ("accessibility", "可達性", True, "qualitative"),
    ("convenience", "便利性", True, "qualitative"),
)


def proposition_elements() -> pd.DataFrame:
    """Return Osterwalder's eleven elements of a value proposition.

    Returns
    -------
    pandas.DataFrame
        Index ``element``: ``chinese``; ``in_lecture``, whether the lectures name it; ``kind``, quantitative or
        qualitative. The list is quoted from memory of his canvas, the kind is our judgement.

    Examples
    --------
    >>> elements = proposition_elements()
    >>> len(elements), elements.index[~elements["in_lecture"]].tolist()
    (11, ['getting the job done', 'price', 'cost reduction'])
    """
    return pd.DataFrame(_ELEMENTS, columns=["element", "chinese", "in_lecture", "kind"]).set_index("element")


def proposition_fit(scores, *, importance="importance", performance="performance", segment="segment",
                    negative="zero") -> pd.DataFrame:
    """Return how well an offer fits what each segment finds important.

    ``fit = Σ importance · performance / Σ importance``, with performance below zero counted as zero or as it is.
    Importance and performance are ratings; money needs no weights, for a yuan is a yuan: add it up.

    Parameters
    ----------
    scores : pandas.DataFrame
        One row per segment and element: ``element``, `segment`, `importance` (zero or more) and `performance`.
    importance, performance, segment : str
        Columns.
    negative : {"zero", "keep"}
        An element that performs below zero helps nobody ("zero"), or takes away from the others ("keep").

    Returns
    -------
    pandas.DataFrame
        Index `segment`: ``fit``, and ``worst``, the element with the largest importance-weighted shortfall below
        the best performance of the segment.

    Examples
    --------
    >>> scores = pd.DataFrame({"segment": "homes", "element": ["price", "design"], "importance": [3, 1],
    ...                        "performance": [-2.0, 4.0]})
    >>> proposition_fit(scores).to_dict("records"), proposition_fit(scores, negative="keep")["fit"].item()
    ([{'fit': 1.0, 'worst': 'price'}], -0.5)
    """
    check_choice("negative", negative, ("zero", "keep"))
    need_columns("scores", scores, ("element", segment, importance, performance))
    scores = scores.reset_index(drop=True)  # joined tables repeat row labels
    if nameless := int(scores[["element", segment]].isna().any(axis=1).sum()):
        raise DataError(f"{nameless:,} row(s) of scores name no segment or no element")
    if twice := int(scores.duplicated([segment, "element"]).sum()):
        raise DataError(f"{twice:,} element(s) are there twice in a segment")
    weight, score = numbers(importance, scores[importance]), numbers(performance, scores[performance])
    if (weight < 0).any():
        raise DataError(f"{int((weight < 0).sum()):,} values of {importance} are negative: importance is zero or more")
    rows = {}
    for name, part in scores.groupby(segment, sort=False):
        w, x = weight[part.index], score[part.index]
        if not w.sum() > 0:
            raise DataError(f"nothing is important to {name!r}: a fit needs one element at least")
        counted = x.clip(lower=0) if negative == "zero" else x
        shortfall = w * (x.max() - x)
        rows[name] = {"fit": float((w * counted).sum() / w.sum()), "worst": part.loc[shortfall.idxmax(), "element"]}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(segment)
