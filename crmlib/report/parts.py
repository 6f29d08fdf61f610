"""What a section of the report is made of: sentences, tables, figures, and what could not be done."""

import functools
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from crmlib.errors import ConvergenceError, CrmWarning, DataError

NO_BREAK = "\N{NO-BREAK SPACE}"


class CannotSay(DataError):
    """These data do not carry an answer; the message says what is missing and why that matters."""


@dataclass(frozen=True)
class Table:
    """A table with its caption; `formats` maps a column to a format such as ``"{:,.0f}"``, or to a function."""

    caption: str
    frame: pd.DataFrame
    formats: dict = field(default_factory=dict)

    def rows(self):
        """Return the table as text, row by row: the index first, unless it only counts."""
        columns = [self._texts(self.frame[name], self.formats.get(name, "{}")) for name in self.frame.columns]
        if not isinstance(self.frame.index, pd.RangeIndex):
            columns.insert(0, [str(label) for label in self.frame.index])
        return list(zip(*columns, strict=True))

    def header(self):
        """Return the column titles that belong to `rows`."""
        names = [str(name).replace("_", " ") for name in self.frame.columns]
        if not isinstance(self.frame.index, pd.RangeIndex):
            names.insert(0, str(self.frame.index.name or ""))
        return names

    def numeric(self):
        """Return for each column of `rows` whether it holds numbers, which stand on the right."""
        kinds = [pd.api.types.is_numeric_dtype(self.frame[name]) for name in self.frame.columns]
        return kinds if isinstance(self.frame.index, pd.RangeIndex) else [False, *kinds]

    @staticmethod
    def _texts(column, pattern):
        write = pattern if callable(pattern) else pattern.format
        return ["–" if pd.isna(value) else write(value) for value in column]


@dataclass(frozen=True)
class Figure:
    """A figure that is drawn when it is shown: `draw` returns Axes, `alt` says what is seen, `caption` what of it."""

    draw: Callable
    alt: str
    caption: str

    def svg(self) -> bytes:
        """Return the figure as SVG: the same drawing, the same bytes."""
        import matplotlib.pyplot as plt

        from crmlib.plots import use_style

        text = io.BytesIO()
        with plt.rc_context():
            use_style()
            figure = self.draw().figure
            figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
        plt.close(figure)
        return text.getvalue()


@dataclass(frozen=True)
class Section:
    """One question, its answer in one sentence, and what is behind it.

    Attributes
    ----------
    key, title : str
        Short name, and the question.
    answer : str
        One sentence with the number that matters.
    text : tuple of str
        Paragraphs: conventions and assumptions.
    parts : tuple of Table or Figure
        In the order in which they are read.
    missing : tuple of str
        What could not be done with these data, and why.
    caveats : tuple of str
        What the library warned of on the way.
    chapter : str
        Name of the chapter that explains it.
    facts : dict
        Numbers that other sections use.
    """

    key: str
    title: str
    answer: str
    text: tuple = ()
    parts: tuple = ()
    missing: tuple = ()
    caveats: tuple = ()
    chapter: str = ""
    facts: dict = field(default_factory=dict)

    @property
    def tables(self):
        """The tables among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Table))

    @property
    def figures(self):
        """The figures among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Figure))

    def table(self, caption):
        """Return the table whose caption begins so, or None: these data may not have carried it."""
        return next((part.frame for part in self.tables if part.caption.startswith(caption)), None)

    def __repr__(self):
        lines = [self.title, self.answer, *self.text, *(f"Not done: {each}" for each in self.missing),
                 *(f"Careful: {each}" for each in self.caveats)]
        return "\n".join(lines)

    def _repr_html_(self):
        from crmlib.report.page import section_html

        return section_html(self)


class Draft:
    """A section while it is written: each `step` either adds to it or says what is missing."""

    def __init__(self):
        self.answers, self.text, self.parts, self.missing, self.facts = [], [], [], [], {}

    def step(self, what, function, *arguments):
        """Call `function`; if the data do not carry it, note what could not be done, and why. Return its result."""
        try:
            return function(*arguments)
        except (ValueError, ConvergenceError) as error:  # infinite means, windows that share a day; DataError is one
            self.missing.append(f"{what}: {_one_line(error)}")
        return None


def section(key, title, chapter):
    """Make a function that fills a `Draft` from a `Material` into one that returns a `Section`, whatever happens."""

    def decorate(function):
        @functools.wraps(function)
        def build(material, *arguments):
            draft = Draft()
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                draft.step("this question", function, draft, material, *arguments)
            caveats = [_one_line(each.message) for each in said if issubclass(each.category, CrmWarning)]
            for each in said:
                if not issubclass(each.category, CrmWarning):
                    warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
            answer = draft.answers[0] if draft.answers else "These data cannot answer this; why, is said below."
            text = tuple(each.strip() for each in (*draft.answers[1:], *draft.text))
            return Section(key, title, answer, text, tuple(draft.parts),
                           tuple(dict.fromkeys(draft.missing)), tuple(dict.fromkeys(caveats)), chapter, draft.facts)

        return build

    return decorate


def _one_line(error):
    return " ".join(str(error).split())


def money(value, sign="", *, digits=0):
    """Return money as it stands in a sentence: grouped, with the currency sign behind it.

    Examples
    --------
    >>> money(1234567.8, "EUR").replace(NO_BREAK, " ")
    '1,234,568 EUR'
    """
    if value == float("inf"):
        return "no upper end"
    text = f"{value:,.{digits}f}"
    return f"{text}{NO_BREAK}{sign}" if sign else text


def percent(share, digits=0, *, sign=""):
    """Return a share as per cent: 0.204 is 20 %; what is not known is a dash. With ``sign="+"``, a change.

    Examples
    --------
    >>> percent(0.204).replace(NO_BREAK, " ")
    '20 %'
    """
    return "–" if pd.isna(share) else f"{100 * share:{sign}.{digits}f}{NO_BREAK}%"


def count(number, noun):
    """Return a number with its noun, in the plural unless it is one.

    Examples
    --------
    >>> count(1, "day"), count(1200, "day")
    ('1 day', '1,200 days')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def days_and_months(days):
    """Return a length of time as one reads it: in days up to ten weeks, in months beyond.

    Examples
    --------
    >>> days_and_months(63), days_and_months(365)
    ('63 days', '12 months')
    """
    return count(days, "day") if days <= 70 else f"{days / 30.415:.0f} months"
