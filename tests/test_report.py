"""The report: it says what the chapters' functions compute, what is missing and why, and runs nothing of the data."""

import functools
import html
import re
import shlex
from html.parser import HTMLParser

import ibis
import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

from crmlib import btyd, growth, segments  # noqa: E402
from crmlib.__main__ import main  # noqa: E402
from crmlib.data import load_cdnow, read_transactions  # noqa: E402
from crmlib.errors import CrmWarning  # noqa: E402
from crmlib.report import (  # noqa: E402
    Material,
    Settings,
    all_sections,
    command,  # noqa: E402
    customer_table,
    data_check,
    lifetime_value,
    report_html,
    write_report,
)
from crmlib.report import page as page_module  # noqa: E402
from crmlib.report.material import fit_purchases  # noqa: E402
from crmlib.report.parts import Table, money, section  # noqa: E402
from crmlib.report.sections import (  # noqa: E402
    _holdout_error,
    _nearer_in_total,
    _verdict,
    axis_unit,
    drawable,
    holdout_cells,
)
from crmlib.teaching import course  # noqa: E402
from tests.figures import bars, ticks  # noqa: E402
from tests.report_data import HOSTILE, KINDS, retail  # noqa: E402

approx = pytest.approx
END = "1998-06-30"
ENGINE = ibis.duckdb.connect()  # one for all kinds: a new database each time is slow
pytestmark = pytest.mark.usefixtures("closed_figures")


@functools.cache
def made(kind):
    """Return the material and the sections of one kind of orders, by key."""
    frame = KINDS[kind]()
    orders = read_transactions(frame, product_id="product_id" if "product_id" in frame else None, returns="net",
                               duplicates="keep", connection=ENGINE)
    end = "2026-12-30" if kind == "no orders in the holdout" else None
    material = Material(orders, Settings(draws=4, margin=0.4, currency_sign="$", observation_end=end))
    return material, {each.key: each for each in all_sections(material)}


def missing(kind, key):
    """Return what a section of this kind of orders says it could not do, in one text."""
    return " | ".join(made(kind)[1][key].missing)


@pytest.fixture(scope="module")
def cdnow():
    """The material of CDNOW and its sections, by key."""
    material = Material(load_cdnow(), Settings(draws=20, margin=0.3, currency_sign="$"))
    return material, {each.key: each for each in all_sections(material)}


# -------------------------------------------------------------------- as the chapters compute it


def test_every_section_has_an_answer_and_a_number(cdnow):
    sections = cdnow[1].values()
    assert [each.key for each in sections] == ["data", "concentration", "growth", "segments", "value", "churn", "next"]
    for each in sections:
        assert re.search(r"\d", each.answer), each
        assert each.title.endswith("?")


def test_concentration_is_that_of_the_buyers_of_the_last_year(cdnow):
    orders = load_cdnow()
    scores = segments.rfm(orders, as_of=END, window=365, collapsed="ignore")
    spent = scores.loc[scores["frequency"] > 0, "monetary"]
    facts = cdnow[1]["concentration"].facts
    assert facts["top_share"] == segments.top_share(spent)
    assert facts["needed"] == segments.share_needed(spent)
    assert "does not hold" in cdnow[1]["concentration"].answer


def test_customers_are_those_of_rfm_without_its_scores():
    material = made("returns")[0]
    with pytest.warns(CrmWarning, match="returns but no purchase"):
        scores = segments.rfm(material.orders, as_of=material.end, window=365, collapsed="ignore")
    pd.testing.assert_frame_equal(material.customers, scores[list(material.customers.columns)], check_dtype=False)


def test_thinned_curve_draws_the_share_it_names(cdnow):
    ax = cdnow[1]["concentration"].figures[0].draw()
    (curve, *_) = ax.lines
    at_20 = np.interp(20, curve.get_xdata(), curve.get_ydata())
    assert at_20 == approx(100 * cdnow[1]["concentration"].facts["top_share"], abs=0.3)


def test_bridge_and_retention_are_those_of_chapter_01(cdnow):
    material, sections = cdnow
    (base, current), rates = material.windows, sections["growth"].facts["rates"]
    assert (str(base[0]), str(current[1])) == ("1997-01-01", END)
    assert (base[1] - base[0]).days == (current[1] - current[0]).days
    bridge = growth.revenue_bridge(load_cdnow(), base=base, current=current, new_offering=None)
    pd.testing.assert_series_equal(rates, growth.retention_rates(bridge))
    assert sections["growth"].facts["total"] == approx(bridge["change"].sum())
    kept = sections["churn"].table("Kept")["share"]
    assert kept.tolist() == rates[["customer_retention", "gross_retention", "net_retention"]].tolist()


def test_total_value_is_that_of_chapter_07_and_lies_in_its_interval(cdnow):
    material, sections = cdnow
    history = btyd.customer_summary(load_cdnow(), observation_end=END)
    model = max((btyd.fit_bg_nbd(history), btyd.fit_mbg_nbd(history)), key=lambda each: each.log_likelihood)
    value = btyd.lifetime_value(model, btyd.fit_gamma_gamma(history, nonpositive="drop"), history, horizon=24,
                                horizon_unit="month", margin=0.3, annual_discount_rate=0.10)
    total = sections["value"].facts["total"]
    assert total["estimate"] == approx(value.sum(), rel=1e-9)
    assert total["low"] < total["estimate"] < total["high"] < 1.3 * total["low"]
    best = sections["value"].table("The customers of the highest")
    assert best["value"].to_numpy() == approx(value.nlargest(10).to_numpy())
    assert (best["low"] < best["value"]).all() and (best["value"] < best["high"]).all()
    by_tier = sections["segments"].table("Groups")
    assert by_tier["expected value"].sum() == approx(value.sum(), rel=1e-3)  # each rounded to cents
    silence = sections["churn"].table("Silence")
    assert silence["expected"].sum() == approx(value.sum())
    alive = btyd.probability_alive(model, history)
    assert silence["if all were active"].sum() == approx((value / alive).sum())
    assert silence["customers"].sum() == len(history)


def test_holdout_on_cells_is_that_of_the_customers(cdnow):
    scores = cdnow[1]["value"].table("Holdout")
    split = btyd.calibration_holdout(load_cdnow(), calibration_end="1997-12-30", observation_end=END)
    model = fit_purchases(split, 364)[0]
    ahead = {"horizon": 182, "horizon_unit": "day"}
    expected = btyd.holdout_scores(split["holdout_frequency"], {
        "model": btyd.expected_purchases(model, split, **ahead), **btyd.naive_forecasts(split, **ahead)})
    np.testing.assert_allclose(scores.to_numpy(), expected.to_numpy(), atol=2e-6, rtol=1e-6)
    cells = holdout_cells(load_cdnow(), pd.Timestamp("1997-12-30").date(), pd.Timestamp(END).date())
    assert cells["customers"].sum() == len(split)
    assert cells["holdout_spend"].sum() == approx(split["holdout_spend"].sum(), abs=1e-6)
    assert (cells["customers"] * cells["monetary_value"]).sum() == approx(split["monetary_value"].clip(0).sum())


def test_merged_cells_keep_customers_money_and_nearly_the_value(cdnow):
    material = cdnow[0]
    exact, merged = (btyd.merged_cells(material.history, most=most) for most in (10_000, 450))
    assert len(merged) <= 450 < len(exact)
    value = {}
    for name, cells in (("exact", exact), ("merged", merged)):
        assert cells["customers"].sum() == 2357
        assert (cells["recency"] <= cells["T"]).all() and ((cells["recency"] > 0) == (cells["frequency"] > 0)).all()
        value[name] = material.worth(material.purchases[0], material.spend, cells) @ cells["customers"]
    assert value["exact"] == approx(material.best_estimate.sum(), rel=1e-9)
    assert value["merged"] == approx(value["exact"], rel=0.01)
    assert len(material.cells) == len(exact)


def test_likelier_model_is_used_and_only_its_warnings_are_repeated(cdnow):
    models = cdnow[0].purchases
    assert [each.name for each in models] == ["MBG/NBD", "BG/NBD"]
    assert models[0].log_likelihood > models[1].log_likelihood
    assert not any("BG/NBD: the data hardly" in text and "MBG" not in text
                   for text in made("equal amounts")[1]["value"].caveats)


def test_growth_matrix_with_products():
    material, sections = made("plain")
    base, current = material.windows
    bridge = growth.revenue_bridge(KINDS["plain"](), base=base, current=current)
    found = sections["growth"].table("Growth matrix")
    pd.testing.assert_frame_equal(found, growth.growth_matrix(bridge), check_names=False)
    assert found["new offerings"].abs().sum() > 0
    shown = sections["growth"].figures[0].draw()
    assert "thousand" not in shown.get_xlabel()


def test_whole_years_are_compared_where_there_are_two():
    orders = pd.DataFrame({"customer_id": [1, 1, 1], "amount": 1.0,
                           "date": pd.to_datetime(["2023-06-01", "2024-02-29", "2025-12-31"])})
    base, current = Material(orders).windows
    assert [str(day) for day in (*base, *current)] == ["2024-01-01", "2024-12-31", "2025-01-01", "2025-12-31"]


# ------------------------------------------------------------------------------------- margins


@pytest.mark.parametrize(("given", "column", "expected"), [
    (None, False, (1.0, "none")), (0.25, False, (0.25, "given")), (0.25, True, (0.25, "given")),
    (None, True, (0.4, "computed"))])
def test_margin_is_given_or_computed_or_said_to_be_missing(given, column, expected):
    orders = KINDS["twelve customers"]()
    orders = orders.assign(margin=(orders["amount"] * 0.4).round(2)) if column else orders
    share, source = Material(orders, Settings(margin=given)).margin
    assert (share, source) == (approx(expected[0], abs=1e-3), expected[1])


def test_page_says_when_values_are_revenue():
    orders = KINDS["plain"]()
    material = Material(orders, Settings(draws=2))
    sections = all_sections(material)
    text = report_html(sections, material)
    assert "revenue, not profit" in text and "expected revenue of the next 24 months" in text
    assert "Read the report again with a margin" in text and "Spend less than" not in text


def test_a_ceiling_for_winning_a_customer_has_an_interval_and_a_holdout_that_bears_it_out():
    material, sections = made("plain")
    low, estimate, high = sections["value"].facts["new"]
    ahead = {"horizon": 24, "horizon_unit": "month", "annual_discount_rate": 0.10}
    assert estimate == approx(btyd.lifetime_value_new(*material.models, margin=0.4, first_purchase="include", **ahead))
    assert low < estimate < high
    text = repr(sections["value"])
    assert f"(95 % interval of the mean: {money(low, '$', digits=2)} to" in text
    assert "valued like a repeat purchase" in text and "like a repeat purchase: the most that winning one" in text
    assert any(step.startswith("Spend less than") for step in sections["next"].table("In this order")["what to do"])
    early = made("nine weeks")[1]
    assert "That is no ceiling for what winning one may cost: nothing here is checked" in repr(early["value"])
    assert not any(step.startswith("Spend") for step in early["next"].table("In this order")["what to do"])


@pytest.mark.parametrize(("facts", "expected"), [
    ({"bias": 0.1, "money_bias": -0.4}, (-0.4, "revenue")), ({"bias": np.nan}, None), ({}, None),
    ({"bias": -0.5, "money_bias": 0.1}, (-0.5, "number of purchases")),
    ({"bias": 0.1, "money_bias": np.nan}, (0.1, "number of purchases"))])
def test_the_worse_of_purchases_and_money_is_named(facts, expected):
    assert _holdout_error(facts) == expected


def test_the_verdict_is_mixed_where_the_measures_of_error_disagree():
    scores = pd.DataFrame({"mae": [0.74, 0.72], "rmse": [1.0, 1.2], "bias": [-0.16, 0.10]}, index=["model", "average"])
    assert _verdict(scores) == "mixed" and "better by “average” (+10" in _nearer_in_total(scores)
    assert _verdict(scores.assign(mae=[0.7, 0.72])) == "better"
    assert _verdict(scores[::-1].set_axis(["model", "average"])) == "mixed"
    assert _verdict(scores.assign(mae=[1, 0.9], rmse=[1, 1.0])) == "not better"
    assert _nearer_in_total(scores.assign(bias=[0.05, -0.1])) == "" == _nearer_in_total(scores.assign(bias=np.nan))


def test_an_empty_holdout_is_said_and_nothing_is_off_by_infinity():
    sections = made("no orders in the holdout")[1]
    assert "0 of 300 customers bought, on 0 days in all" in repr(sections["value"])
    assert "no ceiling for what winning one may cost: the holdout does not bear it out" in repr(sections["value"])
    steps = sections["next"].table("In this order").set_index("what to do")["because"]
    (because,) = steps[steps.index.str.startswith("Find out whether the data stop")]
    assert "nobody bought in the part kept back" in because
    assert not steps.index.str.contains("budget|Spend").any()


def test_customers_without_money_in_their_repeat_purchases_are_counted():
    orders = KINDS["plain"]()
    days = pd.to_datetime(["2024-01-05", "2024-02-05", "2024-03-05", "2024-03-06"])
    orders = pd.concat([orders, pd.DataFrame({"customer_id": 999, "date": days, "amount": [50, 10, 5, -200.0]})])
    material = Material(orders, Settings(draws=2))
    assert material.worthless == 1
    assert "1 customer came back with a mean repeat spend of zero or less" in repr(lifetime_value(material))
    assert "zero or less" not in repr(made("plain")[1]["value"])


def test_who_has_no_purchase_is_told_apart():
    orders = pd.DataFrame({"customer_id": [1, 2, 2, 3], "date": pd.Timestamp("2025-01-01"), "amount": [5, 9, -9, -1.0]})
    (said,) = data_check(Material(orders)).caveats
    assert said == ("2 customers without a purchase up to 2025-01-01 left out: 1 sent back on the day of purchase all "
                    "they had bought, 1 have returns only (of purchases made before the data begin?)")


def test_lines_without_an_id_and_equal_lines_are_told_in_money():
    ids = ["1", "2", None, None, "2"]
    orders = pd.DataFrame({"customer_id": ids, "date": "2025-01-01", "amount": [5, 9, 4, 2, 9.0]})
    section = data_check(Material(read_transactions(orders, missing_ids="drop", duplicates="keep")))
    assert "3 order lines of 2 customers" in section.answer and "returns" not in section.answer
    text = repr(section).replace("\N{NO-BREAK SPACE}", " ")
    assert "The file holds 5 lines: 2 of them, worth 6 (21 % of 29), have no customer id" in text
    assert "1 line worth 9 repeat another in customer_id, date, amount, and count as separate purchases" in text
    assert "returns deducted" in made("returns")[1]["data"].answer


# ------------------------------------------------------------------------- what could not be done


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_orders_gets_all_sections(kind):
    material, sections = made(kind)
    assert len(sections) == 7
    text = "".join(map(page_module.section_html, sections.values()))
    assert not re.search(r"\bnan\b|\bNaN\b|\binf\b|Traceback|np\.|None\b", text), kind
    for each in sections.values():
        for figure in each.figures:
            assert figure.draw().figure
        if not re.search(r"\d", each.answer):
            assert each.missing, f"{each.key} says neither a number nor what is missing"


@pytest.mark.parametrize(("kind", "key", "what"), [
    ("nine weeks", "value", "the file spans 63 days; to keep a part back and forecast it takes at least 26 weeks"),
    ("three weeks", "value", "takes at least 8 weeks to show"),
    ("three weeks", "growth", "two periods to compare need four weeks each"),
    ("twelve customers", "value", "of 12 customers 10 came back within 23 months"),
    ("twelve customers", "concentration", "with fewer than 20 a share of customers says who they are"),
    ("one-time buyers", "value", "of 200 customers 0 came back"),
    ("one-time buyers", "growth", "no product column"),
    ("nothing but gifts", "value", "the expected value is zero for everybody"),
    ("nothing but gifts", "concentration", "no customer has revenue above zero"),
    ("nothing but returns", "data", "no customer has a purchase up to"),
    ("infinite mean", "value", "value in money: the mean of what customers spend is infinite"),
    ("infinite mean", "segments", "value per group: the mean of what customers spend is infinite"),
])
def test_what_is_missing_is_said(kind, key, what):
    assert what in missing(kind, key)


def test_nothing_is_missing_from_plain_orders():
    assert [each.missing for each in made("plain")[1].values()] == [()] * 7


def test_infinite_mean_spend_leaves_purchases():
    sections = made("infinite mean")[1]
    assert "further days in the next 24 months; what that is in money cannot be said" in sections["value"].answer
    assert "purchase days over 24 months" in repr(sections["churn"])


@pytest.mark.parametrize(("kind", "caveat"), [("equal amounts", False), ("alike", True)])
def test_where_nobody_differs_in_spend_everybody_is_given_the_mean(kind, caveat):
    material, sections = made(kind)
    history = material.history[material.history["frequency"] > 0]
    mean = (history["monetary_value"] * history["frequency"]).sum() / history["frequency"].sum()
    assert material.spend == approx(mean)
    purchases = btyd.discounted_purchases(material.purchases[0], material.history, horizon=24, horizon_unit="month",
                                          annual_discount_rate=0.10)
    assert sections["value"].facts["total"]["estimate"] == approx((purchases * mean * 0.4).sum())
    said = [text for text in sections["segments"].caveats if "everybody is given the mean" in text]
    assert bool(said) == caveat
    assert sections["value"].missing == ()


def test_errors_of_the_library_become_sentences_and_others_do_not():
    @section("test", "What?", "00")
    def broken(draft, material):
        draft.step("this", lambda: growth.retention_rates(material))
        raise KeyError("a mistake of ours")

    with pytest.raises(KeyError):
        broken("no bridge")


def test_gaps_and_empty_months_are_told():
    text = repr(made("twelve customers")[1]["data"])
    assert re.search(r"Longest stretch without an order: \d+ days", text) and "months have no order line" in text
    quiet = repr(data_check(Material(KINDS["twelve customers"](), Settings(observation_end="2026-12-31"))))
    assert "days before the end of observation" in quiet


def test_orders_without_customers_are_refused():
    with pytest.raises(ValueError, match="lack the column"):
        Material(pd.DataFrame({"who": [1], "date": [pd.Timestamp("2025-01-01")], "amount": [1.0]}))


# --------------------------------------------------------------------------------- it stays text


class Tags(HTMLParser):
    """Collect tags with their attributes, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_names_stay_text():
    material, sections = made("hostile")
    settings = Settings(title=HOSTILE[0], currency_sign=HOSTILE[1], draws=2)
    other = Material(material.orders, settings)
    other._known = dict(material._known)
    parsed = Tags(report_html(sections.values(), other, source=HOSTILE[1], parameters={HOSTILE[0]: HOSTILE[1]}))
    allowed = {"html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "nav", "ol", "li", "a",
               "span", "main", "section", "figure", "figcaption", "div", "table", "thead", "tbody", "tr", "th", "td",
               "img", "strong", "footer", "dl", "dt", "dd"}
    assert {tag for tag, _ in parsed.tags} <= allowed
    assert not [attrs for _, attrs in parsed.tags if any(name.startswith("on") for name in attrs)]
    assert {attrs["href"][0] for tag, attrs in parsed.tags if tag == "a"} == {"#"}
    shown = "\n".join(parsed.text)
    best = set(sections["value"].table("The customers of the highest")["customer"])
    assert best & set(HOSTILE)
    for name in best & set(HOSTILE):
        assert name in shown


def test_signs_in_figures_are_drawn_or_left_out_never_read_as_formulas():
    assert drawable("$") == r"\$"
    assert drawable("€") == "€"
    assert drawable("元") == ""
    assert axis_unit(5_000_000, "元") == (1e3, "thousand")
    for sign in ("$ and $", "元", "<b>"):
        material = Material(KINDS["twelve customers"](), Settings(currency_sign=sign))
        for figure in data_check(material).figures:
            assert b"<svg" in figure.svg()


def test_page_asks_nothing_of_the_net_and_every_picture_is_described():
    material, sections = made("plain")
    text = report_html(sections.values(), material)
    parsed = Tags(text)
    assert "://" not in re.sub(r"base64,[^\"]*", "", text)
    pictures = [attrs for tag, attrs in parsed.tags if tag == "img"]
    assert len(pictures) == sum(len(each.figures) for each in sections.values()) >= 5
    for attrs in pictures:
        assert attrs["src"].startswith("data:image/svg+xml;base64,") and len(attrs["alt"].split()) > 5
    policy = [attrs["content"] for tag, attrs in parsed.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy and "default-src 'none'" in policy[0]
    targets = {attrs["id"] for _, attrs in parsed.tags if "id" in attrs}
    assert {attrs["href"][1:] for tag, attrs in parsed.tags if tag == "a"} <= targets


def test_the_same_orders_give_the_same_page():
    material, sections = made("twelve customers")
    again = Material(KINDS["twelve customers"](), material.settings)
    again.door = material.door
    assert report_html(all_sections(again), again) == report_html(sections.values(), material)


def test_a_section_shows_itself_in_a_notebook():
    shown = made("hostile")[1]["value"]._repr_html_()
    assert "<script" not in shown and html.escape("<script>") in shown and "<table" in shown and "<img" not in shown


def test_tables_write_numbers_as_their_formats_say():
    table = Table("x", pd.DataFrame({"a": [1.0, np.nan], "b": ["<", "y"]}), {"a": "{:.2f}"})
    assert table.rows() == [("1.00", "<"), ("–", "y")]
    assert table.numeric() == [True, False]
    assert money(float("inf"), "$") == "no upper end"


# ------------------------------------------------------------------------------------- figures


def test_months_without_orders_have_no_bar_and_a_mark(cdnow):
    from crmlib import plots

    table = pd.DataFrame({"lines": [3, 0, 2], "revenue": [30.0, 0.0, -2.0]},
                         index=pd.period_range("2025-01", periods=3, freq="M"))
    ax = plots.monthly_revenue(table)
    assert bars(ax)[0].length == [30, 0, -2]
    assert list(ax.lines[0].get_xdata()) == [1]
    assert ticks(ax.xaxis)[0] == ["2025-01", "2025-02", "2025-03"]


def test_cost_of_silence_is_the_grey_above_the_blue():
    from crmlib import plots

    table = pd.DataFrame({"expected": [5.0, 1.0], "if_active": [6.0, 4.0]}, index=["0–30", "over 30"])
    ax = plots.value_of_silence(table, unit="yuan")
    assert [each.length for each in bars(ax)] == [[6, 4], [5, 1]]
    assert ticks(ax.xaxis)[0] == ["0–30", "over 30"]


# --------------------------------------------------------------------------------- the command


@pytest.fixture
def file(tmp_path):
    """A German export: semicolons, decimal commas, its own names of columns."""
    orders = KINDS["twelve customers"]()
    path = tmp_path / "bestellungen.csv"
    frame = pd.DataFrame({
        "Kundennr": orders["customer_id"], "Datum": orders["date"].dt.strftime("%d.%m.%Y"),
        "Betrag": orders["amount"].map("{:.2f}".format).str.replace(".", ","), "Artikel": orders["product_id"]})
    frame.to_csv(path, index=False, sep=";")
    return path


GERMAN = ["--map", "customer_id=Kundennr,date=Datum,amount=Betrag,product_id=Artikel", "--decimal", ",",
          "--date-format", "%d.%m.%Y", "--duplicates", "keep"]


def test_command_writes_the_page_and_says_what_is_on_it(file, tmp_path, capsys):
    out, customers = tmp_path / "report.html", tmp_path / "customers.csv"
    assert main(["report", str(file), *GERMAN, "--out", str(out), "--customers", str(customers)]) == 0
    said = capsys.readouterr()
    assert f"{out}: written" in said.out and "not done: " in said.out and not said.err
    page = out.read_text(encoding="utf-8")
    assert "bestellungen.csv" in page and "Kundennr" in page and str(tmp_path) not in page
    table = pd.read_csv(customers)
    assert list(table.columns) == ["id", "segment", "alive", "value"] and len(table) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bestellungen.csv", "customers.csv", "report.html"]


def test_a_retail_export_goes_through_by_copying_what_inspect_prints(tmp_path, monkeypatch, capsys):
    retail(tmp_path / "online_retail.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "Settings", functools.partial(Settings, draws=4))
    assert main(["inspect", "online_retail.csv"]) == 0
    (line,) = [line for line in capsys.readouterr().out.split("\n") if line.startswith("python -m crmlib report")]
    assert main([*shlex.split(line)[3:], "--margin-share", "0.3"]) == 0
    page, said = (tmp_path / "report.html").read_text(encoding="utf-8"), capsys.readouterr().out
    assert "The expected value of the next 24 months is" in said
    assert "missing" in page and "Growth matrix" in page


@pytest.mark.parametrize(("extra", "code", "said"), [
    ([], 1, "no column 'customer_id'"),
    (GERMAN[:2], 1, "--date-format"),
])
def test_data_that_cannot_be_used_end_with_1_and_no_traceback(file, tmp_path, capsys, extra, code, said):
    assert main(["report", str(file), *extra, "--out", str(tmp_path / "r.html")]) == code
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
    assert not (tmp_path / "r.html").exists()


def test_a_folder_that_is_not_there_is_said_before_the_work(file, tmp_path, capsys):
    assert main(["report", str(file), *GERMAN, "--out", str(tmp_path / "no" / "r.html")]) == 1
    assert "make it first" in capsys.readouterr().err


def test_notebooks_that_are_not_installed_are_missed_before_the_work(file, tmp_path, capsys, monkeypatch):
    def nowhere(_):
        raise FileNotFoundError("no folder with notebooks/")

    monkeypatch.setattr(course, "find_root", nowhere)
    out = tmp_path / "r.html"
    assert main(["report", str(file), *GERMAN, "--out", str(out), "--notebooks", str(tmp_path / "mine")]) == 1
    assert "--notebooks needs crmlib in its repository" in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize("flags", [["--out", "bestellungen.csv"], ["--out", "r.html", "--customers", "link.csv"],
                                   ["--out", "r.html", "--customers", "./r.html"]])
def test_what_is_written_is_never_what_was_read(file, tmp_path, capsys, monkeypatch, flags):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.csv").symlink_to(file)
    before = file.read_bytes()
    assert main(["report", "*.csv" if "r.html" in flags else "bestell*", *GERMAN, *flags]) == 1
    said = capsys.readouterr().err
    assert "would be replaced" in said or "write to two files" in said
    assert file.read_bytes() == before and not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("wrong", [["--margin-share", "35"], ["--horizon-months", "0"],
                                   ["--observation-end", "1.1.2025"], []])
def test_wrong_use_ends_with_2(file, tmp_path, capsys, wrong):
    out = ["--out", str(tmp_path / "r.html")] if wrong else []
    with pytest.raises(SystemExit) as stop:
        main(["report", str(file), *wrong, *out])
    assert stop.value.code == 2


def test_an_interrupted_report_leaves_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("the old page")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(page_module.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_report(path, KINDS["one order"]())
    assert path.read_text() == "the old page" and [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_customer_table_has_a_row_per_customer_and_gaps_where_nothing_is_known():
    table = customer_table(made("plain")[0])
    assert len(table) == 300 and table["value"].sum() == approx(made("plain")[0].value.sum())
    assert set(table["segment"].astype(str)) <= {"VIP", "major", "ordinary", "small", "lapsed"}
    few = customer_table(made("twelve customers")[0])
    assert few[["alive", "value"]].isna().all(axis=None) and few["segment"].notna().all()
