"""Scores in the engine: the numbers of the in-memory path, in any number of passes, whole or not at all."""

import os
import signal
import subprocess
import sys
import time

import ibis
import numpy as np
import pandas as pd
import pytest

from crmlib import btyd, scoring
from crmlib.__main__ import main
from crmlib.btyd.scoring import SCORES
from crmlib.data import load_cdnow
from crmlib.errors import CrmWarning, DataError
from crmlib.scoring import score_orders
from tests import btyd_data

AHEAD = {"horizon": 12, "horizon_unit": "month", "margin": 0.3, "annual_discount_rate": 0.1}
CDNOW = {"observation_end": "1998-06-30", "model": "BG/NBD", "nonpositive": "zero", "duplicates": "keep", **AHEAD}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """CDNOW's sample as Parquet and CSV."""
    folder = tmp_path_factory.mktemp("cdnow")
    orders = btyd_data.sample_orders()
    orders.to_parquet(folder / "orders.parquet")
    orders.to_csv(folder / "orders.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def in_memory():
    """The same scores by way of DataFrames."""
    return by_data_frames(load_cdnow(), "1998-06-30", btyd.fit_bg_nbd)


def by_data_frames(orders, end, fit):
    history = btyd.customer_summary(orders, observation_end=end)
    history["monetary_value"] = history.monetary_value.clip(lower=0)
    spend = btyd.fit_gamma_gamma(history, nonpositive="drop")
    return btyd.score_customers(fit(history), spend, history, **AHEAD)


def frame(table):
    return table.execute().sort_values("customer_id", ignore_index=True)


def assert_same_scores(found, expected, rtol=1e-11):
    """Histories bit for bit, scores to `rtol`."""
    exact = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    pd.testing.assert_frame_equal(found[exact], expected[exact], check_exact=True)
    for name in SCORES:
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, err_msg=name)


@pytest.mark.parametrize(("form", "passes"), [("parquet", 1), ("parquet", 3), ("csv", 2), ("frame", 2), ("ibis", 1)])
def test_every_way_in_gives_the_scores_of_the_data_frames(form, passes, files, in_memory, tmp_path):
    source = {"parquet": str(files / "*.parquet"), "csv": files / "orders.csv",
              "frame": btyd_data.sample_orders(), "ibis": load_cdnow()}[form]
    out = tmp_path / "scores.parquet"
    scores = score_orders(source, out=out, passes=passes, **CDNOW)
    assert_same_scores(frame(scores.table), in_memory)
    assert_same_scores(pd.read_parquet(out).sort_values("customer_id", ignore_index=True), in_memory)
    assert scores.total["estimate"] == pytest.approx(in_memory.lifetime_value.sum(), rel=1e-12)
    assert scores.customers == len(in_memory) and scores.left_out == 0
    assert os.listdir(tmp_path) == ["scores.parquet"]


def test_without_a_file_the_scores_stay_in_the_engine(files, in_memory):
    scores = score_orders(files / "orders.parquet", passes=2, **CDNOW)
    assert isinstance(scores.table, ibis.Table)
    assert_same_scores(frame(scores.table), in_memory)


def test_mbg_nbd_in_the_engine_is_the_model_in_memory():
    expected = by_data_frames(load_cdnow(), "1998-06-30", btyd.fit_mbg_nbd)
    assert_same_scores(frame(score_orders(load_cdnow(), **{**CDNOW, "model": "MBG/NBD"}).table), expected)
    assert (expected.probability_alive[expected.frequency == 0] < 1).all()


def test_the_likelier_of_the_two_models_is_taken_unless_one_is_named():
    found = score_orders(load_cdnow(), **{**CDNOW, "model": "likeliest"}).purchases
    both = [score_orders(load_cdnow(), **{**CDNOW, "model": name}).purchases for name in ("BG/NBD", "MBG/NBD")]
    assert found.name == max(both, key=lambda model: model.log_likelihood).name
    assert both[0].log_likelihood != both[1].log_likelihood


def test_the_interval_of_the_total_is_that_of_parameter_draws():
    history = btyd.customer_summary(load_cdnow(), observation_end="1998-06-30")
    history["monetary_value"] = history.monetary_value.clip(lower=0)
    cells = btyd.history_cells(history)
    models = btyd.fit_bg_nbd(history), btyd.fit_gamma_gamma(history, nonpositive="drop")
    draws = tuple(btyd.parameter_draws(each, n=150, seed=seed) for seed, each in enumerate(models))
    low, estimate, high = btyd.interval(
        lambda m, s: (btyd.lifetime_value(m, s, cells, **AHEAD) * cells.customers).sum(), *models, draws=draws)
    total = score_orders(load_cdnow(), **CDNOW).total
    assert total["estimate"] == pytest.approx(estimate, rel=1e-12)
    assert (total["high"] - total["low"]) == pytest.approx(high - low, rel=0.15)


def test_orders_that_seem_hopeless_for_a_float_are_scored():
    """Histories for which powers overflow: the log keeps them finite."""
    history = pd.DataFrame({"customer_id": [1, 2], "frequency": [400, 0], "recency": [1.0, 0.0], "T": [500.0, 500.0],
                            "monetary_value": [20.0, 0.0], "unit": "week"})
    model = btyd.fit_bg_nbd(btyd_data.split())
    spend = btyd.fit_gamma_gamma(btyd_data.split(), nonpositive="drop")
    lazy = btyd.score_customers(model, spend, ibis.memtable(history), **AHEAD).execute()
    assert lazy.probability_alive.tolist() == pytest.approx([0.0, 1.0], abs=1e-12)
    assert np.isfinite(lazy[list(SCORES)].to_numpy()).all()


# --- customers that models cannot take -----------------------------------------------------------------------


def with_returns():
    orders = btyd_data.sample_orders()
    day = pd.Timestamp("1997-05-01")
    return pd.concat([orders, pd.DataFrame({"customer_id": [900_001, 900_001, 900_001, 900_002],
                                            "date": [day, day + pd.Timedelta(days=9), day + pd.Timedelta(days=20), day],
                                            "amount": [10.0, 5.0, -60.0, -20.0]})], ignore_index=True)


def test_customers_with_returns_only_are_counted_and_said():
    with pytest.warns(CrmWarning, match="1 customer"):
        scores = score_orders(with_returns(), returns="net", **CDNOW)
    assert scores.left_out == 1 and scores.customers == 2358


def test_a_negative_mean_spend_is_refused_or_scored_with_zero():
    with pytest.raises(DataError, match='zero or less for 1 customer .first: 900001.*nonpositive="zero"'):
        score_orders(with_returns(), returns="net", **{**CDNOW, "nonpositive": "raise"})
    with pytest.warns(CrmWarning):
        row = frame(score_orders(with_returns(), returns="net", **CDNOW).table).set_index("customer_id").loc[900_001]
    assert row.monetary_value == 0 and row.frequency == 1 and 0 < row.expected_spend < 30


@pytest.mark.parametrize(("change", "message"), [
    ({"memory_limit": "lots"}, "is not a size"), ({"memory_limit": "0GB"}, "is not a size"),
    ({"passes": 0}, "passes"), ({"model": "Pareto/NBD"}, "model"), ({"nonpositive": "drop"}, "nonpositive"),
    ({"out": "scores.xlsx"}, "ends in .parquet or .csv"), ({"out": "nowhere/scores.csv"}, "there is no folder"),
    ({"margin": 30}, "did you mean 0.3"), ({"horizon_unit": "fortnight"}, "fortnight"), ({"timing": "now"}, "timing"),
    ({"observation_end": "1990-01-01"}, "later than observation_end"),
])
def test_arguments_that_cannot_be_meant(change, message, files):
    with pytest.raises(ValueError, match=message):
        score_orders(files / "orders.parquet", **{**CDNOW, **change})


# --- whole or not at all ---------------------------------------------------------------------------------------


def test_a_run_that_is_cut_off_is_taken_up_where_it_was(files, tmp_path, in_memory, monkeypatch):
    out, made = tmp_path / "scores.parquet", []
    real = scoring._histories

    def failing(*arguments):
        made.append(1)
        if len(made) == 3:
            raise OSError("no space left")
        return real(*arguments)

    monkeypatch.setattr(scoring, "_histories", failing)
    with pytest.raises(OSError, match="no space"):
        score_orders(files / "orders.parquet", out=out, passes=4, **CDNOW)
    pieces = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "scores.parquet.work").glob("customers-*")}
    assert len(pieces) == 2 and not out.exists()
    written = []
    monkeypatch.setattr(scoring, "_histories", real)
    write = scoring._Work.write
    monkeypatch.setattr(scoring._Work, "write", lambda self, table, name: (
        written.append(name) if not (self.folder / name).exists() else None, write(self, table, name))[1])
    scores = score_orders(files / "orders.parquet", out=out, passes=4, **CDNOW)
    assert not set(written) & set(pieces) and len([name for name in written if name.startswith("customers")]) == 2
    assert_same_scores(frame(scores.table), in_memory)


def test_pieces_of_another_file_or_plan_are_not_used(files, tmp_path):
    out, work = tmp_path / "scores.parquet", tmp_path / "scores.parquet.work"
    work.mkdir()
    (work / "lock").touch()
    (work / "plan").write_text("of something else")
    (work / "customers-0001-of-0001.parquet").write_bytes(b"not even Parquet")
    assert score_orders(files / "orders.parquet", out=out, **CDNOW).customers == 2357


def test_scores_that_do_not_add_up_are_not_written(files, tmp_path, monkeypatch):
    out = tmp_path / "scores.parquet"
    out.write_text("of yesterday")
    real = btyd.score_customers
    monkeypatch.setattr(btyd, "score_customers", lambda *a, **k: real(*a, **k).filter(lambda t: t.frequency > 0))
    with pytest.raises(RuntimeError, match="do not add up"):
        score_orders(files / "orders.parquet", out=out, **CDNOW)
    assert out.read_text() == "of yesterday"
    assert not list((tmp_path / "scores.parquet.work").glob("scores*"))


def test_cut_off_before_the_rename_and_run_again_with_another_margin(files, tmp_path, monkeypatch):
    """The pieces are the same, the scores are not: none of the first run may come out of the second."""
    out, real = tmp_path / "scores.parquet", os.replace

    def failing(source, target):
        if target == out:
            raise OSError("pulled the plug")
        real(source, target)

    monkeypatch.setattr(scoring._Work, "tidy", lambda self: self.lock.close())  # as if killed
    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="plug"):
        score_orders(files / "orders.parquet", out=out, **CDNOW)
    monkeypatch.undo()
    assert list((tmp_path / "scores.parquet.work").glob("scores*"))
    scores = score_orders(files / "orders.parquet", out=out, **{**CDNOW, "margin": 0.6})
    assert pd.read_parquet(out).lifetime_value.sum() == pytest.approx(scores.total["estimate"], rel=1e-9)


def test_shared_out_orders_survive_a_failure_in_the_first_pass(files, tmp_path, monkeypatch):
    out = tmp_path / "scores.parquet"
    monkeypatch.setattr(scoring, "_histories", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score_orders(files / "orders.parquet", out=out, passes=2, **CDNOW)
    assert (tmp_path / "scores.parquet.work" / "orders-in-0002").is_dir()


def test_the_orders_are_never_replaced_and_nothing_of_others_is_removed(files, tmp_path):
    orders = tmp_path / "mine.parquet"
    orders.write_bytes((files / "orders.parquet").read_bytes())
    with pytest.raises(ValueError, match="holds the orders"):
        score_orders(orders, out=orders, **CDNOW)
    thesis = tmp_path / "scores.csv.work" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    with pytest.raises(ValueError, match="move it away"):
        score_orders(orders, out=tmp_path / "scores.csv", **CDNOW)
    assert thesis.read_text() == "years of work"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks the files themselves")
def test_a_second_run_on_the_same_output_is_refused(files, tmp_path):
    out = tmp_path / "scores.parquet"
    first = scoring._Work(out)
    first.open_folder(files / "orders.parquet")
    with pytest.raises(ValueError, match="another run is writing"):
        score_orders(files / "orders.parquet", out=out, **CDNOW)
    assert first.folder.is_dir()
    first.tidy()
    assert os.listdir(tmp_path) == []


def test_too_little_memory_doubles_the_passes_and_then_says_so(files, tmp_path, monkeypatch, in_memory):
    import duckdb

    real, seen = scoring._Work.shares, []

    def failing(self, orders, passes, bar):
        seen.append(passes)
        if passes < 4:
            raise duckdb.OutOfMemoryException("too much")
        return real(self, orders, passes, bar)

    monkeypatch.setattr(scoring._Work, "shares", failing)
    scores = score_orders(files / "orders.parquet", out=tmp_path / "scores.parquet", **CDNOW)
    assert seen == [1, 2, 4]
    assert_same_scores(frame(scores.table), in_memory)
    monkeypatch.setattr(scoring, "MOST_PASSES", 2)
    with pytest.raises(DataError, match="memory_limit is too small"):
        score_orders(files / "orders.parquet", out=tmp_path / "scores.parquet", **CDNOW)


def test_shares_grow_with_the_rows_and_with_too_little_memory():
    class Orders:
        customer_id = ibis.memtable({"customer_id": [1]}).customer_id
        rows_in = 10_000_000

    assert scoring._passes(Orders, "2GB", shared_out=True) == 7
    assert scoring._passes(Orders, "2GB", shared_out=False) == 1
    Orders.rows_in = 10**9
    assert scoring._passes(Orders, "2GB", shared_out=True) == 77
    Orders.customer_id = ibis.memtable({"customer_id": ["a"]}).customer_id
    assert scoring._passes(Orders, "2GB", shared_out=True) == 127


CHILD = """
import sys, warnings
warnings.simplefilter("ignore")
from crmlib.scoring import score_orders
score_orders(sys.argv[1], out=sys.argv[2], observation_end="1998-06-30", nonpositive="zero", duplicates="keep",
             passes=6, horizon=12, horizon_unit="month", margin=0.3, annual_discount_rate=0.1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_at_random_moments_nothing_is_half_written(tmp_path):
    """Kill -9 whenever the work folder holds a drawn number of files; then once more, to the end."""
    btyd_data.master_orders().to_parquet(tmp_path / "orders.parquet")
    arguments = [sys.executable, "-c", CHILD, str(tmp_path / "orders.parquet")]
    subprocess.run([*arguments, str(tmp_path / "whole.parquet")], check=True)
    out, work = tmp_path / "scores.parquet", tmp_path / "scores.parquet.work"
    rng, seen = np.random.default_rng(20261126), []
    for wanted in rng.permutation([1, 4, 7]):
        child = subprocess.Popen([*arguments, str(out)])
        while child.poll() is None and (not work.exists() or len(list(work.iterdir())) < wanted):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        seen.append(len(list(work.glob("customers-*.parquet"))) if work.exists() else -1)
        assert not out.exists() or len(pd.read_parquet(out)) == 23_570
    assert max(seen) >= 1, f"no run was killed between two pieces: {seen}"
    subprocess.run([*arguments, str(out)], check=True)
    both = [pd.read_parquet(path).sort_values("customer_id", ignore_index=True) for path in
            (out, tmp_path / "whole.parquet")]
    pd.testing.assert_frame_equal(*both, check_exact=True)
    assert sorted(os.listdir(tmp_path)) == ["orders.parquet", "scores.parquet", "whole.parquet"]


# --- the command -----------------------------------------------------------------------------------------------

FLAGS = ["--observation-end", "1998-06-30", "--margin-share", "0.3", "--annual-discount-rate", "0.1", "--quiet",
         "--nonpositive", "zero", "--horizon-months", "12", "--model", "BG/NBD"]


def test_the_command_scores_and_says_what_it_did(files, tmp_path, capsys, in_memory):
    out = tmp_path / "scores.csv"
    assert main(["score", str(files / "orders.parquet"), "--out", str(out), "--duplicates", "keep", *FLAGS,
                 "--models", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "2,357 customers scored" in said and "95 % interval" in said
    assert btyd.read_json(tmp_path / "bg-nbd.json").n_customers == 2357
    assert_same_scores(pd.read_csv(out).sort_values("customer_id", ignore_index=True), in_memory)


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (["--amount", "price"], 1, "no column 'price'"),
    (["--map", "customer_id=customer_id", "--customer-id", "customer_id"], 1, "leave one out"),
    (["--margin-share", "30"], 2, "0.3"),
    (["--map", "who=customer_id"], 2, "NAME among"),
    (["--observation-end", "30.06.1998"], 2, "YYYY-MM-DD"),
])
def test_exit_codes_and_messages_without_traceback(arguments, code, said, files, tmp_path, capsys):
    command = ["score", str(files / "orders.csv"), "--out", str(tmp_path / "scores.csv"), *FLAGS, *arguments]
    try:
        found = main(command)
    except SystemExit as stop:
        found = stop.code
    assert found == code
    message = capsys.readouterr().err
    assert said in message and "Traceback" not in message
    assert os.listdir(tmp_path) == []


def test_a_customer_called_like_a_formula_runs_nowhere(tmp_path):
    orders = btyd_data.sample_orders()
    orders["customer_id"] = "c" + orders.customer_id.astype(str)
    first = orders.customer_id.iloc[0]
    orders["customer_id"] = orders.customer_id.replace(first, "=HYPERLINK(1)")
    score_orders(orders, out=tmp_path / "scores.csv", **CDNOW)
    ids = pd.read_csv(tmp_path / "scores.csv").customer_id
    assert "'=HYPERLINK(1)" in set(ids) and not ids.str.startswith("=").any()


# --- Spark -------------------------------------------------------------------------------------------------------
