"""The reading site, built once as `make site` builds it, and read in a Chromium."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAPTER, EXERCISES = "notebooks/06_lifetime_value.html", "notebooks/exercises/06_lifetime_value.html"
# the widest of their kind: formulas, tables of seven columns, signatures, long names
ON_A_PHONE = ("index.html", "notebooks/07_lifetime_value_from_orders.html", EXERCISES, "notebooks/claims.html",
              "docs/on_a_cluster.html", "library/btyd.html", "search.html?q=churn")
PAPER = "getComputedStyle(document.body).backgroundColor"
# axe takes long where there is much code: these have all kinds of content, and not much of it
FOR_AXE = (("index.html", "light"), ("index.html", "dark"), ("notebooks/exercises/00_start_here.html", "dark"),
           ("library/contracts.html", "light"))


@pytest.fixture(scope="session")
def site(tmp_path_factory, chromium_path):
    """Build the site; a warning of Sphinx, a broken link, a picture without words is an error. Return its folder."""
    pytest.importorskip("myst_nb", reason="Sphinx is not installed: pip install -e .[site]")
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, ROOT / "docs" / "build.py", "--slides", target, target], check=False,
                          capture_output=True, text=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("0 findings"), done.stdout
    return target / "html"


@pytest.fixture(scope="module")
def address(site):
    """Serve the site on this machine; return where."""

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def open_page(address, chromium_browser):
    """Return a function that opens a page; what it asks of elsewhere, does not find or complains of is a failure."""
    contexts, wrong = [], []

    def guard(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"asks for {route.request.url}")
            route.abort()

    def open_(page, *, width=1280, height=900, colours="light"):
        contexts.append(chromium_browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours))
        contexts[-1].route("**/*", guard)
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("response", lambda answer: answer.status >= 400 and wrong.append(f"{answer.status} {answer.url}"))
        tab.goto(address + page)
        return tab

    open_.wrong = wrong
    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("name", ON_A_PHONE)
def test_a_phone_needs_no_sideways_scroll(open_page, name):
    page = open_page(name, width=390, height=844)
    page.wait_for_function("() => !document.querySelector('.math:not(:has(mjx-container))')")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cut = """() => [...document.querySelectorAll("article :is(p, dt, table, img, h1, h2)")].filter(e => !e.closest(
        ".cell_output, .pst-scrollable-table-container") && e.getBoundingClientRect().right > innerWidth)
        .map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(cut) == []


def test_what_a_page_asks_of_elsewhere_is_seen(open_page):
    page = open_page("index.html")
    page.evaluate("fetch('http://example.invalid/x').catch(() => 0)")
    page.wait_for_timeout(200)
    assert "asks for http://example.invalid/x" in open_page.wrong
    open_page.wrong.clear()  # what is left here fails the test


def test_the_first_page_is_light(open_page):
    sizes = []
    page = open_page("search.html")
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto(page.url.replace("search.html", "index.html"), wait_until="networkidle")
    assert len(sizes) < 30 and sum(sizes) < 3_000_000


def test_formulas_are_drawn(open_page):
    page = open_page(CHAPTER)
    page.wait_for_selector("mjx-container", timeout=30_000)
    page.wait_for_function("() => !document.querySelector('.math:not(:has(mjx-container))')")
    assert page.locator("mjx-container").count() >= 10
    assert not re.search(r"\\\(|\\\[|\\frac", page.locator("article").inner_text())
    assert page.evaluate("document.fonts.check('16px MJXTEX')")


def test_figures_have_the_words_of_the_chapter(open_page):
    page = open_page(CHAPTER)
    cells = nbformat.read(ROOT / "notebooks" / "06_lifetime_value.ipynb", as_version=4).cells
    words = [output.metadata["image/png"]["alt"] for cell in cells for output in cell.get("outputs", ())
             if "image/png" in output.get("data", {})]
    images = page.locator("article img")
    assert [images.nth(n).get_attribute("alt") for n in range(images.count())] == words
    assert page.evaluate("[...document.querySelectorAll('article img')].every(e => e.complete && e.naturalWidth > 200)")


def test_every_number_is_one_of_the_stored_outputs(open_page):
    page = open_page(CHAPTER)
    shown = " ".join(page.locator(".cell_output").all_inner_texts()).split()
    cells = nbformat.read(ROOT / "notebooks" / "06_lifetime_value.ipynb", as_version=4).cells
    stored = json.dumps([cell.get("outputs", ()) for cell in cells], ensure_ascii=False)
    numbers = [word for word in shown if re.fullmatch(r"-?[\d,]*\d\.\d+", word)]
    assert len(numbers) > 100
    assert [number for number in numbers if number not in stored] == []


@pytest.mark.parametrize(("sought", "found"), [
    ("retention elasticity", "library/clv.html"),
    ("letters", "notebooks/00_start_here.html"),
    ("顾客终生价值", "notebooks/06_lifetime_value.html"),
])
def test_the_search_finds(open_page, sought, found):
    page = open_page("index.html")
    page.locator(".search-button__button:visible, .search-button-field:visible").first.click()
    page.keyboard.type(sought)
    page.keyboard.press("Enter")
    page.wait_for_selector("ul.search li a", timeout=30_000)
    page.wait_for_function("() => /finished|matching/.test(document.querySelector('.search-summary')?.innerText ?? '')")
    links = [link.get_attribute("href").split("?")[0].split("#")[0] for link in page.locator("ul.search li a").all()]
    assert found in links


def test_a_reader_can_turn_the_lights_off(open_page):
    page = open_page(CHAPTER)
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    page.locator(".theme-switch-button:visible").click()
    page.locator(".theme-switch-container:visible").get_by_text("Dark").click()
    assert page.evaluate(theme) == "dark"
    assert sum(map(int, re.findall(r"\d+", page.evaluate(PAPER))[:3])) < 150
    figure = page.locator("article img").first
    assert figure.evaluate(f"e => {PAPER.replace('document.body', 'e')}") == "rgb(255, 255, 255)"
    assert figure.evaluate("e => getComputedStyle(e).filter") == "none"
    page.reload()
    assert page.evaluate(theme) == "dark"


def test_a_claim_leads_to_the_section_that_computes_it(open_page):
    page = open_page("notebooks/claims.html")
    link = page.locator('a[href*="06_lifetime_value.html#cell-id="]').first
    target = link.get_attribute("href").partition("#")[2]
    link.click()
    page.wait_for_url("**/06_lifetime_value.html#*")
    page.wait_for_function("id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 200", arg=target)


def test_a_term_leads_to_its_meaning(open_page):
    page = open_page(CHAPTER)
    link = page.locator('a[href="glossary.html#term-present-value"]').first
    assert len(link.get_attribute("title")) > 20
    link.click()
    page.wait_for_url("**/glossary.html#term-present-value")
    row = page.locator("tr", has=page.locator("#term-present-value"))
    assert row.inner_text().startswith("present value")
    assert row.locator("td").first.evaluate("e => getComputedStyle(e).backgroundColor") != "rgba(0, 0, 0, 0)"
    later = open_page("notebooks/08_churn_loss.html").locator("a.term")
    assert later.count() >= 3 and all("glossary.html#term-" in each.get_attribute("href") for each in later.all())


def test_a_function_leads_to_the_library(open_page):
    page = open_page("notebooks/exercises/06_lifetime_value.html")
    page.locator('a[href="../../library/clv.html#crmlib.clv.lifetime_value"]').first.click()
    page.wait_for_url("**/library/clv.html#crmlib.clv.lifetime_value")
    assert page.locator("[id='crmlib.clv.lifetime_value']").is_visible()


def test_a_solution_is_folded_away(open_page):
    page = open_page(EXERCISES)
    solution = page.locator("details.solution").first
    assert not solution.locator("pre").first.is_visible()
    solution.locator("summary").focus()
    page.keyboard.press("Enter")
    assert solution.locator("pre").first.is_visible()
    assert page.get_by_text("Correct:").first.is_visible()


def test_chinese_is_marked_and_set_in_a_chinese_font(open_page):
    page = open_page("notebooks/glossary.html")
    fonts = "e => getComputedStyle(e).fontFamily"
    assert "SC" in page.locator("article [lang=zh-Hans]").first.evaluate(fonts)
    assert "TC" in page.locator("article [lang=zh-Hant]").first.evaluate(fonts)
    unmarked = r"""() => { const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        while (walk.nextNode()) if (/[\u4e00-\u9fff]/.test(walk.currentNode.data)
            && !walk.currentNode.parentElement.closest("[lang^=zh], script, style")) found.push(walk.currentNode.data);
        return found; }"""
    assert page.evaluate(unmarked) == []


@pytest.mark.parametrize(("kind", "colours"), FOR_AXE)
def test_axe_finds_nothing_serious(open_page, kind, colours):
    script = pytest.importorskip("axe_playwright_python.base", reason="axe is not installed: pip install -e .[site]")
    page = open_page(kind, colours=colours)
    page.evaluate(script.AXE_SCRIPT)
    found = page.evaluate("""async () => {
        const found = await axe.run(document, {resultTypes: ["violations"], preload: false});
        return found.violations.map(each => `${each.impact}: ${each.id} at ${each.nodes[0].html.slice(0, 120)}`); }""")
    assert [each for each in found if each.startswith(("serious", "critical"))] == []


def test_a_keyboard_reaches_the_text_first(open_page):
    page = open_page("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").strip() == "Skip to main content"
