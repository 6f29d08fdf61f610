"""The real data sets of the course, read from the files that the `lifetimes` package ships.

`lifetimes` itself is not imported: only its files are used, and its own loaders no longer work.
"""

import importlib.util
from pathlib import Path

import pandas as pd

from crmlib.data.tables import Transactions, read_transactions
from crmlib.errors import DataError

# customers, rows, spend in cents; the dates are the same in both
CDNOW = {True: (2357, 6919, 24409194), False: (23570, 69659, 250031563)}
CDNOW_DAYS = (19970101, 19980630)
DONATIONS = (22, 11104, 24615)  # cells, donors, repeat donations


def load_cdnow(*, sample: bool = True) -> Transactions:
    """Return the orders of CDNOW customers who first bought in early 1997.

    Parameters
    ----------
    sample : bool
        True for the 1-in-10 sample of 2,357 customers that the literature fits; False for the master file
        of 23,570. Published parameters belong to the sample.

    Returns
    -------
    Transactions
        Ibis table ``customer_id`` (integer), ``date``, ``amount`` (US dollars), ``quantity`` (CDs);
        6,919 rows (sample) or 69,659. Rows equal in every column are separate purchases and are kept;
        so are the rows with amount zero. The sample has its own numbers 1..2357 in the file; we return the
        master's numbers, so that its customers can be found in the master.

    Raises
    ------
    DataError
        If the installed file does not hold the known number of customers and rows, spend and dates.

    Examples
    --------
    >>> orders = load_cdnow()
    >>> orders.rows_in, orders.columns
    (6919, ('customer_id', 'date', 'amount', 'quantity'))
    """
    name = "CDNOW_sample.txt" if sample else "CDNOW_master.txt"
    names = ["master_id", "sample_id", "day", "cds", "dollars"]
    rows = pd.read_csv(_file(name), sep=r"\s+", header=None if sample else 0,
                       names=names if sample else [n for n in names if n != "sample_id"])
    facts = (rows["master_id"].nunique(), len(rows), round(rows["dollars"].sum() * 100))
    orders = read_transactions(rows, customer_id="master_id", date="day", amount="dollars", quantity="cds",
                               date_format="%Y%m%d", duplicates="keep")
    days = (int(rows["day"].min()), int(rows["day"].max()))
    if (facts, days) != (CDNOW[sample], CDNOW_DAYS):
        raise DataError(f"{name} holds {facts} customers, rows and cents from {days}, not {CDNOW[sample]} from "
                        f"{CDNOW_DAYS}: install lifetimes 0.11.3 again")
    return orders


def load_donations() -> pd.DataFrame:
    """Return the yearly donations of 11,104 donors as a table of recency-frequency cells.

    Returns
    -------
    pandas.DataFrame
        22 rows: ``frequency`` (years with a repeat donation), ``recency`` (last such year, 0 if none),
        ``n_periods`` (6 years observed), ``customers`` (donors in the cell).

    Raises
    ------
    DataError
        If the installed file does not hold 22 cells, 11,104 donors and 24,615 repeat donations.

    Source
    ------
    Fader, Hardie & Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting.

    Examples
    --------
    >>> int(load_donations()["customers"].sum())
    11104
    """
    cells = pd.read_csv(_file("donations.csv")).rename(columns={"periods": "n_periods", "weights": "customers"})
    facts = (len(cells), int(cells["customers"].sum()), int((cells["frequency"] * cells["customers"]).sum()))
    if facts != DONATIONS:
        raise DataError(f"donations.csv holds {facts} cells, donors and repeat donations, not {DONATIONS}: "
                        "install lifetimes 0.11.3 again")
    return cells


def _file(name):
    """Return the path of a data file in the installed `lifetimes`, found without importing the package."""
    spec = importlib.util.find_spec("lifetimes")
    path = Path(spec.origin).parent / "datasets" / name if spec else None
    if path is None or not path.exists():
        raise DataError(f"{name} is missing: it comes with the lifetimes package, install lifetimes 0.11.3")
    return path
