"""Tables that people open in a spreadsheet: no text of a customer runs there as a formula."""

import pandas as pd
import pytest

from crmlib.data.export import neutralise_formulas, write_csv

DANGEROUS = ['=HYPERLINK("http://example.org","x")', "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1"]
HARMLESS = ["A=1", " x", "", "1-1", "<script>", "a\n=1"]


@pytest.mark.parametrize("dtype", ["str", object, "category", "string"])
def test_texts_that_a_spreadsheet_would_run_get_an_apostrophe(dtype):
    frame = pd.DataFrame({"name": pd.Series([*DANGEROUS, *HARMLESS, None], range(5, 21), dtype=dtype)})
    before = frame.copy()
    safe = neutralise_formulas(frame)
    assert safe["name"].tolist()[:-1] == ["'" + text for text in DANGEROUS] + HARMLESS
    assert pd.isna(safe["name"].iloc[-1]) and safe.index.equals(frame.index)
    pd.testing.assert_frame_equal(frame, before)


def test_numbers_dates_and_what_is_mixed_stay_what_they_are():
    frame = pd.DataFrame({"a": [-1, 2], "b": [-0.5, None], "c": pd.to_datetime(["2024-01-05", None]),
                          "d": pd.Series([-1, "-1"], dtype=object), "e": [True, False]})
    safe = neutralise_formulas(frame)
    pd.testing.assert_frame_equal(safe[["a", "b", "c", "e"]], frame[["a", "b", "c", "e"]])
    assert safe["d"].tolist() == [-1, "'-1"]


def test_column_names_are_texts_too():
    frame = pd.DataFrame([[1, 2, 3]], columns=["=x", "=x", 3])
    assert list(neutralise_formulas(frame).columns) == ["'=x", "'=x", 3]


def test_a_file_appears_when_it_is_complete(tmp_path, monkeypatch):
    path = tmp_path / "scores.csv"
    frame = pd.DataFrame({"name": ["=1", 'a"b,c\nd', "张三"], "value": [1.5, -2, 3]})
    assert write_csv(frame, path) == path
    assert path.read_bytes() == "\ufeffname,value\n'=1,1.5\n\"a\"\"b,c\nd\",-2.0\n张三,3.0\n".encode()

    def stopped(self, target, **options):
        target.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pd.DataFrame, "to_csv", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_csv(frame, path)
    assert [each.name for each in tmp_path.iterdir()] == ["scores.csv"] and path.read_bytes()[:3] == b"\xef\xbb\xbf"
