"""How far a reader's own tables carry the process of the closing chapter, and what is missing for the rest."""

import pandas as pd

from crmlib.errors import DataError

STEPS = {  # step: (chapter, tables with the columns it needs)
    "where growth came from": ("01", {"orders": ("customer_id", "date", "amount", "product_id")}),
    "who decides there": ("02", {"contacts": ("customer_id", "contact_id", "role")}),
    "how customers differ": ("03", {"orders": ("customer_id", "date", "amount")}),
    "what serving them leaves": ("03", {"orders": ("customer_id", "date", "margin"),
                                        "interactions": ("customer_id", "date", "cost")}),
    "who is worth most": ("04", {"orders": ("customer_id", "date", "amount"),
                                 "customers": ("customer_id", "credit_grade")}),
    "what they get": ("05", {"survey": ("customer_id", "satisfaction")}),
    "what they will bring": ("07", {"orders": ("customer_id", "date", "amount")}),
    "who leaves, and when": ("08", {"contracts": ("customer_id", "started_on", "due_on", "renewed")}),
    "why they leave": ("08", {"churn_interviews": ("customer_id", "stated_reason")}),
    "what a call keeps": ("09", {"contracts": ("customer_id", "due_on", "renewed", "campaign")}),
}


def carries(tables, *, steps=None) -> pd.DataFrame:
    """Return which steps of the process some tables carry, and what is missing for the others.

    Parameters
    ----------
    tables : mapping of str to table
        What is there, by name; anything with ``columns`` (pandas, Ibis, Polars).
    steps : mapping, optional
        As `STEPS`, which is the default: step, to its chapter and the columns it needs of each table.

    Returns
    -------
    pandas.DataFrame
        Index step: ``chapter``, ``possible``, ``missing`` (tables, or columns of a table; "" if nothing is).

    Raises
    ------
    DataError
        If a table is not known to any step, so that a misspelt name is not taken for a missing table.

    Examples
    --------
    >>> orders = pd.DataFrame(columns=["customer_id", "date", "amount"])
    >>> carries({"orders": orders}).loc[["how customers differ", "who leaves, and when"], "missing"].tolist()
    ['', 'contracts']
    """
    steps = STEPS if steps is None else steps
    known = {name for _, needs in steps.values() for name in needs}
    if strange := [name for name in tables if name not in known]:
        raise DataError(f"no step uses a table {strange[0]!r}: known are {', '.join(sorted(known))}")
    rows = {}
    for step, (chapter, needs) in steps.items():
        gaps = []
        for name, columns in needs.items():
            absent = [column for column in columns if name in tables and column not in tables[name].columns]
            if name not in tables or absent:
                gaps.append(f"{name}: {', '.join(absent)}" if absent else name)
        rows[step] = {"chapter": chapter, "possible": not gaps, "missing": "; ".join(gaps)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")
