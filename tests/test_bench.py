"""The benchmark runs, compares what it measures, and refuses a fast wrong answer. How fast is not tested."""

import importlib.util
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

BENCH = Path(__file__).parent / "bench"
ROOT = BENCH.parents[1]


@pytest.fixture(scope="module")
def bench():
    """The benchmark as a module, its tasks in `bench.tasks`; as when it is run, its folder is on the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        modules = {}
        for name in ("orders", "report", "tasks", "__main__"):
            spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
            modules[name] = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, name if name != "__main__" else "bench_main", modules[name])
            spec.loader.exec_module(modules[name])
        modules["__main__"].tasks = modules["tasks"]
        yield modules["__main__"]


@pytest.fixture(scope="module")
def here(bench, tmp_path_factory):
    """A function that runs tasks in this process, without measuring them, on ten thousand orders made once."""
    folder = tmp_path_factory.mktemp("bench")

    def measure(task, implementation, **options):
        with warnings.catch_warnings():
            bench.tasks.main([task, implementation, *(f"--{name.replace('_', '-')}={value}"
                                                      for name, value in options.items() if value is not None)])
        return dict.fromkeys(bench.report.COSTS, 1.0) | {"load": 1.0}

    def run(patch, *tasks):
        patch.setattr(bench, "measure", measure)
        results = {"data": {}, "runs": [], "not_run": [], "differences": []}
        options = bench.parse(["--date=2026-01-01", "--runs=1", f"--data={folder}", "--tasks", *tasks])
        bench.bench_size(results, options, 10_000, folder)
        return results

    return run


def test_a_run_writes_a_table_with_a_row_per_implementation(tmp_path):
    (tmp_path / "notebooks" / "images").mkdir(parents=True)
    (tmp_path / "README.md").write_text("Before.\nFrom 5 orders in Parquet to scored customers: at once.\nAfter.\n")
    done = subprocess.run(
        [sys.executable, BENCH, "--date=2026-01-01", "--sizes", "1e4", "--runs=1", "--tasks", "import", "whole",
         "--implementations", "crmlib", "lifetimes",  # pandas by hand takes its turn below
         f"--results={tmp_path}", f"--readme={tmp_path / 'README.md'}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert text.strip() == done.stdout.strip()
    for who in ("crmlib", "lifetimes"):
        assert f"| **end to end** | 10⁴ | {who} |" in text
    assert "under 0.5 s" in text and "loads nothing" in text
    assert (tmp_path / "notebooks/images/cost.png").stat().st_size > 10_000
    before, line, after = (tmp_path / "README.md").read_text().splitlines()
    assert re.match(r"From 10,\d{3} orders in Parquet to scored customers: [\d.]+ CPU seconds and \d+ MB, ", line)
    assert (before, after) == ("Before.", "After.")
    runs = json.loads((tmp_path / "RESULTS.json").read_text())["runs"]
    assert all(run["cpu"] > 0.3 and run["wall"] > 0.2 and 50 < run["peak_mb"] < 2_000 for run in runs)


def test_all_tasks_of_all_implementations_agree(bench, here, monkeypatch):
    results = here(monkeypatch, "summary", "split", "fit", "score", "whole")
    assert {(row["task"], row["implementation"]) for row in results["runs"]} == {
        (task, who) for task in ("summary", "split", "fit", "score", "whole") for who in bench.TASKS[task]}
    compared = {(row["task"], row["implementation"]): set() for row in results["differences"]}
    for row in results["differences"]:
        compared[row["task"], row["implementation"]].add(row["quantity"])
    assert compared["split", "pandas"] == {
        "frequency", "recency", "T", "monetary_value", "holdout_frequency", "holdout_spend"}
    assert compared["fit", "lifetimes"] == {"r", "alpha", "a", "b", "p", "q", "v"}
    assert {"probability_alive", "expected_purchases", "lifetime_value"} < compared["score", "lifetimes"]


def wrong(column, by):
    def change(history):
        history.loc[history.index[7], column] += by
        return history
    return change


@pytest.mark.parametrize("change, message", [
    (lambda history: history.iloc[1:], "customers, of .* simulated"),
    (lambda history: history.set_axis(history.index + 1), "of them the same"),
    (wrong("frequency", 1), "do not agree.*frequency"),
    (wrong("monetary_value", 1e-3), "do not agree.*monetary_value"),
    (wrong("T", 1e-9), "do not agree.*'T'"),
])
def test_a_wrong_summary_is_refused(bench, here, monkeypatch, change, message):
    right = bench.tasks.pandas_history
    monkeypatch.setattr(bench.tasks, "pandas_history", lambda days, end: change(
        right(days, end).astype({"frequency": float}).rename_axis("customer_id")))
    with pytest.raises(bench.Failed, match=message):
        here(monkeypatch, "summary")


def test_another_parameter_is_refused(bench, tmp_path):
    for name, alpha in (("ours", 4.41), ("theirs", 4.412)):
        model = {"purchases": {"params": {"alpha": alpha}}, "spend": {"params": {"q": 3.0}}}
        (tmp_path / name).write_text(json.dumps(model))
    found = bench.differences("fit", tmp_path / "ours", tmp_path / "theirs")
    assert not bench.agree("fit", "alpha", found["alpha"]) and bench.agree("fit", "q", found["q"])


def test_a_task_that_fails_fails_the_run(bench, tmp_path):
    with pytest.raises(bench.Failed, match=r"pandas, summary: [\s\S]*FileNotFoundError"):
        bench.measure("summary", "pandas", orders=tmp_path / "nothing", out=tmp_path / "out")


def test_orders_are_the_same_each_time_and_as_many_as_said(bench, tmp_path):
    made = [bench.orders.write(tmp_path / name, 4_000, chunk=1_000) for name in ("a", "b")]
    (tmp_path / "a" / "_counts.json").unlink()  # as if interrupted: made anew
    assert bench.orders.write(tmp_path / "a", 4_000, chunk=1_000) == made[0] == made[1]
    a, b = (pd.read_parquet(tmp_path / name) for name in ("a", "b"))
    pd.testing.assert_frame_equal(a, b)
    assert len(a) == made[0]["orders"] and sorted(a["customer_id"].unique()) == list(range(1, made[0]["customers"] + 1))
    assert a["date"].min() >= pd.Timestamp(bench.orders.FIRST_DAY) and a["amount"].min() > 0
    assert a["date"].max() < pd.Timestamp(bench.orders.LAST_DAY) + pd.Timedelta(days=1)
    first = a.groupby("customer_id")["date"].min()
    assert first.is_monotonic_increasing  # ids are given out as customers come


def results_of(*lines):
    """Results with one run for each (implementation, orders, CPU seconds, MB)."""
    runs = [{"task": "whole", "implementation": who, "target": size, "orders": size, "cpu": cpu, "peak_mb": mb,
             "wall": cpu, "spill_mb": 0.0, "load": 1.0, "date": "2026-01-01"} for who, size, cpu, mb in lines]
    return {"environment": {"Python": "3"}, "data": {}, "runs": runs, "not_run": [], "differences": [],
            "imports": [], "chapters": []}


@pytest.mark.parametrize("cpu, mb, verdicts", [(10, 1000, ["yes", "yes"]), (10.1, 1001, ["**no**", "**no**"])])
def test_goals_are_judged(bench, cpu, mb, verdicts):
    results = results_of(("crmlib", 10**7, cpu, mb), ("lifetimes", 10**7, 80, 2000))
    goals = [line.split(" | ") for line in bench.report.goals(results).splitlines()[2:]]
    assert [line[-1].rstrip(" |") for line in goals] == [*verdicts, "–", "–", "–", "–", "–"]


def test_growth_is_over_all_sizes_and_over_the_last_two(bench):
    results = results_of(("crmlib", 10**5, 1, 1), ("crmlib", 10**6, 1, 10), ("crmlib", 10**7, 10, 1000))
    found = bench.report.costs(results)
    assert bench.report.growth(found, "whole", "crmlib", "cpu") == pytest.approx([0.5, 1])
    assert bench.report.growth(found, "whole", "crmlib", "peak_mb") == pytest.approx([1.5, 2])


def test_results_and_readme_are_what_was_measured(bench):
    results = json.loads((BENCH / "RESULTS.json").read_text(encoding="utf-8"))
    assert (BENCH / "RESULTS.md").read_text(encoding="utf-8") == bench.report.markdown(results)
    assert bench.report.sentence(results) in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def sizes():
    """What `driver_size.py` expects of a million customers, and of 47,281."""
    spec = importlib.util.spec_from_file_location("driver_size", BENCH / "driver_size.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return pd.DataFrame(module.expected_sizes([1_000_000, 47_281]), ["cells", "pairs", "spend"], ["million", "some"])


def test_the_page_on_clusters_says_what_driver_size_computes(sizes):
    page = (ROOT / "docs" / "on_a_cluster.md").read_text(encoding="utf-8")
    row = re.search(r"(?m)^\| 1,000,000 \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", page).groups()
    assert [int(number.replace(",", "")) for number in row] == sizes["million"].round().tolist()


def test_simulated_customers_have_as_many_histories_as_expected(sizes, bench, tmp_path):
    from crmlib import btyd
    from crmlib.data import read_transactions

    sys.modules["orders"].write(tmp_path, 100_000)
    orders = read_transactions(str(tmp_path / "*.parquet"), duplicates="keep")
    history = btyd.customer_summary(orders, observation_end="1998-06-30")
    assert len(history) == 47_281
    again = history[history.frequency > 0]
    found = [len(btyd.history_cells(history)), len(btyd.count_cells(history, ("frequency", "T"))),
             len(btyd.count_cells(again.drop(columns="customer_id"), ("frequency", "monetary_value")))]
    assert found == pytest.approx(sizes["some"].tolist(), rel=0.05)
