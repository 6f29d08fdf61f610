"""Questions of chapter 02, who decides: 02.1 to 02.4 in the chapter, the rest in the exercises.

`case` is the company of the reader, so that every answer is computed from their own tables.
"""

import numpy as np
import pandas as pd

from crmlib import clv, roles
from crmlib.identity import account_ids
from crmlib.teaching.questions import Mistake, Question, keeper

CHAIN = ("order_entry", "picking", "delivery", "installation", "invoicing")
BILL, PAYERS = 1_000.01, {"head office": 0.50, "branch north": 0.30, "branch south": 0.20}
DISCOUNT = 0.10
_kept = keeper()


def _ids(case):
    return _kept(case, "ids", lambda: account_ids(case.customers, same_name="merge"))


def _by_account(case, table):
    return table.assign(customer_id=table["customer_id"].map(_ids(case)))


def _categories(case, measure="amount", start="2025-01-01"):
    return _kept(case, f"categories {measure} {start}", lambda: roles.revenue_by_category(roles.account_money(
        case.orders, case.customers, measure=measure, start=start, end=case.observation_end, same_name="merge")))


def _revenue(case, **more):
    return float(_categories(case, **more)["revenue"].sum())


def _margins(case):
    """Yearly margin of the active organisations, by account."""
    def compute():
        money = roles.account_money(case.orders, case.customers, measure="margin", start="2025-01-01",
                                    end=case.observation_end, same_name="merge")
        money = money[money["category"].isin(["business", "channel", "distributor"])].set_index("customer_id")["money"]
        silent = roles.silent_since(_by_account(case, case.orders), observation_end=case.observation_end)
        return money[~money.index.isin(silent.index)].clip(lower=0)  # whoever cost money has none to lose

    return _kept(case, "margins", compute)


def _coverage(case, required=roles.MAIN_ROLES):
    return _kept(case, f"coverage {required}", lambda: roles.role_coverage(
        _by_account(case, case.contacts), _margins(case).index, required=required, as_of=case.observation_end))


def _departure(case, watched=True):
    def compute():
        first_attempt = _by_account(case, case.winbacks).groupby("customer_id")["date"].min()
        lost_on = roles.silent_since(_by_account(case, case.orders), observation_end=case.observation_end,
                                     lost_by=first_attempt)
        return roles.departure_rate(_by_account(case, case.contacts), observation_end=case.observation_end,
                                    lost_on=lost_on if watched else None)

    return _kept(case, f"departure {watched}", compute)


def _exits(case):
    return _kept(case, "exits", lambda: roles.lone_contact_exit(
        _by_account(case, case.contacts), _by_account(case, case.contracts), observation_end=case.observation_end))


def _risk(case, column="expected_loss", multiple=1.0):
    risk = roles.single_threaded_risk(_coverage(case), _margins(case), departure=_departure(case)["estimate"],
                                      exit_probability=_exits(case)["extra"], multiple=multiple)
    return risk.set_index("customer_id")[column]


def _years(case, timing="end"):
    return clv.retention_multiple(1 - _exits(case)["exit_without"], DISCOUNT, timing=timing)


def _chain(case, **more):
    return roles.internal_chain(roles.service_levels(case.internal_services), CHAIN, gaps="allow", **more)


def _gain_of(case, service, target):
    chain = _chain(case, target=target).set_index("service")
    return float(chain.loc[service, "gain"])


def _ten(case, order):
    """Expected loss at the ten accounts with the largest `order`."""
    return float(_risk(case)[order.nlargest(10).index].sum())


def _mean_coverage(case, required):
    coverage = _coverage(case, required)
    return float(coverage["coverage"].mean())


QUESTIONS = {
    "02.1": Question(
        prompt="Which revenue of 2025 may the firm report, in yuan?",
        expected=_revenue,
        tolerance=5,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda case: _revenue(case) + float(_categories(case)["transfers"].sum()),
                "This has the lines of the house's own departments in it. Are transfers revenue?",
            ),
            Mistake(
                lambda case: _revenue(case) - float(_categories(case)["transfers"].sum()),
                "You took the transfers away once more: the column revenue is without them already.",
            ),
            Mistake(
                lambda case: float(_categories(case)["transfers"].sum()),
                "These are the transfers. What did customers outside the house pay?",
            ),
            Mistake(lambda case: _revenue(case, measure="margin"), "This is the margin. Asked is the revenue."),
            Mistake(lambda case: _revenue(case, start="2021-01-01"), "These are all five years. Take 2025 only."),
            Mistake(
                lambda case: float(_categories(case).loc[["household", "business"], "revenue"].sum()),
                "You left out those who pass our goods on. They pay, so their money is revenue.",
            ),
        ),
    ),
    "02.2": Question(
        prompt="What is the weighted stance of the account of Chen (0.9, stance -0.4) and Wang (0.2, stance 0.8)?",
        expected=lambda case: (0.9 * -0.4 + 0.2 * 0.8) / (0.9 + 0.2),
        tolerance=0.001,
        unit="a stance from -1 to 1",
        mistakes=(
            Mistake(
                lambda case: (0.3 * -0.4 + 0.9 * -0.4 + 0.2 * 0.8) / (0.3 + 0.9 + 0.2),
                "You counted Chen twice, once per role. A person is one person: take the largest influence.",
            ),
            Mistake(
                lambda case: (1.2 * -0.4 + 0.2 * 0.8) / (0.9 + 0.2),
                "You added Chen's two influences above the line. A person is one person: take the largest influence.",
            ),
            Mistake(lambda case: (-0.4 + 0.8) / 2, "This is the plain mean. Who has how much influence?"),
            Mistake(
                lambda case: 0.9 * -0.4 + 0.2 * 0.8,
                "This is the weighted sum. Divide it by the sum of the influences.",
            ),
            Mistake(
                lambda case: (0.3 * -0.4 + 0.2 * 0.8) / (0.3 + 0.2),
                "You took Chen's influence as a buyer. Chen decides as well: take the larger one.",
            ),
            Mistake(
                lambda case: (0.6 * -0.4 + 0.2 * 0.8) / (0.6 + 0.2),
                "You took the mean of Chen's two influences. Here the larger one counts.",
            ),
        ),
    ),
    "02.3": Question(
        prompt="An account with a yearly margin of 40,000 yuan rests on one person. What loss do we expect in a year?",
        expected=lambda case: 40_000 * _departure(case)["estimate"] * _exits(case)["extra"],
        tolerance=5,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda case: 40_000 * _departure(case)["estimate"] * _exits(case)["estimate"],
                "You took the share of those who would have stayed. Some would have left anyway: money depends on the "
                "difference of the two shares.",
            ),
            Mistake(
                lambda case: 40_000 * _departure(case)["estimate"] * _exits(case)["exit_with"],
                "Part of those firms would have left us anyway. How many more leave?",
            ),
            Mistake(
                lambda case: 40_000 * _departure(case)["estimate"] * _exits(case)["extra"] * _years(case),
                "This counts all the margins that would have followed. The question is about one year.",
            ),
            Mistake(
                lambda case: 40_000 * _exits(case)["extra"],
                "This is the loss if the contact leaves. How likely is that?",
            ),
            Mistake(
                lambda case: 40_000 * _departure(case)["estimate"],
                "The contact leaving is not the firm leaving: one factor is missing.",
            ),
            Mistake(
                lambda case: 40_000 * _departure(case, watched=False)["estimate"] * _exits(case)["extra"],
                "You took the naive departure rate, which counts people nobody watched any more.",
            ),
        ),
    ),
    "02.4": Question(
        prompt="Which rate must each of five links reach if the chain is to be on time in 90 % of the cases?",
        expected=lambda case: 0.9 ** (1 / 5),
        tolerance=0.0002,
        unit="a fraction with four decimals",
        mistakes=(
            Mistake(lambda case: 0.9, "Then the chain would be far below 90 %: rates multiply."),
            Mistake(
                lambda case: 1 - 0.1 / 5,
                "You divided the lateness by five, or rounded to two decimals. Rates multiply: take the fifth root.",
            ),
            Mistake(lambda case: 0.9**5, "This is the chain if each link reaches 90 %. The question is the reverse."),
            Mistake(lambda case: 0.95 ** (1 / 5), "This is for 95 % at the end."),
            Mistake(lambda case: 0.9 ** (1 / 4), "This is for four links. How many are there?"),
        ),
    ),
    "02.5": Question(
        prompt="What is the mean coverage of the active accounts if the approver is required as well?",
        expected=lambda case: _mean_coverage(case, (*roles.MAIN_ROLES, "approver")),
        tolerance=0.0005,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case: _mean_coverage(case, roles.MAIN_ROLES), "These are the three roles of the chapter."),
            Mistake(lambda case: _mean_coverage(case, ("approver",)), "This is the approver alone. Four are required."),
            Mistake(lambda case: _mean_coverage(case, roles.ROLES), "These are all seven roles. Four are required."),
            Mistake(
                lambda case: float(roles.role_coverage(
                    _by_account(case, case.contacts), required=(*roles.MAIN_ROLES, "approver"),
                    as_of=case.observation_end)["coverage"].mean()),
                "These are the accounts of the contact table, lost ones too. Hand in the active ones: margins.index.",
            ),
            Mistake(
                lambda case: float(
                    _coverage(case, (*roles.MAIN_ROLES, "approver")).query("people > 0")["coverage"].mean()),
                "Accounts where nobody is known are accounts, too: their coverage is 0.",
            ),
        ),
    ),
    "02.6": Question(
        prompt="A bill of 1,000.01 yuan is paid 50, 30 and 20 %. What does each payer pay?",
        expected=lambda case: roles.split_money(BILL, PAYERS),
        tolerance=0.001,
        unit="yuan, three amounts in this order",
        mistakes=(
            Mistake(
                lambda case: pd.Series(PAYERS) * BILL,
                "These are fractions of cents, which nobody can pay. Divide in whole cents.",
            ),
            Mistake(
                lambda case: [500.0, 300.0, 200.0],
                "One cent is missing: the parts must add up to the bill.",
            ),
        ),
    ),
    "02.7": Question(
        prompt="Installation is mended to 95 %. By how much does the share of orders in time rise at the end?",
        expected=lambda case: _gain_of(case, "installation", 0.95),
        tolerance=0.0005,
        unit="a difference of two fractions",
        mistakes=(
            Mistake(
                lambda case: _gain_of(case, "installation", 1.0),
                "This is installation without any failure. The target is 95 %.",
            ),
            Mistake(
                lambda case: 0.95 - float(_chain(case).set_index("service").loc["installation", "rate"]),
                "This is the gain of the link, or the sum of the column. The customer sees the chain: what do the "
                "other links let through when installation alone is mended?",
            ),
            Mistake(
                lambda case: float(_chain(case)["so_far"].iloc[-1]) + _gain_of(case, "installation", 0.95),
                "This is the new level of the chain. By how much has it risen?",
            ),
        ),
    ),
    "02.8": Question(
        prompt="Ten accounts may be seen, whatever the hours. What is the largest expected loss (one year) behind ten?",
        expected=lambda case: _ten(case, _risk(case)),
        tolerance=5,
        unit="yuan",
        mistakes=(
            Mistake(
                lambda case: _ten(case, _margins(case)),
                "These are the ten with the largest margins. Where several people are known, nothing hangs on one.",
            ),
            Mistake(
                lambda case: float(_risk(case, "on_one_person").nlargest(10).sum()),
                "This is the margin that hangs on ten persons. How much of it must we expect to lose in a year?",
            ),
            Mistake(lambda case: float(_risk(case).sum()), "This is all accounts. Ten may be seen."),
            Mistake(
                lambda case: _ten(case, _risk(case)) * _years(case),
                "This counts all the margins that would have followed. The question is about one year.",
            ),
        ),
    ),
    "02.9": Question(
        prompt="What is the expected loss of all accounts if all the margins that would have followed are counted?",
        expected=lambda case: float(_risk(case, multiple=_years(case)).sum()),
        tolerance=200,
        unit="yuan",
        mistakes=(
            Mistake(lambda case: float(_risk(case).sum()), "This counts one year. How many yearly margins are lost?"),
            Mistake(
                lambda case: float(_risk(case, multiple=_years(case, "residual")).sum()),
                "Those who would have left anyway are taken out twice: the extra exit probability has done it already. "
                "Which timing counts the first lost margin in full, a year from now?",
            ),
            Mistake(
                lambda case: float(_risk(case, multiple=_years(case, "immediate")).sum()),
                "This takes the first lost margin as if it were due today. It is due in a year.",
            ),
            Mistake(
                lambda case: float(_risk(case, multiple=1 / _exits(case)["exit_without"]).sum()),
                "This is the expected number of years without discounting.",
            ),
        ),
    ),
    "02.10": Question(
        prompt="In another company: the share of those who would have stayed that leaves after the only contact left?",
        expected=lambda case: float(_exits(case)["estimate"]),
        tolerance=0.002,
        unit="a fraction",
        mistakes=(
            Mistake(lambda case: float(_exits(case)["extra"]), "This is the extra exit probability, q1 - q0."),
            Mistake(lambda case: float(_exits(case)["exit_with"]), "This is q1. Some would have left anyway."),
            Mistake(
                lambda case: float(case.truth.parameters["lone_contact_exit"]),
                "This is the truth. What do the records of this company say?",
            ),
        ),
    ),
    "02.11": Question(
        prompt="In another company: which share of the yearly margin of active organisations hangs on one person?",
        expected=lambda case: float(_risk(case, "on_one_person").sum() / _margins(case).sum()),
        tolerance=0.001,
        unit="a fraction",
        mistakes=(
            Mistake(
                lambda case: float((_coverage(case)["people"] == 1).mean()),
                "This is the share of the accounts. The question is about their margin.",
            ),
            Mistake(
                lambda case: float(np.nansum(_risk(case)) / _margins(case).sum()),
                "This is the expected loss. The question is what is exposed.",
            ),
        ),
    ),
}
