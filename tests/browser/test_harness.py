"""The harness itself, on a small notebook with one slider."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SETUP = "import ipywidgets as widgets\nprint('stored')"
EXPLORER = """
def square(n):
    print("square", n * n)

widgets.interactive(square, n=widgets.IntSlider(value=3, min=1, max=20, description="side length"))
""".strip()


def write(path, *cells):
    """Write a notebook that names its kernel: else JupyterLab asks for one."""
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=python), path)


@pytest.fixture
def small(lab):
    """Write the notebook with outputs of an earlier run, as the chapters have them."""
    old = [nbformat.v4.new_output("stream", text="OLD OUTPUT\n")]
    code = [new_code_cell(c, execution_count=n, outputs=old) for n, c in enumerate((SETUP, EXPLORER), 1)]
    write(lab.notebooks / "squares.ipynb", new_markdown_cell("# Squares"), *code)
    yield "squares.ipynb"
    (lab.notebooks / "squares.ipynb").unlink()


def test_a_slider_moves_an_output(open_notebook, small):
    page = open_notebook(small)
    page.run_all()
    assert page.output_text(2).strip() == "stored"
    n = page.cell_number("square(")
    page.wait_changed(lambda: "square 9" in page.output_text(n), False)
    before = page.output_text(n)
    value = int(page.drag_slider("side length"))
    assert value > 3
    assert f"square {value**2}" in page.wait_changed(lambda: page.output_text(n), before)
    assert int(page.drag_slider("side length", -40)) < value


def test_an_error_in_a_cell_is_seen(open_notebook, lab):
    write(lab.notebooks / "broken.ipynb", new_code_cell("1 / 0"))
    page = open_notebook("broken.ipynb")
    with pytest.raises(AssertionError, match="(?s)cell 1 shows an error.*ZeroDivisionError"):
        page.run_all()


def test_what_a_page_asks_of_the_internet_is_refused(open_notebook, lab):
    picture = "<img src='http://example.invalid/x.png'>"
    write(lab.notebooks / "online.ipynb", new_code_cell(f'from IPython.display import HTML\nHTML("{picture}")'))
    page = open_notebook("online.ipynb")
    page.run_all()
    page.wait_changed(lambda: len(open_notebook.refused), 0)
    assert set(open_notebook.refused) == {"http://example.invalid/x.png"}
    open_notebook.refused.clear()  # what is left here fails the test
