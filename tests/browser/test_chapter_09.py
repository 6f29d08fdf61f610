"""The explorer of chapter 09 answers to its sliders."""


def test_explore_calls(open_notebook):
    page = open_notebook("09_one_to_one.ipynb")
    page.run_all(240)
    n = page.cell_number("explore_calls(plan_rows")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Calling the best 10 % earns" in before and len(picture) == 1
    page.drag_slider("share called", 60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "Calling the best 10 %" not in after
    page.drag_slider("cost of a call (yuan)", 60)
    dearer = page.wait_changed(lambda: page.output_text(n), after)
    page.drag_slider("years counted", -60)
    assert page.wait_changed(lambda: page.output_text(n), dearer) != dearer
