"""The explorer of chapter 02 answers to its sliders."""


def test_explore_visits(open_notebook):
    page = open_notebook("02_customer_identification.ipynb", explorer="explore_visits(candidates")
    page.run_all()
    n = page.cell_number("explore_visits(candidates")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "of 60 hours" in before and len(picture) == 1
    page.drag_slider("hours there are", 40)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "expected loss avoided" in after and "of 60 hours" not in after
