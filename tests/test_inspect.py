"""Looking before the door: proposals with reasons, questions instead of guesses, and a call that works when copied."""

import shlex

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crmlib import inspection as inspect
from crmlib.__main__ import build_parser, main
from crmlib.commands import door_arguments
from crmlib.data import read_transactions
from crmlib.errors import DataError
from crmlib.inspection import described, inspect_file


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def proposed(found):
    return found.columns.query("proposed != ''").set_index("proposed")["column"].to_dict()


def copied(found):
    """Return what the printed Python call makes, and hold the printed commands against it."""
    space = {"read_transactions": read_transactions}
    exec(found.python(), space)
    for command in found.commands():
        options = build_parser().parse_args(shlex.split(command.replace("YYYY-MM-DD", "2025-01-01"))[3:])
        assert options.orders == [found.path]
        given = door_arguments(options)
        assert given.items() <= found.arguments.items()
        assert options.run.__name__ == "score" or given == found.arguments
    return space["orders"]


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    """Return an export like a well-known one: cancellations, latin-1, month first, missing ids, equal rows."""
    n, rng = 300, np.random.default_rng(1)
    frame = pd.DataFrame({
        "InvoiceNo": [str(536365 + i // 3) for i in range(n)], "StockCode": rng.choice(["85123A", "71053"], n),
        "Description": rng.choice(["LANTERN £", "CAFÉ SIGN"], n), "Quantity": rng.integers(1, 9, n),
        "InvoiceDate": [f"12/{1 + i // 15}/2010 {8 + i % 9}:26" for i in range(n)],
        "UnitPrice": rng.choice([2.55, 3.39], n), "CustomerID": rng.integers(12346, 12400, n).astype(float)})
    frame.loc[::10, "CustomerID"] = np.nan
    frame.loc[5::50, "InvoiceNo"] = "C" + frame.loc[5::50, "InvoiceNo"]
    frame.loc[5::50, "Quantity"] *= -1
    frame = pd.concat([frame, frame[1:4]])
    path = tmp_path_factory.mktemp("retail") / "Online Retail.csv"
    frame.to_csv(path, index=False, encoding="latin-1")
    return path, frame


def test_a_retail_export_is_understood_and_mended(retail):
    path, frame = retail
    found = inspect_file(path)
    assert found.arguments == {
        "customer_id": "CustomerID", "date": "InvoiceDate", "unit_price": "UnitPrice", "order_id": "InvoiceNo",
        "product_id": "StockCode", "quantity": "Quantity", "date_format": "%m/%d/%Y %H:%M", "encoding": "cp1252",
        "missing_ids": "drop", "returns": "net", "duplicates": "keep"}
    notes = "; ".join(found.notes)
    assert "not UTF-8, so perhaps cp1252" in notes and ("CAFÉ SIGN" in notes or "LANTERN £" in notes)
    assert "6 rows have an order number that begins with C, and 100% of them a negative quantity" in notes
    for words in ("CustomerID: missing in 30 of 303", "UnitPrice × Quantity: negative", "3 of 303 rows repeat"):
        assert words in found.refused
    left = found.trials.set_index("arguments")[["rows_in", "rows_out"]].T.to_dict("list")
    named = frame.dropna(subset=["CustomerID"])
    assert left == {
        'missing_ids="drop"': [303, 273], 'returns="net"': [303, 273],
        'returns="drop"': [303, int((named["Quantity"] > 0).sum())], 'duplicates="keep"': [303, 273],
        'duplicates="drop"': [303, len(named.drop_duplicates())]}
    different, nobody = named.drop_duplicates(), frame[frame["CustomerID"].isna()]
    worth, lost = (lines["UnitPrice"] @ lines["Quantity"] for lines in (different, nobody))
    assert f"{worth:,.2f} in all; one of each stays" in described(found)
    assert f"without a customer id are worth {lost:,.2f}" in notes
    orders = copied(found)
    assert orders.rows_out == 273 and (found.rows, found.looked_at) == (303, 303)
    total = (named["UnitPrice"] * named["Quantity"]).sum()
    assert orders.amount.sum().to_pyarrow().as_py() == pytest.approx(total)
    assert found.last_day == "2010-12-20" and "--observation-end 2010-12-20" in found.commands()[0]
    why = found.columns.set_index("proposed")["why"]
    assert "no column holds the amount, which is UnitPrice × Quantity" in why["unit_price"]


def test_customers_without_money_left_and_rows_of_0_are_told_and_scored_as_zero(tmp_path):
    text = "customer,date,total\n1,2024-01-05,50\n1,2024-02-05,10\n1,2024-02-09,-10\n2,2024-01-05,5.5\n2,2024-01-06,0\n"
    found = inspect_file(write(tmp_path / "a.csv", text))
    notes = "; ".join(found.notes)
    assert "mean repeat spend is zero or less for 2 of the customers" in notes and "1 rows of amount 0 stay" in notes
    assert " --nonpositive zero " in found.commands()[0] and copied(found).rows_out == 5
    found = inspect_file(write(tmp_path / "b.csv", text.replace(",0\n", ",3\n").replace(",-10", ",-9")))
    assert found.worthless == 0 and "--nonpositive" not in found.commands()[0]


LANGUAGES = {
    "German": ("Auftragsnr;Kundennr;Bestelldatum;Lieferdatum;Artikel;Menge;Gesamtbetrag;Währung\n"
               "1;A1;31.01.2024;01.03.2024;Rohr;2;1.234,50;EUR\n2;A2;05.02.2024;01.03.2024;Öl;1;7,25;EUR\n", "cp1252",
               {"customer_id": "Kundennr", "date": "Bestelldatum", "amount": "Gesamtbetrag", "order_id": "Auftragsnr",
                "product_id": "Artikel", "quantity": "Menge", "currency": "Währung", "date_format": "%d.%m.%Y",
                "decimal": ",", "thousands": ".", "encoding": "cp1252"}, 1241.75),
    "Chinese": ("订单号,会员编号,下单时间,商品编码,数量,实付金额\n1,八一,2024-01-31 10:00:00,水壶,2,1234.5\n"
                "2,八二,2024-02-05 11:00:00,水壶,1,7.25\n", "gb18030",
                {"customer_id": "会员编号", "date": "下单时间", "amount": "实付金额", "order_id": "订单号",
                 "product_id": "商品编码", "quantity": "数量", "encoding": "gb18030"}, 1241.75),
    "French": ("N° commande;N° client;Date de commande;Montant TTC\n1;7;31/01/2024;1 234,50\n2;8;05/02/2024;7,25\n",
               "utf-8-sig", {"customer_id": "N° client", "date": "Date de commande", "amount": "Montant TTC",
                             "order_id": "N° commande", "date_format": "%d/%m/%Y", "decimal": ",", "thousands": " "},
               1241.75),
    "Dutch": ("klantnummer\tfactuurdatum\tfactuurnummer\tbedrag\n7\t31-01-2024\t1\t1234,50\n8\t05-02-2024\t2\t7,25\n",
              "utf-16", {"customer_id": "klantnummer", "date": "factuurdatum", "amount": "bedrag",
                         "order_id": "factuurnummer", "date_format": "%d-%m-%Y", "decimal": ",",
                         "encoding": "utf-16"}, 1241.75),
    "Spanish": ("Cliente|Fecha de compra|Cantidad|Precio unitario\n7|31/01/2024|2|617.25\n8|05/02/2024|1|7.25\n",
                "utf-8", {"customer_id": "Cliente", "date": "Fecha de compra", "unit_price": "Precio unitario",
                 "quantity": "Cantidad", "date_format": "%d/%m/%Y"}, 1241.75),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_exports_in_other_languages(tmp_path, language):
    text, encoding, arguments, total = LANGUAGES[language]
    found = inspect_file(write(tmp_path / "a.csv", text, encoding))
    assert found.arguments == arguments and not found.questions and not found.unsolved
    orders = copied(found)
    assert orders.amount.sum().to_pyarrow().as_py() == total
    assert orders.report.set_index("check").loc["first day", "done"] == "2024-01-31"


HEADER = "customer,date,total\n"


def asked(tmp_path, text, *words, name="a.csv"):
    found = inspect_file(write(tmp_path / name, text))
    for word in words:
        assert any(word in question for question in found.questions), found.questions
    return found


def test_day_or_month_first_is_asked_unless_a_day_above_12_tells(tmp_path):
    found = asked(tmp_path, HEADER + "1,01/02/2024,5\n2,03/04/2024,6\n",
                  'date_format="%d/%m/%Y" or date_format="%m/%d/%Y"', "stands in the call below")
    assert found.arguments["date_format"] == "%d/%m/%Y" and not found.unsolved
    for text, form in (("13/02/2024", "%d/%m/%Y"), ("02/13/2024", "%m/%d/%Y")):
        found = asked(tmp_path, HEADER + f"1,01/02/2024,5\n2,{text},6\n")
        assert (found.arguments["date_format"], found.questions) == (form, [])


def test_a_time_zone_is_asked_for(tmp_path):
    found = asked(tmp_path, HEADER + "1,2024-01-05T23:30:00Z,5\n2,2024-01-05T10:00:00+08:00,6\n",
                  "whose wall time counts?")
    assert found.arguments["timezone"] == "UTC" and copied(found).rows_out == 2
    days = pd.to_datetime(["2024-01-05", "2024-01-06"], utc=True)
    frame = pd.DataFrame({"customer": [1, 2], "date": days, "total": 1})
    frame.to_parquet(tmp_path / "a.parquet")
    assert inspect_file(tmp_path / "a.parquet").arguments["timezone"] == "UTC"


def test_two_columns_that_fit_alike_are_a_question(tmp_path):
    asked(tmp_path, "customer,order date,invoice date,total\n1,2024-01-05,2024-01-06,5.5\n2,2024-01-05,2024-01-06,6\n",
          "date: 'order date' or 'invoice date'? Both names fit; 'order date' is proposed")
    found = asked(tmp_path, "customer,a,b\n1,2024-01-05,5.5\n2,2024-01-06,6\n",
                  "date: is it 'a'?", "amount: is it 'b'?")
    assert found.arguments == {"customer_id": "customer", "date": "a", "amount": "b"}
    found = asked(tmp_path, "customer,a,b,c\n1,2024-01-05,5.5,1.5\n2,2024-01-06,6,2\n", "amount: 'b' or 'c'? No name")
    assert "amount: no column looks like it" in found.unsolved
    asked(tmp_path, "customer,date,price\n1,2024-01-05,5.5\n2,2024-01-06,6\n", "the price of the whole line?")


def test_an_amount_is_preferred_and_compared_with_price_times_quantity(tmp_path):
    found = inspect_file(write(tmp_path / "a.csv", "customer,date,qty,price,total\n1,2024-01-05,2,2.5,5\n"
                               "2,2024-01-06,3,1,3\n3,2024-01-07,1,9,8.1\n4,2024-01-07,1,9,9\n"))
    assert found.arguments["amount"] == "total" and "unit_price" not in found.arguments
    assert "it is price × qty in 75% of the rows" in found.columns.set_index("column").loc["total", "why"]


def test_days_as_numbers(tmp_path):
    found = asked(tmp_path, HEADER + "1,20240131,5\n2,20240205,6\n")
    assert found.arguments["date_format"] == "%Y%m%d"
    found = asked(tmp_path, HEADER + "1,45296,5\n2,45297.5,6\n")
    assert found.arguments["date_format"] == "excel" and copied(found).rows_out == 2
    found = asked(tmp_path, HEADER + "1,1704412800,5\n2,1704412801,6\n")
    assert "pandas.to_datetime(frame['date'], unit=" in found.unsolved


def test_what_no_argument_mends_is_said(tmp_path):
    found = asked(tmp_path, HEADER + "1,2024-01-05,€5\n2,2024-01-06,6\n")
    assert "remove the currency signs" in found.unsolved and proposed(found)["amount"] == "total"
    found = asked(tmp_path, HEADER + ",2024-01-05,5\n2,2024-01-06,x\n3,2024-01-06,-6\n" + "4,2024-01-06,6\n" * 7)
    assert "total: not a number in 1 of" in found.unsolved
    assert {"missing_ids", "returns", "duplicates"} <= found.arguments.keys()
    assert found.trials["what"].str.startswith("refused: 1. total: not a number").all()
    found = asked(tmp_path, "x,date,total\n1,2024-01-05,5\n2,2024-01-06,6\n")
    assert "customer_id: no column looks like it" in found.unsolved
    with pytest.raises(DataError, match="line 3 looks like the header, but 2 lines above it"):
        inspect_file(write(tmp_path / "t.csv", "Orders,,\n\n" + HEADER + "1,2024-01-05,5\n" * 5))


def test_workbooks(tmp_path):
    frame = pd.DataFrame({"Customer": [1, 2], "Date": pd.to_datetime(["2024-01-05", "2024-01-06"]), "Total": [1.5, 2]})
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as book:
        frame.to_excel(book, sheet_name="May", index=False, startrow=3)
        book.sheets["May"]["A1"] = "Orders of May"
    found = inspect_file(path)
    assert found.arguments == {"customer_id": "Customer", "date": "Date", "amount": "Total", "header_row": 4}
    assert "row 4 looks like the header" in "; ".join(found.notes) and copied(found).rows_out == 2
    with pd.ExcelWriter(path) as book:
        frame.to_excel(book, sheet_name="May", index=False)
        frame.to_excel(book, sheet_name="June", index=False)
    with pytest.raises(DataError, match="2 sheets hold something"):
        inspect_file(path)
    assert inspect_file(path, sheet="June").arguments["sheet"] == "June"
    with pytest.raises(ValueError, match="for Excel workbooks only"):
        inspect_file(write(tmp_path / "a.csv", HEADER), sheet="June")


def test_of_a_large_file_a_sample_is_looked_at_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(inspect, "LARGE_PARQUET", 1000)
    monkeypatch.setattr(inspect, "LARGE_TEXT", 20_000)
    monkeypatch.setattr(inspect, "LOOK", 500)
    frame = pd.DataFrame({"customer": np.arange(3000) % 7, "date": "2024-01-05", "total": np.arange(3000) / 4,
                          "note": 'a "quoted"\ntext'})
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "a.parquet", row_group_size=100)
    found = inspect_file(tmp_path / "a.parquet")
    assert (found.rows, found.looked_at, found.last_day) == (3000, 500, "")
    assert "500 from 10 parts of it were looked at: the door itself looks at all" in "; ".join(found.notes)
    assert "--observation-end YYYY-MM-DD" in found.commands()[0] and copied(found).rows_out == 3000
    for name in ("a.csv", "a.csv.gz"):
        frame.to_csv(tmp_path / name, index=False)
        found = inspect_file(tmp_path / name)
        assert found.rows is None and 200 <= found.looked_at < 500 and found.last_day == ""
        assert "were looked at" in "; ".join(found.notes) and copied(found).rows_out == 3000


def test_the_command_prints_what_to_copy_and_says_by_its_exit_code_whether_it_works(tmp_path, capsys, retail):
    assert main(["inspect", str(retail[0])]) == 0
    out = capsys.readouterr().out
    for words in ("Only you", "What the door says", "What would mend it", "read_transactions(",
                  "python -m crmlib score", "python -m crmlib report '",
                  "--map customer_id=CustomerID,date=InvoiceDate,unit_price=UnitPrice"):
        assert (words in out) == (words != "Only you"), words
    assert main(["inspect", str(write(tmp_path / "a.csv", HEADER + "1,soon,5\n2,2024-01-05,6\n"))]) == 1
    assert "To mend first" in capsys.readouterr().out
    assert main(["inspect", str(tmp_path / "none.csv")]) == 1
    assert "none.csv does not exist" in capsys.readouterr().err
    with pytest.raises(SystemExit) as info:
        main(["inspect"])
    assert info.value.code == 2
    capsys.readouterr()


def test_column_names_with_commas_go_to_flags_of_their_own(tmp_path):
    found = inspect_file(write(tmp_path / "a.csv", '"customer, id",date,total\n1,2024-01-05,5\n2,2024-01-06,6\n'))
    assert "--map" not in found.commands()[1] and "--customer-id 'customer, id'" in found.commands()[1]
    assert copied(found).rows_out == 2 and "customer, id" in described(found)
