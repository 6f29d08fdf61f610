"""The tables and the picture of the benchmark, made from its RESULTS.json."""

import json
import math
import re
from statistics import median

TASKS = {"summary": "summary per customer", "split": "calibration and holdout", "fit": "fit BG/NBD and Gamma-Gamma",
         "score": "score customers", "whole": "**end to end**"}
WHO = {"crmlib": "crmlib", "lifetimes": "lifetimes", "pandas": "pandas by hand + lifetimes"}
COSTS = ("cpu", "wall", "peak_mb", "spill_mb")
BIG, LIMITS = 10**7, {"wall": 60, "peak_mb": 600}  # where the goals are set; and those of a chapter


def write_lines(path, results):
    """Write the results as JSON, one measurement a line."""
    parts = []
    for name, value in results.items():
        lines = ",\n".join(f"  {json.dumps(row)}" for row in value) if isinstance(value, list) else ""
        parts.append(f"{json.dumps(name)}: " + (f"[\n{lines}\n]" if lines else json.dumps(value)))
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


# --- arithmetic --------------------------------------------------------------------------------------------------


def costs(results):
    """Return the medians of the runs by (task, implementation, size), and how many runs they are of."""
    runs = {}
    for row in results["runs"]:
        runs.setdefault((row["task"], row["implementation"], row["target"]), []).append(row)
    order = [(task, who) for task in TASKS for who in WHO]
    keys = sorted(runs, key=lambda key: (list(TASKS).index(key[0]), key[2], order.index(key[:2])))
    return {key: {name: median(row[name] for row in runs[key]) for name in (*COSTS, "orders")} | {"n": len(runs[key])}
            for key in keys}


def exponent(points):
    """Return the slope of log cost on log orders: 1 is a cost in proportion.

    >>> exponent([(10, 3), (100, 30), (1000, 300)])
    1.0
    """
    x, y = ([math.log10(value) for value in column] for column in zip(*points, strict=True))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def growth(found, task, who, cost):
    """Return the exponent over all sizes, and over the two largest, where start-up is the smallest part."""
    points = [(line["orders"], line[cost]) for key, line in found.items() if key[:2] == (task, who)]
    return [exponent(some) for some in (points, points[-2:])] if len(points) > 1 else None


# --- text --------------------------------------------------------------------------------------------------------


def power(size):
    """Write 10000000 as 10⁷."""
    n = round(math.log10(size))
    return f"10{str(n).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}" if size == 10**n else f"{size:,}"


def figure(value):
    """Write a cost with as many digits as say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head, rows):
    """Return a Markdown table, or a word that it is empty."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) if rows else "*Not measured.*"


def cost_table(results):
    found, rows = costs(results), []
    for (task, who, size), cost in found.items():
        ours = found.get((task, "crmlib", size))
        ratios = [f"{cost[name] / ours[name]:.1f}" if ours else "" for name in ("cpu", "peak_mb")]
        rows.append([TASKS[task], power(size), WHO[who], *(figure(cost[name]) for name in COSTS[:3]),
                     figure(cost["spill_mb"]) if cost["spill_mb"] else "–",
                     *(["", ""] if who == "crmlib" else ratios), cost["n"]])
    return table(["task", "orders", "", "CPU s", "wall s", "peak MB", "spilled MB", "× CPU of crmlib",
                  "× memory of crmlib", "runs"], rows)


def growth_table(results):
    found, rows = costs(results), []
    for task, who in dict.fromkeys(key[:2] for key in found):
        slopes = [growth(found, task, who, name) for name in ("cpu", "peak_mb")]
        if all(slopes):
            last = [power(size) for size in [key[2] for key in found if key[:2] == (task, who)][-2:]]
            rows.append([TASKS[task], WHO[who], *(f"{slope:.2f}" for both in slopes for slope in both), "–".join(last)])
    return table(["task", "", "CPU, all sizes", "CPU, last two", "memory, all sizes", "memory, last two",
                  "the last two are"], rows)


def agreement_table(results):
    """What is equal for every customer, and the largest differences of the rest, over all sizes."""
    pairs, rows = {}, []
    for row in results["differences"]:
        pairs.setdefault((row["task"], row["implementation"]), []).append(row)
    for (task, who), lines in pairs.items():
        unequal = {line["quantity"] for line in lines if line.get("customer", line["total"]) != 0}
        equal = sorted({line["quantity"] for line in lines} - unequal)
        worst = [max((abs(line[name]) for line in lines if name in line and line["quantity"] in unequal), default=None)
                 for name in ("total", "customer")]
        rows.append([TASKS[task], WHO[who], ", ".join(equal) or "–", ", ".join(sorted(unequal)) or "–",
                     *("–" if value is None else f"{value:.0e}" for value in worst),
                     power(max(line["target"] for line in lines))])
    rows.sort(key=lambda row: list(TASKS.values()).index(row[0]))
    return table(["task", "crmlib against", "equal for every customer", "not quite", "a total by at most",
                  "a customer by at most", "up to orders"], rows)


def chapter_table(results):
    rows = [[row["notebook"], figure(row["wall"]), figure(row["cpu"]), figure(row["kernel_mb"]),
             "yes" if row["wall"] < LIMITS["wall"] and row["kernel_mb"] < LIMITS["peak_mb"] else "**no**"]
            for row in sorted(results["chapters"], key=lambda row: row["notebook"])]
    return table(["notebook", "wall s", "CPU s", "kernel's peak MB",
                  f"under {LIMITS['wall']} s and {LIMITS['peak_mb']} MB"], rows)


def goals(results):
    """Return what was to be shown, what was seen, and whether that is enough."""
    found, rows = costs(results), []

    def goal(text, seen, shown, enough):
        rows.append([text, shown.format(seen) if seen is not None else "not measured",
                     "–" if seen is None else "yes" if enough(seen) else "**no**"])

    ours, plain = (found.get(("whole", who, BIG)) for who in ("crmlib", "lifetimes"))
    ratio = {name: plain[name] / ours[name] if ours and plain else None for name in ("cpu", "peak_mb")}
    goal(f"{power(BIG)} orders, end to end: 8 times less CPU than lifetimes", ratio["cpu"], "{:.1f}", lambda r: r >= 8)
    goal("the same: 2 times less memory", ratio["peak_mb"], "{:.1f}", lambda r: r >= 2)
    slopes = growth(found, "whole", "crmlib", "cpu")
    goal("end to end, exponent of CPU between the two largest sizes: at most 1.1", slopes and slopes[1], "{:.2f}",
         lambda slope: slope <= 1.1)
    largest = found.get(("whole", "crmlib", 10 * BIG))
    goal(f"{power(10 * BIG)} orders, end to end: within 3 GB", largest and largest["peak_mb"] / 1000, "{:.2f} GB",
         lambda gb: gb <= 3)
    seconds = [row["seconds"] for row in results["imports"]]
    loaded = sorted({name for row in results["imports"] for name in row["loaded"]})
    goal("`import crmlib`: under 0.5 s", max(seconds, default=None), "{:.3f} s", lambda s: s < 0.5)
    goal("… without Ibis, DuckDB and matplotlib", ", ".join(loaded) or "nothing" if seconds else None,
         "loads {}", lambda _: not {"ibis", "duckdb", "matplotlib"} & set(loaded))
    over = [row["notebook"] for row in results["chapters"]
            if row["wall"] >= LIMITS["wall"] or row["kernel_mb"] >= LIMITS["peak_mb"]]
    goal(f"every notebook: under {LIMITS['wall']} s, kernel under {LIMITS['peak_mb']} MB",
         (", ".join(over) or f"all {len(results['chapters'])}") if results["chapters"] else None, "{}",
         lambda _: not over)
    return table(["goal", "seen", "reached"], rows)


def sentence(results):
    """Return what the README says of the largest size that both crmlib and lifetimes were run on."""
    found = costs(results)
    ours, plain = ({size: cost for (task, who, size), cost in found.items() if (task, who) == ("whole", name)}
                   for name in ("crmlib", "lifetimes"))
    if not set(ours) & set(plain):
        return None
    size = max(set(ours) & set(plain))
    text = (f"From {ours[size]['orders']:,.0f} orders in Parquet to scored customers: "
            f"{figure(ours[size]['cpu'])} CPU seconds and {figure(ours[size]['peak_mb'])} MB, "
            f"{plain[size]['cpu'] / ours[size]['cpu']:.1f} times less CPU and "
            f"{plain[size]['peak_mb'] / ours[size]['peak_mb']:.1f} times less memory than `lifetimes` in the same run")
    if max(ours) > size:
        more = ours[max(ours)]
        text += f"; {more['orders']:,.0f} take {figure(more['cpu'])} CPU seconds and {figure(more['peak_mb'])} MB"
    return f"{text}."


def update_readme(path, results):
    """Put the present sentence in place of the one that stands in the README."""
    text = path.read_text(encoding="utf-8")
    line = sentence(results)
    if line:
        path.write_text(re.sub(r"(?m)^From [\d,]+ orders in Parquet to scored customers: .*$", lambda _: line, text),
                        encoding="utf-8")


def markdown(results):
    """Return RESULTS.md."""
    data = [[power(int(size)), f"{counts['orders']:,}", f"{counts['customers']:,}", figure(counts["megabytes"])]
            for size, counts in sorted(results["data"].items(), key=lambda each: int(each[0]))]
    dates = sorted({row["date"] for row in results["runs"] + results["chapters"]})
    loads = [row["load"] for row in results["runs"]] or [math.nan]
    missing = [f"{TASKS[row['task']]} by {WHO[row['implementation']]} on {power(row['target'])} orders was not run: it "
               f"would need about {row['needs_gb']} GB." for row in results["not_run"]]
    machine = ", ".join(f"{name} {value}" for name, value in results["environment"].items())
    return "\n\n".join([
        "# What it costs",
        "Written by `make bench`; do not edit.",
        f"Measured on {' and '.join(dates)}, load of the machine {min(loads)}–{max(loads)} (a load above the cores "
        f"stretches wall times, and CPU times by up to a half; ratios suffer least).\n{machine}.",
        goals(results),
        "Every task runs in a process of its own; CPU is user and system time, of its children too, imports included; "
        "medians over the runs.\nImplementations take turns, so ratios are within one run.\nPeak is of resident "
        "memory; *spilled* is the most that lay in temporary files.",
        "## Cost", cost_table(results), *missing,
        "## Growth", "Exponent *e* of cost ∝ ordersᵉ; over all sizes start-up flattens it.", growth_table(results),
        "## Agreement",
        "A run whose results do not agree is refused.\nRelative differences; a customer's is relative to the value or "
        "to the mean, whichever is larger; over the sizes, the largest.", agreement_table(results),
        "## Chapters", chapter_table(results),
        "## Data", "Simulated by `tests/bench/orders.py`, seed 1; zstd Parquet, a file a month.",
        table(["", "orders", "customers", "MB"], data),
    ]) + "\n"


# --- picture -----------------------------------------------------------------------------------------------------

# of each line: what stands beside it, how many points away from its end, its colour in the palette, its marker
LINES = {"lifetimes": ("lifetimes", (-10, 40), 1, "s"), "pandas": ("pandas +\nlifetimes", (-10, 4), 2, "D"),
         "crmlib": ("crmlib", (8, -50), 0, "o")}


def picture(results, path):
    """Draw CPU seconds and peak memory of the whole task against orders, both on logarithmic axes."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from crmlib.plots import style

    style.use_style()
    found = costs(results)
    fig, panels = plt.subplots(1, 2, figsize=(9.5, 4.3), layout="constrained")
    for ax, cost, label in zip(panels, ("cpu", "peak_mb"), ("CPU seconds", "peak memory, MB"), strict=True):
        for who, (text, away, colour, marker) in LINES.items():
            points = [(line["orders"], line[cost]) for key, line in found.items() if key[:2] == ("whole", who)]
            if not points:
                continue
            # the two lines with lifetimes lie side by side: their labels stand above the higher one
            top = max((line[cost] for key, line in found.items() if line["orders"] == points[-1][0]
                       and key[0] == "whole" and key[1] != "crmlib"), default=0)
            ax.plot(*zip(*points, strict=True), marker=marker, color=style.PALETTE[colour])
            ax.annotate(text, points[-1] if who == "crmlib" else (points[-1][0], top), away, ha="right",
                        textcoords="offset points", color=style.PALETTE[colour],
                        weight="bold", va="bottom")
        ax.set(xscale="log", yscale="log", xlabel="orders", ylabel=label)
        ax.set_ylim(10 ** math.floor(math.log10(ax.get_ylim()[0])), 10 ** math.ceil(math.log10(ax.get_ylim()[1])))
        style.thousands(ax.yaxis)
    fig.savefig(path, dpi=110)
    plt.close(fig)
