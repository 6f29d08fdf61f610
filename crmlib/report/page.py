"""The page: one HTML file that needs nothing else, can be printed, and takes every value of the data as text."""

import base64
import contextlib
import os
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from crmlib.report.parts import Figure

PACKAGES = ("crmlib", "pandas", "duckdb", "lifetimes", "matplotlib")


def _environment():
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup, escape

    def prose(text):
        """Escape, then turn **bold** into bold: the only mark-up that a sentence may hold."""
        return Markup(re.sub(r"\*\*([^*<>]+)\*\*", r"<strong>\1</strong>", str(escape(text))))

    environment = Environment(loader=PackageLoader("crmlib.report", "."), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True)
    environment.filters["prose"] = prose
    environment.filters["picture"] = lambda figure: base64.b64encode(figure.svg()).decode()
    environment.tests["figure"] = lambda part: isinstance(part, Figure)
    return environment


def section_html(section) -> str:
    """Return one section as HTML, without the page around it and without its figures."""
    module = _environment().get_template("section.html.j2").module
    return str(module.section(section, figures=False)).strip() + "\n"


def report_html(sections, material, *, source="", parameters=None) -> str:
    """Return the page as text.

    Parameters
    ----------
    sections : sequence of Section
        As `crmlib.report.all_sections` returns them.
    material : Material
        What they were made of.
    source : str
        Name of the file, for the head of the page.
    parameters : mapping of str to str, optional
        How the file was read, for the foot; the settings are listed in any case.

    Returns
    -------
    str
        HTML. The day on it is that of the data; the same orders and settings give the same text.
    """
    share, origin = material.margin_or_none
    settings = material.settings
    listed = dict(parameters or {}) | {
        "end of observation": material.end,
        "margin": {"given": f"{share:g}", "computed": f"{share:.3f}, from the column margin",
                   "none": "none given: revenue, not profit"}[origin],
        "annual discount rate": f"{settings.annual_discount_rate:g}",
        "horizon": f"{settings.horizon_months} months",
        "parameter draws": f"{settings.draws}, seed {settings.seed}",
    }
    return _environment().get_template("page.html.j2").render(
        sections=sections, title=settings.title, source=source, first=material.first, end=material.end,
        parameters=listed, versions=_versions())


def _versions():
    known = []
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            known.append(f"{name} {metadata.version(name)}")
    return [f"Python {sys.version_info.major}.{sys.version_info.minor}", *known]


def write_report(path, orders, settings=None, *, source="", parameters=None):
    """Write the report on `orders` to `path`, all or nothing, and return its sections.

    Parameters
    ----------
    path : str or Path
        The HTML file; it is written beside it first and then renamed.
    orders : Transactions, ibis.Table or pandas.DataFrame, or Material
        ``customer_id, date, amount``, and ``product_id, margin`` where there are.
    settings : Settings, optional
    source, parameters
        As in `report_html`.

    Returns
    -------
    list of Section

    Raises
    ------
    DataError
        If the orders lack one of the three columns, or there are none. What single sections lack is said on the page.
    """
    from crmlib.report.material import Material
    from crmlib.report.sections import all_sections

    material = orders if isinstance(orders, Material) else Material(orders, settings)
    sections = all_sections(material)
    replace_text(path, report_html(sections, material, source=source, parameters=parameters))
    return sections


def replace_text(path, text):
    """Write text beside `path`, then rename it: whoever looks sees the old file or the new one."""
    path = Path(path)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)  # mkstemp makes files that nobody else may read
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
