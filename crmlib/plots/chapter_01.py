"""Figures of chapter 01: where does growth come from?"""

import matplotlib.pyplot as plt
import numpy as np

from crmlib.plots.style import PALETTE, axes

_BLUE, _RED, _GREEN, _PINK, _ORANGE = PALETTE[:5]
_GREY = "#8a8a8a"
_TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def _money(value):
    """Return money in thousands with its sign, as bars carry it."""
    return f"{value / 1000:+,.0f}"


def growth_tiles(matrix, *, names=None, unit="thousand yuan", ax=None):
    """Draw the growth matrix as tiles: blue for growth, red for loss, the stronger the colour the larger.

    `matrix` is what `crmlib.growth.growth_matrix` returns; `names` maps (row, column) to the name of a strategy.
    """
    ax = axes(ax, 4.0)
    names = names or {}
    largest = float(np.abs(matrix.to_numpy()).max()) or 1.0
    rows, columns = matrix.shape
    for i, row in enumerate(matrix.index):
        for j, column in enumerate(matrix.columns):
            value = float(matrix.iloc[i, j])
            strength = 0.12 + 0.63 * abs(value) / largest
            colour = _BLUE if value > 0 else _RED if value < 0 else "#bbbbbb"
            tile = plt.Rectangle((j, rows - 1 - i), 0.96, 0.92, facecolor=colour, alpha=strength, edgecolor="none")
            ax.add_patch(tile)
            ax.text(j + 0.48, rows - 1 - i + 0.60, f"{_money(value)}", ha="center", va="center", size=17, weight="bold")
            ax.text(j + 0.48, rows - 1 - i + 0.24, names.get((row, column), ""), ha="center", va="center", size=12)
    ax.set(xlim=(-0.02, columns), ylim=(-0.04, rows), xticks=np.arange(columns) + 0.48, xticklabels=matrix.columns,
           yticks=rows - 1 - np.arange(rows) + 0.46, yticklabels=[name.replace(" ", "\n") for name in matrix.index])
    ax.set_xlabel(f"change of yearly revenue, {unit}")
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for side in ax.spines.values():
        side.set_visible(False)
    return ax


def bridge_waterfall(bridge, *, base="base", current="current", unit="million yuan", ax=None):
    """Draw the way from one year's revenue to the next, component by component.

    `bridge` is one period of `crmlib.growth.revenue_bridge`; components without any change are left out, and all
    reactivated customers are one step. `base` and `current` name the two ends.
    """
    ax = axes(ax, 3.8)
    steps = bridge.assign(component=bridge["component"].str.replace(", new offerings", ""))
    steps = steps.groupby("component", sort=False, as_index=False)["change"].sum()
    steps = steps[steps["change"].abs() > 0.005]
    level = bridge["revenue_base"].sum() / 1e6
    names, k = [base], 0
    ax.bar(0, level, color=_GREY, width=0.7)
    ax.text(0, level, f"{level:.2f}", ha="center", va="bottom", size=12)
    for k, (component, change) in enumerate(zip(steps["component"], steps["change"] / 1e6, strict=True), 1):
        ax.bar(k, change, bottom=level, color=_BLUE if change > 0 else _RED, width=0.7)
        ax.text(k, max(level, level + change), f"{change:+.2f}", ha="center", va="bottom", size=12)
        ax.plot([k - 1 + 0.35, k - 0.35], [level, level], color="#444444", linewidth=1)
        level += change
        names.append(component)
    ax.plot([k + 0.35, k + 0.65], [level, level], color="#444444", linewidth=1)
    ax.bar(k + 1, level, color=_GREY, width=0.7)
    ax.text(k + 1, level, f"{level:.2f}", ha="center", va="bottom", size=12)
    ax.set(ylabel=f"revenue a year ({unit})")
    ax.set_xticks(range(k + 2), [*names, current], rotation=28, ha="right", rotation_mode="anchor")
    ax.grid(axis="x", visible=False)
    ax.margins(y=0.12)
    return ax


def cells_by_year(table, *, unit="million yuan", ax=None):
    """Draw the cells of the growth matrix over the years: gains stacked upwards, losses downwards, a dot for the sum.

    `table` is what `crmlib.growth.matrix_by_year` returns; cells that are zero throughout are left out.
    """
    ax = axes(ax)
    cells = [name for name in table.columns if name != "total" and table[name].ne(0).any()]
    up, down = np.zeros(len(table)), np.zeros(len(table))
    for colour, name in zip((_BLUE, _GREEN, _RED, _PINK, _ORANGE, _GREY), cells, strict=False):
        value = table[name].to_numpy() / 1e6
        ax.bar(table.index, value, bottom=np.where(value >= 0, up, down), width=0.6, color=colour, label=name)
        up, down = up + np.maximum(value, 0), down + np.minimum(value, 0)
    ax.plot(table.index, table["total"] / 1e6, "D", color="black", markersize=8, label="sum")
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="year, against the one before", ylabel=f"change of revenue\n({unit})", xticks=table.index)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=12)
    return ax


def two_meanings(table, *, unit="million yuan", ax=None):
    """Draw the same year under several conventions: one group of bars per cell, one colour per convention.

    `table` has cells as index and one column per convention; the column names are the legend.
    """
    ax = axes(ax)
    width = 0.8 / table.shape[1]
    for k, (colour, name) in enumerate(zip((_BLUE, _ORANGE, _GREEN), table.columns, strict=False)):
        at = np.arange(len(table)) + (k - (table.shape[1] - 1) / 2) * width
        ax.bar(at, table[name] / 1e6, width=width, color=colour, label=name)
        for x, value in zip(at, table[name] / 1e6, strict=True):
            ax.annotate(f"{value:+.2f}", (x, value), xytext=(0, 4 if value >= 0 else -16), textcoords="offset points",
                        ha="center", size=12)
    ax.axhline(0, color="black", linewidth=1)
    ax.set(ylabel=f"change of revenue\n({unit})")
    ax.set_xticks(range(len(table)), table.index)
    ax.margins(y=0.15)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="lower right")
    return ax


def driver_bars(drivers, *, unit="thousand yuan", ax=None):
    """Draw what customers, orders per customer and value per order contribute to the change of revenue.

    `drivers` is what `crmlib.growth.revenue_drivers` returns.
    """
    ax = axes(ax, 3.0)
    effect = drivers["effect"] / 1e3
    ax.barh(drivers["driver"], effect, color=[_BLUE if value >= 0 else _RED for value in effect], height=0.6)
    for name, value in zip(drivers["driver"], effect, strict=True):
        ax.annotate(f"{value:+,.0f}", (value, name), xytext=(5 if value >= 0 else -5, 0), textcoords="offset points",
                    ha="left" if value >= 0 else "right", va="center")
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=1)
    ax.margins(x=0.18)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"effect on yearly revenue ({unit})")
    return ax


def return_steps(channels, *, average, ax=None):
    """Draw what a yuan brings channel by channel, the best first, and the average of them all.

    `channels` has channels as index and the columns ``spend`` and ``return``.
    """
    ax = axes(ax, 3.8)
    ranked = channels.sort_values("return", ascending=False)
    right = ranked["spend"].cumsum() / 1e3
    left = right - ranked["spend"] / 1e3
    for name, x0, x1, value in zip(ranked.index, left, right, ranked["return"], strict=True):
        wide = x1 - x0 > 0.06 * right.iloc[-1]
        ax.bar((x0 + x1) / 2, value, width=x1 - x0, color=_BLUE, edgecolor="white" if wide else _BLUE)
        short = wide and x1 - x0 < 0.2 * right.iloc[-1]
        label = f"{name}\n{value:.1f}" if short else f"{name} {value:.1f}"
        # inside the bar and clear of the average; a bar too narrow for its name has it beside its top
        inside = min(value, average if value < 1.6 * average else value) / 1.15
        ax.text((x0 + x1) / 2 if wide else x0, inside if wide else 1.05 * value, label.replace("_", " "),
                ha="center" if wide else "left", va="top" if wide else "bottom", size=10 if short else 12, zorder=3,
                color="white" if wide else "black")
    ax.axhline(average, color=_RED, linestyle="--", zorder=2)
    ax.text(right.iloc[-1], 1.05 * average, f"average {average:.1f}", color=_RED, ha="right", va="bottom",
            weight="bold")
    ax.set_yscale("log")
    ax.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    ax.minorticks_off()
    ax.set(xlabel="spend, best channel first (thousand yuan)", ylabel="margin per yuan spent (log scale)",
           ylim=(0.5 * min(1.0, ranked["return"].min()), 2.2 * ranked["return"].max()))
    ax.yaxis.label.set_size(12)
    ax.grid(axis="x", visible=False)
    return ax


def marginal_returns(responses, plan, *, ax=None):
    """Draw what one more yuan brings in each strategy against what is spent there, with a dot where a plan stops.

    On the logarithmic scale each curve is a straight line. A dot below the drawing is a triangle at its lower edge.
    `responses` as for `crmlib.growth.allocate_budget`, `plan` what it returns.
    """
    ax = axes(ax, 3.8)
    top = responses.get("probability", 1.0) * responses["potential"] / responses["scale"]
    most, floor = 1.25 * max(plan["spend"].max(), 1.0), 0.2
    spend = np.linspace(0, most, 200)
    for colour, name in zip((_BLUE, _GREEN, _RED, _PINK, _ORANGE), responses.index, strict=False):
        now = plan.loc[name, "marginal_return"]
        ax.plot(spend / 1e3, top[name] * np.exp(-spend / responses.loc[name, "scale"]), color=colour, label=name)
        ax.plot(plan.loc[name, "spend"] / 1e3, max(now, 1.15 * floor), "o" if now > floor else "v", color=colour,
                markersize=11)
    ax.axhline(1, color="black", linewidth=1)
    ax.text(1.01, 1, "a yuan\nfor a yuan", transform=ax.get_yaxis_transform(), ha="left", va="center", size=12)
    ax.set_yscale("log")
    ax.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    ax.minorticks_off()
    ax.set(xlabel="spend on the strategy (thousand yuan)", ylabel="what one more yuan brings\n(log scale)",
           ylim=(floor, 1.6 * max(top.max(), 2.0)))
    ax.legend(loc="upper right")
    return ax


def split_bars(splits, *, ax=None):
    """Draw how several plans split the money: one stacked bar per plan.

    `splits` has strategies as index and one column of money per plan.
    """
    ax = axes(ax, 3.4)
    left = np.zeros(splits.shape[1])
    for colour, (name, money) in zip((_BLUE, _GREEN, _RED, _PINK, _ORANGE, "#cccccc"), splits.iterrows(), strict=False):
        value = money.to_numpy() / 1e3
        ax.barh(splits.columns, value, left=left, color=colour, height=0.6, label=name)
        for plan, start, width in zip(splits.columns, left, value, strict=True):
            if width > 0.06 * splits.sum().max() / 1e3:
                ax.text(start + width / 2, plan, f"{width:,.0f}", ha="center", va="center",
                        color="black" if colour == "#cccccc" else "white", weight="bold", size=12)
        left = left + value
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="thousand yuan")
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, 1.28), ncols=3, fontsize=11)
    return ax


def allocation_spread(worlds, plan, *, ax=None):
    """Draw where the best split lies if the curves are wrong: the middle 90 % and 50 % of worlds, and a dot for a plan.

    `worlds` is what `crmlib.growth.allocation_in_doubt` returns, `plan` money per strategy.
    """
    ax = axes(ax, 3.4)
    names = list(plan.index)
    for row, name in enumerate(names):
        low, q1, q3, high = worlds[name].quantile([0.05, 0.25, 0.75, 0.95]) / 1e3
        ax.plot([low, high], [row, row], color=_BLUE, linewidth=2.5)
        ax.plot([q1, q3], [row, row], color=_BLUE, linewidth=11, solid_capstyle="butt", alpha=0.6)
        ax.plot(plan[name] / 1e3, row, "o", color=_RED, markersize=11)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="best spend (thousand yuan)\ndot: as assumed; bars: 50 % and 90 % of the worlds",
           ylim=(len(names) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    return ax


def response_fit(observed, curve, *, ax=None):
    """Draw what a list brings if the best of it is taken first, and the concave curve that stands for it.

    `observed` has the columns ``spend`` and ``gain``, cumulative; `curve` has ``potential`` and ``scale``.
    """
    ax = axes(ax, 3.8)
    spend = np.linspace(0, observed["spend"].max(), 200)
    ax.plot(observed["spend"] / 1e3, observed["gain"] / 1e3, color=_GREY, linewidth=6, alpha=0.6,
            label="the list, best first")
    ax.plot(spend / 1e3, curve["potential"] * -np.expm1(-spend / curve["scale"]) / 1e3, color=_BLUE, label="the curve")
    ax.set(xlabel="spend (thousand yuan)", ylabel="margin saved (thousand yuan)", ylim=(0, None))
    ax.legend(loc="lower right")
    return ax
