"""What crmlib costs, beside plain lifetimes and pandas by hand, in one run: ``python tests/bench --help``.

Every task of every implementation runs in a process of its own, by turns, so that a busy machine is busy for all.
CPU seconds are user and system time of that process and its children, imports included. Linux and macOS.
Results are kept in RESULTS.json; RESULTS.md and the picture in the README are made from it.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orders
import report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# the tasks, and who can do them; crmlib comes first, the others are compared with it
TASKS = {
    "import": ("crmlib",),
    "summary": ("crmlib", "lifetimes", "pandas"),
    "split": ("crmlib", "lifetimes", "pandas"),
    "fit": ("crmlib", "lifetimes"),
    "score": ("crmlib", "lifetimes"),
    "whole": ("crmlib", "lifetimes", "pandas"),
    "chapter": ("crmlib",),
}
PACKAGES = ("numpy", "pandas", "scipy", "lifetimes", "ibis-framework", "duckdb", "sqlglot", "pyarrow")
IN_PANDAS = 230  # bytes an order takes with lifetimes or pandas; where memory is short, they are not run
# allowed relative differences. Money: cents here, sums of floats there. Fits: lifetimes stops up to 2e-6 short
COUNTS, TOLERANCE = ("frequency", "recency", "T", "holdout_frequency"), {"fit": 1e-4, "whole": 1e-4}


class Failed(Exception):
    """A task that did not run, or two implementations that do not agree."""


def number(text):
    """Read 1e7 or 10_000_000."""
    return int(float(text.replace("_", "")))


def measure(task, implementation, **options):
    """Run one task in a process of its own and return what it cost."""
    command = [sys.executable, str(HERE / "tasks.py"), task, implementation]
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not None]
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as said:
        # what does not fit into memory goes to one of these folders; they are looked at while it runs
        spill = (scratch, f"{options['out']}.spill", f"{options['out']}.work/spill")
        environment = os.environ | {"TMPDIR": scratch, "PYTHONPATH": str(ROOT)}
        start, spilled, ended = time.perf_counter(), 0, 0
        process = subprocess.Popen(command, cwd=scratch, env=environment, stderr=said)
        while not ended:
            time.sleep(0.02)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            spilled = max(spilled, sum(map(size, spill)))
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise Failed(f"{implementation}, {task}: {said.read().decode()[-2000:]}")
    peak = int(Path(f"{options['out']}.peak").read_text())
    return {"cpu": round(usage.ru_utime + usage.ru_stime, 3), "wall": round(wall, 3), "peak_mb": round(peak / 1e6, 1),
            "spill_mb": round(spilled / 1e6, 1), "load": round(os.getloadavg()[0], 1)}


def size(folder):
    """Return the bytes in a folder, of which files may disappear meanwhile."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            pass
    return total


# --- do they agree? ----------------------------------------------------------------------------------------------


def differences(task, ours, theirs):
    """Return, per quantity, the relative difference of the totals and the largest one of a customer."""
    if task == "fit":
        a, b = ({**both["purchases"]["params"], **both["spend"]["params"]}
                for both in (json.loads(path.read_text()) for path in (ours, theirs)))
        return {name: {"total": a[name] / b[name] - 1} for name in b}
    import duckdb

    with duckdb.connect() as database:
        for name, path in (("a", ours), ("b", theirs)):
            database.execute(f"create view {name} as select * from read_parquet('{path}')")
        columns = [{row[0] for row in database.execute(f"describe {name}").fetchall()} for name in ("a", "b")]
        names = sorted((columns[0] & columns[1]) - {"customer_id", "unit"})
        parts = [f"sum(a.{c}) / sum(b.{c}) - 1, max(abs(a.{c} - b.{c}) / greatest(abs(b.{c}), mean.{c}))"
                 for c in names]  # a small value may differ by as much as a value of average size
        means = ", ".join(f"avg(abs({c})) as {c}" for c in names)
        found = database.execute(f"select count(*), {', '.join(parts)} from a join b using (customer_id), "
                                 f"(select {means} from b) as mean").fetchone()
        rows = [database.execute(f"select count(*) from {name}").fetchone()[0] for name in ("a", "b")]
    if not found[0] == rows[0] == rows[1]:
        raise Failed(f"{task}: {rows[0]:,} and {rows[1]:,} customers, {found[0]:,} of them the same")
    return {c: {"total": found[1 + 2 * n], "customer": found[2 + 2 * n]} for n, c in enumerate(names)}


def agree(task, quantity, found):
    """Whether a difference is one of rounding."""
    allowed = TOLERANCE.get(task, 1e-9)
    return abs(found["total"]) <= allowed and found.get("customer", 0) <= (0 if quantity in COUNTS else allowed)


def check_customers(path, expected):
    """A result has as many customers as were simulated."""
    import pyarrow.parquet

    rows = pyarrow.parquet.ParquetFile(path).metadata.num_rows
    if rows != expected:
        raise Failed(f"{path}: {rows:,} customers, of {expected:,} simulated")


# --- the runs ----------------------------------------------------------------------------------------------------


def bench_size(results, options, target, scratch):
    """Measure the tasks on about `target` orders, all implementations by turns; their results are compared."""
    folder = options.data / f"orders-{target}"
    results["data"][str(target)] = counts = orders.write(folder, target)
    files = {"orders": folder, "summary": scratch / "summary.parquet", "models": scratch / "models.json",
             "end": orders.LAST_DAY, "calibration_end": orders.CALIBRATION_END, "memory_limit": options.memory_limit}
    if {"fit", "score"} & set(options.tasks):  # theirs to read; and everything is read once before it is measured
        measure("summary", "crmlib", **files, out=files["summary"])
        measure("fit", "crmlib", **files, out=files["models"])
    for run in range(options.runs or (3 if target < 5_000_000 else 1 if target > 50_000_000 else 2)):
        for task in [each for each in options.tasks if each not in ("import", "chapter")]:
            runnable = [who for who in TASKS[task] if who in options.implementations]
            made = {}  # the order changes from run to run
            for who in runnable[run % len(runnable):] + runnable[:run % len(runnable)]:
                key = {"date": options.date, "task": task, "implementation": who, "target": target}
                if who != "crmlib" and IN_PANDAS * target > 0.8 * memory():
                    note(results["not_run"], {**key, "needs_gb": round(IN_PANDAS * target / 1e9)})
                    continue
                made[who] = scratch / f"{task}-{who}.parquet"
                cost = measure(task, who, **files, out=made[who])
                note(results["runs"], {**key, "orders": counts["orders"], "run": run, **cost})
            compare(results, task, target, made, counts)
            for path in made.values():
                path.unlink()


def compare(results, task, target, made, counts):
    """Refuse results that lack customers, or differ by more than rounding."""
    for path in made.values() if task in ("summary", "score", "whole") else ():
        check_customers(path, counts["customers"])
    for who in set(made) - {"crmlib"}:
        for quantity, found in differences(task, made["crmlib"], made[who]).items():
            line = {"task": task, "implementation": who, "target": target, "quantity": quantity, **found}
            note(results["differences"], line)
            if not agree(task, quantity, found):
                raise Failed(f"crmlib and {who} do not agree: {line}")


def bench_rest(results, options, scratch):
    """Measure the import and each chapter."""
    from crmlib.teaching import course

    out = scratch / "out.json"
    for run in range(3 if "import" in options.tasks else 0):
        cost = measure("import", "crmlib", out=out)
        note(results["imports"], {"date": options.date, "run": run, **cost, **json.loads(out.read_text())})
    for notebook in course.notebooks(ROOT, "") if "chapter" in options.tasks else []:
        cost = measure("chapter", "crmlib", notebook=notebook, out=out)
        note(results["chapters"], {"date": options.date, "notebook": notebook.name, **cost})


def note(lines, line):
    """Keep a line, in place of an earlier one of the same kind, and show it."""
    same = [key for key in ("task", "implementation", "target", "quantity", "run", "notebook") if key in line]
    lines[:] = [each for each in lines if [each.get(key) for key in same] != [line[key] for key in same]] + [line]
    print(json.dumps(line), file=sys.stderr, flush=True)


def memory():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def environment():
    """Return the versions and the machine."""
    return {"Python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES} | {
        "system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count(),
        "memory": f"{memory() / 2**30:.0f} GB"}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__.split("\n")[0])
    parser.add_argument("--date", help="the day of the run, for the table")
    parser.add_argument("--sizes", nargs="*", type=number, default=[10**5, 10**6, 10**7],
                        help="about how many orders: 1e5 1e6 1e7 (default), or 1e8")
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=list(TASKS))
    parser.add_argument("--implementations", nargs="*", choices=TASKS["whole"], default=TASKS["whole"])
    parser.add_argument("--runs", type=int, help="of each size (default: 3; at 1e7 2, at 1e8 1)")
    parser.add_argument("--memory-limit", default="2GB", help="of the database under crmlib (default: 2GB)")
    parser.add_argument("--data", type=Path, help="folder to make the orders in and to keep them (default: a temporary "
                        "one, deleted at the end); a hundred million orders are 1.1 GB")
    parser.add_argument("--results", type=Path, default=HERE, help="folder for RESULTS.json and RESULTS.md")
    parser.add_argument("--readme", type=Path, help="write the sentence of this README, and the picture it shows")
    parser.add_argument("--only-report", action="store_true", help="measure nothing, write RESULTS.md again")
    options = parser.parse_args(arguments)
    if not options.date and not options.only_report:
        parser.error("--date is needed: the results bear it")
    return options


def main(arguments=None):
    """Measure, compare, report; return the exit code."""
    options = parse(arguments)
    options.results.mkdir(parents=True, exist_ok=True)
    kept, now = options.results / "RESULTS.json", environment()
    results = json.loads(kept.read_text()) if kept.exists() else {}
    if not options.only_report and results.get("environment") != now:
        # of one environment only: figures of two cannot be compared
        results = {"environment": now, "data": {}} | {
            name: [] for name in ("runs", "not_run", "differences", "imports", "chapters")}
    if not options.only_report:
        with tempfile.TemporaryDirectory() as scratch:
            options.data = options.data or Path(scratch)
            try:
                bench_rest(results, options, Path(scratch))
                report.write_lines(kept, results)
                for target in options.sizes:
                    bench_size(results, options, target, Path(scratch))
                    report.write_lines(kept, results)  # a later size may be interrupted
            except Failed as error:
                print(f"FAILED, RESULTS.md is left as it was: {error}", file=sys.stderr)
                return 1
    text = report.markdown(results)
    (options.results / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)
    if options.readme:
        report.update_readme(options.readme, results)
        report.picture(results, options.readme.parent / "notebooks" / "images" / "cost.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
