"""The explorer of chapter 03 answers to its sliders."""


def test_explore_discount_plan(open_notebook):
    page = open_notebook("03_customer_segments.ipynb", explorer="explore_discount_plan(plan")
    page.run_all()
    n = page.cell_number("explore_discount_plan(plan")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Below 50 %:" in before and len(picture) == 1
    page.drag_slider("price buyers who leave", 60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "Below 50 %:" in after
    page.drag_slider("treated below", 60)
    moved = page.wait_changed(lambda: page.output_text(n), after)
    assert "Below 50 %:" not in moved
