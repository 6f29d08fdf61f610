"""The case company Hailang (海浪), which does not exist: its tables, how they join, and how they are stored."""

import csv
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pandas as pd

from crmlib.errors import DataError

FOLDER = Path(__file__).resolve().parents[2] / "datasets" / "hailang"
SEED = 2028
CUSTOMERS = 3000

KANO = ("water_quality", "next_day_delivery", "fast_repair", "free_filter_check", "app_ordering", "loaner_machine",
        "plain_invoice", "sales_calls")
HUMANITY = ("honesty", "understanding", "mutual_respect", "awareness_of_limits", "negotiability", "identification",
            "trust", "you_orientation")
NOT_SELLING = ("service", "advice", "courtesy")  # purposes of talks, beside selling, prices and renewals
_VALUES = ("value_product", "value_service", "value_personnel", "value_image", "cost_price", "cost_running",
           "cost_time", "cost_energy", "cost_psychic")

# table: column -> kind; "int?" and "bool?" may be missing, and so may the texts and days marked with "?"
COLUMNS = {
    "customers": {
        "customer_id": "int", "name": "str", "category": "str", "sector": "str?", "district": "str",
        "employees": "int?", "channel": "str?", "acquired_on": "day", "acquisition_cost": "float",
        "credit_grade": "str", "suppliers_used": "int", "buyer_label": "str?",
    },
    "contacts": {
        "contact_id": "int", "customer_id": "int", "name": "str", "title": "str", "role": "str",
        "influence": "float", "stance": "float", "since": "day", "left_on": "day?", "became_customer_id": "int?",
    },
    "products": {
        "product_id": "str", "name": "str", "name_zh": "str", "family": "str", "launched_on": "day",
        "list_price": "float", "unit_cost": "float",
    },
    "orders": {
        "order_id": "int", "customer_id": "int", "date": "day", "product_id": "str", "quantity": "int",
        "amount": "float", "margin": "float", "promotion": "bool",
    },
    "contracts": {
        "contract_id": "int", "customer_id": "int", "year_number": "int", "started_on": "day", "due_on": "day",
        "price": "float", "campaign": "str?", "renewed": "bool?",
    },
    "interactions": {
        "interaction_id": "int", "customer_id": "int", "contact_id": "int?", "date": "day", "medium": "str",
        "purpose": "str", "cost": "float", "function": "str", "barrier": "str?", "seller_tone": "int",
        "buyer_tone": "int",
    },
    "survey": {
        "customer_id": "int", "date": "day", "rating_product": "int", "rating_service": "int", "rating_image": "int",
        "satisfaction": "int", "recommend": "int",
        **dict.fromkeys((firm + name for firm in ("", "rival_") for name in _VALUES), "float"),
        "value_potential": "float", "value_expected": "float", "expected_service": "int", "perceived_service": "int",
        "category_spend": "float", "supplier_rank": "int", "suppliers_used": "int",
        **dict.fromkeys((f"kano_{name}_{when}" for name in KANO for when in ("present", "absent")), "int"),
        **dict.fromkeys((f"humanity_{name}" for name in HUMANITY), "int"),
    },
    "incidents": {
        "incident_id": "int", "customer_id": "int", "date": "day", "kind": "str", "handling": "str",
        "days_to_fix": "int", "cost": "float", "told": "int",
    },
    "churn_interviews": {"customer_id": "int", "date": "day", "stated_reason": "str"},
    "winbacks": {"attempt_id": "int", "customer_id": "int", "date": "day", "offer": "str", "cost": "float",
                 "returned": "bool?"},
    "referrals": {"referrer_id": "int", "referred_id": "int", "date": "day", "reward": "float"},
    "internal_services": {"month": "day", "supplier": "str", "recipient": "str", "service": "str", "requests": "int",
                          "on_time": "int"},
}
TRUTH_COLUMNS = {
    "customers": {
        "customer_id": "int", "person_id": "int", "buyer_type": "str", "churn_probability": "float",
        "purchase_rate": "float", "discount": "float", "left_on": "day?", "true_reason": "str?",
        "would_have_come_anyway": "bool?",
    },
    "contracts": {"contract_id": "int", "exit_probability_called": "float", "exit_probability_not_called": "float"},
    "winbacks": {"attempt_id": "int", "return_probability": "float", "second_left_on": "day?"},
    "kano": {"feature": "str", **dict.fromkeys("AOMIRQ", "float")},
}
KEYS = {  # child column -> parent column
    "contacts.customer_id": "customers.customer_id", "contacts.became_customer_id": "customers.customer_id",
    "orders.customer_id": "customers.customer_id", "orders.product_id": "products.product_id",
    "contracts.customer_id": "customers.customer_id", "interactions.customer_id": "customers.customer_id",
    "interactions.contact_id": "contacts.contact_id", "survey.customer_id": "customers.customer_id",
    "incidents.customer_id": "customers.customer_id", "churn_interviews.customer_id": "customers.customer_id",
    "winbacks.customer_id": "customers.customer_id", "referrals.referrer_id": "customers.customer_id",
    "referrals.referred_id": "customers.customer_id",
}
_DTYPES = {"int": "int64", "int?": "Int64", "float": "float64", "str": "str", "str?": "str", "bool": "bool",
           "bool?": "boolean", "day": "datetime64[us]", "day?": "datetime64[us]"}


@dataclass(frozen=True, repr=False)
class Truth:
    """What really happened in the company: nobody there knows it, and estimates are compared with it.

    Attributes
    ----------
    parameters : dict of str to float
        Size of every built-in effect; what each means is in ``meanings``.
    meanings : dict of str to str
        One sentence per parameter.
    customers : pandas.DataFrame
        ``customer_id``; ``person_id``, equal for two ids of one customer; ``buyer_type``; ``churn_probability``,
        the customer's own, per year, before events; ``purchase_rate``, orders a year; ``discount``, negotiated share
        of the list price; ``left_on`` (missing: still a customer, or won back is in ``winbacks``); ``true_reason``;
        ``would_have_come_anyway`` for referred customers.
    contracts : pandas.DataFrame
        ``contract_id, exit_probability_called, exit_probability_not_called``: the chance that this contract year
        is the last one, with a campaign call and without.
    winbacks : pandas.DataFrame
        ``attempt_id, return_probability, second_left_on``: the chance that the attempt succeeds, and when who came
        back left again (missing: did not, up to the end of the data).
    kano : pandas.DataFrame
        ``feature, A, O, M, I, R, Q``: the shares from which the Kano answers were drawn.
    """

    parameters: dict
    meanings: dict
    customers: pd.DataFrame
    contracts: pd.DataFrame
    winbacks: pd.DataFrame
    kano: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Case:
    """The tables of the fictional company Hailang: one DataFrame each, and the truth behind them.

    Columns, units, Chinese labels and quirks are described in ``datasets/hailang.md``.
    """

    customers: pd.DataFrame
    contacts: pd.DataFrame
    products: pd.DataFrame
    orders: pd.DataFrame
    contracts: pd.DataFrame
    interactions: pd.DataFrame
    survey: pd.DataFrame
    incidents: pd.DataFrame
    churn_interviews: pd.DataFrame
    winbacks: pd.DataFrame
    referrals: pd.DataFrame
    internal_services: pd.DataFrame
    truth: Truth
    seed: int = field(default=SEED)
    observation_start: str = "2021-01-01"
    observation_end: str = "2025-12-31"

    @property
    def tables(self) -> dict:
        """All tables by name, without the truth."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name in COLUMNS}

    def __repr__(self):
        return (f"Hailang (fictional), company {self.seed}: {len(self.customers):,} customers, "
                f"{len(self.orders):,} order lines, {self.observation_start} to {self.observation_end}")


def typed(table, columns: dict) -> pd.DataFrame:
    """Return the columns of a table (or dict of columns) in order, each with the type of its kind."""
    return pd.DataFrame({name: pd.Series(table[name]).astype(_DTYPES[kind]) for name, kind in columns.items()})


def load_case(*, seed: int | None = None, folder: Path | None = None) -> Case:
    """Return the fictional case company of the course, or another one with the same structure.

    Parameters
    ----------
    seed : int, optional
        Number of another company, for instance a student number; it is simulated. Without it, the company that
        ships with the course is read.
    folder : path, optional
        Where the files are, if not in ``datasets/hailang``.

    Returns
    -------
    Case

    Raises
    ------
    DataError
        If a file is missing, or a column or key in it.

    Examples
    --------
    >>> case = load_case()
    >>> case.observation_end, case.orders.columns.tolist()[:4]
    ('2025-12-31', ['order_id', 'customer_id', 'date', 'product_id'])
    """
    if seed is not None:
        from crmlib.data.simulate import simulate_case

        return simulate_case(seed=seed)
    folder = Path(folder or FOLDER)
    tables = {name: _read(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}
    truth = {name: _read(folder / f"truth_{name}.csv", columns) for name, columns in TRUTH_COLUMNS.items()}
    with _open(folder / "truth_parameters.csv") as file:
        rows = list(csv.DictReader(file))
    parameters = {row["parameter"]: float(row["value"]) for row in rows}
    meanings = {row["parameter"]: row["meaning"] for row in rows}
    case = Case(**tables, truth=Truth(parameters, meanings, **truth))
    check_keys(case)
    return case


def check_keys(case: Case) -> None:
    """Raise a `DataError` that lists every reference to a row that is not there."""
    problems = []
    for child, parent in KEYS.items():
        (table, column), (other, key) = child.split("."), parent.split(".")
        values = case.tables[table][column].dropna()
        missing = values[~values.isin(case.tables[other][key])]
        if len(missing):
            problems.append(f"{len(missing):,} of {len(values):,} in {child} are not in {parent} "
                            f"(first: {missing.iloc[0]})")
    if problems:
        raise DataError("the tables do not join: " + "; ".join(problems)
                        + ". `python -m crmlib case` makes the files again")


def write_case(case: Case, folder: Path) -> list[Path]:
    """Write the tables of a case as CSV files, the same bytes each time; return the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    tables = case.tables | {f"truth_{name}": getattr(case.truth, name) for name in TRUTH_COLUMNS}
    tables["truth_parameters"] = pd.DataFrame({
        "parameter": list(case.truth.parameters), "value": list(case.truth.parameters.values()),
        "meaning": [case.truth.meanings[name] for name in case.truth.parameters]})
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        path.write_bytes(_text(table).to_csv(index=False, lineterminator="\n").encode())
        paths.append(path)
    return paths


def _text(table):
    """Whole yuan without decimals, days without a time of day."""
    shown = {}
    for name, column in table.items():
        if column.dtype.kind == "M":
            shown[name] = column.dt.strftime("%Y-%m-%d")
        elif column.dtype.kind == "f" and (column == np.floor(column)).all():
            shown[name] = column.astype("int64")
        else:
            shown[name] = column
    return pd.DataFrame(shown)


def _open(path):
    if not path.is_file():
        raise DataError(f"{path.parent.name}/{path.name} is missing: the files of the case are in datasets/hailang of "
                        f"the course; without them, simulate_case(seed={SEED}) makes the same tables")
    return path.open(encoding="utf-8", newline="")


def _read(path, columns):
    with _open(path) as file:
        text = [name for name, kind in columns.items() if kind[:3] in ("str", "day")]
        table = pd.read_csv(file, dtype=dict.fromkeys(text, "str") | {
            name: _DTYPES[kind] for name, kind in columns.items() if kind.endswith("?") and kind[:3] in ("int", "boo")},
            keep_default_na=False, na_values=[""])
    missing = [name for name in columns if name not in table]
    if missing:
        raise DataError(f"{path.name} lacks the column(s) {', '.join(missing)}: take the file of the course again")
    for name, kind in columns.items():
        if kind.startswith("day"):
            table[name] = pd.to_datetime(table[name], format="%Y-%m-%d")
    return typed(table, columns)
