"""The explorer of chapter 07 answers to its sliders."""


def test_explore_customer_history(open_notebook):
    page = open_notebook("07_lifetime_value_from_orders.ipynb", explorer="explore_customer_history(")
    page.run_all()
    n = page.cell_number("explore_customer_history(")
    before = page.output_text(n)
    assert "BG/NBD" in before and "0.37" in before
    page.drag_slider("repeat purchases")
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert "BG/NBD" in after and after != before
