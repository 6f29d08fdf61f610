"""Figures of chapter 02: who are our customers, and who decides?"""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_BLUE, _ORANGE, _GREEN, _GREY = PALETTE[0], PALETTE[1], PALETTE[2], "#8a8a8a"
_QUESTIONS = {"revenue": ("pays", _BLUE), "decides": ("decides", _ORANGE), "benefits": ("benefits", _GREEN)}


def category_shares(table, *, ax=None):
    """Draw the five categories of customers: their share of the customers and of the revenue.

    `table` is what `crmlib.roles.revenue_by_category` returns. What internal customers were charged is written, and
    not drawn, because it is no revenue.
    """
    ax = axes(ax)
    outside = table.index != "internal"
    at = np.arange(len(table))
    people = 100 * table["customers"] / table.loc[outside, "customers"].sum()
    ax.barh(at[outside] - 0.19, people[outside], height=0.36, color=PALETTE[5], label="customers")
    ax.barh(at[outside] + 0.19, 100 * table["share"][outside], height=0.36, color=_BLUE, label="revenue")
    for place, transfers in zip(at[~outside], table["transfers"][~outside], strict=True):
        ax.text(0.6, place, f"transfers of {transfers:,.0f}: no revenue", va="center", size=13, color="#555555",
                style="italic")
    for place, share in zip(at[outside], 100 * table["share"][outside], strict=True):
        ax.annotate(f"{share:.1f} %", (share, place + 0.19), xytext=(4, 0), textcoords="offset points", va="center",
                    size=12, color=_BLUE)
    ax.set_yticks(at, table.index)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="share of all outside customers, and of the revenue (%)")
    ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.42))
    return ax


def buying_centre(contacts, *, required=(), ax=None):
    """Draw the people of one account: a row per role, the stance from left to right, the influence as size.

    `contacts` has one row per person and role with ``contact_id, role, influence, stance``, of one account. People are
    lettered A, B, … from the most influential down, as `crmlib.roles.role_table` lists them; dots of one person are
    joined. Roles nobody fills stay empty; those in `required` are marked as missing.
    """
    from crmlib.roles import LECTURE_QUESTIONS

    ax = axes(ax, 5.0)
    rows = {role: row for row, role in enumerate(role for roles in LECTURE_QUESTIONS.values() for role in roles)}
    order = contacts.groupby("contact_id")["influence"].max().sort_index().sort_values(ascending=False, kind="stable")
    letters = {person: chr(ord("A") + i) for i, person in enumerate(order.index)}
    first = 0
    for question, roles in LECTURE_QUESTIONS.items():
        words, colour = _QUESTIONS[question]
        ax.axhspan(first - 0.5, first + len(roles) - 0.5, color=colour, alpha=0.08, linewidth=0)
        ax.text(1.21, first + len(roles) / 2 - 0.5, words, color=colour, weight="bold", rotation=-90, ha="center",
                va="center", size=14)
        for role in roles:
            if role in contacts["role"].to_numpy():
                continue
            needed = role in required
            ax.text(0, rows[role], f"no {role} known" + (": missing" if needed else ""), ha="center", va="center",
                    size=12, style="italic", color="black" if needed else "#777777", zorder=5,
                    bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5})
        first += len(roles)
    question_of = {role: question for question, roles in LECTURE_QUESTIONS.items() for role in roles}
    # people with equal stances stand side by side
    places = contacts.groupby("contact_id")["stance"].first().sort_index()
    shift = places.groupby(places).cumcount() * 0.13 - (places.groupby(places).transform("size") - 1) * 0.065
    for person, mine in contacts.groupby("contact_id", sort=False):
        x = float(np.clip(places[person] + shift[person], -1.02, 1.02))
        heights = [rows[role] for role in mine["role"]]
        ax.plot([x, x], [min(heights), max(heights)], color="#444444", linewidth=1.5, zorder=2)
        for role, influence in zip(mine["role"], mine["influence"], strict=True):
            ax.scatter([x], [rows[role]], s=330 + 900 * influence, color=_QUESTIONS[question_of[role]][1], zorder=3,
                       edgecolor="white", linewidth=1.5)
            ax.text(x, rows[role], letters[person], ha="center", va="center", color="white", weight="bold", size=13,
                    zorder=4)
    ax.axvline(0, color=_GREY, linewidth=1, linestyle="--", zorder=1)
    ax.set_yticks(list(rows.values()), list(rows))
    ax.set(xlim=(-1.15, 1.15), ylim=(len(rows) - 0.4, -0.6), xticks=[-1, -0.5, 0, 0.5, 1],
           xlabel="stance: against us (-1) to for us (1); size of a dot: influence")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    return ax


def people_known(table, *, ax=None):
    """Draw how many people are known per account: share of the accounts, and of their margin.

    `table` has the number of people as index (text allowed) and the columns ``accounts`` and ``margin``, shares from
    0 to 1.
    """
    ax = axes(ax)
    at = np.arange(len(table))
    for shift, column, colour in ((-0.2, "accounts", PALETTE[5]), (0.2, "margin", _BLUE)):
        ax.bar(at + shift, 100 * table[column], width=0.4, color=colour, label=f"share of the {column}")
        for place, share in zip(at + shift, 100 * table[column], strict=True):
            ax.annotate(f"{share:.0f}", (place, share), xytext=(0, 3), textcoords="offset points", ha="center", size=12)
    ax.set_xticks(at, [str(name) for name in table.index])
    ax.grid(axis="x", visible=False)
    ax.margins(y=0.12)
    ax.set(xlabel="people known at the account", ylabel="share (%)")
    ax.legend(loc="upper right")
    return ax


def estimates_with_truth(table, *, unit, ax=None):
    """Draw estimates with their intervals, and the truth beside them where it is given.

    `table` has the names as index and ``estimate, low, high``, and ``truth`` if it is known, as fractions; they are
    drawn in per cent, the first on top.
    """
    ax = axes(ax, 0.9 + 0.8 * len(table))
    at = np.arange(len(table))
    ax.hlines(at, 100 * table["low"], 100 * table["high"], color=_BLUE, linewidth=3)
    ax.plot(100 * table["estimate"], at, "o", color=_BLUE, markersize=10, label="estimate and interval")
    if "truth" in table:
        ax.plot(100 * table["truth"], at + 0.28, "^", color=_ORANGE, markersize=10, label="truth")
    for place, value in zip(at, 100 * table["estimate"], strict=True):
        ax.annotate(f"{value:.1f}", (value, place), xytext=(0, 9), textcoords="offset points", ha="center", size=12,
                    color=_BLUE)
    ax.set_yticks(at, table.index)
    ax.set_ylim(len(table) - 0.4, -0.7)
    right = table[[name for name in ("high", "truth") if name in table]].max().max()
    ax.set_xlim(min(0, 100 * table["low"].min()), 106 * right)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=unit)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.28 - 0.12 / len(table)), ncols=2)
    return ax


def service_chain(chain, *, ax=None):
    """Draw a chain of departments: how reliable each link is, and what is left of the chain after it.

    `chain` is what `crmlib.roles.internal_chain` returns.
    """
    ax = axes(ax)
    at = np.arange(len(chain))
    colours = [_ORANGE if weakest else _BLUE for weakest in chain["weakest"]]
    ax.scatter(at, 100 * chain["rate"], s=170, color=colours, zorder=3)
    ax.plot(at, 100 * chain["so_far"], "s-", color="black", markersize=6)
    for place, rate, so_far in zip(at, 100 * chain["rate"], 100 * chain["so_far"], strict=True):
        ax.annotate(f"{rate:.0f}", (place, rate), xytext=(0, 11), textcoords="offset points",
                    ha="center", size=12)
        if place:
            ax.annotate(f"{so_far:.0f} %", (place, so_far), xytext=(0, -19), textcoords="offset points", ha="center",
                        weight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
    low = min(60.0, 10 * np.floor(10 * chain["so_far"].min() - 0.5))
    ax.text(0.0, 1.04, "dots: the link alone (orange: the weakest); line: the chain up to here", transform=ax.transAxes,
            size=12)
    ax.set_xticks(at, [str(service).replace("_", "\n") for service in chain["service"]])
    ax.grid(axis="x", visible=False)
    ax.set(ylabel="on time (%)", ylim=(max(low, 0), 104), xlim=(-0.4, len(chain) - 0.6))
    return ax


def visit_curves(curves, *, capacity, unit="yuan", ax=None):
    """Draw what visits are worth against the hours there are, one line per way of choosing.

    `curves` has the hours as index and one column per way; `capacity` marks the hours of the decision, and what each
    way brings there is written in the empty corner.
    """
    ax = axes(ax)
    styles = ("-", "--", "-", ":")
    for row, (name, values) in enumerate(curves.items()):
        colour = PALETTE[row]
        ax.plot(curves.index, values, color=colour, linestyle=styles[row % len(styles)])
        there = float(np.interp(capacity, curves.index, values))
        ax.text(0.98, 0.30 - 0.09 * row, f"{name}: {there:,.0f}", color=colour, weight="bold", size=13, ha="right",
                transform=ax.transAxes)
    ax.text(0.98, 0.39, f"with {capacity:g} hours", size=13, ha="right", transform=ax.transAxes)
    ax.axvline(capacity, color=_GREY, linestyle="--", linewidth=1.5)
    ax.set(xlabel="hours for visits", ylabel=f"loss avoided ({unit})", xlim=(0, curves.index[-1]),
           ylim=(0, None))
    return ax


def visit_merit(plan, *, hour_cost, capacity, unit="yuan", ax=None):
    """Draw visits from the best hour to the worst: width is hours, height is worth per hour, area is worth.

    `plan` has the columns ``hours, per_hour`` and ``chosen``, one row per account. The picture ends a little after
    the last visit that pays, at the latest at five times the capacity. `hour_cost` is what an hour has to bring.
    """
    ax = axes(ax)
    best = plan.sort_values("per_hour", ascending=False, kind="stable")
    paying = best.loc[best["per_hour"] >= hour_cost, "hours"].sum()
    right = max(20, 1.2 * capacity, min(1.15 * paying, 5 * capacity))
    starts = best["hours"].cumsum() - best["hours"]
    seen = best[starts < right]
    for chosen, colour, words in ((True, _BLUE, "visited"), (False, "#d0d0d0", "not visited")):
        rows = seen[seen["chosen"] == chosen]
        ax.bar(starts[rows.index], rows["per_hour"], width=rows["hours"], align="edge", color=colour, edgecolor="white",
               linewidth=0.4, label=words)
    ax.axhline(hour_cost, color=_ORANGE, linestyle="--", label="what an hour costs")
    ax.axvline(capacity, color="black", linestyle=":", label="hours there are")
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="hours, best visits first", ylabel=f"worth of an hour ({unit})", xlim=(0, right))
    ax.legend(loc="upper right")
    return ax
