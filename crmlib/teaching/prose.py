"""Reading text as it is written: sentences, and numbers with the precision they claim.

A number in the text of a chapter has to come from a cell. `tokens` finds the numbers of a text and
`Numbers` says whether one of them, rounded as it is written, is among those of other texts.
"""

import ast
import re
from bisect import bisect_left
from dataclasses import dataclass


def plain(text: str, code: str = " ") -> str:
    """Return markdown without links' targets and tags, and with `code` for each piece of code.

    Examples
    --------
    >>> plain("See [the notes](http://x.org/1234) on `T`, <em>again</em>.", "x")
    'See the notes on x,  again .'
    """
    text = re.sub(r"`[^`]*`", code, text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"https?://\S+|</?\w[^>]*>", " ", text)


# ----------------------------------------------------------------------------------- sentences

_ABBREVIATIONS = set(
    "e.g i.e vs cf ca al etc approx no fig eq p pp dr mr ms prof st inc ltd co vol ed".split()
)
_SENTENCE_END = re.compile(r"""[\w)%\]"'”’*$][.!?]["'”’)*_]*\s+["'“‘(*_]*[A-Z]""")
# what stands in front of a sentence and is none: quote marks, list signs and numbers, a bold label
_LEAD = re.compile(r"^\s*(?:>\s*)*(?:[-*+]\s+|\d+[.)]\s+)?(?:\*\*[^*]+\*\*:?\s*)?")


def second_sentence(line: str) -> str:
    """Return the place where a second sentence starts in a line of markdown; "" if there is none.

    Examples
    --------
    >>> second_sentence("Costs rose. Sales did not.")
    'Costs rose. S'
    >>> second_sentence("**Figure 1.** Sales by P. S. Fader, cf. Smith et al. (2005), vs. Ours.")
    ''
    """
    if re.match(r"\s*(\||#|<|\$\$|\[[^\]]+\]:)", line):
        return ""
    bare = re.sub(r"\$[^$]+\$|\[[^\]]*\]\([^)]*\)", "x", line)  # formulas, and titles that are links
    bare = _LEAD.sub("", plain(bare, "x"))
    for match in _SENTENCE_END.finditer(bare):
        word = bare[: match.start() + 1].split()[-1].strip("(\"'*_“‘").lower()
        if word not in _ABBREVIATIONS and not re.fullmatch(r"[a-z](\.[a-z])*", word):
            return bare[max(0, match.start() - 20) : match.end()].strip()
    return ""


# ------------------------------------------------------------------------------------- numbers

_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_PERCENT = ("%", "\\%", "percent", "per cent")
_TOKEN = re.compile(
    r"(?<![\w.])(?<!\d,)(?P<whole>\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)?"
    r"(?P<part>\.\d+)?(?P<power>[eE][-+]?\d+)?"
    r"(?:\s?(?P<unit>\\?%|percent\b|per cent\b|thousand\b|million\b|billion\b))?"
)
_NOT_A_QUANTITY = re.compile(
    r"(?i)\b(?:chapters?|sections?|questions?|exercises?|figures?|tables?|cells?|steps?|equations?|python|version"
    r"|pp?\.|no\.|vol\.)\s+[\d.]*\d(?:\s*(?:,|and|to|–|-)\s*[\d.]*\d)*"
    r"|\b\d+(?:\.\d+)?\s?%(?=[\s-]+(?:\w+\s+)?(?:interval|confidence|limits))"  # the level of an interval
    r"|\b\d{4}-\d\d-\d\d\b|\d+(?:\s*\(\d+\))?:\s*\d+\s?[–-]\s?\d+"  # dates; volume: pages
    r"|(?<![\d.,])(?:0|100)\s?%"
)
_ABOUT = re.compile(r"(?i)\b(?:about|around|roughly|nearly|almost|some|over|under|(?:more|less) than|close to) [$¥€]?$")


@dataclass(frozen=True)
class Token:
    """A number as it is written: its value, half a unit of its last place, and how it looks."""

    text: str
    value: float
    half: float
    percent: bool
    notable: bool

    @property
    def is_year(self) -> bool:
        """Whether it looks like a year of our time."""
        return bool(re.fullmatch(r"(?:19|20)\d\d", self.text))


def tokens(text: str) -> list[Token]:
    """Find the numbers of a text.

    A number is notable if it has decimals, a thousands comma, a per cent sign, a scale (million)
    or three digits, and is no year. Chapter and page numbers, dates, 0 %, 100 % and the level of
    an interval are no quantities and are left out. After "about" and the like, the zeros at the end
    of a number are no digits of it.

    Examples
    --------
    >>> [(t.value, t.half, t.notable) for t in tokens("In 1997, 2,357 buyers (12.5 %) came 3 times.")]
    [(1997.0, 0.5, False), (2357.0, 0.5, True), (12.5, 0.05, True), (3.0, 0.5, False)]
    >>> [t.half for t in tokens("about 4,200, not 4,200")]
    [50.0, 0.5]
    >>> tokens("Chapter 06.2 has a 95 % interval from 1998-06-30.")
    []
    """
    text = re.sub(r"\{,\}", ",", plain(text)).replace("\\,", " ").replace("\u2212", "-")
    text = _NOT_A_QUANTITY.sub(" ", text)
    found = []
    for match in _TOKEN.finditer(text):
        whole, part, power, unit = (match[name] or "" for name in ("whole", "part", "power", "unit"))
        if not whole and not part:
            continue
        digits = re.sub(r"\D", "", whole)
        scale = _SCALES.get(unit, 1.0)
        places = max(len(part) - 1, 0)
        if not part and unit not in _PERCENT and _ABOUT.search(text[: match.start()]):
            places = len(digits.rstrip("0")) - len(digits)
        token = Token(
            text=match[0].strip(),
            value=float((digits or "0") + part + power) * scale,
            half=0.5 * 10.0 ** (int(power[1:] or 0) - places) * scale,
            percent=unit in _PERCENT,
            notable=bool(unit or part or len(digits) >= 3),
        )
        found.append(Token(**{**vars(token), "notable": token.notable and not token.is_year}))
    return found


class Numbers:
    """All numbers of some texts, to be asked whether a written number may come from them.

    Examples
    --------
    >>> known = Numbers(["total 12345.0", "rate 0.4251"])
    >>> [known.hold(token) for token in tokens("12,345 and 0.43 and 43 % and 44 %")]
    [True, True, True, False]
    """

    def __init__(self, texts):
        values = set()
        for text in texts:
            for token in tokens(re.sub(r"[`\[\]()]", " ", text)):
                values |= {token.value, token.value / 100} if token.percent else {token.value}
        self.values = sorted(values)

    def hold(self, token: Token) -> bool:
        """Return whether some number, rounded as `token` is written, gives `token`."""
        return any(
            self._near(token.value / by, token.half / by) for by in ((1, 100) if token.percent else (1,))
        )

    def _near(self, value, half):
        slack = half * (1 + 1e-6) + 1e-12
        place = bisect_left(self.values, value - slack)
        return place < len(self.values) and self.values[place] <= value + slack


def code_numbers(code: str) -> str:
    """Return the numbers some code computes with, not those in its texts and comments, as one text.

    Examples
    --------
    >>> code_numbers("f(400_000,275, '1200')  # 3 of 4")
    '400000 275'
    """
    try:
        constants = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
    except SyntaxError:  # a magic; lint has a rule of its own for it
        return code
    return " ".join(str(v) for v in constants if isinstance(v, int | float) and not isinstance(v, bool))


def typed_numbers(code: str) -> list[str]:
    """Return the numbers, other than years, that stand in texts of some code.

    Examples
    --------
    >>> typed_numbers('print(f"{x:,.2f} yuan of 400,000 in B2B since 2020")')
    ['400,000']
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    formats = {
        id(part)
        for node in ast.walk(tree) if isinstance(node, ast.FormattedValue) and node.format_spec
        for part in ast.walk(node.format_spec)
    }
    texts = [
        node.value for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in formats
    ]
    return [token.text for text in texts for token in tokens(text) if not token.is_year]
