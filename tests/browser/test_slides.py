"""Two decks as `make slides` makes them, in a Chromium and without any server."""

from pathlib import Path

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from crmlib.teaching import course, slides, slides_check

ROOT = Path(__file__).resolve().parents[2]
DECKS = ("04_value_functions", "08_churn_loss")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make two decks; return where."""
    target = tmp_path_factory.mktemp("slides")
    slides.build([ROOT / "notebooks" / f"{name}.ipynb" for name in DECKS], target)
    return target


@pytest.fixture
def open_deck(folder, chromium_browser):
    """Return a function that opens a deck; a request to a network, an error or a warning on the page is a failure."""
    context = chromium_browser.new_context(viewport={"width": slides.WIDTH, "height": slides.HEIGHT})
    wrong = []

    def guard(route):
        if route.request.url.startswith((folder.as_uri(), "data:")):
            route.continue_()
        else:
            wrong.append(f"asks for {route.request.url}")
            route.abort()

    def listen(tab):
        tab.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))

    context.route("**/*", guard)
    context.on("page", listen)

    def open_(name):
        tab = context.new_page()
        tab.goto((folder / f"{name}.html").as_uri())
        tab.wait_for_selector(".reveal.ready")
        return tab

    open_.wrong = wrong
    yield open_
    context.close()
    assert wrong == []


def current(page):
    return page.evaluate("Reveal.getSlides().indexOf(Reveal.getCurrentSlide())")


def go_to(page, words):
    """Show the first slide whose page has these words, or matches this selector."""
    page.evaluate("""words => {
        const found = Reveal.getSlides().find(each => each.querySelector(words));
        const {h, v} = Reveal.getIndices(found);
        Reveal.slide(h, v);
    }""", words)


@pytest.mark.parametrize("name", [*DECKS, "08_churn_loss.short"])
def test_everything_on_every_slide_can_be_seen_and_read(open_deck, name):
    seen = slides_check.measure(open_deck(name))
    assert slides_check.problems(seen) == []
    assert len(seen) == (18 if "short" in name else len(slides.deck(course.read(ROOT / "notebooks" / f"{name}.ipynb"))))
    assert sum(bool(slide["figures"]) for slide in seen) >= 5


def test_what_sticks_out_is_seen(folder, open_deck):
    cells = [new_markdown_cell(source, metadata={"slideshow": {"slide_type": "slide"}}) for source in (
        "# Long\n\n" + "\n".join(f"Line {n}." for n in range(25)),
        "## Wide\n\n" + "| wide " * 20 + "|\n" + "|---" * 20 + "|",
        "## Small\n\n<small style='font-size: 16px'>read me</small>", "## Empty", "Fine.")]
    path = folder / "99_bad.ipynb"
    path.write_text(course.dumps(new_notebook(cells=cells)), encoding="utf-8")
    slides.build([path], folder / "bad")
    page = open_deck("bad/99_bad")
    found = slides_check.problems(slides_check.measure(page))
    assert [problem.split("'")[1] for problem in found] == ["Long", "Wide", "Small", "Empty"], found
    complaints = ("p by", "table by", "text of 12 pt: 'read me'", "nothing but a title")
    for problem, complaint in zip(found, complaints, strict=True):
        assert complaint in problem


@pytest.mark.parametrize("key", ["Space", "ArrowRight", "n"])
def test_one_key_walks_through_the_deck(open_deck, key):
    page = open_deck("08_churn_loss")
    total = page.evaluate("Reveal.getTotalSlides()")
    for n in range(1, total):
        page.keyboard.press(key)
        assert current(page) == n
    page.keyboard.press(key)
    assert current(page) == total - 1
    page.keyboard.press("ArrowLeft")
    assert current(page) == total - 2


def test_a_number_jumps_to_the_slide_that_shows_it(open_deck):
    page = open_deck("08_churn_loss")
    page.keyboard.press("g")
    page.keyboard.type("27")
    page.keyboard.press("Enter")
    assert page.locator(".slide-number").inner_text().startswith("27") and current(page) == 26


def test_the_speaker_sees_notes_and_time(open_deck):
    page = open_deck("08_churn_loss.short")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    notes = speaker.locator(".speaker-controls-notes .value")
    speaker.locator("iframe").nth(1).wait_for()
    page.keyboard.press("Space")
    notes.get_by_text("Short talk: 1 min (3 of 20)").wait_for(timeout=20_000)
    assert "For the instructor." not in notes.inner_text()
    page.keyboard.press("ArrowLeft")
    notes.get_by_text("For the instructor.").wait_for(timeout=20_000)
    assert "show of hands" in notes.inner_text() and speaker.locator(".pacing").is_visible()


def test_pictures_are_drawn_and_the_explorer_has_its_twin(open_deck):
    page = open_deck("08_churn_loss")
    assert page.evaluate("[...document.images].every(e => e.complete && e.naturalWidth > 5 && e.alt)")
    go_to(page, ".live")
    live = page.locator("section.present .live")
    assert live.inner_text() == "Live in JupyterLab: run cell 92 of 08_churn_loss.ipynb, explore_customer_account(…)."
    assert page.locator("section.present figure img").bounding_box()["width"] > 900
    assert page.get_by_text(course.WIDGET_NOTE[:20]).count() == 0


def test_a_request_would_be_seen(open_deck):
    page = open_deck("04_value_functions")
    page.evaluate("new Image().src = 'http://example.invalid/x.png'")
    page.wait_for_timeout(200)
    assert any("example.invalid" in each and "Content Security Policy" in each for each in open_deck.wrong)
    open_deck.wrong.clear()


@pytest.mark.parametrize("what", ["h1", "figure", ".table", ".formula", ".live", ".memo"])
def test_axe_finds_nothing_serious(open_deck, what):
    script = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed: pip install -e .[site]")
    page = open_deck("04_value_functions")
    go_to(page, what)
    page.evaluate(script.AXE_SCRIPT)
    found = page.evaluate("""async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
        each => `${each.impact}: ${each.id} at ${each.nodes[0].html.slice(0, 120)}`)""")
    assert [each for each in found if each.startswith(("serious", "critical"))] == []


def test_the_list_of_decks_leads_to_them(folder, open_deck):
    page = open_deck("08_churn_loss")
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name="18 slides, 20 minutes").click()
    page.wait_for_selector(".reveal.ready")
    assert page.evaluate("Reveal.getTotalSlides()") == 18
