"""Data in: orders of any form through one door, and the data sets of the course."""

from crmlib.data.datasets import load_cdnow, load_donations
from crmlib.data.tables import Transactions, read_transactions

__all__ = ["Transactions", "load_cdnow", "load_donations", "read_transactions"]
