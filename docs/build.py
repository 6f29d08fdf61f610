"""Build the reading site: python docs/build.py [--repository https://github.com/you/course] [--slides …] [folder]."""
# ruff: noqa: E402

import argparse
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# nbformat's checks of addresses would build forty grammars for two seconds; no notebook has such an address
sys.modules.setdefault("rfc3987_syntax", None)

import checks
import finish
import pages
from sphinx.cmd.build import main as sphinx

from crmlib.teaching import course

MATHJAX = ("tex-chtml.js", "output/chtml/fonts")


def copy_mathjax(target: Path) -> None:
    """Copy what the pages need of MathJax from its Python package."""
    source = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for name in MATHJAX:
        place = target / "mathjax" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copyfile)(source / name, place)


def copy_decks(root: Path, decks: Path, target: Path) -> Iterator[str]:
    """Copy the decks of the chapters, long and short, and their list; return what is missing or out of date."""
    if not any(decks.glob("*.html")):
        return
    chapters = [path for path in course.notebooks(root, "") if path.name[:2].isdigit()]
    stems = {"index", *(path.stem for path in chapters)}
    shutil.copytree(decks, target, ignore=lambda _, names: [name for name in names if name.split(".")[0] not in stems])
    for path in chapters:
        deck = decks / f"{path.stem}.html"
        if not deck.exists():
            yield f"{path.name} has no deck in {decks}: make slides"
        elif deck.stat().st_mtime < path.stat().st_mtime:
            yield f"{deck.name} is older than its chapter: make slides"


def build(root: Path, target: Path, settings: pages.Settings) -> int:
    """Write the site into ``target/html``; return 0, or 1 if there is something to mend."""
    source, html = target / "source", target / "html"
    shutil.rmtree(html, ignore_errors=True)
    pages.stage(root, source, settings)
    failed = sphinx(["-b", "html", "-c", str(pages.HERE), "-d", str(target / "doctrees"), "-q", "-E", "-W",
                     "--keep-going", str(source), str(html)])
    copy_mathjax(html / "_static")
    for path in course.notebooks(root, "", "exercises", "your_data"):
        shutil.copy(path, html / path.relative_to(root).parent)
    for path in checks.html_files(html):
        path.write_text(finish.finished(path.read_text(encoding="utf-8")), encoding="utf-8")
    found = [*copy_decks(root, settings.decks, html / "slides"), *checks.findings(html)]
    for finding in found:
        print(finding)
    print(f"{len(found)} finding{'' if len(found) == 1 else 's'}; the site is in {html}")
    return int(bool(failed or found))


def main(arguments=None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", default="", help="address of the public repository; without it, pages have a "
                        "button to download only")
    parser.add_argument("--slides", type=Path, help="the folder with the decks, if any (default: build/slides)")
    parser.add_argument("folder", nargs="?", type=Path, help="where to build (default: build/site)")
    options = parser.parse_args(arguments)
    root = course.find_root(Path(__file__).parent)
    settings = pages.Settings(options.repository, options.slides or root / pages.DECKS)
    return build(root, options.folder or root / "build" / "site", settings)


if __name__ == "__main__":
    sys.exit(main())
