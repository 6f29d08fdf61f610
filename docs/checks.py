"""Checks of the built site: every internal link and anchor, every picture's description, nothing from elsewhere."""

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# elements that make a browser fetch something, and the attribute with the address
FETCHES = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src",
           "audio": "src", "embed": "src", "object": "data"}


class Page(HTMLParser):
    """What the checks want to know of a page: its ids, its links, what it fetches, and pictures without words."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.fetched, self.silent, self.headings = Counter(), [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note one element."""
        attributes = dict(attrs)
        if name := attributes.get("id"):
            self.ids[name] += 1
        self.headings += tag == "h1"
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag in FETCHES and attributes.get(FETCHES[tag]):
            self.fetched.append(attributes[FETCHES[tag]])
        if tag == "img" and len((attributes.get("alt") or "").split()) < 3:
            self.silent.append(attributes.get("src", "?"))


def html_files(site: Path) -> list[Path]:
    """Return the pages of a site: neither decks of slides, nor the templates that the theme keeps in ``_static``."""
    return [path for path in sorted(site.rglob("*.html"))
            if path.relative_to(site).parts[0] not in ("_static", "slides")]


def findings(site: Path) -> Iterator[str]:
    """Return what is wrong with the site in a folder, one line each."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in html_files(site)}
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        for name, times in page.ids.items():
            if times > 1:
                yield f"{where}: {times} elements have the id {name!r}: a link cannot tell them apart"
        for source in page.silent:
            yield f"{where}: the picture {source} has no description: show it with plots.show(…, alt=…)"
        for address in page.fetched:
            if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
                yield f"{where}: fetches {address} from elsewhere: keep a copy in the site"
        for address in (*page.links, *page.fetched):
            yield from (f"{where}: {problem}" for problem in broken(address, path, site, pages))


def broken(address: str, path: Path, site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """Return what is wrong with one address on a page; addresses elsewhere are not looked up."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return
    there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if there.is_dir():
        there /= "index.html"
    if not there.is_file() or not there.is_relative_to(site.resolve()):
        yield f"{address} leads to no file of the site"
    elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].ids:
        yield f"{address} leads to no element of that page"
