"""The explorer of chapter 08 answers to its sliders."""


def test_explore_customer_account(open_notebook):
    page = open_notebook("08_churn_loss.ipynb")
    page.run_all(240)
    n = page.cell_number("explore_customer_account(at_start")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Balance" in before and len(picture) == 1
    page.drag_slider("acquisition cost", 60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    page.drag_slider("friends sent a year", 60)
    assert page.wait_changed(lambda: page.output_text(n), after) != after
