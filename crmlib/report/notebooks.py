"""The notebooks of ``notebooks/your_data`` with your parameters in them, run and ready to be opened."""

import os
from pathlib import Path

from crmlib.commands import COLUMNS
from crmlib.errors import DataError
from crmlib.report.page import replace_text
from crmlib.teaching import course

SOURCE = "your_data"


def write_notebooks(folder, files, door, settings, *, end):
    """Write the notebooks into `folder`, one after the other, and run them.

    Parameters
    ----------
    folder : Path
        Made if it is not there. A notebook of the same name is overwritten.
    files : sequence of str
        The orders; they are named relative to `folder`, so that both can be moved together.
    door : dict
        Arguments of `crmlib.data.read_transactions`.
    settings : Settings
        Of the report.
    end : date
        Last day of observation.

    Yields
    ------
    path : Path
        What was written.
    error : str or None
        Why the notebook could not be run to its end; it is written all the same, without outputs.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parameters = notebook_parameters(folder, files, door, settings, end)
    for template in templates():
        target, beside = folder / template.name, folder / f".{template.name}.partial"
        text, error = filled(template, parameters), None
        try:
            beside.write_text(text, encoding="utf-8")
            text = course.refreshed(beside)
        except course.NotebookError as problem:
            error = str(problem).replace(beside.name, template.name)
        finally:
            beside.unlink(missing_ok=True)
        replace_text(target, text)
        yield target, error


def templates():
    """Return the notebooks to fill in; they are files of the repository, not of the installed package."""
    try:
        root = course.find_root(Path(__file__))
    except FileNotFoundError:
        raise DataError("the notebooks are not here: --notebooks needs crmlib in its repository, as pip install -e . "
                        "installs it") from None
    return course.notebooks(root, SOURCE)


def notebook_parameters(folder, files, door, settings, end):
    """Return what the cells tagged ``parameters`` are to hold."""
    places = [_relative(path, folder) for path in files]
    columns = {name: door.get(name, name) for name in ("customer_id", "date")}
    columns |= {} if "unit_price" in door else {"amount": door.get("amount", "amount")}
    columns |= {name: column for name, column in door.items() if name in COLUMNS}
    return {
        "orders_file": places if len(places) > 1 else places[0],
        "columns": columns,
        "reading": {name: value for name, value in door.items() if name not in COLUMNS},
        "observation_end": str(end),
        "margin": settings.margin,
        "horizon_months": settings.horizon_months,
        "annual_discount_rate": settings.annual_discount_rate,
        "currency_sign": settings.currency_sign,
        "new_offering": "firm" if "product_id" in columns else None,
    }


def _relative(path, folder):
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return str(Path(path).absolute())


def filled(template, parameters) -> str:
    """Return a notebook as text with those of the parameters that it has, and without outputs."""
    notebook = course.read(template)
    cell = next(cell for cell in notebook.cells if "parameters" in course.tags(cell))
    there = {line.partition(" = ")[0] for line in cell.source.split("\n") if " = " in line}
    course.set_parameters(notebook, {name: value for name, value in parameters.items() if name in there},
                          template.name)
    return course.dumps(course.without_outputs(notebook))
