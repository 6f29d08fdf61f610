"""The care of the notebooks: run them again, derive the exercises, and check their structure.

Behind ``python -m crmlib refresh``, ``exercises`` and ``lint``. Cells are counted from 1, text
cells included, as a reader counts them. The rules of the structure check are in `lint`.
"""

import ast
import os
import re
import tempfile
from pathlib import Path

import nbformat

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_NOTE = "Interactive: run this cell in JupyterLab. The output above shows the starting values."
FOLDERS = ("", "solutions", "exercises", "your_data")


class NotebookError(RuntimeError):
    """A notebook cannot be run or read; the message names notebook, cell and error."""


def find_root(start: Path | None = None) -> Path:
    """Return the folder that holds ``notebooks/`` and ``crmlib/``, at or above `start`."""
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks").is_dir() and (folder / "crmlib").is_dir():
            return folder
    raise FileNotFoundError(f"no folder with notebooks/ and crmlib/ at or above {start}")


def notebooks(root: Path, *folders: str) -> list[Path]:
    """Return the notebooks in the named folders of ``notebooks/`` ("" is that folder itself)."""
    return [p for folder in folders for p in sorted((root / "notebooks" / folder).glob("*.ipynb"))]


def read(path: Path):
    """Read a notebook as nbformat 4."""
    return nbformat.read(path, as_version=4)


def dumps(notebook) -> str:
    """Return the notebook as text, in the one form in which it is stored."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def tags(cell) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def write_if_changed(path: Path, text: str) -> bool:
    """Write `text` unless the file already says so; return whether it was written."""
    if path.exists() and path.read_bytes() == text.encode():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return True


# ------------------------------------------------------------------------------------- refresh


def refreshed(path: Path, *, timeout: int = 120, parameters: dict | None = None) -> str:
    """Run a notebook from top to bottom and return it as text; the file is not touched.

    Nothing that differs from run to run is kept: no timings, no widget state, no version of
    Python, no addresses of files in tracebacks. The same code gives the same bytes.

    Parameters
    ----------
    path : Path
        The notebook; it runs in its own folder, with the Python that runs this function.
    timeout : int
        Seconds for one cell.
    parameters : dict, optional
        Other values for names that the cell tagged ``parameters`` assigns, for instance ``{"seed": 7}``.

    Raises
    ------
    NotebookError
        If the notebook has no such parameter, or a cell fails that is not tagged ``raises-exception``,
        also inside a widget.
    """
    from ipykernel.kernelspec import write_kernel_spec
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = without_outputs(read(path))
    if parameters:
        set_parameters(notebook, parameters, path.name)
    with tempfile.TemporaryDirectory() as scratch:
        # A kernel of our own: whatever "python3" means to the user's Jupyter, and whatever their
        # IPython profile runs at start, is not part of the course.
        write_kernel_spec(Path(scratch) / "kernels" / "python3")
        specs = KernelSpecManager(kernel_dirs=[str(Path(scratch) / "kernels")])
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "MPLBACKEND")}
        env |= {"PYTHONHASHSEED": "0", "IPYTHONDIR": str(Path(scratch) / "ipython")}
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs),
            timeout=timeout,
            startup_timeout=120,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--IPKernelApp.log_level=40"],  # its advice on transport is not about the course
            resources={"metadata": {"path": str(path.parent)}},
        )
        started = []
        client.on_cell_start = lambda cell, cell_index: started.append(cell_index + 1)
        client.on_cell_executed = lambda **_: _raise_widget_errors(client)
        try:
            client.execute(env=env, cleanup_kc=True)  # our manager, but its kernel to stop
        except (CellExecutionError, _WidgetError) as error:
            what = f"{error.ename}: {error.evalue}"
        except CellTimeoutError:
            what = f"no answer within {timeout} s"
        except DeadKernelError:
            what = "the kernel died"
        else:
            return dumps(_normalised(notebook, path.stem))
    source = notebook.cells[started[-1] - 1].source.strip().split("\n")
    raise NotebookError("\n    ".join([f"{path.name}: cell {started[-1]}: {what}", *source[:12]]))


def set_parameters(notebook, parameters, name):
    """Assign other values to names in the cells tagged ``parameters``; `name` is that of the notebook, for errors."""
    cells = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    for key, value in parameters.items():
        pattern = re.compile(rf"(?m)^{re.escape(key)} = [^#\n]*")
        found = [cell for cell in cells if pattern.search(cell.source)]
        if not found:
            raise NotebookError(f"{name}: no cell tagged parameters assigns {key}")
        for cell in found:
            cell.source = pattern.sub(lambda _, text=f"{key} = {value!r}  ": text, cell.source)


class _WidgetError(Exception):
    def __init__(self, ename, evalue):
        self.ename, self.evalue = ename, evalue


def _raise_widget_errors(client):
    # ipywidgets catches what is raised inside a widget: the run would go on, with the error on the screen
    for model in client.widget_state.values():
        for output in model.get("outputs", ()):
            if output["output_type"] == "error":
                raise _WidgetError(output["ename"], output["evalue"])


def without_outputs(notebook):
    """Return the notebook itself, with the outputs of its code cells taken away."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _normalised(notebook, stem):
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata.pop("widgets", None)
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.language_info = {"name": "python"}
    for n, cell in enumerate(notebook.cells, 1):
        cell.setdefault("id", f"{stem[:50]}-{n:03d}")
        for key in ("execution", "ExecuteTime", "collapsed", "scrolled", "trusted"):
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]
            if WIDGET_VIEW in output.get("data", {}):
                del output.data[WIDGET_VIEW]
                if "nbval-ignore-output" in tags(cell):  # what a page without a kernel can say
                    output.data = nbformat.from_dict({"text/plain": WIDGET_NOTE})
    return notebook


# ----------------------------------------------------------------------------------- exercises


def exercise(solution: Path) -> str:
    """Return the exercise notebook that belongs to a solution notebook, as text.

    In cells tagged ``solution``, code becomes a stub: comments at the top, imports, and
    ``name = ...`` for every name the cell assigns; functions keep their signature and docstring.
    Text cells tagged ``solution`` are left out, and so are all outputs.

    Raises
    ------
    NotebookError
        If a solution is no Python.
    """
    notebook = _normalised(without_outputs(read(solution)), solution.stem)
    cells = []
    for n, cell in enumerate(notebook.cells, 1):
        if "solution" in tags(cell):
            if cell.cell_type != "code":
                continue
            try:
                cell.source = _stub(cell.source)
            except SyntaxError as error:
                raise NotebookError(f"{solution.name}: cell {n}: {error.msg}: {error.text}") from None
            cell.metadata.tags = [t for t in tags(cell) if t != "solution"]
            if not cell.metadata.tags:
                del cell.metadata["tags"]
        cells.append(cell)
    notice = nbformat.v4.new_markdown_cell(
        f"*Generated from [the solutions](../solutions/{solution.name}) by `python -m crmlib exercises`: "
        "to mend something, edit that file, not this one.*",
        metadata={"slideshow": {"slide_type": "skip"}},
        id="generated",
    )
    notebook.cells = [notice, *cells]
    return dumps(notebook)


def _stub(source):
    instructions = []
    for line in source.split("\n"):
        if not line.startswith("#"):
            break
        instructions.append(line)
    imports, blanks = [], []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef):
            doc = ast.get_docstring(node, clean=False)
            node.body = ([ast.Expr(ast.Constant(doc))] if doc else []) + [ast.Expr(ast.Constant(...))]
            blanks.append(ast.unparse(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for target in getattr(node, "targets", None) or [node.target]:
                names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
                blanks += [f"{name.id} = ..." for name in names if isinstance(name, ast.Name)]
    return "\n".join([*instructions, *imports, *dict.fromkeys(blanks)]) or "# your code"


def exercise_path(solution: Path) -> Path:
    """Return where the exercise of a solution notebook is kept."""
    return solution.parent.parent / "exercises" / solution.name
