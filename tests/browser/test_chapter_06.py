"""The explorer of chapter 06 answers to its sliders."""


def test_explore_lifetime_value(open_notebook):
    page = open_notebook("06_lifetime_value.ipynb", explorer="explore_lifetime_value()")
    page.run_all()
    n = page.cell_number("explore_lifetime_value()")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Value before acquisition cost 366.67" in before and len(picture) == 1
    page.drag_slider("retention rate", 40)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "Value before acquisition cost" in after and "366.67" not in after
