"""The explorer of chapter 10 answers to its sliders."""


def test_explore_strategy(open_notebook):
    page = open_notebook("10_strategy_case.ipynb")
    page.run_all(240)
    n = page.cell_number("explore_strategy(place")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Of 400,000 yuan" in before and len(picture) == 1
    page.drag_slider("budget (thousand yuan)", -120)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "Of 400,000 yuan" not in after
    page.drag_slider("price of a new customer", 80)
    dearer = page.wait_changed(lambda: page.output_text(n), after)
    page.drag_slider("years counted", -60)
    assert page.wait_changed(lambda: page.output_text(n), dearer) != dearer
