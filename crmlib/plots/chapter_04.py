"""Figures of chapter 04: which customers are worth a place, and how much of that is taste?"""

import numpy as np

from crmlib.plots.style import PALETTE, axes

_BLUE, _WARM, _GREEN, _PINK, _GOLD, _GREY = PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3], PALETTE[4], "#8a8a8a"
_PART = {"cumulative sales": "#0b3c5d", "expected sales": "#2f7fb8", "profit contribution": "#9ecae1",
         "credit grade": PALETTE[1], "demand contribution": PALETTE[2]}  # what is money is blue, and side by side


def correlation_cells(correlations, *, ax=None):
    """Draw correlations as a grid of numbers, the lower half only: dark purple where two criteria say the same."""
    ax = axes(ax, 3.5)
    cells = np.array(correlations, dtype=float)
    cells[np.triu_indices(len(cells))] = np.nan
    ax.imshow(np.ma.masked_invalid(cells[1:, :-1]), vmin=-1, vmax=1, cmap="PuOr", aspect="auto")
    for (row, column), r in np.ndenumerate(cells[1:, :-1]):
        if np.isfinite(r):
            ax.text(column, row, f"{r:.2f}", ha="center", va="center", size=15,
                    color="white" if abs(r) > 0.6 else "black")
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    names = [str(name).replace(" ", "\n") for name in correlations.columns]
    ax.set(xticks=range(len(cells) - 1), xticklabels=names[:-1], yticks=range(len(cells) - 1), yticklabels=names[1:])
    return ax


def weight_bars(weights, *, ax=None):
    """Draw weights in per cent: a group of bars per criterion, a colour per column of `weights` (index: criteria)."""
    ax = axes(ax, 3.9)
    width, at = 0.8 / len(weights.columns), np.arange(len(weights))
    for place, (colour, name) in enumerate(zip((_GREY, _WARM, _BLUE, _GREEN), weights.columns, strict=False)):
        left = at + (place - (len(weights.columns) - 1) / 2) * width
        ax.bar(left, 100 * weights[name], width=width, color=colour, label=name)
        for x, height in zip(left, 100 * weights[name], strict=True):
            ax.annotate(f"{height:.0f}", (x, max(height, 0)), xytext=(0, 3), textcoords="offset points", ha="center",
                        size=11)
    ax.axhline(0, color="black", linewidth=1)
    ax.grid(axis="x", visible=False)
    ax.margins(y=0.12)
    ax.set(xticks=at, xticklabels=[str(name).replace(" ", "\n") for name in weights.index], ylabel="weight (%)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=len(weights.columns), columnspacing=1.2)
    return ax


def score_lines(sweep, crossings, *, now, xlabel, ax=None):
    """Draw the scores of a few alternatives, less their mean, against one weight, and where two change places.

    `sweep` is what `crmlib.value.weight_sweep` returns, `crossings` what `crossings` does; `now` is the present weight.
    Draw a part of the sweep to see more of it. Lines that lie on one another are drawn once, with all their names.
    """
    ax = axes(ax, 3.5)
    sweep = sweep.assign(score=sweep["score"] - sweep.groupby("weight")["score"].transform("mean"))
    first, last = 100 * sweep["weight"].min(), 100 * sweep["weight"].max()
    ends = {}
    styles = zip(("-", "--", "-.", ":", "-"), (_BLUE, _WARM, _GREEN, _PINK, "black"), strict=True)
    shapes = sweep.pivot(index="weight", columns="alternative", values="score")
    same, near = {}, 0.006 * (sweep["score"].max() - sweep["score"].min())
    for name in dict.fromkeys(sweep["alternative"]):
        first_like = next((each for each in same if (shapes[each] - shapes[name]).abs().max() < near), name)
        same.setdefault(first_like, []).append(str(name))
    for (style, colour), (name, names) in zip(styles, same.items(), strict=False):
        ax.plot(100 * shapes.index, shapes[name], style, color=colour)
        ends[" = ".join(names)] = (float(shapes[name].iloc[-1]), colour)
    low, high = sweep["score"].min(), sweep["score"].max()
    room, y = 0.08 * (high - low), -np.inf
    for name, (height, colour) in sorted(ends.items(), key=lambda item: item[1][0]):
        y = max(height, y + room)
        ax.text(last + 0.015 * (last - first), y, name, color=colour, weight="bold", size=13, va="center")
    for row in crossings.itertuples():
        line = sweep[sweep["alternative"] == row.above]
        if not first <= 100 * row.weight <= last:
            continue
        ax.plot(100 * row.weight, np.interp(row.weight, line["weight"], line["score"]), "o", color="black",
                markerfacecolor="white", markersize=9)
    ax.axvline(100 * now, color=_GREY, linestyle="--", linewidth=1.5)
    ax.annotate(f"now {100 * now:.0f} %", (100 * now, high), xytext=(5, 0), textcoords="offset points", size=12,
                color="#555555", va="top")
    ax.set(xlabel=xlabel, ylabel="score, less the mean of these", xlim=(first, last))
    return ax


def place_chances(chances, *, places, ax=None):
    """Draw how often each alternative wins a place under random weights, the surest first.

    `chances` is what `crmlib.value.weight_simulation` returns; who never wins a place is left out.
    """
    ax = axes(ax, 3.1)
    p = 100 * chances["p_chosen"][chances["p_chosen"] > 0].sort_values(ascending=False).to_numpy()
    at = np.arange(1, len(p) + 1)
    ax.bar(at, p, width=0.85, color=np.where(at <= places, _BLUE, _GREY))
    ax.axvline(places + 0.5, color="black", linewidth=1.5)
    ax.text(places + 1.5, 80, f"{places} places", weight="bold", size=14)
    ax.axhline(95, color=_WARM, linestyle="--", linewidth=1.5)
    ax.text(len(p) + 0.5, 95.5, "95 %: not a matter of taste", color=_WARM, size=13, ha="right", va="bottom")
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="customers who can win a place, the surest first", ylabel="wins a place (% of draws)",
           ylim=(0, 104), xlim=(0, len(p) + 1))
    return ax


def value_against_demand(table, *, ax=None):
    """Draw money to come against demand contribution, and who is on which list.

    `table` has ``clv`` (money), ``demand`` (0 to 100) and the booleans ``by_clv``, ``by_scores``.
    """
    ax = axes(ax, 3.9)
    groups = {"neither": (~table["by_clv"] & ~table["by_scores"], ".", _GREY),
              "by the scores only": (table["by_scores"] & ~table["by_clv"], "s", _WARM),
              "by lifetime value only": (table["by_clv"] & ~table["by_scores"], "^", _GREEN),
              "on both lists": (table["by_clv"] & table["by_scores"], "o", _BLUE)}
    for name, (who, marker, colour) in groups.items():
        part = table[who]
        ax.plot(part["demand"], part["clv"] / 1000, marker, color=colour, linestyle="none",
                markersize=4 if marker == "." else 9, alpha=0.5 if marker == "." else 0.9,
                markeredgecolor=colour if marker == "." else "white", label=f"{name}: {len(part):,}")
    ax.set_yscale("symlog", linthresh=10)
    ticks = [t for t in (-1000, -100, -10, 0, 10, 100, 1000) if abs(t) <= 10 * table["clv"].abs().max() / 1000]
    ax.set_yticks(ticks, labels=[f"{t:,}" for t in ticks], minor=False)
    ax.set_yticks([], minor=True)
    ax.set_ylim(bottom=max(ax.get_ylim()[0], -30))
    ax.axhline(0, color="black", linewidth=1)
    for y, word in ((0.03, "losses"), (0.93, "profits")):
        ax.text(0.99, y, word, transform=ax.transAxes, ha="right", size=12, color="#555555")
    ax.set(xlabel="demand contribution (0 to 100)", ylabel="lifetime value (thousand yuan)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, fontsize=12)
    return ax


def list_worth(shares, *, ax=None):
    """Draw what each list holds of the best possible one: the mean of the companies, and a line from worst to best.

    `shares` has one row per list (two levels: weights, drawn from top to bottom, and scale, ``""`` for a list without
    weights) and one column per company, as fractions.
    """
    ax = axes(ax, 4.2)
    rows = list(dict.fromkeys(shares.index.get_level_values(0)))
    scales = list(dict.fromkeys(shares.index.get_level_values(1)))
    styles = dict(zip(sorted(scales, key=lambda scale: scale == ""),
                      (("o", _WARM), ("s", _BLUE), ("v", _GREY), ("D", _GREEN), ("P", "black")), strict=False))
    styles[""] = ("P", "black")
    for scale in scales:
        marker, colour = styles[scale]
        part = 100 * shares.xs(scale, level=1)
        shift = 0 if scale == "" else 0.15 * (scales.index(scale) - 1.5)
        at = [len(rows) - 1 - rows.index(name) - shift for name in part.index]
        ax.hlines(at, part.min(axis=1), part.max(axis=1), color=colour, linewidth=1.2, alpha=0.6)
        ax.plot(part.mean(axis=1), at, marker, color=colour, linestyle="none", markersize=10, markeredgecolor="white",
                label=scale or "no weights")
    ax.axvline(100, color="black", linewidth=1.5)
    ax.annotate("best\npossible", (100, len(rows) - 0.4), xytext=(0, 2), textcoords="offset points", ha="center",
                va="bottom", size=11)
    ax.grid(axis="y", visible=False)
    ax.set(yticks=range(len(rows)), yticklabels=rows[::-1], xlim=(0, 103), ylim=(-0.6, len(rows) - 0.4),
           xlabel="true worth of the list, of the best possible one (%)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=5, fontsize=11, columnspacing=0.8, handletextpad=0.2)
    return ax


def score_parts(parts, *, ax=None):
    """Draw the scores of the chosen, best on top, split into what each criterion contributes.

    `parts` has one row per alternative (best first) and one column per criterion; the five components of the chapter
    are drawn money first, in blues.
    """
    ax = axes(ax, 4.2)
    at = np.arange(len(parts))[::-1]
    names = sorted(parts.columns, key=lambda name: list(_PART).index(name) if name in _PART else len(_PART))
    above, below = np.zeros(len(parts)), np.zeros(len(parts))
    for place, name in enumerate(names):
        colour = _PART.get(name, PALETTE[place % len(PALETTE)])
        x = parts[name].to_numpy()
        ax.barh(at, x, left=np.where(x >= 0, above, below), color=colour, height=0.8, label=name)
        above, below = above + np.maximum(x, 0), below + np.minimum(x, 0)
    ax.axvline(0, color="black", linewidth=1)
    ax.grid(axis="y", visible=False)
    ax.set(yticks=at, yticklabels=[str(name) for name in parts.index], xlabel="score, by criterion", ylabel="customer")
    ax.tick_params(axis="y", labelsize=8.5)
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, fontsize=11)
    return ax
