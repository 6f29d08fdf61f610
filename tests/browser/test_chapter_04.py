"""The explorer of chapter 04 answers to its sliders."""


def test_explore_value_list(open_notebook):
    page = open_notebook("04_value_functions.ipynb", explorer="explore_value_list(criteria")
    page.run_all()
    n = page.cell_number("explore_value_list(criteria")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "credit grade has 20 % of the points" in before and len(picture) == 1
    page.drag_slider("cumulative sales", 60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "of the best possible one" in after and after != before
