"""Orders of every awkward kind, for the tests of the report."""

import numpy as np
import pandas as pd

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "@SUM(A1)",
           "\u202eטקסט", "海浪公司", "x" * 300, "{{ 7*7 }}", "**bold**", "$\\alpha$", "&lt;b&gt;")


def shop(*, customers=300, days=730, seed=1, mean_gap=60, amounts=None, start="2024-01-01"):
    """Return orders of customers who begin at random, buy at their own rate, and leave at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        rate, leaving = 1 / (mean_gap * rng.gamma(2, 0.5) + 1), rng.beta(1, 5)
        day, spend = rng.uniform(0, days * 0.7), rng.gamma(4, 10)
        while day < days:
            amount = rng.gamma(3, spend / 3) + 1 if amounts is None else amounts
            rows.append((customer + 1, day, round(amount, 2), f"P{rng.integers(0, 5 if day < days * 0.6 else 7)}"))
            if rng.random() < leaving:
                break
            day += rng.exponential(1 / rate) + 1
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "amount", "product_id"])
    frame["date"] = pd.Timestamp(start) + pd.to_timedelta(frame.pop("day").astype(int), unit="D")
    return frame


def one_time_buyers():
    """Return 200 customers who bought once each."""
    rng = np.random.default_rng(3)
    return pd.DataFrame({"customer_id": range(200), "amount": rng.gamma(3, 20, 200).round(2),
                         "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, 200), unit="D")})


def with_returns():
    """Return orders of which one in nine is a gift and one in ten taken back; some customers have returns only."""
    orders = shop(seed=5).assign(amount=lambda t: t["amount"].where(t.index % 9 != 5, 0.0))
    back = orders.iloc[::10].assign(amount=lambda t: -t["amount"], date=lambda t: t["date"] + pd.Timedelta(7, "D"))
    only = back.head(5).assign(customer_id=lambda t: t["customer_id"] + 10_000)
    return pd.concat([orders, back, only], ignore_index=True)


def pareto():
    """Return orders of customers whose mean spend per order has an infinite mean."""
    orders, rng = shop(seed=9), np.random.default_rng(2)
    means = pd.Series(20 / rng.gamma(0.6, size=300), index=range(1, 301))
    noise = rng.gamma(6, 1 / 6, len(orders))
    return orders.assign(amount=(orders["customer_id"].map(means) * noise + 0.01).round(2))


def hostile():
    """Return orders whose largest customers, and all of whose products, have names that attack."""
    orders = shop(seed=6).astype({"customer_id": object})
    for number, name in enumerate(HOSTILE, 1):
        rows = orders["customer_id"] == number
        orders.loc[rows, "amount"] = orders.loc[rows, "amount"] + 5_000
        orders.loc[rows, "customer_id"] = name
    orders["customer_id"] = orders["customer_id"].astype(str)
    orders["product_id"] = orders["product_id"].map({f"P{k}": HOSTILE[k] for k in range(7)})
    return orders


def retail(path):
    """Write an export like those of public retail data: cancellations, missing ids, latin-1, the day first."""
    orders, rng = shop(customers=130, days=380, seed=12, mean_gap=25), np.random.default_rng(4)
    size = rng.integers(1, 5, len(orders))
    lines = orders.loc[orders.index.repeat(size)].reset_index(names="order")
    frame = pd.DataFrame({
        "InvoiceNo": (536_365 + lines["order"]).astype(str), "StockCode": [f"{85_000 + k}A" for k in lines.index % 90],
        "Description": [f"CAF\u00c9 SET {k}" for k in lines.index % 90],
        "Quantity": rng.integers(1, 12, len(lines)), "InvoiceDate": lines["date"].dt.strftime("%d/%m/%Y 08:26"),
        "UnitPrice": [f"{price:.2f}" for price in rng.gamma(2, 2, len(lines))],
        "CustomerID": lines["customer_id"].add(12_346).astype(str).where(rng.random(len(lines)) > 0.2, "")})
    back = frame.iloc[::15].assign(InvoiceNo=lambda t: "C" + t["InvoiceNo"], Quantity=lambda t: -t["Quantity"])
    pd.concat([frame, back, frame.iloc[::70]]).to_csv(path, index=False, encoding="latin-1")


KINDS = {
    "plain": shop,
    "nine weeks": lambda: shop(customers=400, days=63, mean_gap=10),
    "three weeks": lambda: shop(customers=150, days=20, mean_gap=4),
    "twelve customers": lambda: shop(customers=12),
    "one customer": lambda: shop(customers=1, seed=9, mean_gap=20),
    "one order": lambda: shop(customers=5, seed=2).head(1),
    "one-time buyers": one_time_buyers,
    "equal amounts": lambda: shop(amounts=19.9),
    "nothing but gifts": lambda: shop(seed=4, customers=150, amounts=0.0),
    "returns": with_returns,
    "nothing but returns": lambda: shop(seed=4, customers=20).assign(amount=lambda t: -t["amount"]),
    "infinite mean": pareto,
    "alike": lambda: shop(seed=8).assign(amount=lambda t: np.random.default_rng(1).gamma(3, 10, len(t)).round(2)),
    "hostile": hostile,
    "no orders in the holdout": shop,
}
