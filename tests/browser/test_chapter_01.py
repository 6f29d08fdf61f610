"""The explorer of chapter 01 answers to its sliders."""


def test_explore_budget(open_notebook):
    page = open_notebook("01_growth_matrix.ipynb", explorer="explore_budget(responses")
    page.run_all()
    n = page.cell_number("explore_budget(responses")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "One more yuan brings most in" in before and len(picture) == 1
    page.drag_slider("loyalty, thousand", -60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "The best split of the same money nets" in after
