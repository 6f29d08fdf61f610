"""The explorer of chapter 00 answers to its sliders."""


def test_explore_contacts(open_notebook):
    page = open_notebook("00_start_here.ipynb")
    page.run_all()
    n = page.cell_number("explore_contacts(")
    before = page.output_text(n)
    assert "Best plan: 146 letters" in before
    page.drag_slider("Uplift (%)")
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert "Best plan" in after and "146 letters" not in after
