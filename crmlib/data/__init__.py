"""Data in: orders of any form through one door, and the data sets of the course."""

from crmlib.data.case import Case, load_case
from crmlib.data.datasets import load_cdnow, load_donations
from crmlib.data.tables import Transactions, read_transactions

__all__ = ["Case", "Transactions", "load_case", "load_cdnow", "load_donations", "read_transactions", "simulate_case"]


def __getattr__(name):
    if name == "simulate_case":
        from crmlib.data.simulate import simulate_case

        return simulate_case
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
