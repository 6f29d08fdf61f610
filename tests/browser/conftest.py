"""A JupyterLab and a Chromium for the tests of widgets.

    def test_explorer(open_notebook):
        page = open_notebook("06_lifetime_value.ipynb", explorer="explore(")
        page.run_all()
        n = page.cell_number("explore(")
        before = page.output_text(n)
        page.drag_slider("retention rate")
        assert page.wait_changed(lambda: page.output_text(n), before) != before

The server works on a copy of notebooks/ and datasets/, so nothing is modified; it answers on this
machine only and keeps its token. Whatever a page asks of the internet is refused and fails the test.
"""

import ast
import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                      "--disable-background-networking", "--disable-component-update"]
# two settings of JupyterLab: no news from the internet, and all cells on the page, not only those in sight
SETTINGS = {
    "config/labconfig/page_config.json": {
        "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}},
    "config/lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


def pytest_collection_modifyitems(items):
    """Mark what lies in this folder, so that `-m "not browser"` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Lab:
    """A running JupyterLab; `root` is the folder it shows, `notebooks` the copied chapters in it."""

    base: str
    token: str
    root: Path
    notebooks: Path

    def api(self, path, method="GET"):
        """Ask the server; return its answer."""
        request = urllib.request.Request(f"{self.base}/api{path}", method=method,
                                         headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()


def chromium():
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


@pytest.fixture(scope="session")
def chromium_path():
    """Return the path of a Chromium, or skip the test."""
    if not chromium():
        pytest.skip(f"no Chromium on the path (looked for {', '.join(CHROMIUMS)}): install one to test the widgets")
    pytest.importorskip("playwright", reason="playwright is not installed: pip install -e .[dev]")
    return chromium()


@pytest.fixture(scope="session")
def lab(tmp_path_factory, chromium_path):
    """Start JupyterLab once for all browser tests."""
    home = tmp_path_factory.mktemp("lab")
    root = home / "course"
    for folder in ("notebooks", "datasets"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(".*"))
    for name, setting in SETTINGS.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(json.dumps(setting))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), root, root / "notebooks")
    # nothing of the user's own Jupyter: neither kernels, nor settings, nor start-up scripts
    env = os.environ | {"JUPYTER_TOKEN": started.token, "JUPYTER_PREFER_ENV_PATH": "1", "IPYTHONDIR": str(home / "i"),
                        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data"),
                        "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1",
               f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        command.append("--allow-root")
    log = home / "server.log"
    with log.open("w") as out:
        server = subprocess.Popen(command, env=env, cwd=root, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for_server(started, server, log)
        yield started
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_server(lab, server, log, seconds=120):
    for _ in range(seconds * 2):
        if server.poll() is not None:
            break
        try:
            lab.api("/status")
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start; the end of its log:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def chromium_browser(chromium_path):
    """One Chromium per test file: Playwright's event loop must not outlive it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, headless=True, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(lab, chromium_browser):
    """Return a function that opens a notebook by its path below notebooks/; see `NotebookPage`.

    With `explorer=`, a text in the code of the explorer, only the cells that lead to it are opened: all cells of a
    chapter are run elsewhere, and a page of a hundred outputs is slow to draw.
    """
    context = chromium_browser.new_context(viewport={"width": 1300, "height": 1500})
    refused = []

    def guard(route):
        if route.request.url.startswith((lab.base, "data:", "blob:")):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    context.route("**/*", guard)

    def open_(name, explorer=None):
        path = lab.notebooks / name
        if explorer:
            notebook = nbformat.read(path, as_version=4)
            notebook.cells = leading_to(explorer, notebook.cells)
            path = path.with_name(f"explorer_{name}")
            nbformat.write(notebook, path)
        return NotebookPage(context.new_page(), lab, path)

    open_.refused = refused
    yield open_
    context.close()
    for session in json.loads(lab.api("/sessions")):
        lab.api(f"/sessions/{session['id']}", "DELETE")
    assert refused == [], f"the page asked the internet for {refused}"


def names(source):
    """Return the names that code gives a value (or changes a part of), and those that it reads."""
    given, read = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else given).add(node.id)
        elif isinstance(node, ast.FunctionDef):
            given.add(node.name)
        elif isinstance(node, ast.alias):
            given.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            given |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return given, read


def leading_to(containing, cells):
    """Return the code cell whose source contains a text, and those before it whose names it needs, in order."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    last = next(n for n, cell in enumerate(code) if containing in cell.source)
    kept, needed = [code[last]], names(code[last].source)[1]
    for cell in reversed(code[:last]):
        given, read = names(cell.source)
        if given & needed:
            kept.insert(0, cell)
            needed |= read
    return kept


@dataclass
class NotebookPage:
    """A notebook in JupyterLab. Cells are counted from 1, text cells included."""

    page: object
    lab: Lab
    path: Path

    def __post_init__(self):
        self.cells = nbformat.read(self.path, as_version=4).cells
        self.code_cells = [n for n, c in enumerate(self.cells, 1) if c.cell_type == "code"]
        name = self.path.relative_to(self.lab.root).as_posix()
        # /doc shows one document; ?reset drops the workspace of the test before
        self.page.goto(f"{self.lab.base}/doc/tree/{name}?token={self.lab.token}&reset")
        self.page.wait_for_selector(".jp-Notebook", timeout=60_000)
        # the toolbar's idle dot comes too early: the text in the status bar waits for the connection
        idle = self.page.locator("#jp-main-statusbar", has_text=re.compile(r"\| Idle"))
        idle.wait_for(timeout=60_000)

    def cell(self, n):
        """Return the locator of cell n."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(n - 1)

    def cell_number(self, containing):
        """Return the number of the first code cell whose source contains a text."""
        return next(n for n in self.code_cells if containing in self.cells[n - 1].source)

    def prompts(self):
        """Return the texts beside the code cells: "[3]:", "[*]:" or "[ ]:"."""
        return self.page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()

    def menu(self, name, entry):
        """Choose an entry of a menu of JupyterLab."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def run_all(self, seconds=120):
        """Clear all outputs, run every cell, wait for the last one, and fail on any error shown."""
        self.menu("Edit", "Clear Outputs of All Cells")  # else stored outputs look like a finished run
        self._poll(lambda: not self._started(), 10, lambda: f"not cleared: {self.prompts()}")
        for _ in range(5):  # a command sent before the kernel is connected is lost without a word
            self.menu("Run", "Run All Cells")
            with contextlib.suppress(AssertionError):
                self._poll(self._started, 4, lambda: "nothing runs")
                break
        self._poll(self._finished, seconds, lambda: f"cells still running: {self.prompts()}")
        for n in self.code_cells:
            planned = "raises-exception" in self.cells[n - 1].metadata.get("tags", ())
            assert planned or not self.errors(n), f"cell {n} shows an error: {self.errors(n)}"

    def _started(self):
        return any(re.search(r"[*\d]", text) for text in self.prompts())

    def _finished(self):
        return all(re.search(r"\d", text) for text in self.prompts())

    def errors(self, n):
        """Return the errors and warnings that cell n shows; JupyterLab draws both as stderr."""
        return self.cell(n).locator('[data-mime-type="application/vnd.jupyter.stderr"]').all_inner_texts()

    def output_text(self, n):
        """Return what cell n shows below its code, as text: prints, tables, labels of widgets."""
        return "\n".join(self.cell(n).locator(".jp-OutputArea-output").all_inner_texts())

    def output_images(self, n):
        """Return the sources of the pictures that cell n shows: they change when the picture does."""
        return [img.get_attribute("src") for img in self.cell(n).locator(".jp-OutputArea-output img").all()]

    def slider(self, label):
        """Return the locator of the slider with this description."""
        sliders = self.page.locator(".jupyter-widgets.widget-slider, .jupyter-widgets.widget-hslider")
        exact = re.compile(rf"^\s*{re.escape(label)}\s*$")
        found = sliders.filter(has=self.page.locator(".widget-label", has_text=exact))
        found.first.wait_for(timeout=30_000)
        assert found.count() == 1, f"{found.count()} sliders are called {label!r}"
        return found.first

    def slider_value(self, label):
        """Return the number beside a slider, as text."""
        return self.slider(label).locator(".widget-readout").inner_text().strip()

    def drag_slider(self, label, pixels=60):
        """Drag a slider with the mouse (to the left with negative pixels); return its new value."""
        handle = self.slider(label).locator(".noUi-handle").first
        before = self.slider_value(label)
        handle.scroll_into_view_if_needed(timeout=30_000)
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + pixels, y, steps=8)
        self.page.mouse.up()
        return self.wait_changed(lambda: self.slider_value(label), before, 10)

    def wait_changed(self, read, before, seconds=30):
        """Wait until `read()` differs from `before` and stays the same for half a second; return it."""
        self._poll(lambda: read() != before, seconds, lambda: f"still {before!r} after {seconds} s")
        while True:
            value = read()
            self.page.wait_for_timeout(500)
            if read() == value:
                return value

    def _poll(self, condition, seconds, complaint):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, complaint()
            self.page.wait_for_timeout(250)
