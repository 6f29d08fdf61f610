"""The explorer of chapter 05 answers to its sliders."""


def test_explore_offer(open_notebook):
    page = open_notebook("05_delivered_value.ipynb", explorer="explore_offer(retail_survey")
    page.run_all()
    n = page.cell_number("explore_offer(retail_survey")
    # a widget is drawn after its cell has run: wait for the figure, which comes last
    picture = page.wait_changed(lambda: page.output_images(n), [])
    before = page.output_text(n)
    assert "Price -5 %, service +0 %:" in before and len(picture) == 1
    page.drag_slider("our price", 60)
    after = page.wait_changed(lambda: page.output_text(n), before)
    assert page.wait_changed(lambda: page.output_images(n), picture) != picture
    assert "Price -5 %" not in after and "service +0 %" in after
    page.drag_slider("value of our service", 60)
    moved = page.wait_changed(lambda: page.output_text(n), after)
    assert "service +0 %" not in moved
