"""What only a browser can say of a deck: whether everything on every slide can be seen, and read from the back row.

Needs Playwright and a Chromium (`pip install -e .[dev]`), and asks nothing of any network.
"""

import shutil
from pathlib import Path

from crmlib.teaching import slides

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
POINT = 96 / 72                 # pixels of a page
SMALLEST = 18                   # points, of whatever is read on a slide
# one slide after the other: what sticks out, the smallest text, and by how much each figure is enlarged
_MEASURE = """async ([width, height]) => {
  const found = [];
  for (const section of Reveal.getSlides()) {
    const {h, v} = Reveal.getIndices(section);
    Reveal.slide(h, v, 99);
    const page = section.querySelector('.page'), frame = page.getBoundingClientRect();
    const seen = {cell: +section.dataset.cell, title: section.querySelector('h1, h2')?.innerText.trim() ?? '',
                  out: '', small: null, smallText: '', figures: [], empty: page.children.length < 2};
    let worst = 0;
    const images = [...page.querySelectorAll('img')];
    await Promise.all(images.map(img => img.decode()));
    for (const node of page.querySelectorAll('*')) {
      if (node.closest('pre.code')) continue;
      const box = node.getBoundingClientRect();
      const over = Math.max(box.right - frame.left - width, box.bottom - frame.top - height,
                            frame.left - box.left, frame.top - box.top);
      if (over > Math.max(1, worst)) {
        worst = over;
        seen.out = `${node.tagName.toLowerCase()} by ${Math.round(over)} px`;
      }
      const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
      const size = parseFloat(getComputedStyle(node).fontSize);
      if (own && (seen.small === null || size < seen.small)) {
        seen.small = size; seen.smallText = node.innerText.trim().slice(0, 40);
      }
    }
    for (const img of page.querySelectorAll('img.formula')) {
      const size = img.getBoundingClientRect().width / parseFloat(img.style.width);
      if (seen.small === null || size < seen.small) { seen.small = size; seen.smallText = img.alt.slice(0, 40); }
    }
    for (const img of page.querySelectorAll('figure img')) {
      const box = img.getBoundingClientRect();
      seen.figures.push(Math.min(box.width / img.naturalWidth, box.height / img.naturalHeight));
    }
    found.push(seen);
  }
  return found;
}"""


class NoBrowser(RuntimeError):
    """There is no Chromium, or nothing to drive it with; the message says how to get it."""


_GO_TO = "n => { const {h, v} = Reveal.getIndices(Reveal.getSlides()[n]); Reveal.slide(h, v, 99); }"


def chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def label_points() -> float:
    """Return the size of a figure's smallest labels, in points of a page that shows its picture as it is."""
    import matplotlib as mpl

    from crmlib.plots import use_style

    with mpl.rc_context():
        use_style()
        return mpl.rcParams["xtick.labelsize"] * mpl.rcParams["figure.dpi"] / 72 / POINT


def measure(page) -> list[dict]:
    """Return what is seen of each slide of a deck that is open in a page of Playwright."""
    page.wait_for_selector(".reveal.ready")
    return page.evaluate(_MEASURE, [slides.WIDTH, slides.HEIGHT])


def problems(seen: list[dict]) -> list[str]:
    """Return what is wrong with measured slides: one sentence each, with the number of the slide and of its cell."""
    found, labels = [], label_points()
    for n, slide in enumerate(seen, 1):
        wrong = []
        if slide["out"]:
            wrong.append(f"sticks out: {slide['out']}: show fewer lines or rows")
        if slide["small"] and slide["small"] / POINT < SMALLEST - 0.05:
            wrong.append(f"text of {slide['small'] / POINT:.0f} pt: {slide['smallText']!r}")
        wrong += [f"labels of {labels * scale:.1f} pt in the figure: a shorter caption or a flatter figure"
                  for scale in slide["figures"] if labels * scale < SMALLEST - 0.05]
        if not slide["title"]:
            wrong.append("no title")
        if slide["empty"]:
            wrong.append("nothing but a title")
        found += [f"slide {n} (cell {slide['cell']}, {slide['title'][:40]!r}): {what}" for what in wrong]
    return found


def check(decks: list[Path], *, pictures: Path | None = None) -> list[str]:
    """Open decks in a Chromium and return all problems; with `pictures`, keep a picture of each slide there.

    Raises
    ------
    NoBrowser
        If there is no Chromium, or no Playwright.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NoBrowser("playwright is not installed: pip install -e .[dev]") from None
    if not chromium():
        raise NoBrowser(f"no Chromium on the path (looked for {', '.join(CHROMIUMS)}): install one")
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": slides.WIDTH, "height": slides.HEIGHT})
        for deck in decks:
            errors = []
            page.on("pageerror", lambda error, errors=errors: errors.append(f"error on the page: {error}"))
            page.goto(deck.resolve().as_uri())
            seen = measure(page)
            found += [f"{deck.name}: {what}" for what in problems(seen) + errors]
            for n in range(len(seen)) if pictures else ():
                page.evaluate(_GO_TO, n)
                page.screenshot(path=pictures / f"{deck.stem}-{n + 1:02d}.png")
        browser.close()
    return found
